/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI configuration that would move memory, or the registers that guard it: the host bridge's own
 * (shadow RAM, SMRAM, TSEG, the window of PCIEXBAR) and the base of the power-management ports.
 */
#ifndef HYPERVISOR_PLATFORM_PCI_GUARD_H
#define HYPERVISOR_PLATFORM_PCI_GUARD_H

#include "../types.h"

struct partition;

/* The memory-mapped window of configuration space (MCFG); size 0 if there is none. */
struct pci_guard {
    struct range window;
};

/* Finds the window and traps writes to the functions that are guarded. False: pool used up. */
bool pci_guard_init(struct partition *partition, uint64_t rsdp, uint64_t limit);

/* Must VTL0 leave it as it is? address: as for port 0xcf8 (bus 23:16, device 15:11, function 10:8);
 * reg: 0..4095; size bytes within a dword. What stands there already may be written: drivers switch
 * on what the firmware has switched on (Linux's lpc_ich: ACPI space). It is then not written again.
 */
bool pci_is_guarded(uint32_t address, uint32_t reg, unsigned size);
bool pci_changes(uint32_t now, uint32_t value, unsigned size);

/* The window: is the address in it, and VTL0's store there. False: it would change what is guarded
 * or start a watchdog, and nothing was done. */
bool pci_guard_covers(const struct partition *partition, gpa_t address);
bool pci_store(struct partition *partition, gpa_t address, unsigned size, uint32_t value);

#endif
