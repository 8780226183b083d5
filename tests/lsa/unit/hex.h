/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_LSA_HEX_H
#define TESTS_LSA_HEX_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

/* "00ff…" to bytes; -> how many. */
static inline size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;

    for (; hex[0] && hex[1]; hex += 2) {
        unsigned value = 0;

        sscanf(hex, "%2x", &value);
        out[n++] = (uint8_t)value;
    }
    return n;
}

#define assert_hex(data, size, hex)                                                                \
    do {                                                                                           \
        uint8_t expected_[512];                                                                    \
        size_t n_ = unhex(hex, expected_);                                                         \
        assert_int_equal(size, n_);                                                                \
        assert_memory_equal(data, expected_, n_);                                                  \
    } while (0)

#endif
