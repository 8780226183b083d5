/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages: each is one call to lsaiso, which has the key. */
#include "mech.h"

#include <string.h>

#include "gssi.h"

static lsa_message as_message(const gss_buffer_t in)
{
    return (lsa_message){.lsa_message_len = (u_int)in->length, .lsa_message_val = in->value};
}

static int too_long(const gss_buffer_t in, OM_uint32 *minor)
{
    *minor = 90; /* EMSGSIZE */
    return in->length > LSA_MESSAGE_MAX;
}

static OM_uint32 order_status(u_int order)
{
    static const OM_uint32 supplements[] = {0, GSS_S_DUPLICATE_TOKEN, GSS_S_OLD_TOKEN,
                                            GSS_S_UNSEQ_TOKEN, GSS_S_GAP_TOKEN};

    return order < sizeof(supplements) / sizeof(supplements[0]) ? supplements[order] : 0;
}

/* Only what the context asked for is reported, RFC 2743 1.2.3. */
static OM_uint32 order_of(const struct lsa_context_object *x, u_int order)
{
    if (order == 1 || order == 2)
        return x->gss_flags & (GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG) ? order_status(order) : 0;
    return x->gss_flags & GSS_C_SEQUENCE_FLAG ? order_status(order) : 0;
}

OM_uint32 gssi_wrap(OM_uint32 *minor, gss_ctx_id_t context, int seal, gss_qop_t qop,
                    gss_buffer_t in, int *sealed, gss_buffer_t out)
{
    struct lsa_context_object *x = (struct lsa_context_object *)context;
    lsa_wrap_args args = {.context = x->handle, .seal = seal != 0};
    lsa_wrapped r;
    struct answer answer;
    OM_uint32 major = GSS_S_COMPLETE;

    if (qop != GSS_C_QOP_DEFAULT)
        return GSS_S_BAD_QOP;
    if (too_long(in, minor))
        return GSS_S_FAILURE;
    args.message = as_message(in);
    if (CALL(&x->iso, Wrap, lsa_wrap_args, &args, lsa_wrapped, &r, &answer))
        major = lsa_failure(&answer, minor);
    else
        major = lsa_give(minor, r.token.lsa_message_val, r.token.lsa_message_len, out);
    if (sealed)
        *sealed = r.sealed != 0;
    FREE(lsa_wrapped, &r);
    return major;
}

OM_uint32 gssi_unwrap(OM_uint32 *minor, gss_ctx_id_t context, gss_buffer_t in, gss_buffer_t out,
                      int *sealed, gss_qop_t *qop)
{
    struct lsa_context_object *x = (struct lsa_context_object *)context;
    lsa_unwrap_args args = {.context = x->handle};
    lsa_unwrapped r;
    struct answer answer;
    OM_uint32 major = GSS_S_COMPLETE;

    if (too_long(in, minor))
        return GSS_S_DEFECTIVE_TOKEN;
    args.token = as_message(in);
    if (CALL(&x->iso, Unwrap, lsa_unwrap_args, &args, lsa_unwrapped, &r, &answer)) {
        major = lsa_failure(&answer, minor);
    } else {
        major = lsa_give(minor, r.message.lsa_message_val, r.message.lsa_message_len, out);
        if (major == GSS_S_COMPLETE)
            major = order_of(x, r.order);
        if (sealed)
            *sealed = r.sealed != 0;
    }
    if (qop)
        *qop = GSS_C_QOP_DEFAULT;
    FREE(lsa_unwrapped, &r);
    return major;
}

OM_uint32 gssi_get_mic(OM_uint32 *minor, gss_ctx_id_t context, gss_qop_t qop, gss_buffer_t in,
                       gss_buffer_t out)
{
    struct lsa_context_object *x = (struct lsa_context_object *)context;
    lsa_mic_args args = {.context = x->handle};
    lsa_token_result r;
    struct answer answer;
    OM_uint32 major = GSS_S_COMPLETE;

    if (qop != GSS_C_QOP_DEFAULT)
        return GSS_S_BAD_QOP;
    if (too_long(in, minor))
        return GSS_S_FAILURE;
    args.message = as_message(in);
    if (CALL(&x->iso, GetMic, lsa_mic_args, &args, lsa_token_result, &r, &answer))
        major = lsa_failure(&answer, minor);
    else
        major = lsa_give(minor, r.token.lsa_token_val, r.token.lsa_token_len, out);
    FREE(lsa_token_result, &r);
    return major;
}

OM_uint32 gssi_verify_mic(OM_uint32 *minor, gss_ctx_id_t context, gss_buffer_t in,
                          gss_buffer_t token, gss_qop_t *qop)
{
    struct lsa_context_object *x = (struct lsa_context_object *)context;
    lsa_verify_mic_args args = {.context = x->handle};
    lsa_verified r;
    struct answer answer;

    if (too_long(in, minor) || token->length > LSA_TOKEN_MAX)
        return GSS_S_DEFECTIVE_TOKEN;
    args.message = as_message(in);
    args.token.lsa_token_val = token->value;
    args.token.lsa_token_len = (u_int)token->length;
    if (CALL(&x->iso, VerifyMic, lsa_verify_mic_args, &args, lsa_verified, &r, &answer))
        return lsa_failure(&answer, minor);
    if (qop)
        *qop = GSS_C_QOP_DEFAULT;
    *minor = 0;
    return order_of(x, r.order);
}

OM_uint32 gssi_wrap_size_limit(OM_uint32 *minor, gss_ctx_id_t context, int seal, gss_qop_t qop,
                               OM_uint32 output, OM_uint32 *input)
{
    struct lsa_context_object *x = (struct lsa_context_object *)context;
    lsa_limit_args args = {.context = x->handle, .seal = seal != 0, .output_size = output};
    lsa_limit r;
    struct answer answer;

    (void)qop;
    if (CALL(&x->iso, WrapSizeLimit, lsa_limit_args, &args, lsa_limit, &r, &answer))
        return lsa_failure(&answer, minor);
    *input = r.size;
    *minor = 0;
    return GSS_S_COMPLETE;
}
