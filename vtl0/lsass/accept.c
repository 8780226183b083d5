/* SPDX-License-Identifier: BSD-2-Clause */
/* Security contexts for servers: the keytab's keys are lsaiso's, from `lsa logon --keytab` on. */
#include "lsassd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GSS_MUTUAL   2u
#define TOKEN_AP_REQ 0x0100
#define TOKEN_AP_REP 0x0200
#define SESSIONS     1024

typedef bool accept_match(const struct entry *e, const void *wish);

/* Newest first, and the caller's own only: root's services do not answer with other users' keys. */
static struct entry *find(struct work *w, accept_match *match, const void *wish)
{
    uint64_t ids[SESSIONS];
    size_t count = store_ids(&w->d->store, w->uid, ids, SESSIONS);

    for (size_t i = 0; i < count; i++) {
        struct entry *e = store_get(&w->d->store, ids[i], w->uid);

        if (!e)
            continue;
        if (e->uid == w->uid && e->state == LSA_ACTIVE && e->by_keytab && match(e, wish))
            return e;
        store_put(&w->d->store, e);
    }
    return NULL;
}

static bool has_name(const struct entry *e, const void *wish)
{
    const char *name = wish;
    size_t size = strlen(name);

    return !strncmp(e->name, name, size) && (size == 0 || !e->name[size] || e->name[size] == '@');
}

static bool is_target(const struct entry *e, const void *wish)
{
    const struct ap_target *t = wish;

    return der_principal_equal(&e->client, &t->server) && !strcmp(e->realm, t->realm);
}

struct entry *acceptor_named(struct work *w, const char *name)
{
    struct entry *e = find(w, has_name, name);

    if (!e)
        say(w, LSA_NO_CREDENTIAL,
            "no service %s%sis logged on here; start with: lsa logon SERVICE/HOST --keytab FILE",
            name, *name ? " " : "");
    else
        snprintf(w->about, sizeof(w->about), "%s", e->name);
    return e;
}

/* The sealed key that the ticket is under. */
static lsa_status key_for(struct work *w, const struct entry *e, const struct ap_target *t,
                          lsa_blob *key)
{
    for (int i = 0; i < STORE_KEYS; i++)
        if (e->keys[i].blob.lsa_blob_val && e->keys[i].enctype == t->enctype) {
            *key = e->keys[i].blob;
            return LSA_OK;
        }
    return say(w, LSA_NO_CREDENTIAL, "the keytab of %s has no key of enctype %d", e->name,
               t->enctype);
}

/* The AP-REP, framed. A context that owes one is of no use until it is made. */
static lsa_status pack_reply(struct work *w, uint64_t context, lsa_token *out)
{
    lsa_context args = {.context = context};
    lsa_token_result reply;
    uint8_t *framed = NULL;
    size_t size = 0;
    lsa_status status = ISO(w, PackApReply, lsa_context, &args, lsa_token_result, &reply);

    if (status == LSA_OK &&
        message_frame(TOKEN_AP_REP, bytes_of(reply.token.lsa_token_val, reply.token.lsa_token_len),
                      &framed, &size))
        status = LSA_NO_MEMORY;
    FREE(lsa_token_result, &reply);
    out->lsa_token_val = (char *)framed;
    out->lsa_token_len = (u_int)size;
    return status;
}

static lsa_status describe(const struct entry *e, const lsa_verified_ticket *v, lsa_accepted *r)
{
    struct der_principal client;
    char name[2 * DER_NAME_MAX];

    if (der_principal_from_wire(&v->client, &client))
        return LSA_INTERNAL;
    principal_print(&client, v->client_realm, name, sizeof(name));
    r->context = v->context;
    r->gss_flags = v->gss_flags;
    r->lifetime = v->lifetime;
    r->client = strdup(name);
    r->server = strdup(e->name);
    return r->client && r->server ? LSA_OK : LSA_NO_MEMORY;
}

static lsa_status verify(struct work *w, const struct entry *e, const lsa_blob *key,
                         struct bytes request, const lsa_token *bindings, lsa_accepted *r)
{
    lsa_verify_ticket_args args = {
        .session = e->session, .key = *key, .bindings = *bindings, .skew = e->skew};
    lsa_verified_ticket verified;
    lsa_status status = LSA_OK;

    args.request.lsa_token_val = (char *)(uintptr_t)request.data;
    args.request.lsa_token_len = (u_int)request.size;
    status =
        ISO(w, VerifyServiceTicket, lsa_verify_ticket_args, &args, lsa_verified_ticket, &verified);
    if (status == LSA_OK)
        status = describe(e, &verified, r);
    if (status == LSA_OK && r->gss_flags & GSS_MUTUAL)
        status = pack_reply(w, r->context, &r->token);
    FREE(lsa_verified_ticket, &verified);
    return status;
}

lsa_status serve_accept_context(struct work *w, lsa_accept_args *a, lsa_accepted *r)
{
    struct ap_target target;
    struct entry *e = NULL;
    struct bytes inner;
    lsa_blob key = {0};
    uint16_t id = 0;
    char name[2 * DER_NAME_MAX];
    lsa_status status = LSA_OK;

    if (message_unframe(bytes_of(a->token.lsa_token_val, a->token.lsa_token_len), &id, &inner) ||
        id != TOKEN_AP_REQ || message_ap_target(w->d->definitions, inner, &target))
        return say(w, LSA_MALFORMED, "the client's token is not a Kerberos request");
    e = find(w, is_target, &target);
    principal_print(&target.server, target.realm, name, sizeof(name));
    snprintf(w->about, sizeof(w->about), "%s", name);
    if (!e)
        return say(w, LSA_NO_CREDENTIAL,
                   "the client's ticket is for %.200s, which is not logged on here; start with: "
                   "lsa logon SERVICE/HOST --keytab FILE",
                   name);
    status = key_for(w, e, &target, &key);
    if (status == LSA_OK)
        status = verify(w, e, &key, inner, &a->bindings, r);
    store_put(&w->d->store, e);
    return status;
}
