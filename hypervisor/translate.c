/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's own page tables (APM Vol.2 5.3, 5.6), read only where that guest's VTL may read. */
#include "translate.h"
#include "hypercall.h"

#define CR0_WP        (1ull << 16)
#define CR0_PG        (1ull << 31)
#define CR3_ADDRESS   0x000ffffffffff000ull
#define CR4_LA57      (1ull << 12)
#define CR4_SMEP      (1ull << 20)
#define CR4_SMAP      (1ull << 21)
#define EFER_LMA      (1ull << 10)
#define EFER_NXE      (1ull << 11)
#define RFLAGS_AC     (1ull << 18)

#define PTE_PRESENT   (1ull << 0)
#define PTE_WRITE     (1ull << 1)
#define PTE_USER      (1ull << 2)
#define PTE_LARGE     (1ull << 7)
#define PTE_NX        (1ull << 63)
#define PTE_ADDRESS   0x000ffffffffff000ull

#define OVERRIDE_SMAP 0x200u

static unsigned level_shift(unsigned level)
{
    return 12 + 9 * (level - 1);
}

static bool is_canonical(gva_t virtual, unsigned levels)
{
    int64_t top = (int64_t) virtual.value >> (level_shift(levels + 1) - 1);
    return top == 0 || top == -1;
}

/* A leaf above level 1, and in it no address bits below its size (bit 12 is PAT there). */
static bool is_reserved(uint64_t entry, unsigned level, const struct paging *paging)
{
    if ((entry & PTE_NX) && !(paging->efer & EFER_NXE))
        return true;
    if (level == 1 || !(entry & PTE_LARGE))
        return false;
    uint64_t below = ((1ull << level_shift(level)) - 1) & PTE_ADDRESS & ~(1ull << 12);
    return level > 3 || (entry & below);
}

/* May this access go through, given the rights that all levels agree on? (APM Vol.2 5.6) */
static bool is_permitted(const struct paging *paging, uint32_t flags, uint64_t all, uint64_t any)
{
    bool user_page = all & PTE_USER;
    bool as_user = flags & TRANSLATE_USER;
    if ((flags & TRANSLATE_EXECUTE) && (any & PTE_NX))
        return false;
    if ((flags & TRANSLATE_WRITE) && !(all & PTE_WRITE) && (as_user || paging->cr0 & CR0_WP))
        return false;
    if (flags & TRANSLATE_PRIVILEGE_EXEMPT)
        return true;
    if (as_user || !user_page)
        return user_page || !as_user;
    if ((flags & TRANSLATE_EXECUTE) && (paging->cr4 & CR4_SMEP))
        return false;
    return !(flags & (TRANSLATE_READ | TRANSLATE_WRITE)) || !(paging->cr4 & CR4_SMAP) ||
           paging->rflags & RFLAGS_AC || flags & OVERRIDE_SMAP;
}

enum translate_result translate_walk(struct slat *slat, unsigned vtl, const struct paging *paging,
                                     gva_t virtual, uint32_t flags, gpa_t *address)
{
    if (!(paging->cr0 & CR0_PG)) {
        *address = gpa(virtual.value & 0xffffffff);
        return TRANSLATE_SUCCESS;
    }
    if (!(paging->efer & EFER_LMA))
        return TRANSLATE_INVALID_FLAGS; /* 32-bit tables: nobody who calls us runs with them */
    unsigned level = paging->cr4 & CR4_LA57 ? 5 : 4;
    if (!is_canonical(virtual, level))
        return TRANSLATE_NOT_PRESENT;
    uint64_t table = paging->cr3 & CR3_ADDRESS;
    uint64_t all = ~0ull, any = 0, entry;
    for (;; level--) {
        uint64_t index = virtual.value >> level_shift(level) & 511;
        if (!slat_copy_in(slat, vtl, gpa(table + 8 * index), &entry, sizeof(entry)))
            return TRANSLATE_GPA_UNMAPPED;
        if (!(entry & PTE_PRESENT))
            return TRANSLATE_NOT_PRESENT;
        if (is_reserved(entry, level, paging))
            return TRANSLATE_INVALID_FLAGS;
        all &= entry;
        any |= entry;
        if (level == 1 || entry & PTE_LARGE)
            break;
        table = entry & PTE_ADDRESS;
    }
    if (!is_permitted(paging, flags, all, any))
        return TRANSLATE_PRIVILEGE_VIOLATION;
    uint64_t offset = (1ull << level_shift(level)) - 1;
    *address = gpa((entry & PTE_ADDRESS & ~offset) | (virtual.value & offset));
    return TRANSLATE_SUCCESS;
}

