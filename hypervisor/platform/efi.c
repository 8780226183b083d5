/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi.h"
#include "../string.h"

/* UEFI 2.10, table 7.6: what an operating system may take after boot. */
#define EFI_RESERVED     0u
#define EFI_LOADER_CODE  1u
#define EFI_BOOT_CODE    3u
#define EFI_BOOT_DATA    4u
#define EFI_CONVENTIONAL 7u

#define DESCRIPTOR_MAX   256u

/* EFI_MEMORY_DESCRIPTOR; firmware may have longer ones. */
struct descriptor {
    uint32_t type, padding;
    uint64_t base, virtual, pages, attributes;
};
static_assert(sizeof(struct descriptor) == 40, "UEFI 2.10, 7.2.3");

static struct descriptor *at(struct efi_map *map, uint32_t offset)
{
    return (struct descriptor *)&map->descriptors[offset];
}

bool efi_map_set(struct efi_map *map, const uint8_t *descriptors, uint32_t size,
                 uint32_t descriptor_size, uint32_t descriptor_version)
{
    if (descriptor_size < sizeof(struct descriptor) || descriptor_size > DESCRIPTOR_MAX ||
        descriptor_size % 8 || !size || size % descriptor_size || size > sizeof(map->descriptors))
        return false;
    memcpy(map->descriptors, descriptors, size);
    map->size = size;
    map->descriptor_size = descriptor_size;
    map->descriptor_version = descriptor_version;
    return true;
}

static bool is_free(uint32_t type)
{
    return (type >= EFI_LOADER_CODE && type <= EFI_BOOT_DATA) || type == EFI_CONVENTIONAL;
}

/* A second copy of the descriptor behind itself. */
static bool double_up(struct efi_map *map, uint32_t offset)
{
    uint32_t step = map->descriptor_size;
    if (map->size + step > sizeof(map->descriptors))
        return false;
    memmove(&map->descriptors[offset + step], &map->descriptors[offset], map->size - offset);
    map->size += step;
    return true;
}

/* Parts the descriptor after `pages`. */
static bool split(struct efi_map *map, uint32_t offset, uint64_t pages)
{
    if (!double_up(map, offset))
        return false;
    struct descriptor *low = at(map, offset), *high = at(map, offset + map->descriptor_size);
    low->pages = pages;
    high->pages -= pages;
    high->base += pages * PAGE_SIZE;
    return true;
}

bool efi_map_reserve(struct efi_map *map, struct range range)
{
    for (uint32_t offset = 0; offset < map->size; offset += map->descriptor_size) {
        struct descriptor *d = at(map, offset);
        struct range own = {d->base, d->pages * PAGE_SIZE};
        if (!is_free(d->type) || !range_overlaps(own, range))
            continue;
        if (own.base < range.base) {
            /* The upper part comes next. */
            if (!split(map, offset, (range.base - own.base) / PAGE_SIZE))
                return false;
            continue;
        }
        uint64_t end = range.base + range.size;
        if (own.base + own.size > end && !split(map, offset, (end - own.base) / PAGE_SIZE))
            return false;
        at(map, offset)->type = EFI_RESERVED;
    }
    return true;
}

uint32_t efi_map_boot_ranges(const struct efi_map *map, struct range *ranges, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t offset = 0; offset < map->size; offset += map->descriptor_size) {
        const struct descriptor *d = (const void *)&map->descriptors[offset];
        if (d->type != EFI_BOOT_CODE && d->type != EFI_BOOT_DATA)
            continue;
        struct range *last = count ? &ranges[count - 1] : NULL;
        if (last && last->base + last->size == d->base)
            last->size += d->pages * PAGE_SIZE;
        else if (count == max)
            return max + 1;
        else
            ranges[count++] = (struct range){d->base, d->pages * PAGE_SIZE};
    }
    return count;
}
