/* SPDX-License-Identifier: BSD-2-Clause */
/* Signed files: making the trailer, reading it back, checking it as the Secure Kernel will. */
#ifndef IUM_SIGNATURE_H
#define IUM_SIGNATURE_H

#include <stdbool.h>

#include <openvsm/skcall.h>
#include <openvsm/trustlet.h>

/* An Ed25519 key pair as libsodium keeps it: the seed (RFC 8032, 5.1.5), then the public key. */
struct signing_key {
    uint8_t seed[TRUSTLET_KEY_SIZE];
    uint8_t public_key[TRUSTLET_KEY_SIZE];
};

/* Bytes of the program: `size` without the trailer, if the file ends in one. */
uint64_t signature_plain_size(const void *file, uint64_t size);

/*
 * May these bytes be a trustlet at all? -> SK_OK, SK_IMAGE_NOT_ELF, SK_IMAGE_DYNAMIC, SK_IMAGE_WX
 * or SK_IMAGE_BAD_LAYOUT. This is the author's early answer; the Secure Kernel checks for itself.
 */
enum sk_status signature_check_program(const void *elf, uint64_t size);

/* Fills in all of *trailer but its signature, which covers trailer->manifest. */
void signature_prepare(const void *elf, uint64_t size, const struct trustlet_manifest *manifest,
                       const uint8_t signer[TRUSTLET_KEY_SIZE], struct trustlet_trailer *trailer);
/* The same, and signs it. */
void signature_make(const void *elf, uint64_t size, const struct trustlet_manifest *manifest,
                    const struct signing_key *key, struct trustlet_trailer *trailer);

/*
 * -> SK_OK, SK_IMAGE_UNSIGNED, SK_IMAGE_BAD_SIGNATURE, SK_IMAGE_TRUNCATED or SK_IMAGE_BAD_DIGEST.
 * Whether the signer is trusted is for the Secure Kernel to say. *trailer is filled in unless the
 * file is unsigned.
 */
enum sk_status signature_verify(const void *file, uint64_t size, struct trustlet_trailer *trailer);

/* Key files: one line of hexadecimal digits, the 64 bytes of the pair (FILE, mode 0600) or the 32
 * of the public key (FILE.pub). */
/* A new pair from the system's random source. */
void key_generate(struct signing_key *key);
/* -> false with errno (EEXIST: never overwrites). */
bool key_write(const char *path, const struct signing_key *key);
/* -> false with errno; EINVAL: not a key file. */
bool key_read(const char *path, struct signing_key *key);
/* The same of a FILE.pub. */
bool key_read_public(const char *path, uint8_t key[TRUSTLET_KEY_SIZE]);

/* hex: 2 * size + 1 bytes. */
const char *hex_format(const uint8_t *bytes, size_t size, char *hex);

/* The first file of the folder that is a secret key and that this process can read: its path in
 * `path`, or false. */
bool key_find(const char *folder, char *path, size_t room);

#endif
