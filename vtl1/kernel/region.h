/* SPDX-License-Identifier: BSD-2-Clause */
/* The regions of an address space: a list sorted by start, objects on frames of the space's own. */
#ifndef SK_REGION_H
#define SK_REGION_H

#include "address_space.h"

#define REGION_MAX 4096u /* per address space; keeps a walk of the list short */

struct region {
    struct region *next;
    uint64_t start, end;  /* page aligned, start < end */
    struct image *image;  /* NULL: anonymous */
    uint64_t file_offset; /* of start, page aligned */
    uint64_t file_bytes;  /* from start; zeroes behind */
    uint8_t access;
    bool may_execute; /* only ever what was signed as executable and never written */
    bool fixed;       /* a guard: cannot be changed */
    uint8_t reserved[13];
};
static_assert(sizeof(struct region) == 64, "63 in a frame");

/* The region that holds the address, or NULL. */
struct region *region_at(const struct address_space *space, uint64_t address);
/* The first region that ends above the address, or NULL. */
struct region *region_first(const struct address_space *space, uint64_t address);
/* The last region that ends at the address or below, or NULL. */
struct region *region_below(const struct address_space *space, uint64_t address);
/* Inserts a copy of *model, which overlaps nothing, joining it to its anonymous neighbour below.
 * 0 or -ENOMEM. */
int region_insert(struct address_space *space, const struct region *model);
/* Cuts so that no region crosses the address. 0 or -ENOMEM. */
int region_split(struct address_space *space, uint64_t address);
/* Moves the region's start up; removes it when nothing is left. */
void region_trim(struct address_space *space, struct region *region, uint64_t start);
/* Gives the objects' frames back; the list is empty. */
void region_free_all(struct address_space *space);

/* A frame taken and given back in the space's account. FRAME_NONE with *error = -ENOMEM or
 * -EDQUOT. */
uint64_t space_alloc(struct address_space *space, int *error);
void space_free(struct address_space *space, uint64_t frame);

#endif
