/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VTL0's writes to its APIC. VTL0 reads the xAPIC page without an exit and writes go through to the
 * hardware, but for INIT and SIPI (startup.h). The whole message window, 0xfee00000 to 0xfeefffff,
 * is trapped: a write there is an interrupt message, and may say INIT too.
 */
#ifndef HYPERVISOR_APIC_TRAP_H
#define HYPERVISOR_APIC_TRAP_H

#include "cpu.h"

#define APIC_WINDOW_BASE 0xfee00000ull
#define APIC_WINDOW_SIZE 0x100000ull

bool apic_trap_covers(gpa_t address);
/* May VTL0 store that dword there? Changes nothing. */
bool apic_trap_allows(gpa_t address, uint32_t value);
/* VTL0 stores a dword at an address that is covered, and may. */
void apic_trap_write(struct cpu *cpu, gpa_t address, uint32_t value);
/* A write of the x2APIC's ICR or LVTs (MSRs 0x82f to 0x837). False: #GP. */
bool apic_trap_x2apic(struct cpu *cpu, uint32_t msr, uint64_t value);

#endif
