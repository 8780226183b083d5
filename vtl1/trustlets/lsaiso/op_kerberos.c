/* SPDX-License-Identifier: BSD-2-Clause */
/* The client's exchanges with a KDC: RFC 4120 sections 3.1 and 3.3. */
#include "operations.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "audit.h"
#include "blob.h"
#include "clock.h"
#include "session.h"

#define PA_ENC_TIMESTAMP    2

/* KDCOptions, RFC 4120 5.4.1, bit 0 on top. */
#define KDC_FORWARDED       (1u << 29)
#define KDC_PROXY           (1u << 27)
#define KDC_CNAME_IN_ADDL   (1u << 17) /* S4U2proxy */
#define KDC_ENC_TKT_IN_SKEY (1u << 3)

lsa_status pack_encrypted(struct call *c, const struct krb_key *key, uint32_t usage,
                          struct bytes plain, lsa_token *out)
{
    asn1_node node = NULL;
    uint8_t *cipher = malloc(plain.size + KRB_OVERHEAD_MAX);
    uint8_t *der = NULL;
    size_t size = 0;
    int bad = 0;

    bad = !cipher || krb_encrypt(key, usage, &plain, 1, cipher, &size) ||
          der_create(c->iso->definitions, "EncryptedData", &node) ||
          der_put_int(node, "etype", key->enctype) || der_omit(node, "kvno") ||
          der_put_bytes(node, "cipher", cipher, size) || der_encode(node, &der, &size);
    der_free(&node);
    free(cipher);
    if (bad)
        return LSA_INTERNAL;
    out->lsa_token_val = (char *)der;
    out->lsa_token_len = (u_int)size;
    return LSA_OK;
}

lsa_status open_encrypted(const struct krb_key *key, uint32_t usage, struct bytes cipher,
                          uint8_t **plain, size_t *size)
{
    *plain = malloc(cipher.size + 1);
    if (!*plain)
        return LSA_NO_MEMORY;
    if (krb_decrypt(key, usage, cipher, *plain, size) == 0)
        return LSA_OK;
    free(*plain);
    *plain = NULL;
    return LSA_INTEGRITY;
}

/* The client's own key: from its password, or from its keytab. */
static lsa_status open_client_key(struct call *c, const struct session *s, const lsa_blob *blob,
                                  struct krb_key *key)
{
    uint64_t expires = 0;
    lsa_status status = blob_open_key(c, s, blob, BLOB_CLIENT_KEY, key, &expires);

    return status == LSA_USAGE ? blob_open_key(c, s, blob, BLOB_ACCEPT_KEY, key, &expires) : status;
}

static uint32_t new_nonce(struct session *s)
{
    uint32_t oldest = 0;

    for (uint32_t i = 1; i < SESSION_NONCES; i++)
        if (s->as_nonces[i].issued < s->as_nonces[oldest].issued)
            oldest = i;
    /* 31 bits: some peers read it as a signed number. */
    s->as_nonces[oldest].nonce = randombytes_random() >> 1 | 1;
    s->as_nonces[oldest].issued = clock_monotonic_ms();
    return s->as_nonces[oldest].nonce;
}

/* A nonce is good once, and not for long: a stored reply cannot start a key's life anew. */
static bool take_nonce(struct session *s, uint32_t nonce)
{
    uint64_t now = clock_monotonic_ms();

    for (uint32_t i = 0; i < SESSION_NONCES; i++)
        if (s->as_nonces[i].issued && s->as_nonces[i].nonce == nonce &&
            now - s->as_nonces[i].issued < EXCHANGE_MS) {
            memset(&s->as_nonces[i], 0, sizeof(s->as_nonces[i]));
            return true;
        }
    return false;
}

