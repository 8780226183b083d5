/* SPDX-License-Identifier: BSD-2-Clause */
/* The AS and TGS exchanges: lsassd writes and carries, lsaiso proves, decrypts and judges. */
#include "lsassd.h"

#include "kdc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REFERRALS   5
#define ENCTYPES    8
#define SKEW_RETRY  2
#define NT_SRV_INST 2

static struct bytes token(const lsa_token *t)
{
    return bytes_of(t->lsa_token_val, t->lsa_token_len);
}

static lsa_token as_token(struct bytes b)
{
    return (lsa_token){.lsa_token_len = (u_int)b.size, .lsa_token_val = (char *)(uintptr_t)b.data};
}

static bool configured(const struct config *c, int enctype)
{
    const char *list = config_get(c, "permitted_enctypes");
    char copy[256];
    char *rest = NULL;

    if (!list)
        return true;
    snprintf(copy, sizeof(copy), "%s", list);
    for (char *word = strtok_r(copy, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest))
        if (atoi(word) == enctype)
            return true;
    return false;
}

size_t exchange_enctypes(struct work *w, int *out, size_t room)
{
    lsa_nothing none = {0};
    lsa_services services;
    size_t count = 0;

    if (ISO(w, GetRunningServices, lsa_nothing, &none, lsa_services, &services))
        return 0;
    for (u_int i = 0; i < services.enctypes.enctypes_len && count < room; i++)
        if (configured(&w->d->config, services.enctypes.enctypes_val[i]))
            out[count++] = services.enctypes.enctypes_val[i];
    FREE(lsa_services, &services);
    if (count == 0)
        say(w, LSA_POLICY, "lsa.conf's permitted_enctypes leaves nothing that lsaiso allows");
    return count;
}

static void tgt_name(const char *realm, struct der_principal *p)
{
    memset(p, 0, sizeof(*p));
    p->type = NT_SRV_INST;
    p->count = 2;
    strcpy(p->components[0], "krbtgt");
    snprintf(p->components[1], DER_NAME_MAX, "%s", realm);
}

/* Sends; *answer is fresh. A KRB-ERROR "too big" is asked again over TCP. */
static lsa_status ask(struct work *w, const char *realm, struct bytes request, uint8_t **answer,
                      size_t *size)
{
    struct kdc_error e;
    char error[400] = "out of memory";

    if (kdc_ask(&w->d->config, realm, request, 0, answer, size, error, sizeof(error)))
        return say(w, LSA_NO_KDC, "%s", error);
    if (!message_is_error(bytes_of(*answer, *size)) ||
        message_error(w->d->definitions, bytes_of(*answer, *size), &e) ||
        e.code != KRB_ERR_RESPONSE_TOO_BIG)
        return LSA_OK;
    free(*answer);
    if (kdc_ask(&w->d->config, realm, request, 1, answer, size, error, sizeof(error)))
        return say(w, LSA_NO_KDC, "%s", error);
    return LSA_OK;
}

static lsa_status krb_error(struct work *w, const struct kdc_error *e, const struct entry *entry,
                            const struct der_principal *server)
{
    char sentence[512];
    char name[2 * DER_NAME_MAX] = "";

    if (server)
        principal_print(server, NULL, name, sizeof(name));
    message_explain(e->code, entry->name, name, e->text, sentence, sizeof(sentence));
    w->answer.krb_error = e->code;
    return say(w, e->code == KDC_ERR_PREAUTH_FAILED ? LSA_WRONG_PASSWORD : LSA_KRB_ERROR, "%s",
               sentence);
}

/* --- AS ------------------------------------------------------------------------------------------
 */

struct as_state {
    int enctypes[ENCTYPES];
    size_t enctype_count;
    struct der_principal server;
    struct etype_info infos[ETYPE_INFOS];
    size_t info_count;
    struct kdc_error error; /* code 0: a reply came */
    struct kdc_reply reply;
};

static void as_free(struct as_state *s)
{
    message_reply_free(&s->reply);
}

