/* SPDX-License-Identifier: BSD-2-Clause */
#include "enctype.h"

#include <string.h>

#include <nettle/arcfour.h>
#include <nettle/md5.h>
#include <nettle/pbkdf2.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <sodium.h>

#include "aes_cts.h"
#include "mac.h"
#include "utf.h"

#define PASSWORD_MAX  1024
#define ITERATION_MAX 0x1000000u /* MIT's limit; a KDC must not make us compute for hours */

/* How the parts of one enctype differ. */
enum profile {
    PROFILE_SIMPLIFIED, /* RFC 3961 5.3 with AES of RFC 3962: MAC over the plaintext */
    PROFILE_SHA2,       /* RFC 8009: MAC over IV and ciphertext, SP 800-108 derivation */
    PROFILE_RC4,        /* RFC 4757 */
};

struct enctype {
    int32_t number;
    enum profile profile;
    uint8_t key_size;
    uint8_t integrity_size; /* Ki and Kc of RFC 8009 */
    uint8_t confounder_size;
    uint8_t checksum_size;
    int32_t checksum_type;
    uint32_t iterations;
    const struct nettle_hash *hash;
    const char *name; /* part of the salt, RFC 8009 section 4 */
};

static const struct enctype enctypes[] = {
    {KRB_AES128_SHA1, PROFILE_SIMPLIFIED, 16, 16, 16, 12, 15, 4096, &nettle_sha1, ""},
    {KRB_AES256_SHA1, PROFILE_SIMPLIFIED, 32, 32, 16, 12, 16, 4096, &nettle_sha1, ""},
    {KRB_AES128_SHA256, PROFILE_SHA2, 16, 16, 16, 16, 19, 32768, &nettle_sha256,
     "aes128-cts-hmac-sha256-128"},
    {KRB_AES256_SHA384, PROFILE_SHA2, 32, 24, 16, 24, 20, 32768, &nettle_sha384,
     "aes256-cts-hmac-sha384-192"},
    {KRB_RC4, PROFILE_RC4, 16, 16, 8, 16, -138, 0, &nettle_md5, ""},
};

static const struct enctype *find_enctype(int32_t number)
{
    for (size_t i = 0; i < sizeof(enctypes) / sizeof(enctypes[0]); i++)
        if (enctypes[i].number == number)
            return &enctypes[i];
    return NULL;
}

static const struct enctype *enctype_of(const struct krb_key *key)
{
    const struct enctype *e = find_enctype(key->enctype);

    return e && key->size == e->key_size ? e : NULL;
}

size_t krb_key_size(int32_t enctype)
{
    const struct enctype *e = find_enctype(enctype);

    return e ? e->key_size : 0;
}

int32_t krb_checksum_type(int32_t enctype)
{
    const struct enctype *e = find_enctype(enctype);

    return e ? e->checksum_type : 0;
}

size_t krb_checksum_size(int32_t enctype)
{
    const struct enctype *e = find_enctype(enctype);

    return e ? e->checksum_size : 0;
}

size_t krb_overhead(int32_t enctype)
{
    const struct enctype *e = find_enctype(enctype);

    return e ? (size_t)e->confounder_size + e->checksum_size : 0;
}

/* Bit `bit` (0 = the most significant of the first byte) of the input written again and again,
 * each copy rotated right by 13 more than the one before. */
static int folded_bit(struct bytes in, size_t bit)
{
    size_t bits = in.size * 8;
    size_t copy = bit / bits;
    size_t source = (bit % bits + bits - copy * 13 % bits) % bits;

    return in.data[source / 8] >> (7 - source % 8) & 1;
}

static size_t least_common_multiple(size_t a, size_t b)
{
    size_t x = a;
    size_t y = b;

    while (y) {
        size_t rest = x % y;

        x = y;
        y = rest;
    }
    return a / x * b;
}

static uint32_t folded_byte(struct bytes in, size_t at)
{
    uint32_t byte = 0;

    for (size_t bit = 0; bit < 8; bit++)
        byte = byte << 1 | (uint32_t)folded_bit(in, at * 8 + bit);
    return byte;
}

