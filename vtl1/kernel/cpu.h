/* SPDX-License-Identifier: BSD-2-Clause */
/* One CPU in VTL1: its tables, stacks and pages. GS base points here while in the kernel. */
#ifndef SK_CPU_H
#define SK_CPU_H

#include "cpu_layout.h"
#include "thread.h"
#include <openvsm/hypercall.h>

/* APM Vol.2 12.2.5 */
struct task_state {
    uint32_t reserved0;
    uint32_t rsp[6];
    uint32_t reserved1[2];
    uint32_t ist[14]; /* IST1.. as low, high */
    uint32_t reserved2[2];
    uint16_t reserved3;
    uint16_t io_map;
};
static_assert(sizeof(struct task_state) == 104, "APM Vol.2 12.2.5");

struct cpu {
    struct cpu *self;
    volatile struct hv_vp_assist_page *assist;
    uint64_t user_rsp;      /* scratch of the SYSCALL entry */
    uint64_t kernel_rsp;    /* where user_enter left the kernel's stack */
    uint64_t registers_end; /* of the thread that runs: the entry stubs push there */
    uint64_t job;           /* 1: ring 0 is in job.c's hands, an interrupt puts it aside */
    uint32_t index;
    bool fsgsbase; /* the CPU has RDFSBASE and its like */

    void *hypercall_input; /* a page each, for this CPU only */
    void *hypercall_output;

    /* Vector state, fpu.c. */
    struct thread *fpu_thread; /* whose state is live; NULL = VTL0's */
    uint64_t vtl0_xcr0;
    uint64_t vector_moves; /* XSAVEs and XRSTORs done; other CPUs read it */
    void *vtl0_state;      /* page */
    uint64_t saved_fs_base;

    uint64_t gdt[8];
    struct task_state tss;
};

static inline struct cpu *this_cpu(void)
{
    struct cpu *cpu = 0;

    __asm__("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(CPU_SELF));
    return cpu;
}

/* Makes room for all CPUs (VP 0, before the others start). NULL or a sentence. */
const char *cpu_init_all(uint32_t count);
/* Sets up the CPU that it runs on. NULL or a sentence. */
const char *cpu_init(uint32_t index);
uint32_t cpu_count(void);

/* Where the entry stubs save the user's registers: IST1 and the SYSCALL entry point there. */
void cpu_set_registers(struct cpu *cpu, struct user_registers *registers);

/* entry.S: enters ring 3 with the registers; returns when the trustlet comes back, with them saved
 * again and vector telling why. */
void user_enter(struct user_registers *registers);

/* By FSGSBASE where the CPU has it: a trustlet may set its own without a call. */
uint64_t cpu_read_fs_base(const struct cpu *cpu);
void cpu_write_fs_base(const struct cpu *cpu, uint64_t base);
/* The user's GS base, which SWAPGS keeps aside while in the kernel. */
uint64_t cpu_read_user_gs_base(const struct cpu *cpu);
void cpu_write_user_gs_base(const struct cpu *cpu, uint64_t base);

#endif