/* One AS-REQ and what came back for it. */
static lsa_status as_once(struct work *w, const struct entry *e, struct as_state *s, uint32_t nonce,
                          int padata_type, struct bytes padata)
{
    struct request_body body = {.client = &e->client,
                                .realm = e->realm,
                                .server = &s->server,
                                .options = KDC_RENEWABLE | KDC_RENEWABLE_OK,
                                .till = e->lifetime ? entry_now(e) + e->lifetime : 0,
                                .nonce = nonce,
                                .enctypes = s->enctypes,
                                .enctype_count = s->enctype_count};
    uint8_t *der = NULL;
    uint8_t *request = NULL;
    uint8_t *answer = NULL;
    size_t der_size = 0;
    size_t size = 0;
    lsa_status status = LSA_INTERNAL;

    body.renew_till = entry_now(e) + (e->renewable ? e->renewable : 7 * 86400);
    if (message_body(w->d->definitions, &body, &der, &der_size) == 0 &&
        message_request(w->d->definitions, KRB_AS, bytes_of(der, der_size), padata_type, padata,
                        &request, &size) == 0)
        status = ask(w, e->realm, bytes_of(request, size), &answer, &size);
    free(der);
    free(request);
    if (status)
        return status;
    message_reply_free(&s->reply);
    memset(&s->error, 0, sizeof(s->error));
    if (message_is_error(bytes_of(answer, size))) {
        if (message_error(w->d->definitions, bytes_of(answer, size), &s->error))
            status = say(w, LSA_MALFORMED, "the KDC's error message does not parse");
    } else if (message_reply(w->d->definitions, KRB_AS, bytes_of(answer, size), &s->reply)) {
        status = say(w, LSA_MALFORMED, "the KDC's reply does not parse");
    }
    free(answer);
    return status;
}

/* Without pre-authentication first, to hear salt and rounds. A KDC that answers with a ticket at
 * once is asked again: only a reply to a question that lsaiso asked is believed. */
static lsa_status as_discover(struct work *w, struct entry *e, struct as_state *s)
{
    /* Another nonce each time, else the KDC takes it for a retransmission and repeats itself. */
    lsa_status status = as_once(w, e, s, (uint32_t)random() & 0x7fffffff, 0, bytes_of(NULL, 0));

    if (status)
        return status;
    if (s->error.code == KDC_ERR_PREAUTH_REQUIRED) {
        memcpy(s->infos, s->error.infos, sizeof(s->infos));
        s->info_count = s->error.info_count;
    } else if (s->error.code == 0) {
        memcpy(s->infos, s->reply.infos, sizeof(s->infos));
        s->info_count = s->reply.info_count;
        if (s->info_count == 0) {
            s->infos[0] = (struct etype_info){.enctype = s->reply.enctype};
            s->info_count = 1;
        }
    } else {
        return krb_error(w, &s->error, e, &s->server);
    }
    if (s->info_count == 0)
        return say(w, LSA_POLICY,
                   "the KDC has no key that policy here allows for %s, or does not take an "
                   "encrypted timestamp; have its keys made anew (AES)",
                   e->name);
    return LSA_OK;
}

static bool wanted(const struct as_state *s, int32_t enctype)
{
    for (size_t i = 0; i < s->enctype_count; i++)
        if (s->enctypes[i] == enctype)
            return true;
    return false;
}

/* RFC 4120 4: realm and components, nothing between. */
static void default_salt(const struct entry *e, struct etype_info *info)
{
    char salt[1024];
    size_t at = (size_t)snprintf(salt, sizeof(salt), "%s", e->realm);

    for (uint32_t i = 0; i < e->client.count && at < sizeof(salt); i++)
        at += (size_t)snprintf(salt + at, sizeof(salt) - at, "%s", e->client.components[i]);
    info->salt_size = at < sizeof(salt) ? at : sizeof(salt) - 1;
    memcpy(info->salt, salt, info->salt_size);
    info->has_salt = true;
}

