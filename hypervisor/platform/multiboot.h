/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader hands over, by Multiboot 1 (qemu -kernel) or 2 (GRUB). */
#ifndef HYPERVISOR_PLATFORM_MULTIBOOT_H
#define HYPERVISOR_PLATFORM_MULTIBOOT_H

#include "e820.h"
#include "efi.h"
#include "screen.h"

#define COMMAND_LINE_MAX 2048u

/* In this order on the loader's command line; the initrd may be missing. */
enum boot_module {
    BOOT_SECURE_KERNEL,
    BOOT_LINUX,
    BOOT_INITRD,
    BOOT_MODULES,
};

#define RSDP_MAX  64u
#define TAKEN_MAX 256u

struct boot_loader_info {
    char command_line[COMMAND_LINE_MAX];       /* the hypervisor's options */
    char linux_command_line[COMMAND_LINE_MAX]; /* of the second module */
    uint32_t module_count;
    struct range modules[BOOT_MODULES];
    struct e820_map map;
    /* RAM in the map that holds something still: modules, what UEFI left for Linux to read. */
    struct range taken[TAKEN_MAX];
    uint32_t taken_count;
    uint64_t rsdp;               /* 0: not told */
    uint8_t rsdp_copy[RSDP_MAX]; /* where rsdp points if the loader gave a copy */
    struct screen screen;
    struct efi_map efi;
    bool efi_map_refused; /* there is one, but not one that can be handed on */
};

/* Copies all that is needed: what the loader left may be overwritten afterwards. False: neither
 * Multiboot 1 nor 2, or no memory map. */
bool multiboot_read(uint32_t magic, uint64_t information, struct boot_loader_info *info);
/* Adds to what is taken. Stops the machine if that is too much. */
void multiboot_take(struct boot_loader_info *info, struct range range);
/* The highest free RAM of that size below 4 GiB and limit; size 0 if there is none. */
struct range multiboot_find(const struct boot_loader_info *info, uint64_t size, uint64_t alignment,
                            uint64_t limit);

#endif
