/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical memory and the other CPUs, for host tests of the hypervisor. */
#ifndef TESTS_UNIT_HYPERVISOR_FAKE_H
#define TESTS_UNIT_HYPERVISOR_FAKE_H

#include "../../../hypervisor/slat.h"

#define FAKE_MEMORY (2ull << 30) /* bytes from physical 0; only touched pages exist */

struct fake_flush {
    uint64_t cpus;        /* what slat_flush_cpus() was last asked for */
    bool answers;         /* what slat_flush_all_cpus() says */
    unsigned count;       /* how often it was called */
    void (*before)(void); /* called at the start of each flush; may be NULL */
};
extern struct fake_flush fake_flush;

/* Zeroed physical memory, flushes answered, no callback. */
void fake_reset(void);

#endif
