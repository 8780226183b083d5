/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMCB and the constants of AMD SVM (APM Vol.2 chapter 15, appendices B and C). */
#ifndef HYPERVISOR_VCPU_SVM_H
#define HYPERVISOR_VCPU_SVM_H

#include "../cpu.h"
#include "../registers.h"
#include <asm/svm.h>

#define MSR_EFER        0xc0000080u
#define MSR_VM_CR       0xc0010114u
#define MSR_VM_HSAVE_PA 0xc0010117u
#define EFER_KNOWN                                                                                 \
    (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME | EFER_LMSLE | EFER_FFXSR | EFER_TCE |  \
     EFER_MCOMMIT | EFER_INTWB | EFER_UAIE | EFER_AIBRSE)
#define MSR_SYSCFG             0xc0010010u
#define SYSCFG_SME             (1ull << 23)
#define VM_CR_R_INIT           (1ull << 1)
#define VM_CR_DIS_A20M         (1ull << 2)
#define VM_CR_SVMDIS           (1ull << 4)

#define DR6_CAUSES             0x600full /* B0-B3, BD, BS */
#define DR6_BS                 (1ull << 14)

/* Intercepts, word 3 of the control area. */
#define INTERCEPT_INTR         (1u << 0)
#define INTERCEPT_NMI          (1u << 1)
#define INTERCEPT_SMI          (1u << 2)
#define INTERCEPT_CPUID        (1u << 18)
#define INTERCEPT_IRET         (1u << 20)
#define INTERCEPT_INVD         (1u << 22)
#define INTERCEPT_INVLPGA      (1u << 26)
#define INTERCEPT_IOIO         (1u << 27)
#define INTERCEPT_MSR          (1u << 28)
#define INTERCEPT_SHUTDOWN     (1u << 31)
/* Word 4. */
#define INTERCEPT_VMRUN        (1u << 0)
#define INTERCEPT_VMMCALL      (1u << 1)
#define INTERCEPT_VMLOAD       (1u << 2)
#define INTERCEPT_VMSAVE       (1u << 3)
#define INTERCEPT_STGI         (1u << 4)
#define INTERCEPT_CLGI         (1u << 5)
#define INTERCEPT_SKINIT       (1u << 6)

#define TLB_CONTROL_FLUSH_ALL  1u
#define INT_CTL_V_IRQ          (1u << 8)
#define INT_CTL_V_PRIORITY     (0xfu << 16)
#define INT_CTL_V_IGNORE_TPR   (1u << 20)
#define INT_CTL_V_INTR_MASKING (1u << 24)
#define INTERRUPT_SHADOW       (1ull << 0)
#define NESTED_PAGING_ENABLE   (1ull << 0)
#define LBR_VIRTUALIZATION     (1ull << 0)

/* VMCB clean bits (APM Vol.2 15.15.3): cleared when that part of the VMCB was written. */
enum vmcb_clean {
    VMCB_CLEAN_INTERCEPTS = 1u << 0,
    VMCB_CLEAN_PERMISSION_MAPS = 1u << 1,
    VMCB_CLEAN_ASID = 1u << 2,
    VMCB_CLEAN_TPR = 1u << 3,
    VMCB_CLEAN_NESTED_PAGING = 1u << 4,
    VMCB_CLEAN_CR = 1u << 5,
    VMCB_CLEAN_DR = 1u << 6,
    VMCB_CLEAN_TABLES = 1u << 7,
    VMCB_CLEAN_SEGMENTS = 1u << 8,
    VMCB_CLEAN_CR2 = 1u << 9,
    VMCB_CLEAN_LBR = 1u << 10,
};

/* Exit codes beside those of <asm/svm.h> (APM Vol.2 appendix C). */
#define SVM_EXIT_DB            (SVM_EXIT_EXCP_BASE + VECTOR_DB)
#define SVM_EXIT_AC            (SVM_EXIT_EXCP_BASE + VECTOR_AC)
#define SVM_EXIT_MC            (SVM_EXIT_EXCP_BASE + VECTOR_MC)
#define SVM_EXIT_SX            (SVM_EXIT_EXCP_BASE + VECTOR_SX)

/* Nested page fault, exitinfo1. */
#define NPF_WRITE              (1u << 1)
#define NPF_EXECUTE            (1u << 4)

/* I/O, exitinfo1 (APM Vol.2 15.10.2); exitinfo2 is the next RIP. */
#define IOIO_IN                (1u << 0)
#define IOIO_STRING            (1u << 2)
#define IOIO_SIZE(info)        ((unsigned)(info) >> 4 & 7)
#define IOIO_PORT(info)        ((uint16_t)((info) >> 16))