lsa_status op_as_authenticator(struct call *c, const lsa_as_authenticator_args *a,
                               lsa_as_authenticator *r)
{
    struct session *s = NULL;
    struct krb_key key;
    asn1_node node = NULL;
    uint8_t *plain = NULL;
    size_t size = 0;
    int64_t now = clock_real_us() + (int64_t)a->skew * 1000000;
    lsa_status status = session_find(c, a->session, &s);

    if (status == LSA_OK)
        status = open_client_key(c, s, &a->key, &key);
    if (status)
        return status;
    if (der_create(c->iso->definitions, "PA-ENC-TS-ENC", &node) ||
        der_put_time(node, "patimestamp", now / 1000000) ||
        der_put_int(node, "pausec", now % 1000000) || der_encode(node, &plain, &size))
        status = LSA_INTERNAL;
    der_free(&node);
    if (status == LSA_OK)
        status =
            pack_encrypted(c, &key, KRB_USAGE_PA_ENC_TIMESTAMP, bytes_of(plain, size), &r->padata);
    free(plain);
    sodium_memzero(&key, sizeof(key));
    r->padata_type = PA_ENC_TIMESTAMP;
    if (status == LSA_OK) {
        r->nonce = new_nonce(s);
        s->asked = 1;
    }
    return status;
}

/* --- Replies -------------------------------------------------------------------------------------
 */

struct kdc_part {
    struct krb_key key;
    uint32_t nonce;
    uint32_t flags;
    int64_t authtime, starttime, endtime, renew_till, key_expiration;
    char realm[DER_NAME_MAX];
    struct der_principal server;
};

/* 0 also for an absent optional time. */
static int optional_time(asn1_node node, const char *path, int64_t *seconds)
{
    *seconds = 0;
    return der_present(node, path) ? der_get_time(node, path, seconds) : 0;
}

/* MIT writes tag 26 for AS replies too, so either is taken for both (RFC 4120 5.4.2 says 25). */
static int parse_kdc_part(asn1_node definitions, struct bytes plain, struct kdc_part *p)
{
    asn1_node node = NULL;
    int64_t nonce = 0;
    int bad = 0;
    bool as = plain.size && plain.data[0] == (0x60 | LSA_PDU_AS_REP);

    memset(p, 0, sizeof(*p));
    if (der_decode(definitions, as ? "EncASRepPart" : "EncTGSRepPart", plain, &node))
        return -1;
    bad = der_get_key(node, "key", &p->key) || der_get_int(node, "nonce", &nonce) ||
          der_get_flags(node, "flags", &p->flags) || der_get_time(node, "authtime", &p->authtime) ||
          optional_time(node, "starttime", &p->starttime) ||
          der_get_time(node, "endtime", &p->endtime) ||
          optional_time(node, "renew-till", &p->renew_till) ||
          optional_time(node, "key-expiration", &p->key_expiration) ||
          der_get_string(node, "srealm", p->realm, sizeof(p->realm)) ||
          der_get_principal(node, "sname", &p->server);
    der_free(&node);
    p->nonce = (uint32_t)nonce;
    return bad ? -1 : 0;
}

/* Which server was asked for, in few bytes. */
static void name_hash(const struct der_principal *p, uint8_t out[16])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, 16);
    for (uint32_t i = 0; i < p->count; i++)
        crypto_generichash_update(&state, (const uint8_t *)p->components[i],
                                  strlen(p->components[i]) + 1);
    crypto_generichash_final(&state, out, 16);
}

static bool is_tgt(const struct der_principal *server)
{
    return server->count == 2 && strcmp(server->components[0], "krbtgt") == 0;
}

/* When the key ends by our clock: its life by the KDC's clock counts from now. */
static uint64_t expiry_of(const struct session *s, const struct kdc_part *p, uint64_t limit)
{
    int64_t start = p->starttime ? p->starttime : p->authtime;
    int64_t life = p->endtime > start ? p->endtime - start : 0;
    uint64_t expires = clock_monotonic_ms();

    expires += life > 365 * 86400 ? UINT64_C(365) * 86400 * 1000 : (uint64_t)life * 1000;
    if (expires > limit)
        expires = limit;
    return expires < s->expires ? expires : s->expires;
}

