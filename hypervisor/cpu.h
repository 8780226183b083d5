/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One physical CPU and its two virtual ones (VTL0, VTL1).
 *
 * A struct cpu is touched by its own CPU only, except the fields of `shared`, which others reach
 * with atomics. GIF is clear and interrupts do not come while the hypervisor runs.
 */
#ifndef HYPERVISOR_CPU_H
#define HYPERVISOR_CPU_H

#include "types.h"
#include "vcpu/vcpu.h"
#include <openvsm/hypercall.h>

#define CPU_MAX        64u
#define CPU_STACK_SIZE 12288u
#define CPU_ALIGNMENT  16384ull /* of struct cpu, and its largest size */
#define VTL_COUNT      2u

struct partition;

/*
 * The general registers that both VTLs share (TLFS, "Virtual processor state isolation"). RAX, RSP,
 * RIP and RFLAGS are with the vcpu: see vcpu.h. The order is that of the exit path's pushes.
 */
struct guest_registers {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx;
};
static_assert(sizeof(struct guest_registers) == 14 * 8, "svm_run.S pushes 14 registers");

/* Per (CPU, VTL): what the synthetic MSRs and VSM registers hold. Written by synthetic_msr.c. */
struct cpu_vtl {
    uint64_t assist_msr;            /* HV_MSR_VP_ASSIST_PAGE as the guest reads it */
    struct hv_vp_assist_page *page; /* host view of the enabled assist page; NULL if none. Its GPA
                                       was checked against this VTL's SLAT and pinned */
    uint64_t vina;                  /* HV_REGISTER_VSM_VINA of this VTL (VTL1 only) */
};

/* Reached by other CPUs: atomics only (see shootdown.h, startup.h). */
struct cpu_shared {
    uint64_t flushed;    /* newest flush generation that this CPU's guests obey */
    uint64_t retried;    /* TSC of the newest kick that was sent again; 0: none was */
    uint32_t parked;     /* sleeps outside guest mode: counts as flushed */
    uint32_t nmi_on_way; /* a kick of ours was sent and its NMI not yet taken */
    uint32_t init;       /* an INIT from VTL0 waits to be served */
    uint32_t wait_sipi;  /* VTL0 on this CPU is between INIT and SIPI */
    uint32_t sipi;       /* 0x100 | vector once VTL0 sent a SIPI, else 0 */
    uint32_t online;     /* set once by the CPU itself when the hypervisor runs on it */
    uint32_t vtl1_go;    /* its turn to start VTL1 */
    uint32_t vtl1_ready; /* set once by the CPU itself when its VTL1 has said so */
    uint32_t stopped;    /* will not run again: the machine is being reset */
};

/* MTRRs (APM Vol.2 7.7); 0 where there is none. */
#define MEMORY_TYPE_RANGES 0x70u
struct memory_types {
    uint64_t ranges[MEMORY_TYPE_RANGES];
    uint64_t standard; /* where no range says otherwise */
};

#define CPU_MONITOR_COUNT 20u /* at least as many as msr.c has */

/* cpu.work: what a VTL switch must see to beside switching; 0 on the usual way. */
enum cpu_work {
    CPU_WORK_NMI = 1u << 0,      /* a guest NMI waits for VTL0 */
    CPU_WORK_INIT = 1u << 1,     /* shared.init waits for VTL0 */
    CPU_WORK_EVENT = 1u << 2,    /* vcpu[0].event waits: see vcpu_settle_event() */
    CPU_WORK_VTL0 = 7u,          /* any of these */
    CPU_WORK_NOTIFIED = 1u << 3, /* VTL1 was told that VTL0 waits */
    CPU_WORK_MONITORS = 1u << 4, /* monitors_on is not 0 */
    CPU_WORK_STARTING = 1u << 5, /* VTL1 has not returned for the first time */
};

struct cpu {
    /* The exit path pushes the registers on top of the stack: the order of these two is fixed. */
    uint8_t stack[CPU_STACK_SIZE];
    struct guest_registers registers;
    /* The next three are known to assembly, by their distance from the registers (asm.h). */
    uint64_t vmcb_hpa;  /* of the current vcpu */
    uint64_t nmi_taken; /* NMIs let in while outside guest mode; low half counts */
    uint64_t exits[HV_EXIT_COUNTERS];

    uint64_t host_save; /* physical page that VMRUN keeps our state in */

    struct vcpu *current; /* = &vcpu[vtl] */
    uint32_t vtl;         /* which VTL runs on this CPU */
    uint32_t index;       /* VP index */
    uint32_t apic_id;
    uint32_t vtl1_enabled; /* VTL1 may be entered on this CPU */
    struct partition *partition;
    struct vcpu vcpu[VTL_COUNT];
    struct cpu_vtl state[VTL_COUNT];

    uint32_t work;                       /* enum cpu_work */
    uint32_t monitors_on;                /* bit per monitor of msr.c that VTL0 left running */
    uint64_t monitor[CPU_MONITOR_COUNT]; /* VTL0's last write to each */
    uint64_t tsc_adjust;                 /* VTL0's MSR 0x3b */
    uint32_t apic_logical_id;            /* VTL0's LDR and DFR, for logical INIT destinations */
    uint32_t apic_destination_format;

    uint64_t refused; /* requests and accesses of VTL0 that were refused */
    struct cpu_shared shared __attribute__((aligned(64)));
};
static_assert(offsetof(struct cpu, registers) == CPU_STACK_SIZE, "registers on top of the stack");
static_assert(sizeof(struct cpu) <= CPU_ALIGNMENT, "cpu_self() masks the stack pointer");

static inline void cpu_count(struct cpu *cpu, enum hv_exit_counter counter)
{
    cpu->exits[counter]++;
}

/* The CPU that runs this. The stack stands at the start of its struct cpu, which is aligned so that
 * the stack pointer tells. */
static inline struct cpu *cpu_self(void)
{
    uint64_t sp;
    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu *)(sp & ~(CPU_ALIGNMENT - 1));
}

/* Thin wrappers over instructions that more than one file needs. */
static inline uint64_t cpu_rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}
static inline void cpu_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}
struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};
static inline struct cpuid cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}
/* The hypervisor's IDT, for the calling CPU. */
void cpu_init_exceptions(void);
/* MSR access that must work: a #GP stops the machine. */
uint64_t cpu_rdmsr(uint32_t msr);
void cpu_wrmsr(uint32_t msr, uint64_t value);
/* MSR access that may fault: false after a #GP, and then nothing was changed. */
bool cpu_rdmsr_safe(uint32_t msr, uint64_t *value);
bool cpu_wrmsr_safe(uint32_t msr, uint64_t value);

#endif
