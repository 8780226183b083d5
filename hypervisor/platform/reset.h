/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's end: no secret of VTL1 survives it. */
#ifndef HYPERVISOR_PLATFORM_RESET_H
#define HYPERVISOR_PLATFORM_RESET_H

#include "../cpu.h"

/* Stops the other CPUs, scrubs all that VTL1 owns, resets the machine. */
_Noreturn void reset_machine(struct cpu *cpu);
/* The first two of these: the caller powers the machine off. VTL1 cannot run after it. */
void reset_prepare(struct cpu *cpu);
/* Another CPU does so: stand still. */
_Noreturn void reset_join(struct cpu *cpu);

/* Restarts the machine as it is, by whatever works. */
_Noreturn void reset_now(void);

#endif
