/* SPDX-License-Identifier: BSD-2-Clause */
/* libsodium's BLAKE2b, with what its objects expect around them. Its stack canary is whatever
 * stands in page 0, as FS has base 0: nothing changes that page before Linux runs. */
#include "digest.h"
#include "log.h"
#include "string.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/utils.h>

static_assert(crypto_generichash_blake2b_BYTES == DIGEST_SIZE, "BLAKE2b-256");

_Noreturn void libsodium_failed(void);

/* A stack canary, an assertion or a misuse: hypervisor.lds gives it all three names. */
void libsodium_failed(void)
{
    fatal("libsodium found a mistake");
}

void sodium_memzero(void *const memory, const size_t size)
{
    memset(memory, 0, size);
}

void digest_of(const void *bytes, uint64_t size, uint8_t digest[static DIGEST_SIZE])
{
    crypto_generichash_blake2b(digest, DIGEST_SIZE, bytes, size, NULL, 0);
}

void digest_to_hex(const uint8_t digest[static DIGEST_SIZE], char hex[static DIGEST_HEX_SIZE])
{
    for (unsigned i = 0; i < 2 * DIGEST_SIZE; i++)
        hex[i] = "0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
    hex[2 * DIGEST_SIZE] = 0;
}
