/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine for the Secure Kernel's memory code on the host: RAM at DIRECT_MAP_BASE. */
#ifndef TEST_FAKE_H
#define TEST_FAKE_H

#include "frame.h"

#define FAKE_RAM       (16ull << 20)
#define FAKE_POOL      (8ull << 20) /* from here up is VTL1's boot pool */
#define FAKE_POOL_SIZE (8ull << 20)
#define FAKE_HIGH      (64ull << 20) /* a second range of RAM behind a hole */
#define FAKE_HIGH_SIZE (2ull << 20)

/* Makes the RAM, fills it with a pattern, and gives it to frame_init. */
void fake_machine(void);
/* fake_random.c: there is no source. */
extern bool fake_no_random;
/* What call_must_yield answers: every how many calls it is true; 0 = never. */
extern unsigned fake_yield_every;
/* page_table_flush_others: how often it was asked, what it answers, and a look at that moment. */
struct address_space;
extern unsigned fake_flushes;
extern bool fake_flush_fails;
extern void (*fake_at_flush)(const struct address_space *space);
/* Pages of the image file that address_space.c sees: frames, filled by byte = page number + 1. */
#define FAKE_IMAGE_PAGES 4u
struct image *fake_image(void);

#endif
