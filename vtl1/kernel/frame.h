/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every 4 KiB frame of the machine's RAM: whose it is, and the free ones of VTL1.
 *
 * A frame is named by its GPA (page aligned). Free frames are all zero: a frame is scrubbed when it
 * is freed, so allocation costs nothing and no secret waits in a free list.
 */
#ifndef SK_FRAME_H
#define SK_FRAME_H

#include <openvsm/skcall.h>
#include <openvsm/vtl1_boot.h>
#include <stdbool.h>

enum frame_state {
    FRAME_NO_RAM = 0,
    FRAME_VTL0,        /* count = pins: while > 0 it cannot be donated */
    FRAME_KERNEL,      /* boot image, first tables, never freed */
    FRAME_FREE,        /* VTL1's, in a free list */
    FRAME_USED,        /* VTL1's, count = references */
    FRAME_MOVING,      /* on its way between VTL0 and VTL1 */
    FRAME_DEPOSITED,   /* with the hypervisor, as a nested page table */
    FRAME_QUARANTINED, /* the hypervisor could not say that all CPUs have let go of it */
};

#define FRAME_NONE     0ull /* frame 0 is never VTL1's */
#define FRAMES_PER_RUN 512u /* 2 MiB */
#define PAGE_SIZE      4096ull
#define PAGE_MASK      (PAGE_SIZE - 1)

/* The host's unit tests put their RAM elsewhere. */
#ifndef DIRECT_MAP_BASE
#define DIRECT_MAP_BASE VTL1_DIRECT_MAP
#endif

struct frame_counts {
    uint64_t boot_pool;   /* pages of the boot pool */
    uint64_t free;        /* free pages, donated ones included */
    uint64_t donated;     /* pages VTL0 has donated and not got back */
    uint64_t reclaimable; /* donated pages that are free */
    uint64_t deposited;   /* with the hypervisor */
};

/* Builds the table from the boot information. Returns NULL or a sentence that says what is wrong.
 */
const char *frame_init(const struct vtl1_boot_info *info);

/* Contiguous zeroed frames of the boot pool for the kernel itself, for ever, or FRAME_NONE. */
uint64_t frame_alloc_kernel(uint64_t pages);
/* A frame of zeroes with one reference, or FRAME_NONE when there is no free one. */
uint64_t frame_alloc(void);
/* The same, from the last pages too, which are kept for nested page tables. */
uint64_t frame_alloc_reserve(void);
/* One more reference; the frame is FRAME_USED. */
void frame_get(uint64_t frame);
/* One reference less; the last one scrubs the frame and frees it. About 600 instructions. */
void frame_put(uint64_t frame);

/* The frame's bytes in the direct map; an address inside the frame keeps its offset. */
static inline void *frame_pointer(uint64_t gpa)
{
    return (void *)(uintptr_t)(DIRECT_MAP_BASE + gpa);
}
/* The GPA of an address in the direct map. */
static inline uint64_t frame_address(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer - DIRECT_MAP_BASE;
}

enum frame_state frame_state(uint64_t gpa);
struct frame_counts frame_counts(void);
/* True if frame_alloc would succeed. */
bool frame_available(void);
/* How many pages to ask VTL0 for when `needed` pages could not be had. */
uint64_t frame_wanted(uint64_t needed);

/* VTL0's frames. True: it is VTL0's RAM and pinned once more, it cannot be donated. */
bool frame_pin(uint64_t gpa);
void frame_unpin(uint64_t gpa);

/* Ownership changes, used by memory_calls.c only. Each checks the state it comes from. */
bool frame_begin_donation(uint64_t gpa); /* VTL0, unpinned -> MOVING */
uint64_t frame_begin_reclaim(void);      /* a free donated frame -> MOVING, or FRAME_NONE */
void frame_give(uint64_t gpa);           /* MOVING -> VTL0 */
void frame_keep(uint64_t gpa);           /* MOVING, scrubbed -> FREE, donated */
void frame_quarantine(uint64_t gpa);     /* MOVING or USED -> QUARANTINED, never touched again */
void frame_deposit(uint64_t gpa);        /* USED with one reference -> DEPOSITED */
void frame_withdrawn(uint64_t gpa);      /* DEPOSITED -> FREE, scrubbed */

#endif
