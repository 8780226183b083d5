/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader hands over, by Multiboot 1 (qemu -kernel) or 2 (GRUB). */
#ifndef HYPERVISOR_PLATFORM_MULTIBOOT_H
#define HYPERVISOR_PLATFORM_MULTIBOOT_H

#include "e820.h"

#define COMMAND_LINE_MAX 2048u
#define RSDP_MAX         36u /* ACPI 6.4, 5.2.5.3 */

/* In this order on the loader's command line; the initrd may be missing. */
enum boot_module {
    BOOT_SECURE_KERNEL,
    BOOT_LINUX,
    BOOT_INITRD,
    BOOT_MODULES,
};

struct boot_loader_info {
    char command_line[COMMAND_LINE_MAX];       /* the hypervisor's options */
    char linux_command_line[COMMAND_LINE_MAX]; /* of the second module, without its file name */
    uint32_t module_count;
    struct range modules[BOOT_MODULES];
    struct e820_map map;
    uint64_t rsdp;               /* 0: not told */
    uint8_t rsdp_copy[RSDP_MAX]; /* where rsdp points if the loader told */
};

/* Copies all that is needed: what the loader left may be overwritten afterwards. False: neither
 * Multiboot 1 nor 2, or no memory map. */
bool multiboot_read(uint32_t magic, uint64_t information, struct boot_loader_info *info);

#endif
