/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMRUN's consistency checks (APM Vol.2 15.5.1). QEMU makes hardly any of them, hardware all: debug
 * builds ask before every entry.
 */
#include "../log.h"
#include "../platform/reset.h"
#include "svm.h"

#define UPPER_HALF(x) ((x) >> 32)
#define CR4_RESERVED  (~0x01fffffffull & ~(1ull << 23)) /* PCID .. CET and below, UINTR never */
#define CPUID_SVM     0x8000000au

static const char *check_mode(const struct vmcb *v)
{
    bool long_mode = (v->efer & EFER_LME) && (v->cr0 & X86_CR0_PG);
    if (!(v->efer & EFER_SVME))
        return "EFER.SVME is clear";
    if (v->efer & ~EFER_KNOWN)
        return "EFER has reserved bits";
    if (!(v->cr0 & X86_CR0_CD) && (v->cr0 & X86_CR0_NW))
        return "CR0.CD is clear and CR0.NW set";
    if (UPPER_HALF(v->cr0))
        return "CR0[63:32] is not zero";
    if (v->cr4 & CR4_RESERVED)
        return "CR4 has reserved bits";
    if (UPPER_HALF(v->dr6) || UPPER_HALF(v->dr7))
        return "DR6[63:32] or DR7[63:32] is not zero";
    if (long_mode && !(v->cr4 & X86_CR4_PAE))
        return "long mode without PAE";
    if (long_mode && !(v->cr0 & X86_CR0_PE))
        return "long mode without CR0.PE";
    if (long_mode && (v->cs.attributes & SEGMENT_LONG) && (v->cs.attributes & SEGMENT_BIG))
        return "CS.L and CS.D are both set";
    return NULL;
}

static const char *check_control(const struct vmcb *v)
{
    if (!(v->intercept4 & INTERCEPT_VMRUN))
        return "VMRUN is not intercepted";
    if (!(v->intercept3 & INTERCEPT_NMI))
        return "NMI is not intercepted";
    if (v->asid == 0 || v->asid >= cpu_cpuid(CPUID_SVM, 0).ebx)
        return "the ASID is out of range";
    if ((v->msr_map | v->io_map) & (PAGE_SIZE - 1))
        return "a permission map is not page aligned";
    if (v->nested_cr3 & (PAGE_SIZE - 1) || !v->nested_cr3)
        return "nested CR3 is not a page";
    if (v->tlb_control > 1)
        return "TLB_CONTROL has a value that not all CPUs know";
    return NULL;
}

static const char *check_event(const struct vmcb *v)
{
    uint64_t event = v->event_injection;
    if (!(event & EVENT_VALID))
        return NULL;
    unsigned type = EVENT_TYPE(event), vector = EVENT_VECTOR(event);
    if (type == 1 || type > EVENT_SOFTWARE)
        return "EVENTINJ has a reserved type";
    if (type == EVENT_EXCEPTION && (vector > 31 || vector == VECTOR_NMI))
        return "EVENTINJ has an exception that does not exist";
    return NULL;
}

void svm_assert(struct cpu *cpu)
{
    const struct vmcb *vmcb = cpu->current->vmcb;
    const char *wrong = check_mode(vmcb);
    if (!wrong)
        wrong = check_control(vmcb);
    if (!wrong)
        wrong = check_event(vmcb);
    if (!wrong && cpu->vmcb_hpa != cpu->current->vmcb_hpa)
        wrong = "the CPU would enter another VTL than it accounts for";
    if (!wrong)
        return;
    log_format("hypervisor: fatal: CPU %lu, VTL%lu: VMRUN check: %s\n", (uint64_t)cpu->index,
               (uint64_t)cpu->vtl, wrong);
    reset_machine(cpu);
}
