/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What libsodium's static archive expects around it. memcpy, memmove and memset are string.c's.
 * The small library-internal helpers here keep its allocator, its random device and its locks out
 * of the link; whatever means that something is wrong stops the machine.
 */
#include "sk_assert.h"
#include "string.h"

#include <assert.h>
#include <sodium/core.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>

_Noreturn void __assert_fail(const char *truth, const char *file, unsigned line,
                             const char *function)
{
    (void)file;
    (void)line;
    (void)function;
    sk_panic(truth);
}

#define NEVER(function, sentence)                                                                  \
    _Noreturn void function(void);                                                                 \
    _Noreturn void function(void)                                                                  \
    {                                                                                              \
        sk_panic("libsodium: " sentence);                                                          \
    }
NEVER(__stack_chk_fail, "a stack canary was overwritten")
NEVER(abort, "abort")
NEVER(sodium_misuse, "misuse")

/* Keys are never made in here: random.c draws from the stream cipher with its own key. */
void randombytes_buf(void *const to, const size_t size)
{
    (void)to;
    (void)size;
    sk_panic("libsodium: asked for random bytes");
}

void sodium_memzero(void *const memory, const size_t size)
{
    wipe(memory, size);
}

int sodium_memcmp(const void *const a, const void *const b, size_t size)
{
    const volatile uint8_t *p = a, *q = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= p[i] ^ q[i];
    return difference == 0 ? 0 : -1;
}

int sodium_is_zero(const unsigned char *bytes, const size_t size)
{
    const volatile uint8_t *p = bytes;
    uint8_t seen = 0;
    for (size_t i = 0; i < size; i++)
        seen |= p[i];
    return seen == 0;
}
