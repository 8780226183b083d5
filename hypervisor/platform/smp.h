/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing all CPUs into the hypervisor before VTL0 can touch one. */
#ifndef HYPERVISOR_PLATFORM_SMP_H
#define HYPERVISOR_PLATFORM_SMP_H

#include "../partition.h"

/* Starts partition->cpus[1..]: each ends parked in startup_park(). One that does not come up stops
 * the machine: VTL0 could start it behind our back. */
void smp_start(struct partition *partition);

#endif
