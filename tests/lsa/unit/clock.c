/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks that a test sets. */
#include "clock.h"

uint64_t test_monotonic_ms = 1000000;
int64_t test_real_us = INT64_C(1700000000) * 1000000;

uint64_t clock_monotonic_ms(void)
{
    return test_monotonic_ms;
}

int64_t clock_real_us(void)
{
    return test_real_us;
}
