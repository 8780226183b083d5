/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMMCALL: decode, dispatch, result word (TLFS, "Hypercall interface").
 *
 * What a guest names is checked and copied in once, with the rights of the VTL that calls; from
 * then on only the copy is looked at. Where VTL0 names memory that it may not touch, it gets what
 * the access itself would get: an intercept, and no status.
 */
#include "exits.h"
#include "hypercall.h"
#include "vtl.h"

/* What decoding came to: a status, or an access that must become an intercept. */
struct decoded {
    enum hv_status status;
    bool intercept;
    gpa_t address;
    enum hv_access_type access;
};

static const struct decoded decoded_well = {.status = HV_STATUS_SUCCESS};

static struct decoded refused(enum hv_status status)
{
    return (struct decoded){.status = status};
}

static struct decoded forbidden(gpa_t address, enum hv_access_type access)
{
    return (struct decoded){HV_STATUS_ACCESS_DENIED, true, address, access};
}

static enum hv_status decode_counts(struct hypercall *call, const struct hypercall_shape *shape,
                                    uint64_t control)
{
    uint32_t count = control >> 32 & 0xfff;
    uint32_t start = control >> 48 & 0xfff;
    if (control & HV_CONTROL_RESERVED)
        return HV_STATUS_INVALID_HYPERCALL_INPUT;
    if (shape->rep ? start >= count : count || start)
        return HV_STATUS_INVALID_HYPERCALL_INPUT;
    call->rep_count = count;
    call->reps_done = start;
    return HV_STATUS_SUCCESS;
}

static uint64_t input_size(const struct hypercall *call, const struct hypercall_shape *shape)
{
    return shape->header + (uint64_t)shape->input * call->rep_count;
}

static uint64_t output_size(const struct hypercall *call, const struct hypercall_shape *shape)
{
    return (uint64_t)shape->output * (shape->rep ? call->rep_count : 1);
}

/* TLFS: blocks are 8-byte aligned and lie in one page. */
static enum hv_status check_block(uint64_t address, uint64_t size)
{
    if (address & 7)
        return HV_STATUS_INVALID_ALIGNMENT;
    if (size > PAGE_SIZE - (address & PAGE_MASK))
        return HV_STATUS_INVALID_HYPERCALL_INPUT;
    return HV_STATUS_SUCCESS;
}

static struct decoded decode_fast(struct hypercall *call, const struct hypercall_shape *shape)
{
    if (input_size(call, shape) > 16 || output_size(call, shape))
        return refused(HV_STATUS_INVALID_HYPERCALL_INPUT);
    call->input[0] = call->cpu->registers.rdx;
    call->input[1] = call->cpu->registers.r8;
    return decoded_well;
}

static struct decoded decode_input(struct hypercall *call, const struct hypercall_shape *shape)
{
    uint64_t size = input_size(call, shape);
    gpa_t from = gpa(call->cpu->registers.rdx);
    if (!size)
        return decoded_well; /* TLFS: an address that the call does not use is ignored */
    enum hv_status status = check_block(from.value, size);
    if (status != HV_STATUS_SUCCESS)
        return refused(status);
    if (!slat_copy_in(&call->partition->slat, call->vtl, from, call->input, size))
        return forbidden(from, HV_ACCESS_READ);
    return decoded_well;
}

static struct decoded decode_output(struct hypercall *call, const struct hypercall_shape *shape)
{
    uint64_t size = output_size(call, shape);
    gpa_t to = gpa(call->cpu->registers.r8);
    void *page = NULL;
    if (!size)
        return decoded_well;
    enum hv_status status = check_block(to.value, size);
    if (status == HV_STATUS_SUCCESS)
        status = slat_pin(&call->partition->slat, call->vtl, to, true, &page);
    if (status == HV_STATUS_ACCESS_DENIED)
        return forbidden(to, HV_ACCESS_WRITE);
    if (status != HV_STATUS_SUCCESS)
        return refused(status);
    call->output_page = gpa(to.value & ~PAGE_MASK);
    call->output = (uint8_t *)page + (to.value & PAGE_MASK);
    return decoded_well;
}

/* Everything that can be wrong with a call before its handler looks at the values. Only the
 * pin has an effect. */
static struct decoded decode(struct hypercall *call, const struct hypercall_shape *shape,
                             uint64_t control, unsigned who)
{
    if (!(who & 1u << call->vtl))
        return refused(HV_STATUS_ACCESS_DENIED);
    enum hv_status status = decode_counts(call, shape, control);
    if (status != HV_STATUS_SUCCESS)
        return refused(status);
    struct decoded decoded =
        control & HV_CONTROL_FAST ? decode_fast(call, shape) : decode_input(call, shape);
    if (decoded.status == HV_STATUS_SUCCESS)
        decoded = decode_output(call, shape);
    if (decoded.status == HV_STATUS_SUCCESS && shape->partition &&
        call->input[0] != HV_PARTITION_SELF)
        return refused(HV_STATUS_INVALID_PARTITION_ID);
    return decoded;
}

static struct decoded dispatch(struct hypercall *call, uint64_t control)
{
    struct decoded decoded = refused(HV_STATUS_INVALID_HYPERCALL_CODE);
    switch (control & HV_CONTROL_CODE_MASK) {
#define HYPERCALL_CASE(code, name, who, handler)                                                   \
    case code:                                                                                     \
        decoded = decode(call, &shape_##handler, control, who);                                    \
        if (decoded.status == HV_STATUS_SUCCESS)                                                   \
            decoded.status = call_##handler(call);                                                 \
        break;
        HV_CALL_LIST(HYPERCALL_CASE)
#undef HYPERCALL_CASE
    }
    if (call->output)
        slat_unpin(&call->partition->slat, call->output_page);
    return decoded;
}

/* Apart from hypercall_handle() because of its large frame. */
static __attribute__((noinline)) void handle_slowly(struct cpu *cpu, uint64_t control)
{
    struct hypercall call;
    call.cpu = cpu;
    call.partition = cpu->partition;
    call.vtl = cpu->vtl;
    call.rep_count = 0;
    call.reps_done = 0;
    call.output = NULL;
    struct vcpu *vcpu = cpu->current;
    struct decoded decoded = dispatch(&call, control);
    if (decoded.intercept && call.vtl == 0) {
        vcpu_set_rip(vcpu, vcpu_rip(vcpu) - VMMCALL_LENGTH);
        vtl_memory_intercept(cpu, decoded.address, decoded.access);
        return;
    }
    vcpu_set_rax(vcpu, (uint64_t)decoded.status | (uint64_t)call.reps_done << 32);
    if (decoded.status != HV_STATUS_SUCCESS && call.vtl == 0)
        vtl_hypercall_refused(cpu, control, decoded.status);
}

void hypercall_handle(struct cpu *cpu)
{
    uint64_t control = cpu->registers.rcx;
    if (likely((control & ~HV_CONTROL_FAST) == HV_CALL_OPENVSM_NULL))
        vcpu_set_rax(cpu->current, HV_STATUS_SUCCESS);
    else
        handle_slowly(cpu, control);
}

enum hv_status hypercall_target_vtl(unsigned caller, uint8_t input_vtl, unsigned *target)
{
    if (input_vtl & 0xe0)
        return HV_STATUS_INVALID_PARAMETER;
    *target = input_vtl & HV_INPUT_VTL_USE_TARGET ? input_vtl & 0xf : caller;
    return *target > caller ? HV_STATUS_ACCESS_DENIED : HV_STATUS_SUCCESS;
}
