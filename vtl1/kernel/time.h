/* SPDX-License-Identifier: BSD-2-Clause */
/* VTL1's monotonic clock: the TSC, which VTL0 cannot move (the hypervisor keeps its writes in
 * VTL0's own offset), at the rate the hypervisor measured before VTL0 ran. */
#ifndef SK_TIME_H
#define SK_TIME_H

#include <stdint.h>

void time_init(uint64_t tsc_hz);
/* Nanoseconds since the Secure Kernel began; the same on all CPUs; never runs backwards. */
uint64_t time_monotonic_ns(void);

#endif
