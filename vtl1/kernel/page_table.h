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
/* Frees tables over [start, end) that lie wholly inside the unmapped range [low, high). */
void page_table_prune(struct address_space *space, uint64_t start, uint64_t end, uint64_t low,
                      uint64_t high);
/* Forgets a translation on this CPU. */
void page_table_flush(uint64_t address);

#endif
