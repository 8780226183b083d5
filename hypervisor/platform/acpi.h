/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware says of the machine (ACPI 6.4, 5.2). */
#ifndef HYPERVISOR_PLATFORM_ACPI_H
#define HYPERVISOR_PLATFORM_ACPI_H

#include "../types.h"

/* The RSDP in the BIOS areas, or 0. */
uint64_t acpi_find_rsdp(void);
/* The table with that signature, bytes as its header says, or an empty range. */
struct range acpi_table(uint64_t rsdp, uint64_t limit, const char *signature);
/* VTL0 will not know the table any more: its signature is one that nobody looks for. */
void acpi_hide(struct range table);
/* Names the object `from` of an AML table (the DSDT) `to`: four letters each. */
void acpi_rename_object(uint64_t address, uint64_t limit, const char *from, const char *to);
/* APIC IDs of the CPUs that the MADT calls usable, in its order; returns how many (at most max), 0
 * if there is no MADT. All tables must lie below `limit`, which is mapped. */
uint32_t acpi_cpus(uint64_t rsdp, uint64_t limit, uint32_t *apic_ids, uint32_t max);
/* Where the MADT's I/O APICs have their registers; returns how many there are, of which at most max
 * are written down. */
uint32_t acpi_io_apics(uint64_t rsdp, uint64_t limit, gpa_t *bases, uint32_t max);

#endif
