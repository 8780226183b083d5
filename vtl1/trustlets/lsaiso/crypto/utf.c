/* SPDX-License-Identifier: BSD-2-Clause */
#include "utf.h"

/* Length of the sequence that starts with `first`, and its payload bits; 0 for an invalid start. */
static size_t sequence_length(uint8_t first, uint32_t *bits)
{
    if (first < 0x80) {
        *bits = first;
        return 1;
    }
    if (first >= 0xc2 && first < 0xe0) {
        *bits = first & 0x1f;
        return 2;
    }
    if (first >= 0xe0 && first < 0xf0) {
        *bits = first & 0x0f;
        return 3;
    }
    if (first >= 0xf0 && first < 0xf5) {
        *bits = first & 0x07;
        return 4;
    }
    return 0;
}

/* -> bytes consumed, 0 if malformed. */
static size_t decode_one(const uint8_t *in, size_t size, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = sequence_length(in[0], code);

    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((in[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (in[i] & 0x3f);
    }
    if (*code < smallest[length] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
        return 0;
    return length;
}

static uint32_t capital(uint32_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7) ||
        (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) || (c >= 0x430 && c <= 0x44f))
        return c - 0x20;
    if (c >= 0x450 && c <= 0x45f)
        return c - 0x50;
    if (c == 0xff)
        return 0x178;
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
        return c & ~1u;
    return c;
}

static long convert(struct bytes in, uint8_t *out, int upper)
{
    size_t at = 0;
    size_t written = 0;

    while (at < in.size) {
        uint32_t code = 0;
        size_t used = decode_one(in.data + at, in.size - at, &code);

        if (used == 0)
            return -1;
        at += used;
        if (upper)
            code = capital(code);
        if (code >= 0x10000) {
            code -= 0x10000;
            put_le16(out + written, (uint16_t)(0xd800 + (code >> 10)));
            written += 2;
            code = 0xdc00 + (code & 0x3ff);
        }
        put_le16(out + written, (uint16_t)code);
        written += 2;
    }
    return (long)written;
}

long utf8_to_utf16le(struct bytes in, uint8_t *out)
{
    return convert(in, out, 0);
}

long utf8_to_utf16le_upper(struct bytes in, uint8_t *out)
{
    return convert(in, out, 1);
}
