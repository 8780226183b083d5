/* SPDX-License-Identifier: BSD-2-Clause */
/* AP-REQ, AP-REP and what follows: RFC 4120 section 3.2, RFC 4121 section 4.1. */
#include "operations.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/md5.h>
#include <sodium.h>

#include "blob.h"
#include "clock.h"
#include "crypto/mac.h"
#include "session.h"

#define GSS_CHECKSUM_TYPE 0x8003
#define GSS_CHECKSUM_SIZE 24
#define GSS_DELEG         1u
#define GSS_MUTUAL        2u
/* mutual, replay, sequence, confidentiality, integrity: what a context here can do */
#define GSS_OFFERED       0x3eu

/* What goes into an Authenticator, and comes out of one. */
struct authenticator {
    char realm[DER_NAME_MAX];
    struct der_principal client;
    int64_t checksum_type; /* 0: none */
    uint8_t checksum[256];
    size_t checksum_size;
    int64_t ctime;
    uint32_t cusec;
    struct krb_key subkey; /* size 0: none */
    uint32_t sequence;
    bool has_sequence;
};

void bindings_hash(const lsa_token *bindings, uint8_t out[16])
{
    memset(out, 0, 16);
    if (bindings->lsa_token_len)
        mac_hash(&nettle_md5, (struct bytes[]){token_bytes(bindings)}, 1, out, 16);
}

lsa_status own_context(struct call *c, uint64_t id, struct context **x)
{
    lsa_status status = context_find(c, id, x);

    if (status)
        return status;
    /* A wrong owner learns no more than that there is nothing for it. */
    return (*x)->owner == c->uid ? LSA_OK : LSA_NO_CONTEXT;
}

static int build_optional(asn1_node node, const struct authenticator *in)
{
    if (in->checksum_type == 0
            ? der_omit(node, "cksum")
            : der_put_int(node, "cksum.cksumtype", in->checksum_type) ||
                  der_put_bytes(node, "cksum.checksum", in->checksum, in->checksum_size))
        return -1;
    if (in->subkey.size ? der_put_key(node, "subkey", &in->subkey) : der_omit(node, "subkey"))
        return -1;
    if (in->has_sequence ? der_put_int(node, "seq-number", in->sequence)
                         : der_omit(node, "seq-number"))
        return -1;
    return der_omit(node, "authorization-data");
}

static lsa_status build_authenticator(struct call *c, const struct authenticator *in,
                                      const struct krb_key *key, uint32_t usage, lsa_token *out)
{
    asn1_node node = NULL;
    uint8_t *plain = NULL;
    size_t size = 0;
    lsa_status status = LSA_OK;

    if (der_create(c->iso->definitions, "Authenticator", &node) ||
        der_put_int(node, "authenticator-vno", 5) || der_put_string(node, "crealm", in->realm) ||
        der_put_principal(node, "cname", &in->client) || der_put_int(node, "cusec", in->cusec) ||
        der_put_time(node, "ctime", in->ctime) || build_optional(node, in) ||
        der_encode(node, &plain, &size))
        status = LSA_INTERNAL;
    der_free(&node);
    if (status == LSA_OK)
        status = pack_encrypted(c, key, usage, bytes_of(plain, size), out);
    if (plain)
        sodium_memzero(plain, size);
    free(plain);
    return status;
}

static void start_authenticator(struct authenticator *auth, const struct session *s, int32_t skew)
{
    int64_t now = clock_real_us() + (int64_t)skew * 1000000;

    memset(auth, 0, sizeof(*auth));
    strcpy(auth->realm, s->realm);
    auth->client = s->client;
    auth->ctime = now / 1000000;
    auth->cusec = (uint32_t)(now % 1000000);
}

