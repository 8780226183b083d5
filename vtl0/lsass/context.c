/* SPDX-License-Identifier: BSD-2-Clause */
/* Security contexts for programs: Kerberos for GSSAPI, and NTLM. Keys and messages are lsaiso's. */
#include "lsassd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GSS_DELEG    1u
#define GSS_MUTUAL   2u
#define TOKEN_AP_REQ 0x0100
#define TOKEN_AP_REP 0x0200
#define TOKEN_ERROR  0x0300
#define NT_SRV_HST   3
#define RENEW_LEFT_S 300

static struct entry *active(struct work *w)
{
    struct entry *e = store_get(&w->d->store, 0, w->uid);

    if (!e)
        say(w, LSA_NO_CREDENTIAL,
            "nobody is logged on here (or the session is locked); start "
            "with: lsa logon USER@REALM");
    else
        snprintf(w->about, sizeof(w->about), "%s", e->name);
    return e;
}

static struct ticket *find_tgt(struct entry *e)
{
    for (int i = 0; i < STORE_TICKETS; i++)
        if (e->tickets[i].der && !strcmp(e->tickets[i].server.components[0], "krbtgt") &&
            !strcmp(e->tickets[i].server.components[1], e->realm))
            return &e->tickets[i];
    return NULL;
}

lsa_status serve_credential(struct work *w, lsa_credential_args *a, lsa_credential *r)
{
    struct entry *e = a->accept ? acceptor_named(w, a->name) : active(w);
    const struct ticket *tgt = NULL;

    if (!e)
        return LSA_NO_CREDENTIAL;
    tgt = find_tgt(e);
    r->principal = strdup(e->name);
    r->id = e->id;
    if (tgt && tgt->endtime > entry_now(e))
        r->lifetime = (u_int)(tgt->endtime - entry_now(e));
    store_put(&w->d->store, e);
    return r->principal ? LSA_OK : LSA_NO_MEMORY;
}

/* "service/host" or "service@host", perhaps with a realm behind another '@'. */
static lsa_status parse_server(struct work *w, const char *text, const struct entry *e,
                               struct der_principal *server, char realm[DER_NAME_MAX])
{
    char name[LSA_NAME_MAX + 1];
    char *at = NULL;

    snprintf(name, sizeof(name), "%s", text);
    if (!strchr(name, '/') && strchr(name, '@'))
        *strchr(name, '@') = '/';
    at = strchr(name, '@');
    snprintf(realm, DER_NAME_MAX, "%s", at && at[1] ? at + 1 : e->realm);
    if (at)
        *at = '\0';
    if (principal_parse(name, NT_SRV_HST, server))
        return say(w, LSA_BAD_NAME, "\"%s\" is not a service; it is written SERVICE/HOST", text);
    return LSA_OK;
}

/* A good ticket, out of the store or from the KDC; a TGT near its end is renewed first. */
static lsa_status ticket_for(struct work *w, struct entry *e, const struct der_principal *server,
                             const char *realm, struct ticket **t)
{
    const struct ticket *tgt = find_tgt(e);
    lsa_status status = LSA_OK;

    *t = entry_ticket(e, server, realm);
    if (*t)
        return LSA_OK;
    if (tgt && tgt->endtime - entry_now(e) < RENEW_LEFT_S)
        status = exchange_renew(w, e);
    return status ? status : exchange_tgs(w, e, server, t);
}

static lsa_status make_token(struct work *w, const struct entry *e, const struct ticket *t,
                             const lsa_gss_args *a, lsa_gss_token *r)
{
    lsa_ap_request_args args = {.session = e->session,
                                .purpose = LSA_AP_SERVICE,
                                .key = t->key.blob,
                                .gss_flags = a->gss_flags,
                                .bindings = a->bindings,
                                .skew = e->skew};
    lsa_ap_request request;
    uint8_t *der = NULL;
    uint8_t *framed = NULL;
    size_t size = 0;
    lsa_status status =
        ISO(w, CreateApReqAuthenticator, lsa_ap_request_args, &args, lsa_ap_request, &request);

    if (status == LSA_OK &&
        (message_ap_req(
             w->d->definitions, (a->gss_flags & GSS_MUTUAL) != 0, bytes_of(t->der, t->size),
             bytes_of(request.authenticator.lsa_token_val, request.authenticator.lsa_token_len),
             &der, &size) ||
         message_frame(TOKEN_AP_REQ, bytes_of(der, size), &framed, &size)))
        status = LSA_INTERNAL;
    r->context = request.context;
    r->token.lsa_token_val = (char *)framed;
    r->token.lsa_token_len = status ? 0 : (u_int)size;
    free(der);
    FREE(lsa_ap_request, &request);
    return status;
}

