/* SPDX-License-Identifier: BSD-2-Clause */
/* Which CPUs there are (ACPI 6.4, 5.2.5 to 5.2.12). */
#ifndef HYPERVISOR_PLATFORM_ACPI_H
#define HYPERVISOR_PLATFORM_ACPI_H

#include "../types.h"

/* The RSDP in the BIOS areas, or 0. */
uint64_t acpi_find_rsdp(void);
/* APIC IDs of the CPUs that the MADT calls usable, in its order; returns how many (at most max), 0
 * if there is no MADT. All tables must lie below `limit`, which is mapped. */
uint32_t acpi_cpus(uint64_t rsdp, uint64_t limit, uint32_t *apic_ids, uint32_t max);

#endif
