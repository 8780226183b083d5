/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each VTL may do with MSRs. VTL0 has the machine's, but for those listed; VTL1 has only those
 * listed. The vendor's permission maps are built from the same rules that decide at an exit.
 */
#ifndef HYPERVISOR_MSR_H
#define HYPERVISOR_MSR_H

#include "cpu.h"

enum msr_action {
    MSR_PASS,    /* no exit */
    MSR_HANDLE,  /* exit; msr.c gives it its meaning */
    MSR_REFUSE,  /* exit; #GP, or an intercept message to VTL1 */
    MSR_MONITOR, /* exit; passed on and remembered, to be stopped while VTL1 runs */
};
struct msr_rule {
    uint32_t first, last;
    enum msr_action read, write;
};
struct msr_policy {
    const struct msr_rule *rules;
    unsigned count;
    bool intercept_others; /* MSRs without a rule */
};
struct msr_policy msr_policy(unsigned vtl);

enum msr_result {
    MSR_DONE,
    MSR_FAULT,   /* as hardware: #GP(0) */
    MSR_REFUSED, /* guarded: the caller tells VTL1 */
};
/* RDMSR and WRMSR of the running VTL, which exited. */
enum msr_result msr_read(struct cpu *cpu, uint32_t msr, uint64_t *value);
enum msr_result msr_write(struct cpu *cpu, uint32_t msr, uint64_t value);

/* Memory types by address (MTRRs), which all CPUs must have alike: reads the calling CPU's, and
 * gives the calling CPU another's. INIT cleared its own (as the emulator does), or the firmware
 * left it out: VTL0 would mend that, and may not. Outside guest mode, exceptions set up. */
void msr_read_types(struct memory_types *types);
void msr_write_types(const struct memory_types *types);

/* Stops what VTL0 left counting or recording, and starts it again. Called with CPU_WORK_MONITORS.
 */
void msr_stop_monitors(struct cpu *cpu);
void msr_start_monitors(struct cpu *cpu);

#endif
