/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory content that the host knows at any time and VTL0 never holds: a long stream made of a
 * short seed. Shared by the trustlet that keeps it and the host's program that prints its start.
 */
#ifndef CANARY_H
#define CANARY_H

#include <stdint.h>

#define CANARY_MIB_MAX    256u
#define CANARY_WORDS(mib) ((uint64_t)(mib) << 17)
/* The words that the host looks for begin so many before the end: they lie on the pages that were
 * taken last, which are the first that VTL0 would get back. */
#define CANARY_TAIL       64u

/* xorshift*; state is never 0. */
static inline uint64_t canary_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static inline uint64_t canary_start(uint64_t seed)
{
    return seed * 0x9e3779b97f4a7c15ull | 1;
}

#endif
