/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The synthetic MSRs (TLFS, "Hypercall interface" and "Virtual processors").
 *
 * A page that a guest names is checked against its VTL's rights when the MSR is written, and pinned
 * for as long as it is enabled: it cannot change its owner under us. The hypercall page is no
 * overlay: the stubs are written into the guest's own page once, and who writes over them harms
 * only itself.
 */
#include "exits.h"
#include "hypercall.h"

#define PAGE_MSR_GPFN    (~PAGE_MASK)
#define HYPERCALL_LOCKED 2u

static bool is_enabled(uint64_t msr_value)
{
    return msr_value & HV_MSR_PAGE_ENABLE;
}

static gpa_t page_of(uint64_t msr_value)
{
    return gpa(msr_value & PAGE_MSR_GPFN);
}

static void unpin_if_enabled(struct slat *slat, uint64_t msr_value)
{
    if (is_enabled(msr_value))
        slat_unpin(slat, page_of(msr_value));
}

/* Pins the new value's page before it lets go of the old one's, so that a refused write changes
 * nothing. *pointer is NULL if the new value enables no page. */
static bool exchange_page(struct slat *slat, unsigned vtl, uint64_t old, uint64_t new,
                          void **pointer)
{
    *pointer = NULL;
    if (is_enabled(new) && slat_pin(slat, vtl, page_of(new), true, pointer) != HV_STATUS_SUCCESS)
        return false;
    unpin_if_enabled(slat, old);
    return true;
}

/* ---- VP_ASSIST_PAGE: one per VP and VTL ---- */

static bool write_assist_page(struct cpu *cpu, unsigned vtl, uint64_t value)
{
    struct cpu_vtl *state = &cpu->state[vtl];
    void *page;
    if (!exchange_page(&cpu->partition->slat, vtl, state->assist_msr, value, &page))
        return false;
    state->assist_msr = value;
    state->page = page;
    return true;
}

/* ---- GUEST_OS_ID and HYPERCALL: one per VTL ---- */

/* The stubs (TLFS, "Establishing the hypercall interface"; VTL call and return in the VSM chapter).
 * At the stub RCX is the control input; at the VMMCALL RAX is, and RCX the code. */
static void fill_hypercall_page(uint8_t *page)
{
    static const uint8_t hypercall[] = {0x0f, 0x01, 0xd9, 0xc3}; /* vmmcall; ret */
    static const uint8_t vtl_call[] = {
        0x48, 0x89,
        0xc8, /* mov rax, rcx */
        0xb9, HV_CALL_VTL_CALL,
        0x00, 0x00,
        0x00, /* mov ecx, code */
        0x0f, 0x01,
        0xd9, 0xc3,
    };
    static const uint8_t vtl_return[] = {
        0x48, 0x89, 0xc8, 0xb9, HV_CALL_VTL_RETURN, 0x00, 0x00, 0x00, 0x0f, 0x01, 0xd9, 0xc3,
    };
    __builtin_memset(page, 0xcc, PAGE_SIZE); /* int3 */
    __builtin_memcpy(page, hypercall, sizeof(hypercall));
    __builtin_memcpy(page + HYPERCALL_PAGE_VTL_CALL, vtl_call, sizeof(vtl_call));
    __builtin_memcpy(page + HYPERCALL_PAGE_VTL_RETURN, vtl_return, sizeof(vtl_return));
}

static bool set_hypercall(struct partition *partition, unsigned vtl, uint64_t value)
{
    struct partition_vtl *state = &partition->vtl[vtl];
    void *page;
    if (state->hypercall_msr & HYPERCALL_LOCKED)
        return false;
    if (!state->guest_os_id)
        value &= ~(uint64_t)HV_MSR_PAGE_ENABLE;
    if (!exchange_page(&partition->slat, vtl, state->hypercall_msr, value, &page))
        return false;
    state->hypercall_msr = value;
    if (page)
        fill_hypercall_page(page);
    return true;
}

static bool write_hypercall(struct partition *partition, unsigned vtl, uint64_t value)
{
    spin_lock(&partition->config_lock);
    bool ok = set_hypercall(partition, vtl, value);
    spin_unlock(&partition->config_lock);
    return ok;
}

/* Without an identity there is no hypercall page. */
static bool write_guest_os_id(struct partition *partition, unsigned vtl, uint64_t value)
{
    struct partition_vtl *state = &partition->vtl[vtl];
    spin_lock(&partition->config_lock);
    state->guest_os_id = value;
    if (!value) {
        unpin_if_enabled(&partition->slat, state->hypercall_msr);
        state->hypercall_msr &= ~(uint64_t)HV_MSR_PAGE_ENABLE;
    }
    spin_unlock(&partition->config_lock);
    return true;
}

/* ---- Access ---- */

bool synthetic_msr_read(struct cpu *cpu, unsigned vtl, uint32_t msr, uint64_t *value)
{
    struct partition *partition = cpu->partition;
    switch (msr) {
    case HV_MSR_GUEST_OS_ID:
        *value = READ_ONCE(partition->vtl[vtl].guest_os_id);
        return true;
    case HV_MSR_HYPERCALL:
        *value = READ_ONCE(partition->vtl[vtl].hypercall_msr);
        return true;
    case HV_MSR_VP_INDEX:
        *value = cpu->index;
        return true;
    case HV_MSR_VP_ASSIST_PAGE:
        *value = cpu->state[vtl].assist_msr;
        return true;
    default:
        return false;
    }
}

bool synthetic_msr_write(struct cpu *cpu, unsigned vtl, uint32_t msr, uint64_t value)
{
    switch (msr) {
    case HV_MSR_GUEST_OS_ID:
        return write_guest_os_id(cpu->partition, vtl, value);
    case HV_MSR_HYPERCALL:
        return write_hypercall(cpu->partition, vtl, value);
    case HV_MSR_VP_ASSIST_PAGE:
        return write_assist_page(cpu, vtl, value);
    default:
        return false;
    }
}