static lsa_status give_part(struct call *c, const struct session *s, const struct kdc_part *p,
                            uint64_t limit, lsa_kdc_reply *r)
{
    lsa_status status = policy_enctype(c, p->key.enctype);

    if (status)
        return status;
    r->enctype = p->key.enctype;
    r->flags = p->flags;
    r->authtime = p->authtime;
    r->starttime = p->starttime;
    r->endtime = p->endtime;
    r->renew_till = p->renew_till;
    r->key_expiration = p->key_expiration;
    r->server_realm = strdup(p->realm);
    if (!r->server_realm || der_principal_to_wire(&p->server, &r->server))
        return LSA_NO_MEMORY;
    return blob_seal_key(c, s, is_tgt(&p->server) ? BLOB_TGT_KEY : BLOB_SERVICE_KEY, &p->key,
                         expiry_of(s, p, limit), &r->session_key);
}

/* Decrypts and parses; *p is to be wiped by the caller. */
static lsa_status open_part(struct call *c, const struct krb_key *key, uint32_t usage,
                            const lsa_token *cipher, struct kdc_part *p)
{
    uint8_t *plain = NULL;
    size_t size = 0;
    lsa_status status = open_encrypted(key, usage, token_bytes(cipher), &plain, &size);

    if (status == LSA_INTEGRITY)
        return fail(c, status, "the KDC's reply does not decrypt: wrong password, or not from it");
    if (status)
        return status;
    if (parse_kdc_part(c->iso->definitions, bytes_of(plain, size), p))
        status = fail(c, LSA_MALFORMED, "the KDC's reply does not parse");
    sodium_memzero(plain, size);
    free(plain);
    return status;
}

static lsa_status unpack_as(struct call *c, struct session *s, const lsa_unpack_args *a,
                            lsa_kdc_reply *r)
{
    struct krb_key key;
    struct kdc_part part;
    lsa_status status = open_client_key(c, s, &a->key, &key);

    if (status == LSA_OK && key.enctype != a->enctype)
        status = fail(c, LSA_MISMATCH, "the reply is encrypted in enctype %d, the key is %d",
                      a->enctype, key.enctype);
    if (status == LSA_OK)
        status = open_part(c, &key, KRB_USAGE_AS_REP, &a->cipher, &part);
    sodium_memzero(&key, sizeof(key));
    if (status)
        return status;
    if (strcmp(part.realm, s->realm))
        status = fail(c, LSA_MISMATCH, "the KDC answered for realm %s", part.realm);
    else if (!take_nonce(s, part.nonce))
        status = fail(c, LSA_MISMATCH, "the KDC's reply answers another request, or an old one");
    else
        status = give_part(c, s, &part, s->expires, r);
    if (status == LSA_OK && !s->proved) {
        s->proved = 1;
        audit_report(c, "logon");
    }
    sodium_memzero(&part, sizeof(part));
    return status;
}

static lsa_status unpack_tgs(struct call *c, struct session *s, const lsa_unpack_args *a,
                             lsa_kdc_reply *r)
{
    struct exchange *e = session_exchange(s, a->exchange);
    struct kdc_part part;
    uint8_t name[16];
    lsa_status status = LSA_OK;

    if (!e || !e->authenticated)
        return fail(c, LSA_MISMATCH, "no such request to a KDC is open");
    if (e->subkey.enctype != a->enctype)
        return fail(c, LSA_MISMATCH, "the reply is not encrypted under the request's subkey");
    status = open_part(c, &e->subkey, KRB_USAGE_TGS_REP_SUBKEY, &a->cipher, &part);
    if (status)
        return status;
    name_hash(&part.server, name);
    /* A referral to another realm is a ticket-granting ticket instead of what was asked. */
    if (part.nonce != e->nonce || (memcmp(name, e->server, sizeof(name)) && !is_tgt(&part.server)))
        status = fail(c, LSA_MISMATCH, "the KDC answered for %s, which was not asked",
                      part.server.components[0]);
    else
        status = give_part(c, s, &part, is_tgt(&part.server) ? s->expires : e->key_expires, r);
    sodium_memzero(&part, sizeof(part));
    sodium_memzero(e, sizeof(*e));
    return status;
}

