/* SPDX-License-Identifier: BSD-2-Clause */
#include "screen.h"
#include "../address.h"
#include "../host_map.h"
#include "../string.h"

#define TEXT_BASE    0xb8000u
#define TEXT_ALARM   0x4f00u
#define COLUMNS      80u
#define ROWS         8u /* that are ever used */
#define GLYPH_WIDTH  8u
#define GLYPH_HEIGHT 16u

extern const uint8_t font[128][GLYPH_HEIGHT]; /* font.S */

static struct screen screen;

void screen_use(const struct screen *found)
{
    bool shows =
        found->width >= COLUMNS * GLYPH_WIDTH && found->height >= ROWS * GLYPH_HEIGHT &&
        found->depth >= 8 && found->depth <= 32 &&
        host_map_add((struct range){found->address, (uint64_t)found->pitch * found->height});
    if (found->kind == SCREEN_TEXT || shows)
        screen = *found;
}

static void draw(unsigned row, unsigned column, const uint8_t glyph[GLYPH_HEIGHT])
{
    unsigned bytes = (screen.depth + 7u) / 8;
    uint32_t white = ~0u, red = ((1u << screen.red.bits % 32) - 1) << screen.red.position % 32;
    for (unsigned y = 0; y < GLYPH_HEIGHT; y++) {
        uint64_t line = screen.address + (uint64_t)(row * GLYPH_HEIGHT + y) * screen.pitch;
        uint8_t *at = hpa_pointer(hpa(line + (uint64_t)column * GLYPH_WIDTH * bytes));
        for (unsigned x = 0; x < GLYPH_WIDTH; x++)
            memcpy(at + x * bytes, glyph[y] << x & 0x80 ? &white : &red, bytes);
    }
}

void screen_show(unsigned row, unsigned rows, const char *text)
{
    for (unsigned at = row * COLUMNS; at < (row + rows) * COLUMNS; at++) {
        uint8_t c = *text ? (uint8_t)*text++ & 0x7f : ' ';
        if (screen.kind == SCREEN_TEXT)
            ((volatile uint16_t *)TEXT_BASE)[at] = TEXT_ALARM | c;
        else if (screen.kind == SCREEN_PIXELS)
            draw(at / COLUMNS, at % COLUMNS, font[c]);
    }
}
