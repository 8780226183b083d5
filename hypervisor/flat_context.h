/* SPDX-License-Identifier: BSD-2-Clause */
/* How both VTLs' first programs begin: in 64-bit mode with flat segments, interrupts off. */
#ifndef HYPERVISOR_FLAT_CONTEXT_H
#define HYPERVISOR_FLAT_CONTEXT_H

#include <openvsm/hypercall.h>
#include "registers.h"

/* For vcpu_set_context(). `code`: CS's selector; the data segments have the one behind it. CR0 and
 * EFER have what 64-bit mode takes, and may be given more. */
static inline struct hv_initial_vp_context flat_context(uint64_t rip, uint64_t cr3, uint16_t code)
{
    const struct hv_segment data = {
        .limit = 0xffffffff, .selector = (uint16_t)(code + 8), .attributes = 0xc093};
    return (struct hv_initial_vp_context){
        .rip = rip,
        .rflags = X86_EFLAGS_FIXED,
        .cs = {.limit = 0xffffffff, .selector = code, .attributes = 0xa09b},
        .ds = data,
        .es = data,
        .fs = data,
        .gs = data,
        .ss = data,
        .tr = {.limit = 0x67, .attributes = 0x8b},
        .ldtr = {.attributes = 0x82},
        .efer = EFER_LMA | EFER_LME,
        .cr0 = X86_CR0_PG | X86_CR0_ET | X86_CR0_PE,
        .cr3 = cr3,
        .cr4 = X86_CR4_PAE,
        .pat = 0x0007040600070406ull, /* as after a reset (APM Vol.2 7.8.1) */
    };
}

#endif
