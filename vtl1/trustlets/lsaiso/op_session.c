/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions, passwords and the keys made of them. */
#include "operations.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "audit.h"
#include "blob.h"
#include "clock.h"
#include "session.h"

/* From the prompt to the keys there is one round trip to the KDC. */
#define PASSWORD_MS (5u * 60 * 1000)

static const int32_t enctypes_best_first[] = {KRB_AES256_SHA384, KRB_AES256_SHA1, KRB_AES128_SHA256,
                                              KRB_AES128_SHA1, KRB_RC4};
#define ENCTYPES (sizeof(enctypes_best_first) / sizeof(enctypes_best_first[0]))

lsa_status policy_enctype(struct call *c, int32_t enctype)
{
    if (krb_key_size(enctype) == 0)
        return fail(c, LSA_POLICY, "enctype %d is not supported here (17, 18, 19 and 20 are)",
                    enctype);
    if (enctype == KRB_RC4 && !c->iso->policy.allow_rc4)
        return fail(c, LSA_POLICY,
                    "enctype 23 (RC4) is refused by policy; give the account AES keys");
    return LSA_OK;
}

lsa_status op_services(struct call *c, const lsa_nothing *a, lsa_services *r)
{
    (void)a;
    r->protocol = LSA_VERSION;
    r->security_version = LSAISO_SECURITY_VERSION;
    memcpy(r->boot, c->iso->boot, sizeof(r->boot));
    r->sessions = c->iso->session_count;
    r->contexts = c->iso->context_count;
    r->enctypes.enctypes_val = calloc(ENCTYPES, sizeof(int));
    if (!r->enctypes.enctypes_val)
        return LSA_NO_MEMORY;
    for (size_t i = 0; i < ENCTYPES; i++)
        if (enctypes_best_first[i] != KRB_RC4 || c->iso->policy.allow_rc4)
            r->enctypes.enctypes_val[r->enctypes.enctypes_len++] = enctypes_best_first[i];
    return LSA_OK;
}

static uint64_t shorter(uint64_t limit_ms, uint32_t wish_seconds)
{
    uint64_t wish = (uint64_t)wish_seconds * 1000;

    return wish && wish < limit_ms ? wish : limit_ms;
}

lsa_status op_open(struct call *c, const lsa_context_args *a, lsa_session *r)
{
    struct der_principal client;
    struct session *s = NULL;
    lsa_status status = LSA_OK;

    if (der_principal_from_wire(&a->client, &client) || strlen(a->realm) >= DER_NAME_MAX)
        return fail(c, LSA_BAD_CALL, "the principal's name has too many or too long components");
    status = session_open(c, a->owner, &s);
    if (status)
        return status;
    s->client = client;
    strcpy(s->realm, a->realm);
    s->expires = s->used + shorter(c->iso->policy.max_lifetime, a->lifetime);
    s->idle = shorter(c->iso->policy.max_idle, a->idle);
    call_names(c, client.components[0]);
    r->session = s->id;
    return LSA_OK;
}

lsa_status op_password(struct call *c, const lsa_password_args *a, lsa_blob_result *r)
{
    struct session *s = NULL;
    struct secret secret = {.kind = BLOB_PASSWORD, .size = a->password.lsa_secret_len};
    lsa_status status = session_find(c, a->session, &s);

    if (status)
        return status;
    if (secret.size > LSA_BLOB_MAX - 128)
        return fail(c, LSA_BAD_CALL, "the password is longer than %d bytes", LSA_BLOB_MAX - 128);
    if (secret.size)
        memcpy(secret.bytes, a->password.lsa_secret_val, secret.size);
    secret.expires = clock_monotonic_ms() + PASSWORD_MS;
    status = blob_seal(c, s, NULL, &secret, &r->blob);
    sodium_memzero(&secret, sizeof(secret));
    return status;
}