/* For PA-TGS-REQ: the checksum is the one computed over the body that was checked. */
static lsa_status tgs_authenticator(struct call *c, struct session *s, const lsa_ap_request_args *a,
                                    lsa_ap_request *r)
{
    struct exchange *e = session_exchange(s, a->exchange);
    struct authenticator auth;
    lsa_status status = LSA_OK;

    if (!e || e->authenticated)
        return fail(c, LSA_MISMATCH, "no such request to a KDC is open");
    start_authenticator(&auth, s, a->skew);
    auth.checksum_type = krb_checksum_type(e->tgt_key.enctype);
    auth.checksum_size = krb_checksum_size(e->tgt_key.enctype);
    memcpy(auth.checksum, e->checksum, auth.checksum_size);
    auth.subkey = e->subkey;
    status = build_authenticator(c, &auth, &e->tgt_key, KRB_USAGE_TGS_REQ_AUTHENTICATOR,
                                 &r->authenticator);
    if (status == LSA_OK) {
        sodium_memzero(&e->tgt_key, sizeof(e->tgt_key));
        e->authenticated = 1;
    }
    sodium_memzero(&auth, sizeof(auth));
    return status;
}

/* RFC 4121 4.1.1. */
static void gss_checksum(struct authenticator *auth, uint32_t flags, const lsa_token *bindings)
{
    auth->checksum_type = GSS_CHECKSUM_TYPE;
    auth->checksum_size = GSS_CHECKSUM_SIZE;
    put_le32(auth->checksum, 16);
    bindings_hash(bindings, auth->checksum + 4);
    put_le32(auth->checksum + 20, flags);
}

static void start_initiator(struct context *x, const struct authenticator *auth,
                            const struct krb_key *key, uint32_t flags)
{
    x->gss_flags = flags;
    x->kind = flags & GSS_MUTUAL ? CONTEXT_KRB_WAITS_REPLY : CONTEXT_KRB;
    x->krb.session_key = *key;
    x->krb.ctime = auth->ctime;
    x->krb.cusec = auth->cusec;
    x->krb.keys.initiator = auth->subkey;
    x->krb.keys.is_initiator = 1;
    x->krb.keys.send_sequence = auth->sequence;
    x->krb.keys.receive.next = auth->sequence;
}

static lsa_status service_authenticator(struct call *c, struct session *s,
                                        const lsa_ap_request_args *a, lsa_ap_request *r)
{
    struct krb_key key;
    struct authenticator auth;
    struct context *x = NULL;
    uint64_t expires = 0;
    uint32_t flags = a->gss_flags & GSS_OFFERED;
    lsa_status status = LSA_OK;

    if (a->gss_flags & GSS_DELEG)
        return fail(c, LSA_POLICY,
                    "delegation is refused: a ticket-granting ticket does not leave this machine");
    status = blob_open_key(c, s, &a->key, BLOB_SERVICE_KEY, &key, &expires);
    if (status)
        return status;
    if (key.enctype == KRB_RC4)
        return fail(c, LSA_POLICY, "security contexts under enctype 23 (RC4) are not offered");
    start_authenticator(&auth, s, a->skew);
    gss_checksum(&auth, flags, &a->bindings);
    krb_random_key(key.enctype, &auth.subkey);
    auth.sequence = randombytes_random() >> 2;
    auth.has_sequence = true;
    status = build_authenticator(c, &auth, &key, KRB_USAGE_AP_REQ_AUTHENTICATOR, &r->authenticator);
    if (status == LSA_OK)
        status = context_open(c, s, &x);
    if (status == LSA_OK) {
        start_initiator(x, &auth, &key, flags);
        x->expires = expires;
        r->context = x->id;
    }
    sodium_memzero(&auth, sizeof(auth));
    sodium_memzero(&key, sizeof(key));
    return status;
}

lsa_status op_ap_request(struct call *c, const lsa_ap_request_args *a, lsa_ap_request *r)
{
    struct session *s = NULL;
    lsa_status status = session_find(c, a->session, &s);

    if (status)
        return status;
    return a->purpose == LSA_AP_TGS ? tgs_authenticator(c, s, a, r)
                                    : service_authenticator(c, s, a, r);
}