void krb_n_fold(struct bytes in, uint8_t *out, size_t out_size)
{
    size_t total = least_common_multiple(in.size, out_size);
    uint32_t carry = 0;

    /* One's-complement sum of all pieces; a carry out of a piece's top goes round to its end. */
    memset(out, 0, out_size);
    for (size_t i = total; i-- > 0;) {
        carry += out[i % out_size] + folded_byte(in, i);
        out[i % out_size] = (uint8_t)carry;
        carry >>= 8;
    }
    for (size_t i = out_size; carry && i-- > 0;) {
        carry += out[i];
        out[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* DK of RFC 3961 5.1 for a block cipher whose key is any bit string. */
static void derive_by_cipher(const uint8_t *key, size_t key_size, struct bytes constant,
                             uint8_t *out)
{
    uint8_t block[AES_CTS_BLOCK];

    if (constant.size == AES_CTS_BLOCK)
        memcpy(block, constant.data, AES_CTS_BLOCK);
    else
        krb_n_fold(constant, block, sizeof(block));
    for (size_t at = 0; at < key_size; at += AES_CTS_BLOCK) {
        aes_block_encrypt(key, key_size, block, block);
        memcpy(out + at, block, AES_CTS_BLOCK);
    }
    sodium_memzero(block, sizeof(block));
}

/* KDF-HMAC-SHA2 of RFC 8009 section 3. */
static void derive_by_hmac(const struct enctype *e, struct bytes key, struct bytes label,
                           uint8_t *out, size_t out_size)
{
    uint8_t first[4];
    uint8_t length[4];
    const uint8_t zero = 0;

    put_be32(first, 1);
    put_be32(length, (uint32_t)(out_size * 8));
    mac_hmac(e->hash, key,
             (struct bytes[]){bytes_of(first, 4), label, bytes_of(&zero, 1), bytes_of(length, 4)},
             4, out, out_size);
}

/* The three keys made from one base key and usage. */
enum purpose { PURPOSE_CHECKSUM = 0x99, PURPOSE_ENCRYPT = 0xaa, PURPOSE_INTEGRITY = 0x55 };

struct subkey {
    size_t size;
    uint8_t bytes[KRB_KEY_MAX];
};

static void derive(const struct enctype *e, const struct krb_key *key, uint32_t usage,
                   enum purpose purpose, struct subkey *out)
{
    uint8_t constant[5];

    put_be32(constant, usage);
    constant[4] = (uint8_t)purpose;
    if (e->profile == PROFILE_SIMPLIFIED) {
        out->size = e->key_size;
        derive_by_cipher(key->bytes, e->key_size, bytes_of(constant, 5), out->bytes);
    } else {
        out->size = purpose == PURPOSE_ENCRYPT ? e->key_size : e->integrity_size;
        derive_by_hmac(e, bytes_of(key->bytes, key->size), bytes_of(constant, 5), out->bytes,
                       out->size);
    }
}

int krb_nt_hash(struct bytes password, uint8_t out[16])
{
    uint8_t wide[2 * PASSWORD_MAX];
    long size = -1;

    if (password.size <= PASSWORD_MAX)
        size = utf8_to_utf16le(password, wide);
    if (size < 0)
        return -1;
    mac_hash(&nettle_md4, (struct bytes[]){bytes_of(wide, (size_t)size)}, 1, out, 16);
    sodium_memzero(wide, sizeof(wide));
    return 0;
}

static int iteration_count(const struct enctype *e, struct bytes params, uint32_t *count)
{
    *count = e->iterations;
    if (params.size == 0)
        return 0;
    if (params.size != 4)
        return -1;
    *count = get_be32(params.data);
    return *count >= e->iterations && *count < ITERATION_MAX ? 0 : -1;
}

/* RFC 3962 section 4. */
static void string_to_key_sha1(const struct enctype *e, struct bytes password, struct bytes salt,
                               uint32_t iterations, struct krb_key *key)
{
    uint8_t seed[KRB_KEY_MAX];

    pbkdf2_hmac_sha1(password.size, password.data, iterations, salt.size, salt.data, e->key_size,
                     seed);
    derive_by_cipher(seed, e->key_size, bytes_of("kerberos", 8), key->bytes);
    sodium_memzero(seed, sizeof(seed));
}

/* RFC 8009 section 4: the salt begins with the enctype's name and a NUL. */
static int string_to_key_sha2(const struct enctype *e, struct bytes password, struct bytes salt,
                              uint32_t iterations, struct krb_key *key)
{
    uint8_t seed[KRB_KEY_MAX];
    uint8_t full_salt[1024];
    size_t name_size = strlen(e->name) + 1;

    if (salt.size > sizeof(full_salt) - name_size)
        return -1;
    memcpy(full_salt, e->name, name_size);
    memcpy(full_salt + name_size, salt.data, salt.size);
    if (e->hash == &nettle_sha256)
        pbkdf2_hmac_sha256(password.size, password.data, iterations, name_size + salt.size,
                           full_salt, e->key_size, seed);
    else
        pbkdf2_hmac_sha384(password.size, password.data, iterations, name_size + salt.size,
                           full_salt, e->key_size, seed);
    derive_by_hmac(e, bytes_of(seed, e->key_size), bytes_of("kerberos", 8), key->bytes,
                   e->key_size);
    sodium_memzero(seed, sizeof(seed));
    return 0;
}

int krb_string_to_key(int32_t enctype, struct bytes password, struct bytes salt,
                      struct bytes params, struct krb_key *key)
{
    const struct enctype *e = find_enctype(enctype);
    uint32_t iterations = 0;

    if (!e || password.size > PASSWORD_MAX)
        return -1;
    memset(key, 0, sizeof(*key));
    key->enctype = enctype;
    key->size = e->key_size;
    if (e->profile == PROFILE_RC4)
        return krb_nt_hash(password, key->bytes);
    if (iteration_count(e, params, &iterations))
        return -1;
    if (e->profile == PROFILE_SHA2)
        return string_to_key_sha2(e, password, salt, iterations, key);
    string_to_key_sha1(e, password, salt, iterations, key);
    return 0;
}

int krb_random_key(int32_t enctype, struct krb_key *key)
{
    const struct enctype *e = find_enctype(enctype);

    if (!e)
        return -1;
    memset(key, 0, sizeof(*key));
    key->enctype = enctype;
    key->size = e->key_size;
    randombytes_buf(key->bytes, key->size);
    return 0;
}

/* RFC 4757 section 3 with the numbers MIT and Windows really use. */
static uint32_t rc4_usage(uint32_t usage)
{
    if (usage == KRB_USAGE_AS_REP)
        return 8;
    return usage == KRB_USAGE_ACCEPTOR_SIGN ? 13 : usage;
}

static void rc4_crypt(const uint8_t key[16], uint8_t *data, size_t size)
{
    struct arcfour_ctx rc4;

    arcfour_set_key(&rc4, 16, key);
    arcfour_crypt(&rc4, size, data, data);
    sodium_memzero(&rc4, sizeof(rc4));
}

static void hmac_md5(const uint8_t key[16], struct bytes data, uint8_t out[16])
{
    mac_hmac(&nettle_md5, bytes_of(key, 16), &data, 1, out, 16);
}

static void rc4_usage_key(const struct krb_key *key, uint32_t usage, uint8_t out[16])
{
    uint8_t salt[4];

    put_le32(salt, rc4_usage(usage));
    hmac_md5(key->bytes, bytes_of(salt, 4), out);
}

/* RFC 4757 section 5: checksum, then confounder and data in place after it. */
static void rc4_seal(const struct krb_key *key, uint32_t usage, uint8_t *out, size_t size)
{
    uint8_t k1[16];
    uint8_t k3[16];

    rc4_usage_key(key, usage, k1);
    hmac_md5(k1, bytes_of(out + 16, size), out);
    hmac_md5(k1, bytes_of(out, 16), k3);
    rc4_crypt(k3, out + 16, size);
    sodium_memzero(k1, sizeof(k1));
    sodium_memzero(k3, sizeof(k3));
}

static void integrity(const struct enctype *e, const struct krb_key *key, uint32_t usage,
                      struct bytes message, uint8_t *out)
{
    static const uint8_t iv[AES_CTS_BLOCK];
    struct subkey ki;

    derive(e, key, usage, PURPOSE_INTEGRITY, &ki);
    if (e->profile == PROFILE_SHA2)
        mac_hmac(e->hash, bytes_of(ki.bytes, ki.size),
                 (struct bytes[]){bytes_of(iv, sizeof(iv)), message}, 2, out, e->checksum_size);
    else
        mac_hmac(e->hash, bytes_of(ki.bytes, ki.size), &message, 1, out, e->checksum_size);
    sodium_memzero(&ki, sizeof(ki));
}

/* data is confounder and plaintext; the checksum goes behind it. */
static void aes_seal(const struct enctype *e, const struct krb_key *key, uint32_t usage,
                     uint8_t *data, size_t size)
{
    struct subkey ke;

    derive(e, key, usage, PURPOSE_ENCRYPT, &ke);
    if (e->profile == PROFILE_SIMPLIFIED)
        integrity(e, key, usage, bytes_of(data, size), data + size);
    aes_cts_encrypt(ke.bytes, ke.size, data, size);
    if (e->profile == PROFILE_SHA2)
        integrity(e, key, usage, bytes_of(data, size), data + size);
    sodium_memzero(&ke, sizeof(ke));
}

int krb_encrypt_with(const struct krb_key *key, uint32_t usage, const uint8_t *confounder,
                     const struct bytes *parts, size_t count, uint8_t *out, size_t *out_size)
{
    const struct enctype *e = enctype_of(key);
    uint8_t *body = NULL;
    size_t at = 0;

    if (!e)
        return -1;
    body = e->profile == PROFILE_RC4 ? out + e->checksum_size : out;
    at = e->confounder_size;
    memcpy(body, confounder, at);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size)
            memcpy(body + at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    if (e->profile == PROFILE_RC4)
        rc4_seal(key, usage, out, at);
    else
        aes_seal(e, key, usage, out, at);
    *out_size = at + e->checksum_size;
    return 0;
}

int krb_encrypt(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                uint8_t *out, size_t *out_size)
{
    uint8_t confounder[KRB_CONFOUNDER_MAX];

    randombytes_buf(confounder, sizeof(confounder));
    return krb_encrypt_with(key, usage, confounder, parts, count, out, out_size);
}

static int rc4_open(const struct krb_key *key, uint32_t usage, struct bytes cipher, uint8_t *out)
{
    uint8_t k1[16];
    uint8_t k3[16];
    uint8_t sum[16];
    size_t size = cipher.size - 16;

    rc4_usage_key(key, usage, k1);
    hmac_md5(k1, bytes_of(cipher.data, 16), k3);
    memcpy(out, cipher.data + 16, size);
    rc4_crypt(k3, out, size);
    hmac_md5(k1, bytes_of(out, size), sum);
    sodium_memzero(k1, sizeof(k1));
    sodium_memzero(k3, sizeof(k3));
    return sodium_memcmp(sum, cipher.data, 16);
}

static int aes_open(const struct enctype *e, const struct krb_key *key, uint32_t usage,
                    struct bytes cipher, uint8_t *out)
{
    struct subkey ke;
    uint8_t sum[KRB_CHECKSUM_MAX];
    size_t size = cipher.size - e->checksum_size;

    if (e->profile == PROFILE_SHA2) {
        integrity(e, key, usage, bytes_of(cipher.data, size), sum);
        if (sodium_memcmp(sum, cipher.data + size, e->checksum_size))
            return -1;
    }
    derive(e, key, usage, PURPOSE_ENCRYPT, &ke);
    memcpy(out, cipher.data, size);
    aes_cts_decrypt(ke.bytes, ke.size, out, size);
    sodium_memzero(&ke, sizeof(ke));
    if (e->profile == PROFILE_SHA2)
        return 0;
    integrity(e, key, usage, bytes_of(out, size), sum);
    return sodium_memcmp(sum, cipher.data + size, e->checksum_size);
}

int krb_decrypt(const struct krb_key *key, uint32_t usage, struct bytes cipher, uint8_t *out,
                size_t *out_size)
{
    const struct enctype *e = enctype_of(key);
    int bad = -1;

    if (!e || cipher.size < krb_overhead(key->enctype))
        return -1;
    if (e->profile == PROFILE_RC4)
        bad = rc4_open(key, usage, cipher, out);
    else
        bad = aes_open(e, key, usage, cipher, out);
    /* Old peers answer under 8 where 9 is due: RFC 4757 numbers, retried as MIT does. */
    if (bad && e->profile == PROFILE_RC4 && usage == KRB_USAGE_TGS_REP_SUBKEY)
        bad = rc4_open(key, KRB_USAGE_TGS_REP_SESSION, cipher, out);
    if (bad) {
        sodium_memzero(out, cipher.size);
        return -1;
    }
    *out_size = cipher.size - krb_overhead(key->enctype);
    memmove(out, out + e->confounder_size, *out_size);
    return 0;
}

/* RFC 4757 section 4. */
static void rc4_checksum(const struct krb_key *key, uint32_t usage, const struct bytes *parts,
                         size_t count, uint8_t out[16])
{
    uint8_t signing[16];
    uint8_t salt[4];
    uint8_t digest[16];
    struct bytes all[8];

    put_le32(salt, rc4_usage(usage));
    all[0] = bytes_of(salt, 4);
    for (size_t i = 0; i < count; i++)
        all[i + 1] = parts[i];
    mac_hash(&nettle_md5, all, count + 1, digest, 16);
    hmac_md5(key->bytes, bytes_of("signaturekey", 13), signing);
    hmac_md5(signing, bytes_of(digest, 16), out);
    sodium_memzero(signing, sizeof(signing));
}

int krb_checksum(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                 uint8_t out[KRB_CHECKSUM_MAX])
{
    const struct enctype *e = enctype_of(key);
    struct subkey kc;

    if (!e || count > 7)
        return -1;
    if (e->profile == PROFILE_RC4) {
        rc4_checksum(key, usage, parts, count, out);
        return 0;
    }
    derive(e, key, usage, PURPOSE_CHECKSUM, &kc);
    mac_hmac(e->hash, bytes_of(kc.bytes, kc.size), parts, count, out, e->checksum_size);
    sodium_memzero(&kc, sizeof(kc));
    return 0;
}

int krb_verify_checksum(const struct krb_key *key, uint32_t usage, const struct bytes *parts,
                        size_t count, struct bytes expected)
{
    uint8_t sum[KRB_CHECKSUM_MAX];

    if (krb_checksum(key, usage, parts, count, sum) ||
        expected.size != krb_checksum_size(key->enctype))
        return -1;
    return sodium_memcmp(sum, expected.data, expected.size) ? -1 : 0;
}
