/* SPDX-License-Identifier: BSD-2-Clause */
/* Known images that nobody runs are kept for the next start, and are memory in reserve. */
#ifndef SK_IMAGE_CACHE_H
#define SK_IMAGE_CACHE_H

#include <stdbool.h>

/*
 * Frees some frames (at most 64, about 40,000 instructions) of the image that was unused for
 * longest. False: there was nothing to free. No lock from "image table" on may be held.
 */
bool image_cache_shrink(void);

#endif
