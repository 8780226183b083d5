/* SPDX-License-Identifier: BSD-2-Clause */
/* What is shown to whoever sits in front of the machine. */
#ifndef HYPERVISOR_PLATFORM_SCREEN_H
#define HYPERVISOR_PLATFORM_SCREEN_H

#include "../types.h"

enum screen_kind {
    SCREEN_UNKNOWN,
    SCREEN_TEXT,   /* VGA text of 80 times 25 */
    SCREEN_PIXELS, /* a linear frame buffer of direct colours */
};
struct screen_colour {
    uint8_t position, bits;
};
struct screen {
    enum screen_kind kind;
    uint64_t address;
    uint32_t pitch, width, height; /* bytes a line; pixels */
    uint8_t depth;                 /* bits a pixel */
    struct screen_colour red, green, blue;
};

/* From now on screen_show() writes there, if it can. Until Linux has the screen. */
void screen_use(const struct screen *found);
/* Fills so many rows of 80 characters, from that row on, with the text and blanks: white on red. */
void screen_show(unsigned row, unsigned rows, const char *text);

#endif
