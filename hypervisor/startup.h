/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INIT and SIPI, virtualised: a real INIT would throw a CPU out of the hypervisor's hands (QEMU TCG
 * always; hardware without VM_CR.R_INIT). A CPU that VTL0 sent an INIT sleeps in the hypervisor
 * until VTL0 sends it a SIPI.
 */
#ifndef HYPERVISOR_STARTUP_H
#define HYPERVISOR_STARTUP_H

#include "cpu.h"

/* On the sender. The target may be the sender itself. */
void startup_send_init(struct cpu *target);
void startup_send_sipi(struct cpu *target, uint8_t vector);
/* On the target, VTL0 current: VTL0 starts anew at the next SIPI; returns then. The boot CPU's INIT
 * is a reset of the machine. */
void startup_serve_init(struct cpu *cpu);
/* The waiting part of it: what a CPU does that VTL0 has not started yet. */
void startup_wait(struct cpu *cpu);
/* Sleeps outside guest mode, counted as flushed, until *word is not 0. */
void startup_park(struct cpu *cpu, const uint32_t *word);

#endif
