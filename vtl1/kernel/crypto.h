/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cryptography that the Secure Kernel uses, all of it libsodium's. Every function here uses
 * the vector unit: call them between fpu_begin and fpu_end only, many at a time where that is
 * possible, for each pair saves and loads the whole vector state.
 */
#ifndef SK_CRYPTO_H
#define SK_CRYPTO_H

#include <openvsm/types.h>
#include <stdbool.h>

#define CRYPTO_DIGEST_SIZE    32u
#define CRYPTO_SIGNATURE_SIZE 64u
#define CRYPTO_KEY_SIZE       32u

/* A BLAKE2b-256 computation under way; holds libsodium's state. */
struct crypto_hash {
    _Alignas(64) uint8_t state[384];
};

/* Learns once, on the boot CPU, which implementations this CPU can run. fpu_init came before. */
void crypto_init(void);

void crypto_hash_begin(struct crypto_hash *hash);
/* About 6 instructions a byte. */
void crypto_hash_add(struct crypto_hash *hash, const void *bytes, size_t size);
void crypto_hash_end(struct crypto_hash *hash, uint8_t digest[static CRYPTO_DIGEST_SIZE]);

/* True if signature is key's Ed25519 signature over the message (RFC 8032). */
bool crypto_verify(const uint8_t signature[static CRYPTO_SIGNATURE_SIZE], const void *message,
                   size_t size, const uint8_t key[static CRYPTO_KEY_SIZE]);

/* Ed25519 with a secret key of crypto_make_key, CRYPTO_SECRET_SIZE bytes. About 150,000
 * instructions each. */
#define CRYPTO_SECRET_SIZE 64u
void crypto_make_signature(uint8_t signature[static CRYPTO_SIGNATURE_SIZE], const void *message,
                           size_t size, const uint8_t *secret);
void crypto_make_key(uint8_t key[static CRYPTO_KEY_SIZE], uint8_t secret[static CRYPTO_SECRET_SIZE],
                     const uint8_t seed[static CRYPTO_KEY_SIZE]);

/* True if equal, in a time that does not depend on the bytes. */
bool crypto_equal(const void *a, const void *b, size_t size);

/* BLAKE2b-256 of the bytes under a key. */
void crypto_derive(uint8_t to[static CRYPTO_KEY_SIZE], const void *bytes, size_t size,
                   const uint8_t key[static CRYPTO_KEY_SIZE]);

/*
 * XChaCha20-Poly1305 in place: `size` bytes become size + CRYPTO_TAG_SIZE. `open` takes the longer
 * size, and returns false when anything was altered; the bytes are zero then.
 */
#define CRYPTO_NONCE_SIZE 24u
#define CRYPTO_TAG_SIZE   16u
void crypto_seal(uint8_t *bytes, size_t size, const void *known, size_t known_size,
                 const uint8_t nonce[static CRYPTO_NONCE_SIZE],
                 const uint8_t key[static CRYPTO_KEY_SIZE]);
bool crypto_open(uint8_t *bytes, size_t size, const void *known, size_t known_size,
                 const uint8_t nonce[static CRYPTO_NONCE_SIZE],
                 const uint8_t key[static CRYPTO_KEY_SIZE]);

/* Fills `to` with the ChaCha20 stream of the key. */
void crypto_keystream(void *to, size_t size, const uint8_t key[static CRYPTO_KEY_SIZE]);

#endif
