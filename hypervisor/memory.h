/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's memory: a pool of 4 KiB pages fixed at boot, and the spare pages for nested page
 * tables, which the pool starts and VTL1 pays for afterwards (DEPOSIT_MEMORY). There is no heap.
 */
#ifndef HYPERVISOR_MEMORY_H
#define HYPERVISOR_MEMORY_H

#include "address.h"
#include "spinlock.h"

struct memory_pool {
    struct spinlock lock; /* innermost: nothing is taken under it */
    hpa_t base, end;      /* the boot pool */
    hpa_t next;           /* never handed out yet: [next, end) */
    hpa_t boot_free;      /* table pages of the boot pool that came back; 0 ends the list */
    hpa_t deposited_free; /* deposited pages not in use */
    uint64_t boot_free_count;
    uint64_t deposited_free_count;
    uint64_t tables_used;
};

/* base and size in bytes, page aligned; the memory need not be zero. */
void memory_init(struct memory_pool *pool, hpa_t base, uint64_t size);

/* Contiguous zeroed pages that are never given back (VMCBs, stacks, per-CPU areas), page aligned.
 * An address of 0 means that the pool is used up. */
hpa_t memory_take(struct memory_pool *pool, uint64_t pages);

/* One zeroed page for a nested page table, or address 0. */
hpa_t memory_take_table(struct memory_pool *pool);
/* The page must be out of every CPU's paging-structure caches. */
void memory_give_table(struct memory_pool *pool, hpa_t page);
/* How many memory_take_table() will succeed. */
uint64_t memory_tables_free(struct memory_pool *pool);
uint64_t memory_tables_used(struct memory_pool *pool);

/* A page that VTL1 gave; the caller owns it alone and has flushed. */
void memory_deposit(struct memory_pool *pool, hpa_t page);
/* A deposited page that no table uses, or address 0: look at it, then take it out, scrubbed. */
hpa_t memory_peek_deposited(struct memory_pool *pool);
void memory_withdraw(struct memory_pool *pool);

#endif