/* --- The AP-REP, from either end -----------------------------------------------------------------
 */

struct ap_rep_part {
    int64_t ctime;
    int64_t cusec;
    struct krb_key subkey;
    int64_t sequence;
};

static int parse_ap_rep_part(asn1_node definitions, struct bytes plain, struct ap_rep_part *p)
{
    asn1_node node = NULL;
    int bad = 0;

    memset(p, 0, sizeof(*p));
    if (der_decode(definitions, "EncAPRepPart", plain, &node))
        return -1;
    bad = der_get_time(node, "ctime", &p->ctime) || der_get_int(node, "cusec", &p->cusec);
    if (!bad && der_present(node, "subkey.keytype"))
        bad = der_get_key(node, "subkey", &p->subkey);
    if (!bad && der_present(node, "seq-number"))
        bad = der_get_int(node, "seq-number", &p->sequence);
    der_free(&node);
    return bad ? -1 : 0;
}

/* The encrypted part of a message `type`; fresh memory. */
static int encrypted_field(asn1_node node, const char *path, int32_t enctype, uint8_t **cipher,
                           size_t *size)
{
    char at[64];
    int64_t got = 0;

    snprintf(at, sizeof(at), "%setype", path);
    if (der_get_int(node, at, &got) || got != enctype)
        return -1;
    snprintf(at, sizeof(at), "%scipher", path);
    return der_get_alloc(node, at, cipher, size);
}

static lsa_status open_ap_rep(struct call *c, const struct krb_key *key, struct bytes reply,
                              struct ap_rep_part *part)
{
    asn1_node node = NULL;
    uint8_t *cipher = NULL;
    uint8_t *plain = NULL;
    size_t size = 0;
    lsa_status status = LSA_OK;

    if (der_decode(c->iso->definitions, "AP-REP", reply, &node) ||
        encrypted_field(node, "enc-part.", key->enctype, &cipher, &size))
        status = fail(c, LSA_MALFORMED, "the service's reply does not parse");
    der_free(&node);
    if (status == LSA_OK)
        status = open_encrypted(key, KRB_USAGE_AP_REP, bytes_of(cipher, size), &plain, &size);
    free(cipher);
    if (status == LSA_INTEGRITY)
        return fail(c, status, "the service's reply does not verify");
    if (status)
        return status;
    if (parse_ap_rep_part(c->iso->definitions, bytes_of(plain, size), part))
        status = fail(c, LSA_MALFORMED, "the service's reply does not parse");
    sodium_memzero(plain, size);
    free(plain);
    return status;
}

static void context_info(const struct context *x, lsa_context_info *r)
{
    uint64_t now = clock_monotonic_ms();

    r->gss_flags = x->gss_flags;
    r->lifetime = (u_int)(x->expires > now ? (x->expires - now) / 1000 : 0);
    r->open = x->kind == CONTEXT_KRB || x->kind == CONTEXT_NTLM;
}

lsa_status op_ap_reply(struct call *c, const lsa_ap_reply_args *a, lsa_context_info *r)
{
    struct context *x = NULL;
    struct ap_rep_part part;
    lsa_status status = context_find(c, a->context, &x);

    /* lsassd carries the token for the owner, so either may call. */
    if (status == LSA_OK && x->owner != c->uid && c->uid != c->iso->manager)
        status = LSA_NO_CONTEXT;
    if (status)
        return status;
    if (x->kind != CONTEXT_KRB_WAITS_REPLY)
        return fail(c, LSA_MISMATCH, "this context does not wait for a reply");
    status = open_ap_rep(c, &x->krb.session_key, token_bytes(&a->reply), &part);
    if (status == LSA_OK && (part.ctime != x->krb.ctime || part.cusec != x->krb.cusec))
        status = fail(c, LSA_MISMATCH, "the service answered another request: it is not genuine");
    if (status == LSA_OK && part.subkey.size && part.subkey.enctype == KRB_RC4)
        status = fail(c, LSA_POLICY, "the service chose enctype 23 (RC4), which is not offered");
    if (status == LSA_OK) {
        if (part.subkey.size) {
            x->krb.keys.acceptor = part.subkey;
            x->krb.keys.has_acceptor_key = 1;
        }
        x->krb.keys.receive.next = (uint32_t)part.sequence;
        x->kind = CONTEXT_KRB;
        sodium_memzero(&x->krb.session_key, sizeof(x->krb.session_key));
        context_info(x, r);
    }
    sodium_memzero(&part, sizeof(part));
    return status;
}

