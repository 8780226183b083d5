/* SPDX-License-Identifier: BSD-2-Clause */
/* A service's side: an AP-REQ is opened with the keytab's key, RFC 4120 3.2.3 and RFC 4121 4.1.1.
 */
#include "operations.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "blob.h"
#include "clock.h"
#include "session.h"

#define SKEW_US        INT64_C(300000000)
#define GSS_MUTUAL     2u
#define GSS_OFFERED    0x3eu
#define FLAG_INVALID   (1u << 24) /* TicketFlags bit 7 */
#define CHECKSUM_TYPE  0x8003
#define CHECKSUM_FIXED 24

struct ap_req {
    struct krb_key session_key;
    char client_realm[DER_NAME_MAX];
    struct der_principal client;
    int64_t starttime, endtime;
    uint32_t ticket_flags;
    /* from the authenticator */
    char auth_realm[DER_NAME_MAX];
    struct der_principal auth_client;
    int64_t ctime, cusec, sequence, checksum_type;
    struct krb_key subkey;
    uint8_t checksum[2048];
    size_t checksum_size;
};

static int parse_ticket_part(asn1_node definitions, struct bytes plain, struct ap_req *q)
{
    asn1_node node = NULL;
    int bad = 0;

    if (der_decode(definitions, "EncTicketPart", plain, &node))
        return -1;
    bad = der_get_flags(node, "flags", &q->ticket_flags) ||
          der_get_key(node, "key", &q->session_key) ||
          der_get_string(node, "crealm", q->client_realm, sizeof(q->client_realm)) ||
          der_get_principal(node, "cname", &q->client) ||
          der_get_time(node, "endtime", &q->endtime) ||
          der_get_time(node, der_present(node, "starttime") ? "starttime" : "authtime",
                       &q->starttime);
    der_free(&node);
    return bad ? -1 : 0;
}

static int parse_authenticator(asn1_node definitions, struct bytes plain, struct ap_req *q)
{
    asn1_node node = NULL;
    int bad = 0;

    if (der_decode(definitions, "Authenticator", plain, &node))
        return -1;
    q->checksum_size = sizeof(q->checksum);
    bad = der_get_string(node, "crealm", q->auth_realm, sizeof(q->auth_realm)) ||
          der_get_principal(node, "cname", &q->auth_client) ||
          der_get_time(node, "ctime", &q->ctime) || der_get_int(node, "cusec", &q->cusec) ||
          der_get_int(node, "cksum.cksumtype", &q->checksum_type) ||
          der_get_bytes(node, "cksum.checksum", q->checksum, &q->checksum_size);
    if (!bad && der_present(node, "subkey.keytype"))
        bad = der_get_key(node, "subkey", &q->subkey);
    if (!bad && der_present(node, "seq-number"))
        bad = der_get_int(node, "seq-number", &q->sequence);
    der_free(&node);
    return bad ? -1 : 0;
}

/* Opens the DER EncryptedData (or the one inside a Ticket) that stands in `der`. */
static lsa_status open_nested(struct call *c, const char *type, const char *prefix,
                              struct bytes der, const struct krb_key *key, uint32_t usage,
                              uint8_t **plain, size_t *size)
{
    asn1_node node = NULL;
    char path[32];
    int64_t enctype = 0;
    uint8_t *cipher = NULL;
    lsa_status status = LSA_OK;

    if (der_decode(c->iso->definitions, type, der, &node))
        return LSA_MALFORMED;
    snprintf(path, sizeof(path), "%setype", prefix);
    if (der_get_int(node, path, &enctype))
        status = LSA_MALFORMED;
    snprintf(path, sizeof(path), "%scipher", prefix);
    if (status == LSA_OK && der_get_alloc(node, path, &cipher, size))
        status = LSA_MALFORMED;
    if (status == LSA_OK && enctype != key->enctype)
        status = fail(c, LSA_MISMATCH, "the ticket is for a key of enctype %d, not %d",
                      (int)enctype, key->enctype);
    if (status == LSA_OK)
        status = open_encrypted(key, usage, bytes_of(cipher, *size), plain, size);
    free(cipher);
    der_free(&node);
    return status;
}

typedef int parse_function(asn1_node definitions, struct bytes plain, struct ap_req *q);

static lsa_status open_and_parse(struct call *c, asn1_node request, const char *field,
                                 const char *type, const struct krb_key *key, uint32_t usage,
                                 parse_function *parse, struct ap_req *q)
{
    uint8_t *der = NULL;
    uint8_t *plain = NULL;
    size_t size = 0;
    lsa_status status = der_get_alloc(request, field, &der, &size) ? LSA_MALFORMED : LSA_OK;

    if (status == LSA_OK)
        status = open_nested(c, type, strcmp(type, "Ticket") ? "" : "enc-part.",
                             bytes_of(der, size), key, usage, &plain, &size);
    free(der);
    if (status)
        return status;
    if (parse(c->iso->definitions, bytes_of(plain, size), q))
        status = LSA_MALFORMED;
    sodium_memzero(plain, size);
    free(plain);
    return status;
}