static lsa_status one_key(struct call *c, const struct session *s, const struct secret *password,
                          const lsa_key_parameters *p, lsa_wrapped_key *out)
{
    struct krb_key key;
    lsa_status status = policy_enctype(c, p->enctype);

    if (status)
        return status;
    if (password->size == 0)
        return fail(c, LSA_POLICY, "an empty password makes no keys");
    if (krb_string_to_key(p->enctype, bytes_of(password->bytes, password->size),
                          bytes_of(p->salt.salt_val, p->salt.salt_len),
                          bytes_of(p->parameters.parameters_val, p->parameters.parameters_len),
                          &key))
        return fail(c, LSA_POLICY,
                    "the KDC's parameters for enctype %d are refused (too few or too many rounds)",
                    p->enctype);
    out->enctype = p->enctype;
    status = blob_seal_key(c, s, BLOB_CLIENT_KEY, &key, s->expires, &out->blob);
    sodium_memzero(&key, sizeof(key));
    return status;
}

lsa_status op_password_list(struct call *c, const lsa_password_list_args *a, lsa_password_list *r)
{
    struct session *s = NULL;
    struct secret password;
    lsa_status status = session_find(c, a->session, &s);

    if (status == LSA_OK)
        status = blob_open(c, s, NULL, &a->password, BLOB_PASSWORD, &password);
    if (status)
        return status;
    r->keys.keys_val = calloc(a->keys.keys_len + 1, sizeof(lsa_wrapped_key));
    if (!r->keys.keys_val)
        status = LSA_NO_MEMORY;
    for (uint32_t i = 0; status == LSA_OK && i < a->keys.keys_len; i++) {
        status = one_key(c, s, &password, &a->keys.keys_val[i], &r->keys.keys_val[i]);
        r->keys.keys_len += status == LSA_OK;
    }
    sodium_memzero(&password, sizeof(password));
    return status;
}

lsa_status op_service_key(struct call *c, const lsa_service_key_args *a, lsa_blob_result *r)
{
    struct session *s = NULL;
    struct krb_key key = {.enctype = a->enctype, .size = a->key.key_len};
    lsa_status status = session_find(c, a->session, &s);

    if (status == LSA_OK)
        status = policy_enctype(c, a->enctype);
    if (status)
        return status;
    if (key.size != krb_key_size(a->enctype))
        return fail(c, LSA_BAD_CALL, "a key of enctype %d has %zu bytes, not %u", a->enctype,
                    krb_key_size(a->enctype), key.size);
    memcpy(key.bytes, a->key.key_val, key.size);
    status = blob_seal_key(c, s, BLOB_ACCEPT_KEY, &key, s->expires, &r->blob);
    sodium_memzero(&key, sizeof(key));
    return status;
}

lsa_status op_nt_credential(struct call *c, const lsa_password_args *a, lsa_blob_result *r)
{
    struct session *s = NULL;
    struct secret secret = {.kind = BLOB_NT_HASH, .size = NTLM_KEY};
    lsa_status status = session_find(c, a->session, &s);

    if (status)
        return status;
    if (krb_nt_hash(bytes_of(a->password.lsa_secret_val, a->password.lsa_secret_len), secret.bytes))
        return fail(c, LSA_BAD_CALL, "the password is not UTF-8, so NTLM cannot use it");
    secret.expires = s->expires;
    status = blob_seal(c, s, NULL, &secret, &r->blob);
    sodium_memzero(&secret, sizeof(secret));
    return status;
}

lsa_status op_lock(struct call *c, const lsa_session *a, lsa_nothing *r)
{
    struct session *s = session_any(c->iso, a->session);

    (void)r;
    if (!s)
        return LSA_NO_SESSION;
    c->session = a->session;
    session_lock(c->iso, s);
    return LSA_OK;
}

lsa_status op_destroy(struct call *c, const lsa_session *a, lsa_nothing *r)
{
    struct session *s = session_any(c->iso, a->session);

    (void)r;
    if (!s)
        return LSA_NO_SESSION;
    c->session = a->session;
    call_names(c, s->client.components[0]);
    /* The KDC says to lsassd that a password is wrong; here it only never answers. */
    if (s->asked && !s->proved)
        audit_report(c, "failed");
    session_destroy(c->iso, s);
    return LSA_OK;
}