/* EVENTINJ and EXITINTINFO (APM Vol.2 15.20, 15.7.2). */
#define EVENT_VALID            (1ull << 31)
#define EVENT_ERROR_VALID      (1ull << 11)
#define EVENT_VECTOR(e)        ((unsigned)(e)&0xff)
#define EVENT_TYPE(e)          ((unsigned)(e) >> 8 & 7)
#define EVENT_TYPE_MASK        (7ull << 8)
#define EVENT_MAKE(type, v)    (EVENT_VALID | (uint64_t)(type) << 8 | (v))
#define EVENT_ERROR_CODE(code) ((uint64_t)(code) << 32)
enum event_type {
    EVENT_INTERRUPT = 0,
    EVENT_NMI = 2,
    EVENT_EXCEPTION = 3,
    EVENT_SOFTWARE = 4,
};

#define VECTOR_DB       1u
#define VECTOR_BP       3u
#define VECTOR_OF       4u
#define VECTOR_NMI      2u
#define VECTOR_DF       8u
#define VECTOR_PF       14u
#define VECTOR_AC       17u
#define VECTOR_MC       18u
#define VECTOR_SX       30u

#define SEGMENT_PRESENT (1u << 7)
#define SEGMENT_LONG    (1u << 9)
#define SEGMENT_BIG     (1u << 10)
struct vmcb_segment {
    uint16_t selector;
    uint16_t attributes; /* descriptor bits 55:52 and 47:40 */
    uint32_t limit;
    uint64_t base;
};

struct vmcb {
    uint16_t intercept_cr_read, intercept_cr_write;
    uint16_t intercept_dr_read, intercept_dr_write;
    uint32_t intercept_exceptions;
    uint32_t intercept3, intercept4, intercept5;
    uint8_t reserved_018[0x40 - 0x18];
    uint64_t io_map, msr_map;
    uint64_t tsc_offset;
    uint32_t asid;
    uint8_t tlb_control;
    uint8_t reserved_05d[3];
    uint32_t int_ctl;
    uint8_t int_vector;
    uint8_t reserved_065[3];
    uint64_t int_state;
    uint64_t exit_code, exit_info1, exit_info2, exit_int_info;
    uint64_t nested_control;
    uint8_t reserved_098[0xa8 - 0x98];
    uint64_t event_injection;
    uint64_t nested_cr3;
    uint64_t lbr_control;
    uint32_t clean;
    uint32_t reserved_0c4;
    uint64_t next_rip;
    uint8_t reserved_0d0[0x400 - 0xd0];

    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    uint8_t reserved_4a0[0x4cb - 0x4a0];
    uint8_t cpl;
    uint32_t reserved_4cc;
    uint64_t efer;
    uint8_t reserved_4d8[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t reserved_580[0x5d8 - 0x580];
    uint64_t rsp;
    uint8_t reserved_5e0[0x5f8 - 0x5e0];
    uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
    uint8_t reserved_648[0x668 - 0x648];
    uint64_t pat, debugctl, br_from, br_to, last_exception_from, last_exception_to;
    uint8_t reserved_698[0x1000 - 0x698];
};
static_assert(sizeof(struct vmcb) == 4096, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, io_map) == 0x40, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, asid) == 0x58, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, int_ctl) == 0x60, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, exit_code) == 0x70, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, nested_control) == 0x90, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, event_injection) == 0xa8, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, clean) == 0xc0, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, es) == 0x400, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, efer) == 0x4d0, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, cr4) == 0x548, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, rip) == 0x578, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, rax) == 0x5f8, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, cr2) == 0x640, "APM Vol.2 appendix B");
static_assert(offsetof(struct vmcb, pat) == 0x668, "APM Vol.2 appendix B");

/* Must be called for each part of the VMCB that is written outside vcpu_init(). */
static inline void vmcb_touch(struct vmcb *vmcb, enum vmcb_clean part)
{
    vmcb->clean &= ~(uint32_t)part;
}

/* Loads and stores FS, GS, TR, LDTR, KERNEL_GS_BASE and the SYSCALL/SYSENTER MSRs. */
static inline void svm_vmsave(uint64_t vmcb)
{
    __asm__ volatile("vmsave %%rax" ::"a"(vmcb) : "memory");
}
static inline void svm_vmload(uint64_t vmcb)
{
    __asm__ volatile("vmload %%rax" ::"a"(vmcb) : "memory");
}

/* svm_exit.c: called by svm_run.S after each #VMEXIT. */
void svm_exit(struct cpu *cpu);
/* svm_check.c: debug builds stop the machine before an entry that the manual forbids. */
void svm_assert(struct cpu *cpu);
/* svm_event.c: takes EXITINTINFO over into vcpu->event at an exit that may have one. */
void svm_note_event(struct vcpu *vcpu);

/* vcpu->step: who wants to hear of the step over an NMI handler's IRET. */
enum step {
    STEP_OURS = 1,
    STEP_OF_BOTH = 2, /* VTL0 single-steps as well */
};
/* Before an intercepted IRET: lets it run and exits behind it, where the next NMI may come. */
void svm_step_over_iret(struct vcpu *vcpu);
/* That exit came. True: VTL0 has a #DB of its own to take. */
bool svm_step_done(struct vcpu *vcpu);

#endif
