/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses that must never be mixed up. A guest physical address is what VTL0 or VTL1 names; a
 * host physical address is where the hypervisor's own page really is. Both VTLs are mapped one to
 * one, so the numbers agree, but only slat.c may turn one into the other: it checks the owner.
 */
#ifndef HYPERVISOR_ADDRESS_H
#define HYPERVISOR_ADDRESS_H

#include <stdbool.h>
#include <openvsm/types.h>

typedef struct {
    uint64_t value;
} gpa_t;

typedef struct {
    uint64_t value;
} hpa_t;

#define PAGE_SHIFT   12u
#define PAGE_SIZE    ((uint64_t)OPENVSM_PAGE_SIZE)
#define PAGE_MASK    (PAGE_SIZE - 1)
#define PAGE_SIZE_2M (1ull << 21)
#define PAGE_SIZE_1G (1ull << 30)

static inline gpa_t gpa(uint64_t value)
{
    return (gpa_t){value};
}

static inline hpa_t hpa(uint64_t value)
{
    return (hpa_t){value};
}

/* The one seam between physical addresses and pointers: the hypervisor maps all of physical memory
 * one to one; the host unit tests answer from an array. */
void *hpa_pointer(hpa_t address);

#endif
