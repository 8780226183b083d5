/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signed images: the file's pages in VTL1's memory, verified, shared by digest.
 */
#ifndef SK_IMAGE_H
#define SK_IMAGE_H

#include "frame.h"
#include <openvsm/trustlet.h>

#define IMAGE_MAX_SEGMENTS 8u

/* A PT_LOAD, page aligned, as address_space_map_image takes it. */
struct image_segment {
    uint64_t address;     /* as linked */
    uint64_t size;        /* bytes in memory, page multiple */
    uint64_t file_offset; /* page aligned */
    uint64_t file_bytes;  /* bytes from file_offset that come from the file; zeroes behind */
    unsigned access;      /* ACCESS_*; never W and X together */
};

struct image_layout {
    struct image_segment segments[IMAGE_MAX_SEGMENTS]; /* sorted, disjoint, in user space */
    uint32_t segment_count;
    bool position_independent; /* ET_DYN: add a base to every address below */
    uint64_t low, high;        /* page-aligned range that the segments span */
    uint64_t entry;
    uint64_t program_headers; /* address in memory, 0 when no segment has them */
    uint32_t program_header_count;
};

struct image;

/* A sealed image by handle with one more reference. SK_OK, SK_NOT_FOUND, SK_BAD_STATE. */
enum sk_status image_acquire(uint64_t handle, struct image **image);
void image_release(struct image *image);
const struct image_layout *image_layout(const struct image *image);
/* Its manifest, and the key that signed it. */
const struct trustlet_trailer *image_trailer(const struct image *image);
/* Its program is about to run: is it still new enough? As version_runs; a refusal is recorded. */
enum sk_status image_runs(const struct image *image);
/* The verified frame that holds page `page` of the file. The image keeps its own reference. */
uint64_t image_frame(const struct image *image, uint64_t page);

#endif
