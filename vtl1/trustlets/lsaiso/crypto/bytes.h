/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs of bytes: several of them describe a message that is never glued together. Numbers in them.
 */
#ifndef LSAISO_BYTES_H
#define LSAISO_BYTES_H

#include <openvsm/lsa/bytes.h>

static inline void put_le32(uint8_t out[4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static inline void put_be32(uint8_t out[4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline uint32_t get_le32(const uint8_t in[4])
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline uint32_t get_be32(const uint8_t in[4])
{
    return (uint32_t)in[3] | (uint32_t)in[2] << 8 | (uint32_t)in[1] << 16 | (uint32_t)in[0] << 24;
}

static inline uint16_t get_le16(const uint8_t in[2])
{
    return (uint16_t)(in[0] | in[1] << 8);
}

static inline void put_le16(uint8_t out[2], uint16_t value)
{
    out[0] = (uint8_t)value;
    out[1] = (uint8_t)(value >> 8);
}

static inline void put_be64(uint8_t out[8], uint64_t value)
{
    put_be32(out, (uint32_t)(value >> 32));
    put_be32(out + 4, (uint32_t)value);
}

static inline uint64_t get_be64(const uint8_t in[8])
{
    return (uint64_t)get_be32(in) << 32 | get_be32(in + 4);
}

#endif
