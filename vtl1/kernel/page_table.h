/* SPDX-License-Identifier: BSD-2-Clause */
/* 4-level page tables (APM Vol.2 5.3) of an address space's lower half. */
#ifndef SK_PAGE_TABLE_H
#define SK_PAGE_TABLE_H

#include "region.h"

#define PTE_PRESENT    (1ull << 0)
#define PTE_WRITE      (1ull << 1)
#define PTE_USER       (1ull << 2)
#define PTE_SHARED     (1ull << 9) /* software: a frame of the image, to be copied before writing */
#define PTE_NO_EXECUTE (1ull << 63)
#define PTE_FRAME      0x000ffffffffff000ull

#define TABLE_SPAN     (2ull << 20) /* what one lowest table maps */

/* The leaf entry of an address, or NULL if its table does not exist. */
uint64_t *page_table_entry(const struct address_space *space, uint64_t address);
/* The same, building the tables. NULL with *error set: -ENOMEM, -EDQUOT. */
uint64_t *page_table_build(struct address_space *space, uint64_t address, int *error);
/* The first address >= `address` whose leaf table exists, at most `end`. */
uint64_t page_table_skip(const struct address_space *space, uint64_t address, uint64_t end);
/*
 * Frames whose entries are gone, while other CPUs may still hold translations to them: they are
 * let go of only after those have forgotten them.
 */
#define GONE_MAX 64u
struct gone {
    uint64_t frames[GONE_MAX]; /* with PTE_SHARED if it is an image's */
    unsigned count;
};

/* Takes tables over [start, end) away that lie wholly inside the unmapped range [low, high), as
 * many as there is room for. One whose pages went while a neighbour was mapped may be left over. */
void page_table_prune(struct address_space *space, struct gone *gone, uint64_t start, uint64_t end,
                      uint64_t low, uint64_t high);
/* Forgets a translation on this CPU. */
void page_table_flush(uint64_t address);
/* All translations of the space on the other CPUs that run in it. False: one did not answer. */
bool page_table_flush_others(const struct address_space *space);

#endif
