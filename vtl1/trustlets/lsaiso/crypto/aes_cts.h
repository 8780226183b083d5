/* SPDX-License-Identifier: BSD-2-Clause */
/* AES in CBC mode with ciphertext stealing as RFC 3962 section 5 has it (CBC-CS3, zero IV). */
#ifndef LSAISO_AES_CTS_H
#define LSAISO_AES_CTS_H

#include <stddef.h>
#include <stdint.h>

#define AES_CTS_BLOCK 16

/* In place. key_size is 16 or 32; size is at least AES_CTS_BLOCK. */
void aes_cts_encrypt(const uint8_t *key, size_t key_size, uint8_t *data, size_t size);
void aes_cts_decrypt(const uint8_t *key, size_t key_size, uint8_t *data, size_t size);

/* One block, for key derivation. */
void aes_block_encrypt(const uint8_t *key, size_t key_size, uint8_t out[AES_CTS_BLOCK],
                       const uint8_t in[AES_CTS_BLOCK]);

#endif
