/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts, the server's end: one token in, at most one out (RFC 4121 4.1). */
#include "mech.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gssi.h"

static const struct answer no_ntlm = {
    .status = LSA_NO_CREDENTIAL,
    .message = "OPENVSM_LSA answers NTLM, it does not accept it; unset it for an NTLM server"};

static int is_ntlm(const gss_buffer_desc *token)
{
    return token->length >= 8 && !memcmp(token->value, "NTLMSSP", 8);
}

/* A context of what lsassd accepted; NULL when out of memory. */
static struct lsa_context_object *adopt(const lsa_accepted *r)
{
    struct lsa_context_object *x = lsa_new_context(&lsa_krb5_oid);

    if (!x)
        return NULL;
    x->handle = r->context;
    x->gss_flags = r->gss_flags;
    x->lifetime = r->lifetime;
    x->open = 1;
    x->accepted = 1;
    snprintf(x->client, sizeof(x->client), "%s", r->client);
    snprintf(x->server, sizeof(x->server), "%s", r->server);
    return x;
}

/* A server that asked for one service's credential does not answer as another. */
static int is_other(const struct lsa_cred_object *cred, const lsa_accepted *r)
{
    return cred && cred->usage == GSS_C_ACCEPT && strcmp(cred->principal, r->server) != 0;
}

static OM_uint32 finish(OM_uint32 *minor, const struct lsa_cred_object *cred, const lsa_accepted *r,
                        struct lsa_context_object **context, gss_buffer_t out)
{
    struct lsa_context_object *x = adopt(r);
    OM_uint32 major = x ? GSS_S_COMPLETE : lsa_out_of_memory(minor);
    struct answer answer = {.status = LSA_NO_CREDENTIAL};

    if (major == GSS_S_COMPLETE && is_other(cred, r)) {
        snprintf(answer.message, sizeof(answer.message),
                 "the client's ticket is for %.200s; this server is %.200s", r->server,
                 cred->principal);
        major = lsa_failure(&answer, minor);
    }
    if (major == GSS_S_COMPLETE && r->token.lsa_token_len)
        major = lsa_give(minor, r->token.lsa_token_val, r->token.lsa_token_len, out);
    if (major == GSS_S_COMPLETE)
        *context = x;
    else if (x)
        gssi_delete_sec_context(&(OM_uint32){0}, (gss_ctx_id_t *)&x, NULL);
    return major;
}

static OM_uint32 accept_token(OM_uint32 *minor, const struct lsa_cred_object *cred, gss_buffer_t in,
                              gss_channel_bindings_t bindings, struct lsa_context_object **context,
                              gss_buffer_t out)
{
    struct connection c = {.path = lsa_daemon_path(), .fd = -1};
    lsa_accept_args args = {0};
    lsa_accepted r;
    struct answer answer;
    OM_uint32 major = GSS_S_COMPLETE;

    if (in->length == 0 || in->length > LSA_TOKEN_MAX)
        return GSS_S_DEFECTIVE_TOKEN;
    if (lsa_flatten_bindings(bindings, &args.bindings))
        return GSS_S_BAD_BINDINGS;
    args.token.lsa_token_val = in->value;
    args.token.lsa_token_len = (u_int)in->length;
    if (CALL(&c, AcceptContext, lsa_accept_args, &args, lsa_accepted, &r, &answer))
        major = lsa_failure(&answer, minor);
    else
        major = finish(minor, cred, &r, context, out);
    free(args.bindings.lsa_token_val);
    FREE(lsa_accepted, &r);
    connection_close(&c);
    return major;
}

OM_uint32 gssi_accept_sec_context(OM_uint32 *minor, gss_ctx_id_t *context, gss_cred_id_t cred,
                                  gss_buffer_t in, gss_channel_bindings_t bindings,
                                  gss_name_t *source, gss_OID *mech, gss_buffer_t out,
                                  OM_uint32 *ret_flags, OM_uint32 *lifetime,
                                  gss_cred_id_t *delegated)
{
    struct lsa_context_object *x = NULL;
    OM_uint32 major = GSS_S_COMPLETE;

    *minor = 0;
    *out = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    if (delegated)
        *delegated = GSS_C_NO_CREDENTIAL;
    if (*context)
        return GSS_S_DEFECTIVE_TOKEN; /* there is no second token */
    if (is_ntlm(in))
        return lsa_failure(&no_ntlm, minor);
    major = accept_token(minor, (const struct lsa_cred_object *)cred, in, bindings, &x, out);
    if (GSS_ERROR(major))
        return major;
    *context = (gss_ctx_id_t)x;
    lsa_report(x, mech, ret_flags, lifetime);
    if (source && !(*source = (gss_name_t)lsa_new_name(x->client)))
        return lsa_out_of_memory(minor);
    return GSS_S_COMPLETE;
}
