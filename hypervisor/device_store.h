/* SPDX-License-Identifier: BSD-2-Clause */
/* Stores of VTL0 to device pages that it may read but not write: the APIC's, and those of guarded
 * PCI functions. */
#ifndef HYPERVISOR_DEVICE_STORE_H
#define HYPERVISOR_DEVICE_STORE_H

#include "cpu.h"

bool device_store_covers(const struct cpu *cpu, gpa_t address);
/* The running instruction of VTL0 writes to `address`, which is covered: does what is allowed of it
 * and steps over it. One that no sane program uses on a device gets #GP. */
void device_store(struct cpu *cpu, gpa_t address);

#endif
