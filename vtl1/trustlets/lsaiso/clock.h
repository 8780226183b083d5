/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LSAISO_CLOCK_H
#define LSAISO_CLOCK_H

#include <stdint.h>

/* VTL1's own clock, milliseconds; every expiry is measured by it. */
uint64_t clock_monotonic_ms(void);
/* VTL0's idea of the time of day: microseconds since 1970. Good for what a peer checks anyway. */
int64_t clock_real_us(void);

#endif
