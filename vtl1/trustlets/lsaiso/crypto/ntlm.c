/* SPDX-License-Identifier: BSD-2-Clause */
#include "ntlm.h"

#include <string.h>

#include <nettle/nettle-meta.h>
#include <sodium.h>

#include "mac.h"
#include "utf.h"

#define NAME_MAX_BYTES 256

int ntlm_owf_v2(const uint8_t nt_hash[NTLM_KEY], struct bytes user, struct bytes domain,
                uint8_t out[NTLM_KEY])
{
    uint8_t wide[4 * NAME_MAX_BYTES];
    long user_size = 0;
    long domain_size = 0;

    if (user.size > NAME_MAX_BYTES || domain.size > NAME_MAX_BYTES)
        return -1;
    user_size = utf8_to_utf16le_upper(user, wide);
    if (user_size < 0)
        return -1;
    domain_size = utf8_to_utf16le(domain, wide + user_size);
    if (domain_size < 0)
        return -1;
    mac_hmac(&nettle_md5, bytes_of(nt_hash, NTLM_KEY),
             (struct bytes[]){bytes_of(wide, (size_t)(user_size + domain_size))}, 1, out, NTLM_KEY);
    return 0;
}

size_t ntlm_response_v2(const uint8_t owf[NTLM_KEY], const uint8_t server_challenge[8],
                        const uint8_t client_challenge[8], uint64_t time, struct bytes av_pairs,
                        uint8_t *out, uint8_t session_key[NTLM_KEY])
{
    uint8_t *temp = out + NTLM_KEY;
    size_t temp_size = NTLM_TEMP_OVERHEAD + av_pairs.size;

    memset(temp, 0, temp_size);
    temp[0] = 1; /* RespType */
    temp[1] = 1; /* HiRespType */
    put_le32(temp + 8, (uint32_t)time);
    put_le32(temp + 12, (uint32_t)(time >> 32));
    memcpy(temp + 16, client_challenge, 8);
    memcpy(temp + 28, av_pairs.data, av_pairs.size);
    mac_hmac(&nettle_md5, bytes_of(owf, NTLM_KEY),
             (struct bytes[]){bytes_of(server_challenge, 8), bytes_of(temp, temp_size)}, 2, out,
             NTLM_KEY);
    mac_hmac(&nettle_md5, bytes_of(owf, NTLM_KEY), (struct bytes[]){bytes_of(out, NTLM_KEY)}, 1,
             session_key, NTLM_KEY);
    return NTLM_KEY + temp_size;
}

void ntlm_encrypt_key(const uint8_t with[NTLM_KEY], const uint8_t key[NTLM_KEY],
                      uint8_t out[NTLM_KEY])
{
    struct arcfour_ctx rc4;

    arcfour_set_key(&rc4, NTLM_KEY, with);
    arcfour_crypt(&rc4, NTLM_KEY, out, key);
    sodium_memzero(&rc4, sizeof(rc4));
}

void ntlm_mic(const uint8_t exported[NTLM_KEY], struct bytes negotiate, struct bytes challenge,
              struct bytes authenticate, uint8_t out[16])
{
    mac_hmac(&nettle_md5, bytes_of(exported, NTLM_KEY),
             (struct bytes[]){negotiate, challenge, authenticate}, 3, out, 16);
}

/* MS-NLMP 3.4.5.2 and 3.4.5.3: the four strings, terminating NUL included. */
static const char *const sign_magic[2] = {
    "session key to server-to-client signing key magic constant",
    "session key to client-to-server signing key magic constant",
};
static const char *const seal_magic[2] = {
    "session key to server-to-client sealing key magic constant",
    "session key to client-to-server sealing key magic constant",
};

static void magic_key(const uint8_t exported[NTLM_KEY], const char *magic, uint8_t out[NTLM_KEY])
{
    mac_hash(&nettle_md5,
             (struct bytes[]){bytes_of(exported, NTLM_KEY), bytes_of(magic, strlen(magic) + 1)}, 2,
             out, NTLM_KEY);
}

void ntlm_direction_init(struct ntlm_direction *d, const uint8_t exported[NTLM_KEY],
                         int from_client, int key_exchange)
{
    uint8_t seal_key[NTLM_KEY];

    memset(d, 0, sizeof(*d));
    magic_key(exported, sign_magic[from_client ? 1 : 0], d->sign_key);
    magic_key(exported, seal_magic[from_client ? 1 : 0], seal_key);
    arcfour_set_key(&d->seal, NTLM_KEY, seal_key);
    d->key_exchange = key_exchange ? 1 : 0;
    sodium_memzero(seal_key, sizeof(seal_key));
}

/* MS-NLMP 3.4.4.2. The digest is taken before RC4's state moves on. */
static void finish_signature(struct ntlm_direction *d, const uint8_t digest[16],
                             uint8_t out[NTLM_SIGNATURE])
{
    put_le32(out, 1);
    memcpy(out + 4, digest, 8);
    if (d->key_exchange)
        arcfour_crypt(&d->seal, 8, out + 4, out + 4);
    put_le32(out + 12, d->sequence++);
}

static void message_digest(const struct ntlm_direction *d, struct bytes message, uint8_t out[16])
{
    uint8_t sequence[4];

    put_le32(sequence, d->sequence);
    mac_hmac(&nettle_md5, bytes_of(d->sign_key, NTLM_KEY),
             (struct bytes[]){bytes_of(sequence, 4), message}, 2, out, 16);
}

void ntlm_sign(struct ntlm_direction *d, struct bytes message, uint8_t out[NTLM_SIGNATURE])
{
    uint8_t digest[16];

    message_digest(d, message, digest);
    finish_signature(d, digest, out);
}

void ntlm_seal(struct ntlm_direction *d, uint8_t *message, size_t size, uint8_t out[NTLM_SIGNATURE])
{
    uint8_t digest[16];

    message_digest(d, bytes_of(message, size), digest);
    arcfour_crypt(&d->seal, size, message, message);
    finish_signature(d, digest, out);
}

int ntlm_verify(struct ntlm_direction *d, struct bytes message,
                const uint8_t signature[NTLM_SIGNATURE])
{
    uint8_t expected[NTLM_SIGNATURE];

    ntlm_sign(d, message, expected);
    return sodium_memcmp(expected, signature, NTLM_SIGNATURE) ? -1 : 0;
}

int ntlm_unseal(struct ntlm_direction *d, uint8_t *message, size_t size,
                const uint8_t signature[NTLM_SIGNATURE])
{
    arcfour_crypt(&d->seal, size, message, message);
    if (ntlm_verify(d, bytes_of(message, size), signature) == 0)
        return 0;
    sodium_memzero(message, size);
    return -1;
}
