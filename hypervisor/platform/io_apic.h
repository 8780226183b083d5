/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VTL0's I/O APICs. Their entries may ask for INIT as well as the local APIC's command register
 * may; where the CPU cannot contain INIT (QEMU TCG: always), that would take it out of the
 * hypervisor. VTL0 reads the registers without an exit; writes pass through here.
 */
#ifndef HYPERVISOR_PLATFORM_IO_APIC_H
#define HYPERVISOR_PLATFORM_IO_APIC_H

#include "../spinlock.h"
#include "../types.h"

struct partition;

#define IO_APIC_MAX 8u

struct io_apics {
    struct spinlock lock; /* selecting a register and writing it are two stores */
    uint32_t count;
    gpa_t bases[IO_APIC_MAX];
    uint32_t selected[IO_APIC_MAX]; /* as VTL0 wrote it */
};

/* Traps writes to those that ACPI's MADT names. False: pool used up, or there are too many. */
bool io_apic_init(struct partition *partition, uint64_t rsdp, uint64_t limit);
bool io_apic_covers(const struct partition *partition, gpa_t address);
/* VTL0 stores a dword at an address that is covered. False: refused, and nothing was done. */
bool io_apic_write(struct partition *partition, gpa_t address, uint32_t value);

#endif
