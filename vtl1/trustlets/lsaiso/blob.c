/* SPDX-License-Identifier: BSD-2-Clause */
#include "blob.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "clock.h"

#define MAGIC "LSAB"
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG   crypto_aead_xchacha20poly1305_ietf_ABYTES
static_assert(WRAP_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one key size");

/* Bytes in front of the ciphertext, all of them associated data. Never leaves this machine, so
 * its byte order is the CPU's. */
struct blob_header {
    char magic[4];
    uint32_t security_version;
    uint32_t kind;
    int32_t enctype;
    uint64_t expires;
    uint64_t session;
    uint8_t boot[16];
    uint8_t nonce[NONCE];
};
static_assert(sizeof(struct blob_header) == 72, "no padding in associated data");

struct associated {
    struct blob_header header;
    char principal[4 * DER_NAME_MAX];
};

/* -> size of the associated data. */
static size_t associate(struct associated *a, const struct blob_header *h, const struct session *s,
                        const char *name)
{
    int size = 0;

    a->header = *h;
    if (s)
        size = snprintf(a->principal, sizeof(a->principal), "%s/%s@%s", s->client.components[0],
                        s->client.components[1], s->realm);
    else
        size = snprintf(a->principal, sizeof(a->principal), "local:%s", name);
    return sizeof(a->header) + (size_t)size;
}

static const uint8_t *key_for(const struct call *c, const struct session *s)
{
    return s ? s->wrap_key : c->iso->user_key;
}

lsa_status blob_seal(struct call *c, const struct session *s, const char *name,
                     const struct secret *secret, lsa_blob *out)
{
    struct blob_header h = {.security_version = LSAISO_SECURITY_VERSION,
                            .kind = secret->kind,
                            .enctype = secret->enctype,
                            .expires = secret->expires,
                            .session = s ? s->id : 0};
    struct associated a;
    size_t size = sizeof(h) + secret->size + TAG;
    uint8_t *bytes = NULL;

    if (size > LSA_BLOB_MAX)
        return fail(c, LSA_BAD_CALL, "the secret is too long");
    bytes = malloc(size);
    if (!bytes)
        return LSA_NO_MEMORY;
    memcpy(h.magic, MAGIC, sizeof(h.magic));
    memcpy(h.boot, c->iso->boot, sizeof(h.boot));
    randombytes_buf(h.nonce, sizeof(h.nonce));
    memcpy(bytes, &h, sizeof(h));
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + sizeof(h), NULL, secret->bytes, secret->size,
                                               (const uint8_t *)&a, associate(&a, &h, s, name),
                                               NULL, h.nonce, key_for(c, s));
    out->lsa_blob_val = (char *)bytes;
    out->lsa_blob_len = (u_int)size;
    return LSA_OK;
}

static lsa_status check_header(struct call *c, const struct session *s, const struct blob_header *h,
                               uint32_t kind)
{
    if (memcmp(h->magic, MAGIC, sizeof(h->magic)))
        return fail(c, LSA_BLOB_REFUSED, "this is not a sealed key of lsaiso");
    if (memcmp(h->boot, c->iso->boot, sizeof(h->boot)))
        return fail(
            c, LSA_BLOB_REFUSED,
            "the key was sealed by another run of lsaiso and cannot be opened; log on again");
    if (h->security_version != LSAISO_SECURITY_VERSION)
        return fail(c, LSA_BLOB_REFUSED, "the key was sealed under security version %u, not %u",
                    h->security_version, LSAISO_SECURITY_VERSION);
    if (h->session != (s ? s->id : 0))
        return fail(c, LSA_BLOB_REFUSED, "the key belongs to another logon session");
    if (h->kind != kind)
        return fail(c, LSA_USAGE, "the key was not made for this operation");
    if (clock_monotonic_ms() >= h->expires)
        return fail(c, LSA_EXPIRED, "the key has expired; renew the ticket or log on again");
    return LSA_OK;
}

lsa_status blob_open(struct call *c, const struct session *s, const char *name,
                     const lsa_blob *blob, uint32_t kind, struct secret *secret)
{
    struct blob_header h;
    struct associated a;
    unsigned long long size = 0;
    lsa_status status = LSA_OK;

    memset(secret, 0, sizeof(*secret));
    if (blob->lsa_blob_len < sizeof(h) + TAG || blob->lsa_blob_len > LSA_BLOB_MAX)
        return fail(c, LSA_BLOB_REFUSED, "this is not a sealed key of lsaiso");
    memcpy(&h, blob->lsa_blob_val, sizeof(h));
    status = check_header(c, s, &h, kind);
    if (status)
        return status;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            secret->bytes, &size, NULL, (const uint8_t *)blob->lsa_blob_val + sizeof(h),
            blob->lsa_blob_len - sizeof(h), (const uint8_t *)&a, associate(&a, &h, s, name),
            h.nonce, key_for(c, s))) {
        sodium_memzero(secret, sizeof(*secret));
        return fail(c, LSA_BLOB_REFUSED, "the sealed key was altered");
    }
    secret->kind = h.kind;
    secret->enctype = h.enctype;
    secret->expires = h.expires;
    secret->size = (size_t)size;
    return LSA_OK;
}

lsa_status blob_seal_key(struct call *c, const struct session *s, enum blob_kind kind,
                         const struct krb_key *key, uint64_t expires, lsa_blob *out)
{
    struct secret secret = {
        .kind = kind, .enctype = key->enctype, .expires = expires, .size = key->size};
    lsa_status status = LSA_OK;

    memcpy(secret.bytes, key->bytes, key->size);
    status = blob_seal(c, s, NULL, &secret, out);
    sodium_memzero(&secret, sizeof(secret));
    return status;
}

lsa_status blob_open_key(struct call *c, const struct session *s, const lsa_blob *blob,
                         enum blob_kind kind, struct krb_key *key, uint64_t *expires)
{
    struct secret secret;
    lsa_status status = blob_open(c, s, NULL, blob, kind, &secret);

    memset(key, 0, sizeof(*key));
    if (status == LSA_OK)
        status = policy_enctype(c, secret.enctype);
    if (status == LSA_OK && secret.size != krb_key_size(secret.enctype))
        status = LSA_INTERNAL;
    if (status == LSA_OK) {
        key->enctype = secret.enctype;
        key->size = (uint32_t)secret.size;
        memcpy(key->bytes, secret.bytes, secret.size);
        *expires = secret.expires < s->expires ? secret.expires : s->expires;
    }
    sodium_memzero(&secret, sizeof(secret));
    return status;
}
