/* SPDX-License-Identifier: BSD-2-Clause */
#include "mac.h"

#include <nettle/hmac.h>
#include <nettle/md4.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <sodium.h>

union hash_state {
    struct md4_ctx md4;
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;
    struct sha384_ctx sha384;
};

struct hmac_state {
    union hash_state outer, inner, running;
};

void mac_hmac(const struct nettle_hash *hash, struct bytes key, const struct bytes *parts,
              size_t count, uint8_t *out, size_t out_size)
{
    struct hmac_state s;

    hmac_set_key(&s.outer, &s.inner, &s.running, hash, key.size, key.data);
    for (size_t i = 0; i < count; i++)
        hmac_update(&s.running, hash, parts[i].size, parts[i].data);
    hmac_digest(&s.outer, &s.inner, &s.running, hash, out_size, out);
    sodium_memzero(&s, sizeof(s));
}

void mac_hash(const struct nettle_hash *hash, const struct bytes *parts, size_t count, uint8_t *out,
              size_t out_size)
{
    union hash_state s;

    hash->init(&s);
    for (size_t i = 0; i < count; i++)
        hash->update(&s, parts[i].size, parts[i].data);
    hash->digest(&s, out_size, out);
    sodium_memzero(&s, sizeof(s));
}