lsa_status serve_init_context(struct work *w, lsa_gss_args *a, lsa_gss_token *r)
{
    struct der_principal server;
    char realm[DER_NAME_MAX];
    char name[2 * DER_NAME_MAX];
    struct ticket *t = NULL;
    struct entry *e = NULL;
    lsa_status status = LSA_OK;

    if (a->gss_flags & GSS_DELEG)
        return say(w, LSA_POLICY,
                   "delegation is refused: a ticket-granting ticket does not leave this machine");
    e = active(w);
    if (!e)
        return LSA_NO_CREDENTIAL;
    status = parse_server(w, a->server, e, &server, realm);
    if (status == LSA_OK)
        status = ticket_for(w, e, &server, realm, &t);
    if (status == LSA_OK) {
        principal_print(&t->server, t->realm, name, sizeof(name));
        r->client = strdup(e->name);
        r->server = strdup(name);
        status = r->client && r->server ? make_token(w, e, t, a, r) : LSA_NO_MEMORY;
    }
    /* What lsaiso no longer opens is of no use here either. */
    if (status == LSA_NO_SESSION || status == LSA_EXPIRED)
        e->state = LSA_SESSION_EXPIRED;
    store_put(&w->d->store, e);
    return status;
}

lsa_status serve_continue_context(struct work *w, lsa_ap_reply_args *a, lsa_context_info *r)
{
    struct bytes inner;
    struct kdc_error error;
    uint16_t id = 0;
    lsa_ap_reply_args args = {.context = a->context};
    char sentence[512];

    if (message_unframe(bytes_of(a->reply.lsa_token_val, a->reply.lsa_token_len), &id, &inner))
        return say(w, LSA_MALFORMED, "the service's answer is not a Kerberos token");
    if (id == TOKEN_ERROR && message_error(w->d->definitions, inner, &error) == 0) {
        message_explain(error.code, "you", "the service", error.text, sentence, sizeof(sentence));
        w->answer.krb_error = error.code;
        return say(w, LSA_KRB_ERROR, "the service refused: %s", sentence);
    }
    if (id != TOKEN_AP_REP)
        return say(w, LSA_MALFORMED, "the service's answer is not a Kerberos token");
    args.reply.lsa_token_val = (char *)(uintptr_t)inner.data;
    args.reply.lsa_token_len = (u_int)inner.size;
    return ISO(w, DecryptApReply, lsa_ap_reply_args, &args, lsa_context_info, r);
}

lsa_status serve_ntlm(struct work *w, lsa_ntlm_step *a, lsa_ntlm_response *r)
{
    struct entry *e = active(w);
    lsa_ntlm_args args = {0};
    lsa_status status = LSA_OK;

    if (!e)
        return LSA_NO_CREDENTIAL;
    if (!e->nt.blob.lsa_blob_val) {
        status = say(w, LSA_NO_CREDENTIAL,
                     "the session of %s was opened without NTLM; log on with --ntlm", e->name);
    } else {
        args = (lsa_ntlm_args){.session = e->session,
                               .credential = e->nt.blob,
                               .user = e->client.components[0],
                               .domain = e->ntlm_domain,
                               .workstation = a->workstation,
                               .target = a->target,
                               .negotiate = a->negotiate,
                               .challenge = a->challenge,
                               .bindings = a->bindings};
        status = ISO(w, Lm20GetNtlm3ChallengeResponse, lsa_ntlm_args, &args, lsa_ntlm_response, r);
    }
    store_put(&w->d->store, e);
    return status;
}
