/* SPDX-License-Identifier: BSD-2-Clause */
/* A run of bytes owned by somebody else. */
#ifndef OPENVSM_LSA_BYTES_H
#define OPENVSM_LSA_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

#endif