/* ---- TRANSLATE_VIRTUAL_ADDRESS (TLFS 0x0052) ---- */

struct translate_input {
    uint64_t partition_id;
    uint32_t vp_index;
    uint32_t reserved;
    uint64_t control; /* flags, HV_INPUT_VTL in 63:56 */
    uint64_t gva_page;
};
static_assert(sizeof(struct translate_input) == 32, "TLFS 0x0052");

struct translate_output {
    uint32_t result;
    uint32_t cache_type;
    uint64_t gpa_page;
};
static_assert(sizeof(struct translate_output) == 16, "TLFS 0x0052");
#define CACHE_WRITE_BACK 6u

/* Setting A and D bits, and holding the TLB lock, are not offered. */
#define KNOWN_FLAGS                                                                                \
    (TRANSLATE_READ | TRANSLATE_WRITE | TRANSLATE_EXECUTE | TRANSLATE_PRIVILEGE_EXEMPT |           \
     TRANSLATE_SUPERVISOR | TRANSLATE_USER | OVERRIDE_SMAP)

const struct hypercall_shape shape_translate_virtual_address = {
    .header = sizeof(struct translate_input),
    .output = sizeof(struct translate_output),
};

static enum hv_status decode_translate(const struct hypercall *call,
                                       const struct translate_input *input, unsigned *vtl)
{
    uint64_t flags = input->control & 0x00ffffffffffffffull;
    enum hv_status status = hypercall_partition(input->partition_id);
    if (status != HV_STATUS_SUCCESS)
        return status;
    if (input->vp_index != HV_VP_SELF && input->vp_index >= call->partition->cpu_count)
        return HV_STATUS_INVALID_VP_INDEX;
    status = hypercall_target_vtl(call->vtl, (uint8_t)(input->control >> 56), vtl);
    if (status != HV_STATUS_SUCCESS)
        return status;
    if (input->vp_index != HV_VP_SELF && input->vp_index != call->cpu->index)
        return HV_STATUS_ACCESS_DENIED; /* another CPU's registers are on that CPU */
    if (flags & ~(uint64_t)KNOWN_FLAGS || input->reserved || input->gva_page >> 52)
        return HV_STATUS_INVALID_PARAMETER;
    return HV_STATUS_SUCCESS;
}

/* What the VTL would meet at the end of the walk. */
static enum translate_result check_target(struct slat *slat, unsigned vtl, gpa_t address,
                                          uint32_t flags)
{
    if (address.value >= SLAT_LIMIT)
        return TRANSLATE_GPA_UNMAPPED;
    unsigned rights = slat_lookup(slat, address).rights[vtl];
    if (!rights)
        return TRANSLATE_GPA_UNMAPPED;
    if ((flags & TRANSLATE_WRITE) && !(rights & SLAT_WRITE))
        return TRANSLATE_NO_WRITE;
    if ((flags & TRANSLATE_EXECUTE) && !(rights & SLAT_EXECUTE))
        return TRANSLATE_NO_READ;
    return TRANSLATE_SUCCESS;
}

enum hv_status call_translate_virtual_address(struct hypercall *call)
{
    const struct translate_input *input = (const void *)call->input;
    struct translate_output output = {0};
    struct cpu *cpu = call->cpu;
    unsigned vtl;
    enum hv_status status = decode_translate(call, input, &vtl);
    if (status != HV_STATUS_SUCCESS)
        return status;
    uint32_t flags = (uint32_t)input->control;
    if (!(flags & (TRANSLATE_USER | TRANSLATE_SUPERVISOR)) && vcpu_cpl(&cpu->vcpu[vtl]) == 3)
        flags |= TRANSLATE_USER;
    gpa_t address = gpa(0);
    output.result = guest_translate(cpu, vtl, gva(input->gva_page << PAGE_SHIFT), flags, &address);
    if (output.result == TRANSLATE_SUCCESS)
        output.result = check_target(&call->partition->slat, vtl, address, flags);
    if (output.result == TRANSLATE_SUCCESS) {
        output.cache_type = CACHE_WRITE_BACK;
        output.gpa_page = address.value >> PAGE_SHIFT;
    }
    __builtin_memcpy(call->output, &output, sizeof(output));
    return HV_STATUS_SUCCESS;
}
