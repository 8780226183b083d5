/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls about who owns a page: TLFS 0x000c, 0x00d4, paying for nested page tables; and 0x0002,
 * forgetting translations. */
#include "hypercall.h"

#define LIST_HEADER 16u

/* ---- MODIFY_VTL_PROTECTION_MASK ---- */

const struct hypercall_shape shape_modify_vtl_protection_mask = {
    .header = sizeof(struct hv_modify_vtl_protection_mask),
    .input = sizeof(uint64_t),
    .rep = true,
};
static_assert(16 + HV_MODIFY_MAX_REPS * 8 == OPENVSM_PAGE_SIZE, "510 GPFNs fill an input page");
static_assert(HV_MODIFY_MAX_REPS <= SLAT_BATCH, "one call is one batch");

/* TLFS: no right without read; without MBEC, KMX governs all fetches and UMX says nothing. */
static enum hv_status rights_of_map_flags(uint32_t flags, unsigned *rights)
{
    if (flags & ~HV_MAP_ALL || (flags && !(flags & HV_MAP_READ)))
        return HV_STATUS_INVALID_REGISTER_VALUE;
    *rights = 0;
    *rights |= flags & HV_MAP_READ ? SLAT_READ : 0;
    *rights |= flags & HV_MAP_WRITE ? SLAT_WRITE : 0;
    *rights |= flags & HV_MAP_KERNEL_EXECUTE ? SLAT_EXECUTE : 0;
    return HV_STATUS_SUCCESS;
}

/* Public software disagrees on whether the target is the VTL that protects or the one that is
 * restricted. With two VTLs, and only VTL1 allowed to call, both mean "restrict VTL0". */
static enum hv_status check_protecting_vtl(uint8_t input_vtl)
{
    if (input_vtl & 0xe0)
        return HV_STATUS_INVALID_PARAMETER;
    if ((input_vtl & HV_INPUT_VTL_USE_TARGET) && (input_vtl & 0xf) > 1)
        return HV_STATUS_ACCESS_DENIED;
    return HV_STATUS_SUCCESS;
}

static enum hv_status decode_modify(const struct hv_modify_vtl_protection_mask *input,
                                    unsigned *rights)
{
    if (input->partition_id != HV_PARTITION_SELF)
        return HV_STATUS_ACCESS_DENIED;
    enum hv_status status = check_protecting_vtl(input->input_vtl);
    if (status == HV_STATUS_SUCCESS && !is_zero(input->reserved, sizeof(input->reserved)))
        status = HV_STATUS_INVALID_PARAMETER;
    if (status == HV_STATUS_SUCCESS)
        status = rights_of_map_flags(input->map_flags, rights);
    return status;
}

enum hv_status call_modify_vtl_protection_mask(struct hypercall *call)
{
    const struct hv_modify_vtl_protection_mask *input = (const void *)call->input;
    uint32_t start = call->reps_done;
    unsigned rights;
    uint32_t done;
    enum hv_status status = decode_modify(input, &rights);
    if (status != HV_STATUS_SUCCESS)
        return status;
    status = slat_protect(&call->partition->slat, &input->gpfn[start], call->rep_count - start,
                          rights, &done);
    call->reps_done = start + done;
    return status;
}

/* ---- DEPOSIT_MEMORY, WITHDRAW_MEMORY ---- */

const struct hypercall_shape shape_deposit_memory = {
    .header = sizeof(struct hv_deposit_memory),
    .input = sizeof(uint64_t),
    .rep = true,
    .partition = true,
};

enum hv_status call_deposit_memory(struct hypercall *call)
{
    const struct hv_deposit_memory *input = (const void *)call->input;
    uint32_t start = call->reps_done;
    uint32_t done;
    enum hv_status status =
        slat_deposit(&call->partition->slat, &input->gpfn[start], call->rep_count - start, &done);
    call->reps_done = start + done;
    return status;
}

const struct hypercall_shape shape_withdraw_memory = {
    .header = sizeof(struct hv_deposit_memory),
    .output = sizeof(uint64_t),
    .rep = true,
    .partition = true,
};

