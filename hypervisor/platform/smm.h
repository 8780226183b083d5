/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System Management Mode (APM Vol.2 chapter 10). Its code runs beneath us, and it is the
 * firmware's. But a CPU whose firmware has not moved its handler (SeaBIOS moves the boot CPU's, a
 * UEFI may move none) finds it at 0x38000, in VTL0's memory.
 */
#ifndef HYPERVISOR_PLATFORM_SMM_H
#define HYPERVISOR_PLATFORM_SMM_H

#include "../cpu.h"

/* A place in our memory for each CPU's handler, which only returns. False: the pool is used up. */
bool smm_init(struct partition *partition);
/* Has the calling CPU's handler there, if the firmware left it where a reset puts it; else the
 * firmware's runs once. Before GIF is cleared, one CPU at a time. */
void smm_move(const struct cpu *cpu);

#endif