/* The password becomes keys, in lsaiso, with what the KDC said about each. */
static lsa_status as_make_keys(struct work *w, struct entry *e, struct as_state *s,
                               const lsa_blob *password)
{
    lsa_key_parameters parameters[ETYPE_INFOS];
    lsa_password_list_args args = {.session = e->session, .password = *password};
    lsa_password_list list;
    u_int count = 0;
    lsa_status status = LSA_OK;

    for (size_t i = 0; i < s->info_count; i++) {
        struct etype_info *info = &s->infos[i];

        if (!wanted(s, info->enctype))
            continue;
        if (!info->has_salt)
            default_salt(e, info);
        parameters[count].enctype = info->enctype;
        parameters[count].salt.salt_val = (char *)info->salt;
        parameters[count].salt.salt_len = (u_int)info->salt_size;
        parameters[count].parameters.parameters_val = (char *)info->parameters;
        parameters[count++].parameters.parameters_len = (u_int)info->parameters_size;
    }
    if (count == 0)
        return say(w, LSA_POLICY,
                   "the KDC has only keys of enctype %d for %s, which policy here refuses",
                   s->infos[0].enctype, e->name);
    args.keys.keys_len = count;
    args.keys.keys_val = parameters;
    status = ISO(w, BuildPasswordList, lsa_password_list_args, &args, lsa_password_list, &list);
    for (u_int i = 0; status == LSA_OK && i < list.keys.keys_len && i < STORE_KEYS; i++)
        if (sealed_set(&e->keys[i], list.keys.keys_val[i].enctype, &list.keys.keys_val[i].blob))
            status = LSA_NO_MEMORY;
    FREE(lsa_password_list, &list);
    return status;
}

/* The client's key that the KDC likes best. */
static const struct sealed *as_choose(const struct entry *e, const struct as_state *s)
{
    for (size_t i = 0; i < s->info_count; i++)
        for (int k = 0; k < STORE_KEYS; k++)
            if (e->keys[k].blob.lsa_blob_val && e->keys[k].enctype == s->infos[i].enctype &&
                wanted(s, e->keys[k].enctype))
                return &e->keys[k];
    return NULL;
}

static lsa_status as_prove(struct work *w, struct entry *e, struct as_state *s,
                           const struct sealed *key)
{
    lsa_status status = LSA_OK;

    for (int attempt = 0; attempt < SKEW_RETRY; attempt++) {
        lsa_as_authenticator_args args = {.session = e->session, .key = key->blob, .skew = e->skew};
        lsa_as_authenticator proof;

        status = ISO(w, BuildAsReqAuthenticator, lsa_as_authenticator_args, &args,
                     lsa_as_authenticator, &proof);
        if (status == LSA_OK)
            status = as_once(w, e, s, proof.nonce, proof.padata_type, token(&proof.padata));
        FREE(lsa_as_authenticator, &proof);
        if (status || s->error.code != KRB_AP_ERR_SKEW)
            break;
        /* The KDC says what its clock shows; with that the timestamp will fit. */
        e->skew = (int32_t)(s->error.server_time - time(NULL));
    }
    if (status == LSA_OK && s->error.code)
        status = krb_error(w, &s->error, e, &s->server);
    return status;
}

static int keep_ticket(struct entry *e, const struct kdc_reply *reply, const lsa_kdc_reply *part)
{
    struct der_principal server;
    struct ticket *t = NULL;
    uint8_t *der = malloc(reply->ticket_size);
    const char *realm = part->server_realm;

    if (!der || der_principal_from_wire(&part->server, &server)) {
        free(der);
        return -1;
    }
    t = entry_slot(e, &server, realm);
    ticket_clear(t);
    memcpy(der, reply->ticket, reply->ticket_size);
    t->der = der;
    t->size = reply->ticket_size;
    t->server = server;
    snprintf(t->realm, sizeof(t->realm), "%s", realm);
    t->ticket_enctype = reply->ticket_enctype;
    t->flags = part->flags;
    t->starttime = part->starttime ? part->starttime : part->authtime;
    t->endtime = part->endtime;
    t->renew_till = part->renew_till;
    return sealed_set(&t->key, part->enctype, &part->session_key);
}

static lsa_status as_finish(struct work *w, struct entry *e, const struct as_state *s,
                            const struct sealed *key)
{
    lsa_unpack_args args = {.session = e->session,
                            .pdu = LSA_PDU_AS_REP,
                            .key = key->blob,
                            .enctype = s->reply.enctype,
                            .cipher = as_token(bytes_of(s->reply.cipher, s->reply.cipher_size))};
    lsa_kdc_reply part;
    lsa_status status = ISO(w, UnpackKdcReplyBody, lsa_unpack_args, &args, lsa_kdc_reply, &part);

    if (status == LSA_INTEGRITY)
        status = say(w, LSA_WRONG_PASSWORD, "wrong password for %s", e->name);
    if (status == LSA_OK && keep_ticket(e, &s->reply, &part))
        status = LSA_NO_MEMORY;
    FREE(lsa_kdc_reply, &part);
    return status;
}

