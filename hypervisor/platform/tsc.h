/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast the TSC runs: measured before VTL0 can touch any timer. */
#ifndef HYPERVISOR_PLATFORM_TSC_H
#define HYPERVISOR_PLATFORM_TSC_H

#include "../types.h"

/* Hz, against the PIT; 0 if the PIT does not run. Takes about 6 ms. */
uint64_t tsc_calibrate(void);
/* Returns after so many microseconds. */
void tsc_delay(uint64_t tsc_hz, uint64_t microseconds);

#endif
