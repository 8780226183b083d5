/* SPDX-License-Identifier: BSD-2-Clause */
#include "time.h"

static uint64_t start_tsc;
static uint64_t ns_per_tick; /* 32.32 fixed point */
static uint64_t newest;

void time_init(uint64_t tsc_hz)
{
    start_tsc = __builtin_ia32_rdtsc();
    ns_per_tick = (1000000000ull << 32) / tsc_hz;
}

uint64_t time_monotonic_ns(void)
{
    uint64_t ticks = __builtin_ia32_rdtsc() - start_tsc;
    uint64_t now = (uint64_t)((unsigned __int128)ticks * ns_per_tick >> 32);
    uint64_t seen = __atomic_load_n(&newest, __ATOMIC_RELAXED);

    /* CPUs whose TSCs differ a little still see one clock. */
    if ((int64_t)ticks < 0)
        return seen;
    while (now > seen)
        if (__atomic_compare_exchange_n(&newest, &seen, now, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            return now;
    return seen;
}
