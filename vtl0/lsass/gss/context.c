/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts, the initiator's end. */
#include "mech.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gssi.h"

#define ALWAYS (GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG) /* as the krb5 mechanism gives them */
#define ASKED                                                                                      \
    (GSS_C_DELEG_FLAG | GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | ALWAYS)

static struct connection daemon_connection(void)
{
    return (struct connection){.path = lsa_daemon_path(), .fd = -1};
}

static size_t put_word(char *out, size_t at, OM_uint32 value)
{
    for (int i = 0; i < 4; i++)
        out[at + (size_t)i] = (char)(value >> (8 * i));
    return at + 4;
}

static size_t put_buffer(char *out, size_t at, const gss_buffer_desc *b)
{
    at = put_word(out, at, (OM_uint32)b->length);
    if (b->length)
        memcpy(out + at, b->value, b->length);
    return at + b->length;
}

int lsa_flatten_bindings(gss_channel_bindings_t b, lsa_token *out)
{
    size_t at = 0;
    size_t size = 20;

    memset(out, 0, sizeof(*out));
    if (!b)
        return 0;
    size += b->initiator_address.length + b->acceptor_address.length + b->application_data.length;
    if (size > LSA_TOKEN_MAX)
        return -1;
    out->lsa_token_val = malloc(size);
    if (!out->lsa_token_val)
        return -1;
    at = put_word(out->lsa_token_val, at, b->initiator_addrtype);
    at = put_buffer(out->lsa_token_val, at, &b->initiator_address);
    at = put_word(out->lsa_token_val, at, b->acceptor_addrtype);
    at = put_buffer(out->lsa_token_val, at, &b->acceptor_address);
    at = put_buffer(out->lsa_token_val, at, &b->application_data);
    out->lsa_token_len = (u_int)at;
    return 0;
}

void lsa_report(const struct lsa_context_object *x, gss_OID *mech, OM_uint32 *flags,
                OM_uint32 *lifetime)
{
    if (mech)
        *mech = x->mech;
    if (flags)
        *flags = x->gss_flags | (x->open ? GSS_C_PROT_READY_FLAG : 0);
    if (lifetime)
        *lifetime = x->lifetime;
}

/* How long the ticket's context lasts, told by lsaiso. */
static void inquire_lifetime(struct lsa_context_object *x)
{
    lsa_context args = {.context = x->handle};
    lsa_context_info info;
    struct answer answer;

    if (CALL(&x->iso, InquireContext, lsa_context, &args, lsa_context_info, &info, &answer) ==
        LSA_OK)
        x->lifetime = info.lifetime;
}

static OM_uint32 first_token(OM_uint32 *minor, struct lsa_context_object *x, const char *target,
                             OM_uint32 flags, gss_channel_bindings_t bindings, gss_buffer_t out)
{
    struct connection c = daemon_connection();
    lsa_gss_args args = {.server = (char *)(uintptr_t)target,
                         .gss_flags = (flags & ASKED) | ALWAYS};
    lsa_gss_token r;
    struct answer answer;
    OM_uint32 major = GSS_S_COMPLETE;

    if (lsa_flatten_bindings(bindings, &args.bindings))
        return GSS_S_BAD_BINDINGS;
    if (CALL(&c, InitContext, lsa_gss_args, &args, lsa_gss_token, &r, &answer)) {
        major = lsa_failure(&answer, minor);
    } else {
        x->handle = r.context;
        x->gss_flags = args.gss_flags;
        x->open = !(flags & GSS_C_MUTUAL_FLAG);
        snprintf(x->client, sizeof(x->client), "%s", r.client);
        snprintf(x->server, sizeof(x->server), "%s", r.server);
        major = lsa_give(minor, r.token.lsa_token_val, r.token.lsa_token_len, out);
        inquire_lifetime(x);
    }
    free(args.bindings.lsa_token_val);
    FREE(lsa_gss_token, &r);
    connection_close(&c);
    if (major == GSS_S_COMPLETE && !x->open)
        major = GSS_S_CONTINUE_NEEDED;
    return major;
}

static OM_uint32 second_token(OM_uint32 *minor, struct lsa_context_object *x, gss_buffer_t in)
{
    struct connection c = daemon_connection();
    lsa_ap_reply_args args = {.context = x->handle};
    lsa_context_info info;
    struct answer answer;
    lsa_status status = LSA_OK;

    if (!in || in->length == 0 || in->length > LSA_TOKEN_MAX)
        return GSS_S_DEFECTIVE_TOKEN;
    args.reply.lsa_token_val = in->value;
    args.reply.lsa_token_len = (u_int)in->length;
    status = CALL(&c, ContinueContext, lsa_ap_reply_args, &args, lsa_context_info, &info, &answer);
    connection_close(&c);
    if (status)
        return lsa_failure(&answer, minor);
    x->open = 1;
    x->lifetime = info.lifetime;
    return GSS_S_COMPLETE;
}

