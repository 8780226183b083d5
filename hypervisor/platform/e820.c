/* SPDX-License-Identifier: BSD-2-Clause */
#include "e820.h"
#include "../string.h"

static uint64_t end_of(const struct e820_entry *entry)
{
    return entry->base + entry->size;
}

static struct range range_of(const struct e820_entry *entry)
{
    return (struct range){entry->base, entry->size};
}

bool e820_add(struct e820_map *map, uint64_t base, uint64_t size, uint32_t type)
{
    if (!size || base + size < base)
        return true;
    if (map->count == E820_MAX)
        return false;
    map->entries[map->count++] = (struct e820_entry){base, size, type};
    return true;
}

static void sort(struct e820_map *map)
{
    for (uint32_t i = 1; i < map->count; i++) {
        struct e820_entry moved = map->entries[i];
        uint32_t at = i;
        for (; at > 0 && map->entries[at - 1].base > moved.base; at--)
            map->entries[at] = map->entries[at - 1];
        map->entries[at] = moved;
    }
}

static void remove_entry(struct e820_map *map, uint32_t index)
{
    map->count--;
    memmove(&map->entries[index], &map->entries[index + 1],
            (map->count - index) * sizeof(map->entries[0]));
}

/* Cuts `hole` out of the RAM entry at index, which may vanish or fall in two. */
static bool cut(struct e820_map *map, uint32_t index, struct range hole)
{
    struct e820_entry ram = map->entries[index];
    uint64_t hole_end = hole.base + hole.size;
    remove_entry(map, index);
    if (hole.base > ram.base && !e820_add(map, ram.base, hole.base - ram.base, E820_RAM))
        return false;
    return hole_end >= end_of(&ram) || e820_add(map, hole_end, end_of(&ram) - hole_end, E820_RAM);
}

/* The first RAM entry that has a part of `range`, or the count. */
static uint32_t ram_in(const struct e820_map *map, struct range range)
{
    uint32_t i = 0;
    while (i < map->count &&
           (map->entries[i].type != E820_RAM || !range_overlaps(range_of(&map->entries[i]), range)))
        i++;
    return i;
}

static bool cut_from_ram(struct e820_map *map, struct range hole)
{
    for (uint32_t i = ram_in(map, hole); i < map->count; i = ram_in(map, hole))
        if (!cut(map, i, hole))
            return false;
    return true;
}

bool e820_tidy(struct e820_map *map)
{
    for (uint32_t i = 0; i < map->count; i++) {
        struct range hole = range_of(&map->entries[i]);
        if (map->entries[i].type == E820_RAM || ram_in(map, hole) == map->count)
            continue;
        if (!cut_from_ram(map, hole))
            return false;
        i = (uint32_t)-1; /* cutting moves entries */
    }
    sort(map);
    return true;
}

bool e820_reserve(struct e820_map *map, struct range range)
{
    if (!cut_from_ram(map, range) || !e820_add(map, range.base, range.size, E820_RESERVED))
        return false;
    sort(map);
    return true;
}

bool e820_is_ram(const struct e820_map *map, struct range range)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct e820_entry *entry = &map->entries[i];
        if (entry->type == E820_RAM && entry->base <= range.base &&
            range.base + range.size <= end_of(entry))
            return true;
    }
    return false;
}

/* The highest place in one RAM entry. */
static struct range find_in(const struct e820_entry *ram, uint64_t size, uint64_t alignment,
                            uint64_t limit, const struct range *taken, unsigned taken_count)
{
    uint64_t end = end_of(ram) < limit ? end_of(ram) : limit;
    while (end >= size) {
        struct range place = {align_down(end - size, alignment), size};
        if (place.base < ram->base)
            break;
        unsigned hit = 0;
        while (hit < taken_count && !range_overlaps(place, taken[hit]))
            hit++;
        if (hit == taken_count)
            return place;
        end = taken[hit].base;
    }
    return (struct range){0, 0};
}

struct range e820_find_top(const struct e820_map *map, uint64_t size, uint64_t alignment,
                           uint64_t limit, const struct range *taken, unsigned taken_count)
{
    struct range best = {0, 0};
    for (uint32_t i = 0; i < map->count; i++) {
        if (map->entries[i].type != E820_RAM)
            continue;
        struct range place = find_in(&map->entries[i], size, alignment, limit, taken, taken_count);
        if (place.size && (!best.size || place.base > best.base))
            best = place;
    }
    return best;
}

uint32_t e820_ram_pages(const struct e820_map *map, struct range *ranges, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < map->count && count < max; i++) {
        const struct e820_entry *entry = &map->entries[i];
        uint64_t base = align_up(entry->base, PAGE_SIZE);
        uint64_t end = align_down(end_of(entry), PAGE_SIZE);
        if (entry->type != E820_RAM || base >= end)
            continue;
        if (count && ranges[count - 1].base + ranges[count - 1].size == base)
            ranges[count - 1].size += end - base;
        else
            ranges[count++] = (struct range){base, end - base};
    }
    return count;
}
