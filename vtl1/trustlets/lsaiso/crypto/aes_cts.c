/* SPDX-License-Identifier: BSD-2-Clause */
#include "aes_cts.h"

#include <string.h>

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/memxor.h>
#include <sodium.h>

struct aes_key {
    size_t key_size;
    union {
        struct aes128_ctx aes128;
        struct aes256_ctx aes256;
    };
};

static void set_encrypt_key(struct aes_key *aes, const uint8_t *key, size_t key_size)
{
    aes->key_size = key_size;
    if (key_size == AES128_KEY_SIZE)
        aes128_set_encrypt_key(&aes->aes128, key);
    else
        aes256_set_encrypt_key(&aes->aes256, key);
}

static void set_decrypt_key(struct aes_key *aes, const uint8_t *key, size_t key_size)
{
    aes->key_size = key_size;
    if (key_size == AES128_KEY_SIZE)
        aes128_set_decrypt_key(&aes->aes128, key);
    else
        aes256_set_decrypt_key(&aes->aes256, key);
}

static void cbc_forward(const struct aes_key *aes, uint8_t *iv, size_t size, uint8_t *data)
{
    if (aes->key_size == AES128_KEY_SIZE)
        cbc_aes128_encrypt(&aes->aes128, iv, size, data, data);
    else
        cbc_aes256_encrypt(&aes->aes256, iv, size, data, data);
}

static void cbc_backward(const struct aes_key *aes, uint8_t *iv, size_t size, uint8_t *data)
{
    if (aes->key_size == AES128_KEY_SIZE)
        cbc_decrypt(&aes->aes128, (nettle_cipher_func *)aes128_decrypt, AES_CTS_BLOCK, iv, size,
                    data, data);
    else
        cbc_decrypt(&aes->aes256, (nettle_cipher_func *)aes256_decrypt, AES_CTS_BLOCK, iv, size,
                    data, data);
}

/* Bytes before the last block, which may be partial and is never empty. */
static size_t whole_part(size_t size)
{
    return (size - 1) / AES_CTS_BLOCK * AES_CTS_BLOCK;
}

void aes_cts_encrypt(const uint8_t *key, size_t key_size, uint8_t *data, size_t size)
{
    struct aes_key aes;
    uint8_t iv[AES_CTS_BLOCK] = {0};
    uint8_t last[AES_CTS_BLOCK] = {0};
    size_t whole = whole_part(size);
    size_t tail = size - whole;

    set_encrypt_key(&aes, key, key_size);
    if (whole == 0) {
        cbc_forward(&aes, iv, size, data);
    } else {
        cbc_forward(&aes, iv, whole, data);
        memcpy(last, data + whole, tail);
        cbc_forward(&aes, iv, AES_CTS_BLOCK, last);
        memcpy(data + whole, data + whole - AES_CTS_BLOCK, tail);
        memcpy(data + whole - AES_CTS_BLOCK, last, AES_CTS_BLOCK);
    }
    sodium_memzero(&aes, sizeof(aes));
}

/* The last two blocks arrive swapped, the second cut to `tail` bytes; before is the ciphertext
 * block ahead of them (or the IV). */
static void decrypt_stolen(const struct aes_key *aes, uint8_t *pair, size_t tail,
                           const uint8_t *before)
{
    uint8_t zero[AES_CTS_BLOCK] = {0};
    uint8_t stolen[AES_CTS_BLOCK];
    uint8_t plain[AES_CTS_BLOCK];

    memcpy(plain, pair, AES_CTS_BLOCK);
    cbc_backward(aes, zero, AES_CTS_BLOCK, plain);
    memcpy(stolen, plain, AES_CTS_BLOCK);
    memcpy(stolen, pair + AES_CTS_BLOCK, tail);
    memxor(plain, stolen, tail);
    memset(zero, 0, sizeof(zero));
    memcpy(pair, stolen, AES_CTS_BLOCK);
    cbc_backward(aes, zero, AES_CTS_BLOCK, pair);
    memxor(pair, before, AES_CTS_BLOCK);
    memcpy(pair + AES_CTS_BLOCK, plain, tail);
    sodium_memzero(plain, sizeof(plain));
    sodium_memzero(stolen, sizeof(stolen));
}

void aes_cts_decrypt(const uint8_t *key, size_t key_size, uint8_t *data, size_t size)
{
    struct aes_key aes;
    uint8_t iv[AES_CTS_BLOCK] = {0};
    size_t whole = whole_part(size);

    set_decrypt_key(&aes, key, key_size);
    if (whole == 0) {
        cbc_backward(&aes, iv, size, data);
    } else {
        /* cbc_decrypt leaves the last ciphertext block it saw in iv. */
        if (whole > AES_CTS_BLOCK)
            cbc_backward(&aes, iv, whole - AES_CTS_BLOCK, data);
        decrypt_stolen(&aes, data + whole - AES_CTS_BLOCK, size - whole, iv);
    }
    sodium_memzero(&aes, sizeof(aes));
}

void aes_block_encrypt(const uint8_t *key, size_t key_size, uint8_t out[AES_CTS_BLOCK],
                       const uint8_t in[AES_CTS_BLOCK])
{
    struct aes_key aes;
    uint8_t iv[AES_CTS_BLOCK] = {0};

    set_encrypt_key(&aes, key, key_size);
    memcpy(out, in, AES_CTS_BLOCK);
    cbc_forward(&aes, iv, AES_CTS_BLOCK, out);
    sodium_memzero(&aes, sizeof(aes));
}
