/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk behind guest_translate(), apart from the CPU it is asked for, so that host tests run
 * it. */
#ifndef HYPERVISOR_TRANSLATE_H
#define HYPERVISOR_TRANSLATE_H

#include "guest_memory.h"
#include "slat.h"

/* What a CPU's translation depends on. */
struct paging {
    uint64_t cr0, cr3, cr4, efer, rflags;
};

/* Walks the tables of any paging mode as VTL `vtl` may read them; without paging the address is its
 * own translation. Sets no accessed or dirty bits. flags are TRANSLATE_* of guest_memory.h. */
enum translate_result translate_walk(struct slat *slat, unsigned vtl, const struct paging *paging,
                                     gva_t linear, uint32_t flags, gpa_t *address);

#endif