/* The encrypted part of our AP-REP in fresh memory: ctime and cusec say which request it answers.
 */
static int build_ap_rep_part(struct call *c, const struct context *x, uint8_t **cipher,
                             size_t *size)
{
    asn1_node node = NULL;
    uint8_t *plain = NULL;
    size_t plain_size = 0;
    int bad = 0;

    bad = der_create(c->iso->definitions, "EncAPRepPart", &node) ||
          der_put_time(node, "ctime", x->krb.ctime) || der_put_int(node, "cusec", x->krb.cusec) ||
          der_put_key(node, "subkey", &x->krb.keys.acceptor) ||
          der_put_int(node, "seq-number", (int64_t)x->krb.keys.send_sequence) ||
          der_encode(node, &plain, &plain_size);
    der_free(&node);
    if (bad)
        return -1;
    *cipher = malloc(plain_size + KRB_OVERHEAD_MAX);
    bad = !*cipher || krb_encrypt(&x->krb.session_key, KRB_USAGE_AP_REP,
                                  (struct bytes[]){bytes_of(plain, plain_size)}, 1, *cipher, size);
    sodium_memzero(plain, plain_size);
    free(plain);
    return bad ? -1 : 0;
}

lsa_status op_pack_reply(struct call *c, const lsa_context *a, lsa_token_result *r)
{
    struct context *x = NULL;
    asn1_node node = NULL;
    uint8_t *cipher = NULL;
    uint8_t *der = NULL;
    size_t size = 0;
    int bad = 0;
    lsa_status status = context_find(c, a->context, &x);

    if (status)
        return status;
    if (x->kind != CONTEXT_KRB_OWES_REPLY)
        return fail(c, LSA_MISMATCH, "this context owes no reply");
    bad = build_ap_rep_part(c, x, &cipher, &size) ||
          der_create(c->iso->definitions, "AP-REP", &node) || der_put_int(node, "pvno", 5) ||
          der_put_int(node, "msg-type", 15) ||
          der_put_int(node, "enc-part.etype", x->krb.session_key.enctype) ||
          der_omit(node, "enc-part.kvno") || der_put_bytes(node, "enc-part.cipher", cipher, size) ||
          der_encode(node, &der, &size);
    der_free(&node);
    free(cipher);
    if (bad)
        return LSA_INTERNAL;
    x->kind = CONTEXT_KRB;
    sodium_memzero(&x->krb.session_key, sizeof(x->krb.session_key));
    r->token.lsa_token_val = (char *)der;
    r->token.lsa_token_len = (u_int)size;
    return LSA_OK;
}

lsa_status op_inquire(struct call *c, const lsa_context *a, lsa_context_info *r)
{
    struct context *x = NULL;
    lsa_status status = own_context(c, a->context, &x);

    if (status == LSA_OK)
        context_info(x, r);
    return status;
}

lsa_status op_delete(struct call *c, const lsa_context *a, lsa_nothing *r)
{
    struct context *x = NULL;
    lsa_status status = own_context(c, a->context, &x);

    (void)r;
    if (status == LSA_OK)
        context_destroy(c->iso, x);
    return status;
}
