/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VTL0 was caught at something that is not its to do (TLFS 15.10, "Secure intercepts"). The answer
 * is always the same: an audit record, and #GP at that instruction (a refused hypercall has been
 * answered with its status already).
 */
#include "audit.h"
#include "call.h"
#include "cpu.h"
#include "hypercall.h"

#define VECTOR_GP 13u

/* entry.S: the CPU entered VTL1 without a call. */
void intercept_handle(struct call *call);

static struct sk_audit_record describe(const struct hv_message *message)
{
    const struct hv_intercept_header *header = &message->payload.intercept;
    struct sk_audit_record event = {
        .kind = SK_AUDIT_MEMORY,
        .access = header->access_type,
        .cpl = header->execution_state & HV_EXECUTION_STATE_CPL_MASK,
        .rip = header->rip,
    };

    if (message->header.type == HV_MESSAGE_MSR_INTERCEPT) {
        event.kind = SK_AUDIT_MSR;
        event.address = message->payload.msr.msr;
        event.value = message->payload.msr.rdx << 32 | (uint32_t)message->payload.msr.rax;
    } else if (message->header.type == HV_MESSAGE_IO_PORT_INTERCEPT) {
        event.kind = SK_AUDIT_PORT;
        event.address = message->payload.port.port;
        event.value = message->payload.port.rax;
    } else if (message->header.type == HV_MESSAGE_REGISTER_INTERCEPT) {
        event.kind = SK_AUDIT_REGISTER;
        event.address = message->payload.reg.name;
        event.value = message->payload.reg.value.low;
    } else if (message->header.type == HV_MESSAGE_HYPERCALL_REFUSED) {
        event.kind = SK_AUDIT_HYPERCALL;
        event.address = message->payload.refused.control & HV_CONTROL_CODE_MASK;
        event.value = message->payload.refused.input;
        event.status = (uint16_t)message->payload.refused.status;
    } else {
        event.address = message->payload.memory.gpa;
    }
    return event;
}

void intercept_handle(struct call *call)
{
    volatile struct hv_vp_assist_page *assist = this_cpu()->assist;

    (void)call;
    if (assist->entry_reason != HV_VTL_ENTRY_INTERCEPT)
        return; /* an interrupt of VTL1's own: it has none to serve */
    /* The page is VTL1's and written by the hypervisor only. */
    struct hv_message *message = (struct hv_message *)(uintptr_t)&assist->intercept;
    struct sk_audit_record event = describe(message);
    uint64_t gp = HV_PENDING_EVENT_PENDING | HV_PENDING_EVENT_DELIVER_ERROR |
                  HV_PENDING_EVENT_VECTOR(VECTOR_GP) | HV_PENDING_EVENT_ERROR_CODE(0);

    message->header.type = 0;
    audit_write(&event);
    if (event.kind == SK_AUDIT_HYPERCALL)
        return;
    hypercall_set_register(0, HV_REGISTER_PENDING_EVENT0, gp);
}