lsa_status exchange_as(struct work *w, struct entry *e, const lsa_blob *password)
{
    struct as_state s = {0};
    const struct sealed *key = NULL;
    lsa_status status = LSA_OK;

    s.enctype_count = exchange_enctypes(w, s.enctypes, ENCTYPES);
    if (s.enctype_count == 0)
        return w->answer.status ? w->answer.status : LSA_POLICY;
    tgt_name(e->realm, &s.server);
    status = as_discover(w, e, &s);
    if (status == LSA_OK && password)
        status = as_make_keys(w, e, &s, password);
    if (status == LSA_OK) {
        key = as_choose(e, &s);
        if (!key)
            status =
                say(w, LSA_POLICY, "the KDC asks %s for a key of enctype %d, which is not here",
                    e->name, s.infos[0].enctype);
    }
    if (status == LSA_OK)
        status = as_prove(w, e, &s, key);
    if (status == LSA_OK)
        status = as_finish(w, e, &s, key);
    as_free(&s);
    return status;
}

/* --- TGS -----------------------------------------------------------------------------------------
 */

struct tgs_state {
    const char *kdc_realm;
    const struct der_principal *server;
    const struct ticket *tgt;
    uint32_t options;
    uint8_t *body;
    size_t body_size;
    uint64_t exchange;
};

static lsa_status tgs_body(struct work *w, const struct entry *e, struct tgs_state *s)
{
    int enctypes[ENCTYPES];
    struct request_body body = {.realm = s->kdc_realm,
                                .server = s->server,
                                .options = s->options,
                                .till = e->lifetime ? entry_now(e) + e->lifetime : 0,
                                .enctypes = enctypes};

    body.enctype_count = exchange_enctypes(w, enctypes, ENCTYPES);
    if (body.enctype_count == 0)
        return w->answer.status ? w->answer.status : LSA_POLICY;
    /* Not secret and not trusted: the reply is bound by the subkey that lsaiso chooses. */
    body.nonce = (uint32_t)random() & 0x7fffffff;
    return message_body(w->d->definitions, &body, &s->body, &s->body_size) ? LSA_INTERNAL : LSA_OK;
}

/* The AP-REQ of PA-TGS-REQ, in fresh memory. */
static lsa_status tgs_proof(struct work *w, const struct entry *e, struct tgs_state *s,
                            uint8_t **der, size_t *size)
{
    lsa_tgs_checksum_args sum_args = {.session = e->session,
                                      .key = s->tgt->key.blob,
                                      .body = as_token(bytes_of(s->body, s->body_size))};
    lsa_ap_request_args args = {.session = e->session, .purpose = LSA_AP_TGS, .skew = e->skew};
    lsa_tgs_checksum sum;
    lsa_ap_request request;
    lsa_status status =
        ISO(w, ComputeTgsChecksum, lsa_tgs_checksum_args, &sum_args, lsa_tgs_checksum, &sum);

    s->exchange = args.exchange = sum.exchange;
    FREE(lsa_tgs_checksum, &sum);
    if (status)
        return status;
    status = ISO(w, CreateApReqAuthenticator, lsa_ap_request_args, &args, lsa_ap_request, &request);
    if (status == LSA_OK &&
        message_ap_req(w->d->definitions, 0, bytes_of(s->tgt->der, s->tgt->size),
                       token(&request.authenticator), der, size))
        status = LSA_INTERNAL;
    FREE(lsa_ap_request, &request);
    return status;
}

static lsa_status tgs_finish(struct work *w, struct entry *e, const struct tgs_state *s,
                             const struct kdc_reply *reply, struct ticket **out)
{
    lsa_unpack_args args = {.session = e->session,
                            .pdu = LSA_PDU_TGS_REP,
                            .exchange = s->exchange,
                            .enctype = reply->enctype,
                            .cipher = as_token(bytes_of(reply->cipher, reply->cipher_size))};
    lsa_kdc_reply part;
    struct der_principal server;
    lsa_status status = ISO(w, UnpackKdcReplyBody, lsa_unpack_args, &args, lsa_kdc_reply, &part);

    if (status == LSA_OK && keep_ticket(e, reply, &part))
        status = LSA_NO_MEMORY;
    if (status == LSA_OK && der_principal_from_wire(&part.server, &server) == 0)
        *out = entry_slot(e, &server, part.server_realm);
    FREE(lsa_kdc_reply, &part);
    return status;
}