struct lsa_context_object *lsa_new_context(gss_const_OID mech)
{
    struct lsa_context_object *x = calloc(1, sizeof(*x));

    if (x) {
        x->iso = (struct connection){.path = lsa_iso_path(), .fd = -1};
        x->mech = lsa_same_oid(mech, &lsa_ntlm_oid) ? &lsa_ntlm_oid : &lsa_krb5_oid;
    }
    return x;
}

void lsa_free_context(struct lsa_context_object *x)
{
    connection_close(&x->iso);
    free(x->negotiate.lsa_token_val);
    free(x);
}

static OM_uint32 step(OM_uint32 *minor, struct lsa_context_object *x, int fresh, const char *target,
                      OM_uint32 flags, gss_channel_bindings_t bindings, gss_buffer_t in,
                      gss_buffer_t out)
{
    if (x->mech == &lsa_ntlm_oid)
        return fresh ? lsa_ntlm_first(minor, x, flags, target, out)
                     : lsa_ntlm_second(minor, x, bindings, in, out);
    return fresh ? first_token(minor, x, target, flags, bindings, out) : second_token(minor, x, in);
}

OM_uint32 gssi_init_sec_context(OM_uint32 *minor, gss_cred_id_t cred, gss_ctx_id_t *context,
                                gss_name_t target, gss_OID mech, OM_uint32 flags, OM_uint32 time,
                                gss_channel_bindings_t bindings, gss_buffer_t in,
                                gss_OID *actual_mech, gss_buffer_t out, OM_uint32 *ret_flags,
                                OM_uint32 *lifetime)
{
    struct lsa_context_object *x = (struct lsa_context_object *)*context;
    OM_uint32 major = GSS_S_COMPLETE;
    int fresh = x == NULL;

    (void)cred;
    (void)time;
    *minor = 0;
    out->length = 0;
    out->value = NULL;
    if (fresh)
        x = lsa_new_context(mech);
    if (!x)
        return lsa_out_of_memory(minor);
    if (!fresh && x->open)
        return GSS_S_DEFECTIVE_TOKEN;
    major =
        step(minor, x, fresh, ((struct lsa_name_object *)target)->text, flags, bindings, in, out);
    *context = (gss_ctx_id_t)x;
    if (!GSS_ERROR(major))
        lsa_report(x, actual_mech, ret_flags, lifetime);
    else if (fresh) {
        lsa_free_context(x);
        *context = GSS_C_NO_CONTEXT;
    }
    return major;
}

OM_uint32 gssi_inquire_context(OM_uint32 *minor, gss_ctx_id_t context, gss_name_t *source,
                               gss_name_t *target, OM_uint32 *lifetime, gss_OID *mech,
                               OM_uint32 *flags, int *local, int *open)
{
    struct lsa_context_object *x = (struct lsa_context_object *)context;

    *minor = 0;
    if (source && !(*source = (gss_name_t)lsa_new_name(x->client)))
        return lsa_out_of_memory(minor);
    if (target && !(*target = (gss_name_t)lsa_new_name(x->server)))
        return lsa_out_of_memory(minor);
    lsa_report(x, mech, flags, lifetime);
    if (local)
        *local = !x->accepted;
    if (open)
        *open = x->open;
    return GSS_S_COMPLETE;
}

OM_uint32 gssi_context_time(OM_uint32 *minor, gss_ctx_id_t context, OM_uint32 *lifetime)
{
    struct lsa_context_object *x = (struct lsa_context_object *)context;

    *minor = 0;
    inquire_lifetime(x);
    *lifetime = x->lifetime;
    return x->lifetime ? GSS_S_COMPLETE : GSS_S_CONTEXT_EXPIRED;
}

OM_uint32 gssi_delete_sec_context(OM_uint32 *minor, gss_ctx_id_t *context, gss_buffer_t out)
{
    struct lsa_context_object *x = (struct lsa_context_object *)*context;
    lsa_context args = {0};
    lsa_nothing none;
    struct answer answer;

    *minor = 0;
    if (out)
        out->length = 0;
    if (!x)
        return GSS_S_COMPLETE;
    args.context = x->handle;
    if (x->handle)
        CALL(&x->iso, DeleteContext, lsa_context, &args, lsa_nothing, &none, &answer);
    lsa_free_context(x);
    *context = GSS_C_NO_CONTEXT;
    return GSS_S_COMPLETE;
}
