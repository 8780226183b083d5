/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting Linux as VTL0, by its 64-bit boot protocol (Documentation/arch/x86/boot.rst). */
#ifndef HYPERVISOR_PLATFORM_LINUX_H
#define HYPERVISOR_PLATFORM_LINUX_H

#include "multiboot.h"

struct cpu;

/* Where Linux is entered. */
struct linux_image {
    uint64_t entry;
    uint64_t boot_params;
    uint64_t cr3;
    uint64_t gdt;
    uint64_t copied_tsc; /* TSC ticks spent copying images */
};

/* Puts kernel, initrd and boot parameters in VTL0's memory, which is taken then. The map is what
 * VTL0 is to see. Stops the machine if the module is no kernel we can start, or does not fit. */
struct linux_image linux_load(struct boot_loader_info *info);
/* Makes VTL0 of the boot CPU enter it. */
void linux_enter(struct cpu *cpu, const struct linux_image *image);

#endif