/* Remembers the authenticator; false if it was seen. Kept inside, so VTL0 cannot rewind it. */
static bool first_time(struct lsaiso *iso, const struct ap_req *q)
{
    uint8_t hash[16];
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    crypto_generichash_update(&state, q->session_key.bytes, q->session_key.size);
    crypto_generichash_update(&state, (const uint8_t *)&q->ctime, sizeof(q->ctime));
    crypto_generichash_update(&state, (const uint8_t *)&q->cusec, sizeof(q->cusec));
    crypto_generichash_final(&state, hash, sizeof(hash));
    for (uint32_t i = 0; i < REPLAY_SLOTS; i++)
        if (memcmp(iso->replay[i], hash, sizeof(hash)) == 0)
            return false;
    memcpy(iso->replay[iso->replay_next++ % REPLAY_SLOTS], hash, sizeof(hash));
    return true;
}

static lsa_status check_request(struct call *c, const struct ap_req *q, const lsa_token *bindings,
                                int64_t now_us)
{
    uint8_t hash[16];
    int64_t behind = now_us - (q->ctime * 1000000 + q->cusec);

    if (strcmp(q->client_realm, q->auth_realm) || !der_principal_equal(&q->client, &q->auth_client))
        return fail(c, LSA_MISMATCH, "ticket and authenticator name different clients");
    if (behind > SKEW_US || behind < -SKEW_US)
        return fail(c, LSA_SKEW, "the client's clock and this one differ by %lld seconds",
                    (long long)(behind / 1000000));
    if (now_us > q->endtime * 1000000 + SKEW_US || now_us < q->starttime * 1000000 - SKEW_US ||
        q->ticket_flags & FLAG_INVALID)
        return fail(c, LSA_EXPIRED, "the client's ticket is not valid now");
    if (q->checksum_type != CHECKSUM_TYPE || q->checksum_size < CHECKSUM_FIXED ||
        get_le32(q->checksum) != 16)
        return fail(c, LSA_POLICY, "the client's request is not a GSS request");
    bindings_hash(bindings, hash);
    if (bindings->lsa_token_len && sodium_memcmp(hash, q->checksum + 4, 16))
        return fail(c, LSA_MISMATCH, "the client speaks on another channel (channel bindings)");
    if (q->session_key.enctype == KRB_RC4 || (q->subkey.size && q->subkey.enctype == KRB_RC4))
        return fail(c, LSA_POLICY, "security contexts under enctype 23 (RC4) are not offered");
    return LSA_OK;
}

static void start_acceptor(struct context *x, const struct ap_req *q)
{
    x->gss_flags = get_le32(q->checksum + 20) & GSS_OFFERED;
    x->krb.session_key = q->session_key;
    x->krb.ctime = q->ctime;
    x->krb.cusec = (uint32_t)q->cusec;
    x->krb.keys.initiator = q->subkey.size ? q->subkey : q->session_key;
    x->krb.keys.receive.next = (uint32_t)q->sequence;
    x->krb.keys.send_sequence = x->krb.keys.receive.next;
    x->kind = CONTEXT_KRB;
    if (x->gss_flags & GSS_MUTUAL) {
        krb_random_key(x->krb.keys.initiator.enctype, &x->krb.keys.acceptor);
        x->krb.keys.has_acceptor_key = 1;
        x->krb.keys.send_sequence = randombytes_random() >> 2;
        x->kind = CONTEXT_KRB_OWES_REPLY;
    }
}

static lsa_status accept_context(struct call *c, const struct session *s, const struct ap_req *q,
                                 int64_t now_us, lsa_verified_ticket *r)
{
    struct context *x = NULL;
    int64_t left = q->endtime - now_us / 1000000;
    lsa_status status = LSA_OK;

    r->client_realm = strdup(q->client_realm);
    if (!r->client_realm || der_principal_to_wire(&q->client, &r->client))
        return LSA_NO_MEMORY;
    status = context_open(c, s, &x);
    if (status)
        return status;
    start_acceptor(x, q);
    left = left < 0 ? 0 : left;
    if (x->expires > clock_monotonic_ms() + (uint64_t)left * 1000)
        x->expires = clock_monotonic_ms() + (uint64_t)left * 1000;
    r->context = x->id;
    r->gss_flags = x->gss_flags;
    r->lifetime = (u_int)left;
    return LSA_OK;
}

lsa_status op_verify_ticket(struct call *c, const lsa_verify_ticket_args *a, lsa_verified_ticket *r)
{
    struct session *s = NULL;
    struct krb_key key;
    struct ap_req q = {0};
    asn1_node request = NULL;
    uint64_t expires = 0;
    int64_t now = clock_real_us() + (int64_t)a->skew * 1000000;
    lsa_status status = session_find(c, a->session, &s);

    if (status == LSA_OK)
        status = blob_open_key(c, s, &a->key, BLOB_ACCEPT_KEY, &key, &expires);
    if (status)
        return status;
    if (der_decode(c->iso->definitions, "AP-REQ", token_bytes(&a->request), &request))
        status = LSA_MALFORMED;
    if (status == LSA_OK)
        status = open_and_parse(c, request, "ticket", "Ticket", &key, KRB_USAGE_TICKET,
                                parse_ticket_part, &q);
    if (status == LSA_OK)
        status = open_and_parse(c, request, "authenticator", "EncryptedData", &q.session_key,
                                KRB_USAGE_AP_REQ_AUTHENTICATOR, parse_authenticator, &q);
    der_free(&request);
    if (status == LSA_OK)
        status = check_request(c, &q, &a->bindings, now);
    if (status == LSA_OK && !first_time(c->iso, &q))
        status = fail(c, LSA_MISMATCH, "this request was seen before: a replay");
    if (status == LSA_OK)
        status = accept_context(c, s, &q, now, r);
    sodium_memzero(&q, sizeof(q));
    sodium_memzero(&key, sizeof(key));
    return status;
}