enum hv_status call_withdraw_memory(struct hypercall *call)
{
    uint64_t *gpfn = call->output;
    uint32_t start = call->reps_done;
    uint32_t done;
    enum hv_status status =
        slat_withdraw(&call->partition->slat, &gpfn[start], call->rep_count - start, &done);
    call->reps_done = start + done;
    return status;
}

/* ---- CHECK_SPARSE_GPA_PAGE_VTL_ACCESS ---- */

struct check_page_vtl_access {
    uint64_t partition_id;
    uint8_t input_vtl;
    uint8_t desired_access; /* HV_MAP_* */
    uint8_t reserved[6];
    uint64_t gpfn[];
};
static_assert(offsetof(struct check_page_vtl_access, gpfn) == LIST_HEADER, "hvdef 0x00d4");
#define CHECK_INTERCEPT     1ull
#define CHECK_DENIED(flags) ((uint64_t)(flags) << 8)
#define CHECK_VTL(vtl)      ((uint64_t)(vtl) << 16)

const struct hypercall_shape shape_check_page_vtl_access = {
    .header = LIST_HEADER,
    .input = sizeof(uint64_t),
    .output = sizeof(uint64_t),
    .rep = true,
    .partition = true,
};

static unsigned map_flags_of_rights(unsigned rights)
{
    unsigned flags = 0;
    flags |= rights & SLAT_READ ? HV_MAP_READ : 0;
    flags |= rights & SLAT_WRITE ? HV_MAP_WRITE : 0;
    flags |= rights & SLAT_EXECUTE ? HV_MAP_KERNEL_EXECUTE | HV_MAP_USER_EXECUTE : 0;
    return flags;
}

static uint64_t check_page(struct slat *slat, uint64_t gpfn, unsigned vtl, unsigned desired)
{
    unsigned allowed = 0;
    if (gpfn < SLAT_LIMIT >> PAGE_SHIFT)
        allowed = map_flags_of_rights(slat_lookup(slat, gpa(gpfn << PAGE_SHIFT)).rights[vtl]);
    unsigned denied = desired & ~allowed;
    return denied ? CHECK_INTERCEPT | CHECK_DENIED(denied) | CHECK_VTL(1) : 0;
}

enum hv_status call_check_page_vtl_access(struct hypercall *call)
{
    const struct check_page_vtl_access *input = (const void *)call->input;
    uint64_t *result = call->output;
    unsigned vtl;
    enum hv_status status = hypercall_target_vtl(call->vtl, input->input_vtl, &vtl);
    if (status != HV_STATUS_SUCCESS)
        return status;
    if (input->desired_access & ~HV_MAP_ALL || !is_zero(input->reserved, sizeof(input->reserved)))
        return HV_STATUS_INVALID_PARAMETER;
    for (uint32_t i = call->reps_done; i < call->rep_count; i++)
        result[i] = check_page(&call->partition->slat, input->gpfn[i], vtl, input->desired_access);
    call->reps_done = call->rep_count;
    return HV_STATUS_SUCCESS;
}

/* ---- FLUSH_VIRTUAL_ADDRESS_SPACE ---- */

const struct hypercall_shape shape_flush_virtual_address_space = {
    .header = sizeof(struct hv_flush_virtual_address_space),
};
static_assert(CPU_MAX <= 64, "the processor mask names every CPU");

/* More than asked is dropped: all address spaces, and VTL0's translations with VTL1's. */
enum hv_status call_flush_virtual_address_space(struct hypercall *call)
{
    const struct hv_flush_virtual_address_space *input = (const void *)call->input;
    uint32_t count = call->partition->cpu_count;
    uint64_t present = count < 64 ? (1ull << count) - 1 : UINT64_MAX;
    uint64_t cpus = input->flags & HV_FLUSH_ALL_PROCESSORS ? present : input->processor_mask;
    if (input->flags & ~(uint64_t)HV_FLUSH_ALL_FLAGS || cpus & ~present)
        return HV_STATUS_INVALID_PARAMETER;
    return slat_flush_cpus(cpus) ? HV_STATUS_SUCCESS : HV_STATUS_TIMEOUT;
}
