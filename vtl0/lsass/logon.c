/* SPDX-License-Identifier: BSD-2-Clause */
#include "lsassd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NT_PRINCIPAL     1
#define KEYTAB_KEYS      8
/* One user cannot fill lsaiso for the others; root, who serves many by PAM, has as many as fit. */
#define SESSIONS_PER_UID 64

lsa_status say(struct work *w, lsa_status status, const char *format, ...)
{
    char sentence[sizeof(w->answer.message)];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    memcpy(w->answer.message, sentence, sizeof(sentence));
    w->answer.status = status;
    return status;
}

lsa_status parse_client(struct work *w, const char *text, struct der_principal *client,
                        char realm[DER_NAME_MAX])
{
    const char *at = strrchr(text, '@');
    const char *home = config_get(&w->d->config, "default_realm");
    char name[DER_NAME_MAX];
    size_t size = at ? (size_t)(at - text) : strlen(text);

    if (!at && !home)
        return say(w, LSA_BAD_NAME,
                   "\"%s\" names no realm, and lsa.conf has no default_realm: give USER@REALM",
                   text);
    if (size == 0 || size >= sizeof(name) || strlen(at ? at + 1 : home) >= DER_NAME_MAX ||
        (at && !at[1]))
        return say(w, LSA_BAD_NAME, "\"%s\" is not a principal; it is written USER@REALM", text);
    memcpy(name, text, size);
    name[size] = '\0';
    strcpy(realm, at ? at + 1 : home);
    if (principal_parse(name, NT_PRINCIPAL, client))
        return say(w, LSA_BAD_NAME, "\"%s\" is not a principal; it is written USER@REALM", text);
    return LSA_OK;
}

static lsa_status open_session(struct work *w, struct entry *e)
{
    lsa_context_args args = {
        .realm = e->realm, .owner = e->uid, .idle = config_seconds(&w->d->config, "idle", 0)};
    lsa_session session;
    lsa_status status = LSA_NO_MEMORY;

    if (der_principal_to_wire(&e->client, &args.client) == 0)
        status = ISO(w, GetClientContext, lsa_context_args, &args, lsa_session, &session);
    xdr_free((xdrproc_t)xdr_lsa_principal, &args.client);
    if (status == LSA_OK)
        e->session = session.session;
    return status;
}

void session_end(struct work *w, struct entry *e, lsa_session_state state)
{
    lsa_session args = {.session = e->session};
    lsa_nothing none;
    struct answer answer = w->answer; /* what went wrong before stays what is told */

    if (e->session)
        CALL(&w->iso, DestroySession, lsa_session, &args, lsa_nothing, &none, &answer);
    e->session = 0;
    e->state = state;
    entry_clear(e);
}

static void wipe_secret(lsa_secret *s)
{
    if (s->lsa_secret_val)
        explicit_bzero(s->lsa_secret_val, s->lsa_secret_len);
}

/* From here on lsassd has no password: only what lsaiso sealed. */
static lsa_status hand_over(struct work *w, struct entry *e, lsa_logon_args *args,
                            lsa_blob_result *password)
{
    lsa_password_args give = {.session = e->session, .password = args->password};
    lsa_blob_result hash;
    lsa_status status =
        ISO(w, EncryptPassword, lsa_password_args, &give, lsa_blob_result, password);

    if (status == LSA_OK && args->ntlm) {
        status = ISO(w, ProtectCredential, lsa_password_args, &give, lsa_blob_result, &hash);
        if (status == LSA_OK && sealed_set(&e->nt, 0, &hash.blob))
            status = LSA_NO_MEMORY;
        FREE(lsa_blob_result, &hash);
    }
    wipe_secret(&args->password);
    return status;
}

