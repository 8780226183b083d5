/* SPDX-License-Identifier: BSD-2-Clause */
/* A partition of two CPUs without a vendor behind them, for tests of what exits call. */
#ifndef TESTS_UNIT_HYPERVISOR_FAKE_CPU_H
#define TESTS_UNIT_HYPERVISOR_FAKE_CPU_H

#include "../../../hypervisor/partition.h"
#include "fake.h"

#define FAKE_HV_BASE   (128ull << 20)
#define FAKE_POOL_SIZE (1ull << 20)
#define FAKE_VTL1_BASE (256ull << 20)
#define FAKE_VTL1_SIZE (16ull << 20)
/* What the tests use by name: pages of VTL0 and of VTL1. */
#define FAKE_PAGE      0x00500000ull
#define FAKE_OUTPUT    0x00600000ull
#define FAKE_VTL1_PAGE (FAKE_VTL1_BASE + 0x5000)

/* One register set for each VTL of the CPU that runs; RAX and RIP are in the vcpu. */
struct fake_vcpu {
    uint64_t rax, rip, rflags;
    unsigned cpl;
    struct hv_register_value registers[4]; /* CR0, CR3, CR4, EFER */
    uint32_t written;                      /* name of the last vcpu_set_register() */
    unsigned injected;                     /* vector + 1 of the last exception */
};

struct fake_machine {
    struct partition partition;
    struct cpu *cpu; /* the one that calls: VP 0 */
    struct fake_vcpu vcpu[VTL_COUNT];
    unsigned intercepts; /* vtl_memory_intercept() calls */
    uint64_t intercept_address;
    bool watchdog_runs;
    unsigned notices; /* refused hypercalls that VTL1 was told of */
    char log[16];
    uint64_t log_length;
};
extern struct fake_machine fake;

/* RAM, hypervisor and VTL1 pool as above; VP 0 runs VTL0. */
void fake_machine_start(void);
void fake_machine_stop(void);
/* Issues a hypercall as the VTL on VP 0 and returns RAX. */
uint64_t fake_call(unsigned vtl, uint64_t control, uint64_t rdx, uint64_t r8);

#endif
