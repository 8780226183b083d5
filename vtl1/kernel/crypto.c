/* SPDX-License-Identifier: BSD-2-Clause */
/* libsodium in ring 0. What it needs of a C library is in libc_shim.c. */
#include "crypto.h"

#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/crypto_stream_chacha20.h>
#include <sodium/crypto_verify_32.h>
#include <sodium/utils.h>

static_assert(sizeof(crypto_generichash_blake2b_state) == sizeof(struct crypto_hash),
              "libsodium's BLAKE2b state");
static_assert(crypto_generichash_blake2b_BYTES == CRYPTO_DIGEST_SIZE, "BLAKE2b-256");
static_assert(crypto_sign_ed25519_BYTES == CRYPTO_SIGNATURE_SIZE, "Ed25519");

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

/* crypto_hash is libsodium's state by another name, with its alignment. */
static crypto_generichash_blake2b_state *sodium_state(struct crypto_hash *hash)
{
    return (crypto_generichash_blake2b_state *)(void *)hash->state;
}

void crypto_hash_begin(struct crypto_hash *hash)
{
    crypto_generichash_blake2b_init(sodium_state(hash), NULL, 0, CRYPTO_DIGEST_SIZE);
}

void crypto_hash_add(struct crypto_hash *hash, const void *bytes, size_t size)
{
    crypto_generichash_blake2b_update(sodium_state(hash), bytes, size);
}

void crypto_hash_end(struct crypto_hash *hash, uint8_t digest[static CRYPTO_DIGEST_SIZE])
{
    crypto_generichash_blake2b_final(sodium_state(hash), digest, CRYPTO_DIGEST_SIZE);
}

bool crypto_verify(const uint8_t signature[static CRYPTO_SIGNATURE_SIZE], const void *message,
                   size_t size, const uint8_t key[static CRYPTO_KEY_SIZE])
{
    return crypto_sign_ed25519_verify_detached(signature, message, size, key) == 0;
}

void crypto_make_signature(uint8_t signature[static CRYPTO_SIGNATURE_SIZE], const void *message,
                           size_t size, const uint8_t *secret)
{
    crypto_sign_ed25519_detached(signature, NULL, message, size, secret);
}

static_assert(crypto_sign_ed25519_SECRETKEYBYTES == CRYPTO_SECRET_SIZE, "Ed25519");

void crypto_make_key(uint8_t key[static CRYPTO_KEY_SIZE], uint8_t secret[static CRYPTO_SECRET_SIZE],
                     const uint8_t seed[static CRYPTO_KEY_SIZE])
{
    crypto_sign_ed25519_seed_keypair(key, secret, seed);
}

bool crypto_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

void crypto_derive(uint8_t to[static CRYPTO_KEY_SIZE], const void *bytes, size_t size,
                   const uint8_t key[static CRYPTO_KEY_SIZE])
{
    crypto_generichash_blake2b(to, CRYPTO_KEY_SIZE, bytes, size, key, CRYPTO_KEY_SIZE);
}

static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == CRYPTO_NONCE_SIZE, "XChaCha20");
static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == CRYPTO_TAG_SIZE, "Poly1305");

void crypto_seal(uint8_t *bytes, size_t size, const void *known, size_t known_size,
                 const uint8_t nonce[static CRYPTO_NONCE_SIZE],
                 const uint8_t key[static CRYPTO_KEY_SIZE])
{
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes, NULL, bytes, size, known, known_size, NULL,
                                               nonce, key);
}

bool crypto_open(uint8_t *bytes, size_t size, const void *known, size_t known_size,
                 const uint8_t nonce[static CRYPTO_NONCE_SIZE],
                 const uint8_t key[static CRYPTO_KEY_SIZE])
{
    return crypto_aead_xchacha20poly1305_ietf_decrypt(bytes, NULL, NULL, bytes, size, known,
                                                      known_size, nonce, key) == 0;
}

void crypto_keystream(void *to, size_t size, const uint8_t key[static CRYPTO_KEY_SIZE])
{
    static const unsigned char nonce[crypto_stream_chacha20_NONCEBYTES];
    crypto_stream_chacha20(to, size, nonce, key);
}
