/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's own page tables (APM Vol.2 5.2, 5.3, 5.6), read only where that guest's VTL may read.
 */
#include "translate.h"
#include "hypercall.h"
#include "registers.h"

#define PTE_PRESENT   (1ull << 0)
#define PTE_WRITE     (1ull << 1)
#define PTE_USER      (1ull << 2)
#define PTE_LARGE     (1ull << 7)
#define PTE_NX        (1ull << 63)
#define PTE_ADDRESS   0x000ffffffffff000ull

#define OVERRIDE_SMAP 0x200u

/* How a paging mode's tables are shaped. */
struct shape {
    unsigned levels;     /* 0: no paging */
    unsigned bits;       /* of the address per level */
    unsigned entry_size; /* bytes */
    unsigned large;      /* highest level whose entry may be a leaf */
    uint64_t root;
};

static struct shape shape_of(const struct paging *paging)
{
    uint64_t cr3 = paging->cr3;
    if (!(paging->cr0 & X86_CR0_PG))
        return (struct shape){0};
    if (paging->efer & EFER_LMA)
        return (struct shape){paging->cr4 & X86_CR4_LA57 ? 5 : 4, 9, 8, 3, cr3 & PTE_ADDRESS};
    if (paging->cr4 & X86_CR4_PAE)
        return (struct shape){3, 9, 8, 2, cr3 & 0xffffffe0u};
    return (struct shape){2, 10, 4, paging->cr4 & X86_CR4_PSE ? 2 : 1, cr3 & 0xfffff000u};
}

static unsigned shift_of(const struct shape *shape, unsigned level)
{
    return PAGE_SHIFT + shape->bits * (level - 1);
}

static bool is_canonical(const struct shape *shape, gva_t linear)
{
    if (shape->levels < 4)
        return linear.value <= 0xffffffff;
    int64_t top = (int64_t)linear.value >> (shift_of(shape, shape->levels + 1) - 1);
    return top == 0 || top == -1;
}

/* PAE's top level: four entries that carry no rights. */
static bool is_rightless(const struct shape *shape, unsigned level)
{
    return shape->levels == 3 && level == 3;
}

static bool is_leaf(const struct shape *shape, unsigned level, uint64_t entry)
{
    return level == 1 || (level <= shape->large && (entry & PTE_LARGE));
}

/* Bits that the CPU wants zero: NX where it is off, and in a large leaf the address bits below its
 * size (bit 12 is PAT there; 32-bit large pages keep high address bits in 20:13). */
static bool is_reserved(const struct shape *shape, unsigned level, uint64_t entry, bool nxe)
{
    if (shape->entry_size == 4 || is_rightless(shape, level))
        return false;
    if ((entry & PTE_NX) && !nxe)
        return true;
    if (level == 1 || !(entry & PTE_LARGE))
        return false;
    uint64_t below = ((1ull << shift_of(shape, level)) - 1) & PTE_ADDRESS & ~(1ull << 12);
    return level > shape->large || (entry & below);
}

static gpa_t leaf_address(const struct shape *shape, unsigned level, uint64_t entry, gva_t linear)
{
    uint64_t offset = (1ull << shift_of(shape, level)) - 1;
    uint64_t base = entry & PTE_ADDRESS & ~offset;
    if (level == 2 && shape->entry_size == 4) /* bits 39:32 in 20:13 (APM Vol.2 5.2.2) */
        base |= (entry >> 13 & 0xff) << 32;
    return gpa(base | (linear.value & offset));
}

/* May this access go through, given what the levels' entries have in common and in any? (5.6) */
static bool is_permitted(const struct paging *paging, uint32_t flags, uint64_t all, uint64_t any)
{
    bool user_page = all & PTE_USER;
    bool as_user = flags & TRANSLATE_USER;
    if ((flags & TRANSLATE_EXECUTE) && (any & PTE_NX))
        return false;
    if ((flags & TRANSLATE_WRITE) && !(all & PTE_WRITE) && (as_user || paging->cr0 & X86_CR0_WP))
        return false;
    if (flags & TRANSLATE_PRIVILEGE_EXEMPT || (as_user && user_page) || (!as_user && !user_page))
        return true;
    if (as_user || ((flags & TRANSLATE_EXECUTE) && (paging->cr4 & X86_CR4_SMEP)))
        return false;
    bool is_data = flags & (TRANSLATE_READ | TRANSLATE_WRITE);
    return !is_data || !(paging->cr4 & X86_CR4_SMAP) || paging->rflags & X86_EFLAGS_AC ||
           flags & OVERRIDE_SMAP;
}

/* Reads one entry. GPA_UNMAPPED: the VTL may not read it. */
static enum translate_result read_entry(struct slat *slat, unsigned vtl, const struct shape *shape,
                                        gpa_t table, uint64_t index, uint64_t *entry)
{
    gpa_t from = gpa(table.value + index * shape->entry_size);
    *entry = 0;
    if (!slat_copy_in(slat, vtl, from, entry, shape->entry_size))
        return TRANSLATE_GPA_UNMAPPED;
    return *entry & PTE_PRESENT ? TRANSLATE_SUCCESS : TRANSLATE_NOT_PRESENT;
}

enum translate_result translate_walk(struct slat *slat, unsigned vtl, const struct paging *paging,
                                     gva_t linear, uint32_t flags, gpa_t *address)
{
    const struct shape shape = shape_of(paging);
    uint64_t all = ~0ull, any = 0, entry = 0;
    gpa_t table = gpa(shape.root);
    unsigned level = shape.levels;
    *address = gpa(linear.value);
    if (!level)
        return TRANSLATE_SUCCESS;
    if (!is_canonical(&shape, linear))
        return TRANSLATE_NOT_PRESENT;
    for (;; level--) {
        uint64_t index = linear.value >> shift_of(&shape, level) & ((1ull << shape.bits) - 1);
        enum translate_result result = read_entry(slat, vtl, &shape, table, index, &entry);
        if (result != TRANSLATE_SUCCESS)
            return result;
        if (is_reserved(&shape, level, entry, paging->efer & EFER_NXE))
            return TRANSLATE_INVALID_FLAGS;
        all &= is_rightless(&shape, level) ? ~0ull : entry;
        any |= shape.entry_size == 8 && !is_rightless(&shape, level) ? entry : 0;
        if (is_leaf(&shape, level, entry))
            break;
        table = gpa(entry & PTE_ADDRESS);
    }
    if (!is_permitted(paging, flags, all, any))
        return TRANSLATE_PRIVILEGE_VIOLATION;
    *address = leaf_address(&shape, level, entry, linear);
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
    .partition = true,
};

static enum hv_status decode_translate(const struct hypercall *call,
                                       const struct translate_input *input, unsigned *vtl)
{
    uint64_t flags = input->control & 0x00ffffffffffffffull;
    if (input->vp_index != HV_VP_SELF && input->vp_index >= call->partition->cpu_count)
        return HV_STATUS_INVALID_VP_INDEX;
    enum hv_status status = hypercall_target_vtl(call->vtl, (uint8_t)(input->control >> 56), vtl);
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
