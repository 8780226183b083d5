/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing the Secure Kernel up (include/openvsm/vtl1_boot.h is the contract). */
#ifndef HYPERVISOR_VTL1_START_H
#define HYPERVISOR_VTL1_START_H

#include "partition.h"
#include <openvsm/vtl1_boot.h>

/* Copies the ELF module into the pool, which is scrubbed, and builds VTL1's first page tables and
 * boot information there. ram: what either VTL owns. A module that is broken stops the machine. */
struct vtl1_image vtl1_load(struct partition *partition, struct range module,
                            const struct range *ram, uint32_t ram_count);

/* On each CPU, the boot CPU first: runs VTL1 for the first time. */
_Noreturn void vtl1_enter(struct cpu *cpu, const struct vtl1_image *image);

/* VTL1's first VtlReturn on this CPU. The boot CPU then lets the others start theirs, one by one,
 * and enters Linux; the others wait for VTL0's SIPI. A refusal stops the machine. */
void vtl1_started(struct cpu *cpu);

#endif
