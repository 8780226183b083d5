/* SPDX-License-Identifier: BSD-2-Clause */
/* libsodium's SHA-256, with the two functions that its object expects around it. Its stack canary
 * is whatever stands in page 0, as FS has base 0: nothing changes that page before Linux runs. */
#include "digest.h"
#include "log.h"
#include "string.h"

#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>

static_assert(crypto_hash_sha256_BYTES == DIGEST_SIZE, "FIPS 180-4");

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
    fatal("libsodium: a stack canary was overwritten");
}

void sodium_memzero(void *const memory, const size_t size)
{
    memset(memory, 0, size);
}

void digest_of(const void *bytes, uint64_t size, uint8_t digest[static DIGEST_SIZE])
{
    crypto_hash_sha256(digest, bytes, size);
}

void digest_to_hex(const uint8_t digest[static DIGEST_SIZE], char hex[static DIGEST_HEX_SIZE])
{
    for (unsigned i = 0; i < 2 * DIGEST_SIZE; i++)
        hex[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    hex[2 * DIGEST_SIZE] = 0;
}
