/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few helpers that every file wants, beside the address types of address.h. Needs no CPU: unit
 * tests use it.
 */
#ifndef HYPERVISOR_TYPES_H
#define HYPERVISOR_TYPES_H

#include "address.h"

/* Guest virtual address. */
typedef struct {
    uint64_t value;
} gva_t;
static inline gva_t gva(uint64_t value)
{
    return (gva_t){value};
}

/* A range of physical addresses, [base, base + size). */
struct range {
    uint64_t base;
    uint64_t size;
};
static inline bool range_overlaps(struct range a, struct range b)
{
    return a.size && b.size && a.base < b.base + b.size && b.base < a.base + a.size;
}
static inline bool range_contains(struct range r, uint64_t address)
{
    return address >= r.base && address - r.base < r.size;
}

static inline uint64_t align_down(uint64_t value, uint64_t alignment)
{
    return value & ~(alignment - 1);
}
static inline uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
/* One load or store, never repeated or torn: for words another CPU or a guest may change. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define likely(x)        __builtin_expect(!!(x), 1)
#define unlikely(x)      __builtin_expect(!!(x), 0)

#endif