lsa_status op_unpack_reply(struct call *c, const lsa_unpack_args *a, lsa_kdc_reply *r)
{
    struct session *s = NULL;
    lsa_status status = session_find(c, a->session, &s);

    if (status)
        return status;
    return a->pdu == LSA_PDU_AS_REP ? unpack_as(c, s, a, r) : unpack_tgs(c, s, a, r);
}

/* --- Ticket-granting requests --------------------------------------------------------------------
 */

/* What the request asks for is read here, so that a stolen session cannot ask for more than a
 * ticket of its own: no forwarding or proxying, no second tickets, no enctype against policy. */
static lsa_status check_body(struct call *c, struct bytes body, uint32_t *nonce,
                             struct der_principal *server)
{
    asn1_node node = NULL;
    uint32_t options = 0;
    int64_t number = 0;
    int enctypes = 0;
    lsa_status status = LSA_OK;

    if (der_decode(c->iso->definitions, "KDC-REQ-BODY", body, &node))
        return fail(c, LSA_MALFORMED, "the request's body does not parse");
    if (der_get_flags(node, "kdc-options", &options) || der_get_int(node, "nonce", &number) ||
        der_get_principal(node, "sname", server) ||
        asn1_number_of_elements(node, "etype", &enctypes) != ASN1_SUCCESS)
        status = fail(c, LSA_MALFORMED, "the request's body lacks a field");
    else if (options & (KDC_FORWARDED | KDC_PROXY | KDC_ENC_TKT_IN_SKEY | KDC_CNAME_IN_ADDL) ||
             der_present(node, "additional-tickets.?1"))
        status =
            fail(c, LSA_POLICY,
                 "delegation is refused: a ticket-granting ticket does not leave this machine");
    *nonce = (uint32_t)number;
    for (int i = 1; status == LSA_OK && i <= enctypes; i++) {
        char path[24];

        snprintf(path, sizeof(path), "etype.?%d", i);
        status =
            der_get_int(node, path, &number) ? LSA_MALFORMED : policy_enctype(c, (int32_t)number);
    }
    der_free(&node);
    return status;
}

lsa_status op_tgs_checksum(struct call *c, const lsa_tgs_checksum_args *a, lsa_tgs_checksum *r)
{
    struct session *s = NULL;
    struct exchange *e = NULL;
    struct krb_key key;
    uint64_t expires = 0;
    uint32_t nonce = 0;
    struct der_principal server;
    struct bytes body = token_bytes(&a->body);
    lsa_status status = session_find(c, a->session, &s);

    if (status == LSA_OK)
        status = blob_open_key(c, s, &a->key, BLOB_TGT_KEY, &key, &expires);
    if (status == LSA_OK)
        status = check_body(c, body, &nonce, &server);
    if (status)
        return status;
    r->checksum.checksum_val = calloc(1, KRB_CHECKSUM_MAX);
    if (!r->checksum.checksum_val)
        return LSA_NO_MEMORY;
    e = session_new_exchange(s);
    e->tgt_key = key;
    e->nonce = nonce;
    name_hash(&server, e->server);
    e->key_expires = expires;
    krb_random_key(key.enctype, &e->subkey);
    krb_checksum(&key, KRB_USAGE_TGS_REQ_CHECKSUM, &body, 1, e->checksum);
    r->exchange = e->id;
    r->checksum_type = krb_checksum_type(key.enctype);
    r->checksum.checksum_len = (u_int)krb_checksum_size(key.enctype);
    memcpy(r->checksum.checksum_val, e->checksum, r->checksum.checksum_len);
    sodium_memzero(&key, sizeof(key));
    return LSA_OK;
}
