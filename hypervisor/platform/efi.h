/* SPDX-License-Identifier: BSD-2-Clause */
/* UEFI's memory map, which Linux reads beside the e820 one (UEFI 2.10, 7.2.3). Needs no CPU. */
#ifndef HYPERVISOR_PLATFORM_EFI_H
#define HYPERVISOR_PLATFORM_EFI_H

#include "../types.h"

/* 48 bytes an entry on every firmware known: room for some six hundred. */
#define EFI_MAP_BYTES 0x7000u

struct efi_map {
    uint64_t system_table; /* 0: not started by UEFI, and all else is 0 too */
    uint32_t descriptor_size, descriptor_version;
    uint32_t size; /* bytes in use */
    uint8_t descriptors[EFI_MAP_BYTES] __attribute__((aligned(8)));
};

/* Copies the firmware's map. False, and nothing copied: it is malformed or too large. */
bool efi_map_set(struct efi_map *map, const uint8_t *descriptors, uint32_t size,
                 uint32_t descriptor_size, uint32_t descriptor_version);
/* Calls the range (whole pages) reserved where the firmware called it free after boot. Linux puts
 * itself where this map says so, whatever the e820 map says. False: the map is full. */
bool efi_map_reserve(struct efi_map *map, struct range range);
/* The memory of UEFI's boot services, neighbours merged: free by now, but Linux finds tables in it.
 * Returns how many ranges, or max + 1 if they are more. */
uint32_t efi_map_boot_ranges(const struct efi_map *map, struct range *ranges, uint32_t max);

#endif
