/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical memory by owner, and a picture of it: what `ium map` does without a machine. */
#ifndef IUM_MAP_H
#define IUM_MAP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <openvsm/device.h>

enum map_owner {
    MAP_VTL0,       /* free to use */
    MAP_POOL,       /* VTL1's boot pool */
    MAP_LENT,       /* lent to VTL1 by the driver */
    MAP_HYPERVISOR, /* its image and boot pool */
    MAP_CLOSED,     /* to VTL0, and nobody says whose it is */
    MAP_READ_ONLY,  /* to VTL0 */
    MAP_OWNERS
};
/* As in --json and the legend. */
const char *map_owner_name(enum map_owner owner);

/* Pages of one owner, one behind the other. */
struct map_range {
    uint64_t first; /* page frame number */
    uint64_t count;
    enum map_owner owner;
    bool taken; /* from Linux before it started: not in its System RAM */
};

/* Ranges of RAM by rising address. */
struct map {
    struct map_range *ranges;
    size_t count;
};
void map_free(struct map *map);

/* What a row of /proc/iomem means: whole pages of RAM of Linux's, or of a place where OpenVSM's
 * may be. False: neither. */
struct map_place {
    uint64_t first;
    uint64_t count;
    bool reserved;
};
bool map_read_place(const char *line, struct map_place *place);

/* Appends pages of a place, one OPENVSM_MAP_* byte each. Of a reserved one those that VTL0 may use
 * are left out: nobody says that they are RAM. False with errno: no memory. */
bool map_add(struct map *map, const struct map_place *place, const uint8_t *pages);
/*
 * When all is added: what was taken from Linux is told apart by size, and dropped where it does not
 * touch System RAM, which OpenVSM's was cut out of: it is a device that VTL0 may not use.
 */
void map_name_taken(struct map *map, uint64_t pool_pages, uint64_t hypervisor_pages);

/* Pages of each owner. */
void map_count(const struct map *map, uint64_t pages[MAP_OWNERS]);
/*
 * Rows of an address and one character per equal piece of RAM, holes left out: at most that many
 * columns wide; a piece that is mixed shows its owner that has the fewest pages of all. -> pages in
 * a piece, a power of two.
 */
uint64_t map_draw(const struct map *map, unsigned columns, FILE *out);
/* What the characters mean, and how many pages there are of each. */
void map_legend(const struct map *map, uint64_t piece, FILE *out);

#endif
