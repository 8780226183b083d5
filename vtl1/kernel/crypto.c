/* SPDX-License-Identifier: BSD-2-Clause */
/* libsodium in ring 0. What it needs of a C library is in libc_shim.c. */
#include "crypto.h"

#include <assert.h>
#include <openvsm/trustlet.h>

static_assert(crypto_generichash_blake2b_BYTES == TRUSTLET_DIGEST_SIZE, "BLAKE2b-256");
static_assert(crypto_sign_ed25519_BYTES == TRUSTLET_SIGNATURE_SIZE, "Ed25519");
static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == TRUSTLET_KEY_SIZE, "Ed25519");

/*
 * What sodium_init does for the parts we use. sodium_init itself would pull in the whole library,
 * its locks and its system calls; these are the steps it calls, exported by the static archive.
 */
int _sodium_runtime_get_cpu_features(void);
int _crypto_generichash_blake2b_pick_best_implementation(void);
int _crypto_onetimeauth_poly1305_pick_best_implementation(void);
int _crypto_stream_chacha20_pick_best_implementation(void);

void crypto_init(void)
{
    _sodium_runtime_get_cpu_features();
    _crypto_generichash_blake2b_pick_best_implementation();
    _crypto_onetimeauth_poly1305_pick_best_implementation();
    _crypto_stream_chacha20_pick_best_implementation();
}
