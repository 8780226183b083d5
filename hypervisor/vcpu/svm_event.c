/* SPDX-License-Identifier: BSD-2-Clause */
/* Events: injecting them, and what becomes of one whose delivery an exit broke off. */
#include "svm.h"

/* Contributory exceptions and page faults (APM Vol.2 8.2.9, table 8-8). */
static bool is_contributory(unsigned vector)
{
    return vector == 0 || (vector >= 10 && vector <= 13);
}

/*
 * The type in EXITINTINFO as the manual has it. QEMU 7.2 reports external interrupts and NMIs as
 * exceptions; no exception has a vector above 31, and vector 2 is the NMI's.
 */
static uint64_t repair_type(uint64_t event)
{
    unsigned vector = EVENT_VECTOR(event);
    if (EVENT_TYPE(event) != EVENT_EXCEPTION)
        return event;
    if (vector >= 32)
        return (event & ~(EVENT_TYPE_MASK | EVENT_ERROR_VALID)) | (uint64_t)EVENT_INTERRUPT << 8;
    if (vector == VECTOR_NMI)
        return (event & ~(EVENT_TYPE_MASK | EVENT_ERROR_VALID)) | (uint64_t)EVENT_NMI << 8;
    return event;
}

void svm_note_event(struct vcpu *vcpu)
{
    uint64_t event = vcpu->vmcb->exit_int_info;
    vcpu->event = event & EVENT_VALID ? repair_type(event) : 0;
}

/* INTn, INT3 and INTO come again by themselves: RIP still stands on the instruction. */
static bool comes_again(uint64_t event)
{
    unsigned vector = EVENT_VECTOR(event);
    return EVENT_TYPE(event) == EVENT_SOFTWARE ||
           (EVENT_TYPE(event) == EVENT_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF));
}

void vcpu_settle_event(struct vcpu *vcpu)
{
    if (vcpu->event && !(vcpu->vmcb->event_injection & EVENT_VALID) && !comes_again(vcpu->event))
        vcpu->vmcb->event_injection = vcpu->event;
    vcpu->event = 0;
}

/* What two exceptions make together: the vector to deliver, or none for shutdown. */
static bool combine(uint64_t first, unsigned *vector)
{
    if (!first || EVENT_TYPE(first) != EVENT_EXCEPTION)
        return true;
    unsigned earlier = EVENT_VECTOR(first);
    if (earlier == VECTOR_DF)
        return !is_contributory(*vector) && *vector != VECTOR_PF;
    if ((is_contributory(earlier) && is_contributory(*vector)) ||
        (earlier == VECTOR_PF && (is_contributory(*vector) || *vector == VECTOR_PF)))
        *vector = VECTOR_DF;
    return true;
}

bool vcpu_inject_exception(struct vcpu *vcpu, unsigned vector, bool has_error_code,
                           uint32_t error_code)
{
    unsigned asked = vector;
    if (!combine(vcpu->event, &vector))
        return false;
    if (vector != asked) {
        has_error_code = true; /* #DF has one, and it is zero */
        error_code = 0;
    }
    uint64_t event = EVENT_MAKE(EVENT_EXCEPTION, vector);
    if (has_error_code)
        event |= EVENT_ERROR_VALID | EVENT_ERROR_CODE(error_code);
    vcpu->vmcb->event_injection = event;
    vcpu->event = 0;
    return true;
}

bool vcpu_inject_nmi(struct vcpu *vcpu)
{
    struct vmcb *vmcb = vcpu->vmcb;
    if (vcpu->nmi_blocked || (vmcb->event_injection & EVENT_VALID) || vcpu->event)
        return false;
    vmcb->event_injection = EVENT_MAKE(EVENT_NMI, VECTOR_NMI);
    /* The CPU blocks further NMIs until IRET by itself, but an intercepted one exits all the same:
     * so we must know when the handler is done. */
    vcpu->nmi_blocked = 1;
    vmcb->intercept3 |= INTERCEPT_IRET;
    vmcb_touch(vmcb, VMCB_CLEAN_INTERCEPTS);
    return true;
}

/*
 * Only when the IRET is done may another NMI come: one before it would push its frame over the one
 * that the IRET returns by. The CPU tells of an IRET before it runs (APM Vol.2 15.9), so a single
 * step finds its end.
 */
void svm_step_over_iret(struct vcpu *vcpu)
{
    struct vmcb *vmcb = vcpu->vmcb;
    vmcb->intercept3 &= ~INTERCEPT_IRET;
    vmcb_touch(vmcb, VMCB_CLEAN_INTERCEPTS);
    vcpu->step = vmcb->rflags & X86_EFLAGS_TF ? STEP_OF_BOTH : STEP_OURS;
    vcpu->step_dr6 = vmcb->dr6;
    vmcb->rflags |= X86_EFLAGS_TF;
}

bool svm_step_done(struct vcpu *vcpu)
{
    struct vmcb *vmcb = vcpu->vmcb;
    bool ours = vcpu->step == STEP_OURS;
    if (ours)
        vmcb->dr6 = (vmcb->dr6 & ~DR6_BS) | (vcpu->step_dr6 & DR6_BS);
    vmcb_touch(vmcb, VMCB_CLEAN_DR);
    vcpu_unblock_nmi(vcpu);
    return !ours || (vmcb->dr6 & ~vcpu->step_dr6 & DR6_CAUSES);
}

void vcpu_unblock_nmi(struct vcpu *vcpu)
{
    struct vmcb *vmcb = vcpu->vmcb;
    vcpu->nmi_blocked = 0;
    vcpu->step = 0;
    vmcb->intercept3 &= ~INTERCEPT_IRET;
    vmcb_touch(vmcb, VMCB_CLEAN_INTERCEPTS);
}