static lsa_status tgs_answer(struct work *w, struct entry *e, const struct tgs_state *s,
                             struct bytes answer, struct ticket **out)
{
    struct kdc_error error;
    struct kdc_reply reply;
    lsa_status status = LSA_OK;

    if (message_is_error(answer)) {
        if (message_error(w->d->definitions, answer, &error))
            return say(w, LSA_MALFORMED, "the KDC's error message does not parse");
        if (error.code == KRB_AP_ERR_SKEW)
            e->skew = (int32_t)(error.server_time - time(NULL));
        return krb_error(w, &error, e, s->server);
    }
    if (message_reply(w->d->definitions, KRB_TGS, answer, &reply))
        return say(w, LSA_MALFORMED, "the KDC's reply does not parse");
    status = tgs_finish(w, e, s, &reply, out);
    message_reply_free(&reply);
    return status;
}

/* One TGS exchange with the KDC of kdc_realm. */
static lsa_status tgs_once(struct work *w, struct entry *e, struct tgs_state *s,
                           struct ticket **out)
{
    uint8_t *proof = NULL;
    uint8_t *request = NULL;
    uint8_t *answer = NULL;
    size_t proof_size = 0;
    size_t size = 0;
    lsa_status status = tgs_body(w, e, s);

    if (status == LSA_OK)
        status = tgs_proof(w, e, s, &proof, &proof_size);
    if (status == LSA_OK &&
        message_request(w->d->definitions, KRB_TGS, bytes_of(s->body, s->body_size), PA_TGS_REQ,
                        bytes_of(proof, proof_size), &request, &size))
        status = LSA_INTERNAL;
    if (status == LSA_OK)
        status = ask(w, s->kdc_realm, bytes_of(request, size), &answer, &size);
    if (status == LSA_OK)
        status = tgs_answer(w, e, s, bytes_of(answer, size), out);
    free(proof);
    free(request);
    free(answer);
    free(s->body);
    s->body = NULL;
    return status;
}

static struct ticket *own_tgt(struct entry *e)
{
    struct der_principal name;

    tgt_name(e->realm, &name);
    return entry_ticket(e, &name, e->realm);
}

lsa_status exchange_tgs(struct work *w, struct entry *e, const struct der_principal *server,
                        struct ticket **out)
{
    struct ticket *tgt = own_tgt(e);
    char realm[DER_NAME_MAX];

    snprintf(realm, sizeof(realm), "%s", e->realm);
    if (!tgt)
        return say(w, LSA_EXPIRED,
                   "the ticket-granting ticket of %s has expired; renew it or log "
                   "on again",
                   e->name);
    for (int hop = 0; hop < REFERRALS; hop++) {
        struct tgs_state s = {
            .kdc_realm = realm, .server = server, .tgt = tgt, .options = KDC_CANONICALIZE};
        struct ticket *got = NULL;
        lsa_status status = tgs_once(w, e, &s, &got);

        /* The skew is known now; the second time it fits. */
        if (status == LSA_KRB_ERROR && w->answer.krb_error == KRB_AP_ERR_SKEW)
            status = tgs_once(w, e, &s, &got);
        if (status)
            return status;
        if (der_principal_equal(&got->server, server) ||
            strcmp(server->components[0], "krbtgt") == 0) {
            *out = got;
            return LSA_OK;
        }
        /* A referral: go on with the ticket for the next realm. */
        snprintf(realm, sizeof(realm), "%s", got->server.components[1]);
        tgt = got;
    }
    return say(w, LSA_KRB_ERROR, "the KDCs refer from realm to realm without an end");
}

lsa_status exchange_renew(struct work *w, struct entry *e)
{
    struct ticket *tgt = own_tgt(e);
    struct ticket *got = NULL;
    struct der_principal server;
    struct tgs_state s = {
        .kdc_realm = e->realm, .server = &server, .tgt = tgt, .options = KDC_RENEW | KDC_RENEWABLE};
    lsa_status status = LSA_EXPIRED;

    tgt_name(e->realm, &server);
    if (tgt && tgt->renew_till > entry_now(e))
        status = tgs_once(w, e, &s, &got);
    /* Not renewable, or too late: the client's own keys in lsaiso open a new one. */
    if (status)
        status = exchange_as(w, e, NULL);
    return status;
}
