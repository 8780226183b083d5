/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory map: what the loader found, and what is taken out of it. Needs no CPU. */
#ifndef HYPERVISOR_PLATFORM_E820_H
#define HYPERVISOR_PLATFORM_E820_H

#include "../types.h"

#define E820_MAX      128u /* as many as struct boot_params takes */
#define E820_RAM      1u
#define E820_RESERVED 2u
#define E820_ACPI     3u
#define E820_NVS      4u
#define E820_UNUSABLE 5u

struct e820_entry {
    uint64_t base, size;
    uint32_t type;
} __attribute__((packed));
static_assert(sizeof(struct e820_entry) == 20, "Linux boot protocol, e820_table");

struct e820_map {
    uint32_t count;
    struct e820_entry entries[E820_MAX];
};

/* Appends; false if the map is full. Empty ranges are left out. */
bool e820_add(struct e820_map *map, uint64_t base, uint64_t size, uint32_t type);
/* Sorts by base. Where entries overlap, RAM gives way. False if the map is full. */
bool e820_tidy(struct e820_map *map);
/* Makes [range) reserved where it was RAM. False if the map is full. */
bool e820_reserve(struct e820_map *map, struct range range);
/* True if all of it is in one RAM entry. */
bool e820_is_ram(const struct e820_map *map, struct range range);
/* The highest RAM range of this size below `limit` that touches none of the taken ones; size 0 if
 * there is none. */
struct range e820_find_top(const struct e820_map *map, uint64_t size, uint64_t alignment,
                           uint64_t limit, const struct range *taken, unsigned taken_count);
/* RAM as whole pages, neighbours merged; returns how many (at most max). */
uint32_t e820_ram_pages(const struct e820_map *map, struct range *ranges, uint32_t max);

#endif
