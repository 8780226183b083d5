/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting instructions: under icount one tick of the TSC is one instruction. */
#ifndef BENCH_TSC_H
#define BENCH_TSC_H

#include <stdint.h>
#include <stdlib.h>
#include <x86intrin.h>

static inline uint64_t tsc(void)
{
    _mm_lfence();
    return __rdtsc();
}

static inline int tsc_ascending(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

/* Sorts the samples and gives the middle one. */
static inline uint64_t tsc_median(uint64_t *samples, size_t count)
{
    qsort(samples, count, sizeof(*samples), tsc_ascending);
    return samples[count / 2];
}

#endif