static lsa_status import_keytab(struct work *w, struct entry *e, const lsa_token *file)
{
    struct keytab_key keys[KEYTAB_KEYS];
    int count = keytab_find(bytes_of(file->lsa_token_val, file->lsa_token_len), &e->client,
                            e->realm, keys, KEYTAB_KEYS);
    int kept = 0;
    lsa_status status = LSA_OK;

    if (count < 0)
        return say(w, LSA_MALFORMED, "this is not a keytab of version 2");
    if (count == 0)
        return say(w, LSA_NO_CREDENTIAL, "the keytab has no key of %s", e->name);
    for (int i = 0; i < count && status != LSA_NO_LSAISO; i++) {
        lsa_service_key_args args = {.session = e->session, .enctype = keys[i].enctype};
        lsa_blob_result sealed;

        args.key.key_val = (char *)(uintptr_t)keys[i].key.data;
        args.key.key_len = keys[i].key.size > 32 ? 0 : (u_int)keys[i].key.size;
        /* An enctype that policy refuses is passed over; others may do. */
        status = ISO(w, ImportServiceKey, lsa_service_key_args, &args, lsa_blob_result, &sealed);
        if (status == LSA_OK && sealed_set(&e->keys[kept], keys[i].enctype, &sealed.blob) == 0)
            kept++;
        FREE(lsa_blob_result, &sealed);
    }
    return kept ? LSA_OK : status;
}

static void set_ntlm_domain(struct work *w, struct entry *e, lsa_ntlm_use ntlm)
{
    const char *configured = config_get2(&w->d->config, "ntlm_domain", e->realm);

    /* Without configuration: the realm up to its first dot, as domains are usually named. */
    size_t size = configured || ntlm == LSA_NTLM_ONLY ? 63 : strcspn(e->realm, ".");

    snprintf(e->ntlm_domain, sizeof(e->ntlm_domain), "%.*s", (int)size,
             configured ? configured : e->realm);
}

static lsa_status prove(struct work *w, struct entry *e, lsa_logon_args *args)
{
    lsa_blob_result password = {0};
    lsa_status status = LSA_OK;
    bool by_keytab = args->keytab.lsa_token_len != 0;

    e->by_keytab = by_keytab;
    if (by_keytab)
        status = import_keytab(w, e, &args->keytab);
    else
        status = hand_over(w, e, args, &password);
    if (by_keytab)
        explicit_bzero(args->keytab.lsa_token_val, args->keytab.lsa_token_len);
    if (status == LSA_OK && args->ntlm != LSA_NTLM_ONLY)
        status = exchange_as(w, e, by_keytab ? NULL : &password.blob);
    FREE(lsa_blob_result, &password);
    return status;
}

lsa_status logon(struct work *w, uint32_t owner, lsa_logon_args *args, struct entry **out)
{
    struct entry *e = entry_new();
    lsa_status status = LSA_NO_MEMORY;

    if (!e)
        return status;
    if (owner != 0 && store_count_of(&w->d->store, owner) >= SESSIONS_PER_UID) {
        wipe_secret(&args->password);
        entry_free(e);
        return say(w, LSA_BUSY,
                   "uid %u has %d sessions, its limit; log some off (lsa logoff --all)", owner,
                   SESSIONS_PER_UID);
    }
    e->uid = owner;
    e->lifetime =
        args->lifetime ? args->lifetime : config_seconds(&w->d->config, "ticket_lifetime", 0);
    e->renewable = args->renewable;
    status = parse_client(w, args->principal, &e->client, e->realm);
    if (status == LSA_OK) {
        principal_print(&e->client, e->realm, e->name, sizeof(e->name));
        set_ntlm_domain(w, e, args->ntlm);
        status = open_session(w, e);
    }
    if (status == LSA_OK)
        status = prove(w, e, args);
    wipe_secret(&args->password);
    if (status) {
        session_end(w, e, LSA_SESSION_EXPIRED);
        entry_free(e);
        return status;
    }
    store_add(&w->d->store, e);
    *out = e;
    return LSA_OK;
}
