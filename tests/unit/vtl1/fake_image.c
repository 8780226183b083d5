/* SPDX-License-Identifier: BSD-2-Clause */
/* An image without image.c. */
#include "fake.h"
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static uint64_t image_frames[FAKE_IMAGE_PAGES];

struct image *fake_image(void)
{
    for (unsigned i = 0; i < FAKE_IMAGE_PAGES; i++) {
        image_frames[i] = frame_alloc();
        memset(frame_pointer(image_frames[i]), (int)i + 1, PAGE_SIZE);
    }
    return (struct image *)image_frames;
}

uint64_t image_frame(const struct image *image, uint64_t page)
{
    (void)image;
    assert_true(page < FAKE_IMAGE_PAGES);
    return image_frames[page];
}
