/* SPDX-License-Identifier: BSD-2-Clause */
/* Per-message protection: RFC 4121 section 4.2, and NTLM's of MS-NLMP 3.4. */
#include "operations.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "session.h"

static lsa_status open_context(struct call *c, uint64_t id, struct context **x)
{
    lsa_status status = own_context(c, id, x);

    if (status)
        return status;
    if ((*x)->kind != CONTEXT_KRB && (*x)->kind != CONTEXT_NTLM)
        return fail(c, LSA_NO_CONTEXT, "the security context is not established yet");
    return LSA_OK;
}

static struct bytes message_bytes(const lsa_message *m)
{
    return bytes_of(m->lsa_message_val, m->lsa_message_len);
}

/* MS-NLMP 3.4.6, in the order in which Windows and Samba send it: signature, message. */
static int ntlm_wrap(struct context *x, struct bytes message, uint8_t *out, size_t *size)
{
    if (message.size)
        memcpy(out + NTLM_SIGNATURE, message.data, message.size);
    if (x->ntlm.seals)
        ntlm_seal(&x->ntlm.send, out + NTLM_SIGNATURE, message.size, out);
    else
        ntlm_sign(&x->ntlm.send, message, out);
    *size = message.size + NTLM_SIGNATURE;
    return 0;
}

static int ntlm_unwrap(struct context *x, struct bytes token, uint8_t *out, size_t *size)
{
    *size = token.size - NTLM_SIGNATURE;
    memcpy(out, token.data + NTLM_SIGNATURE, *size);
    if (x->ntlm.seals)
        return ntlm_unseal(&x->ntlm.receive, out, *size, token.data);
    return ntlm_verify(&x->ntlm.receive, bytes_of(out, *size), token.data);
}

lsa_status op_wrap(struct call *c, const lsa_wrap_args *a, lsa_wrapped *r)
{
    struct context *x = NULL;
    struct bytes message = message_bytes(&a->message);
    uint8_t *out = NULL;
    size_t size = 0;
    int bad = 0;
    lsa_status status = open_context(c, a->context, &x);

    if (status)
        return status;
    if (message.size > LSA_MESSAGE_MAX - GSS_WRAP_OVERHEAD)
        return fail(c, LSA_BAD_CALL, "a message has at most %d bytes",
                    LSA_MESSAGE_MAX - GSS_WRAP_OVERHEAD);
    out = malloc(message.size + GSS_WRAP_OVERHEAD);
    if (!out)
        return LSA_NO_MEMORY;
    bad = x->kind == CONTEXT_KRB ? gss_wrap(&x->krb.keys, a->seal != 0, message, out, &size)
                                 : ntlm_wrap(x, message, out, &size);
    r->token.lsa_message_val = (char *)out;
    r->token.lsa_message_len = (u_int)size;
    r->sealed = x->kind == CONTEXT_KRB ? a->seal != 0 : x->ntlm.seals;
    return bad ? LSA_INTERNAL : LSA_OK;
}

lsa_status op_unwrap(struct call *c, const lsa_unwrap_args *a, lsa_unwrapped *r)
{
    struct context *x = NULL;
    struct bytes token = message_bytes(&a->token);
    uint8_t *out = NULL;
    size_t size = 0;
    int sealed = 1;
    int bad = 0;
    enum gss_order order = GSS_ORDER_OK;
    lsa_status status = open_context(c, a->context, &x);

    if (status)
        return status;
    if (x->kind == CONTEXT_NTLM && token.size < NTLM_SIGNATURE)
        return LSA_MALFORMED;
    out = malloc(token.size + 1);
    if (!out)
        return LSA_NO_MEMORY;
    if (x->kind == CONTEXT_KRB) {
        bad = gss_unwrap(&x->krb.keys, token, out, &size, &sealed, &order);
    } else {
        bad = ntlm_unwrap(x, token, out, &size);
        sealed = (int)x->ntlm.seals;
    }
    if (bad) {
        free(out);
        return fail(c, LSA_INTEGRITY, "the message does not verify");
    }
    r->message.lsa_message_val = (char *)out;
    r->message.lsa_message_len = (u_int)size;
    r->sealed = (u_int)sealed;
    r->order = order;
    return LSA_OK;
}

lsa_status op_get_mic(struct call *c, const lsa_mic_args *a, lsa_token_result *r)
{
    struct context *x = NULL;
    uint8_t *out = NULL;
    size_t size = NTLM_SIGNATURE;
    int bad = 0;
    lsa_status status = open_context(c, a->context, &x);

    if (status)
        return status;
    out = malloc(GSS_TOKEN_HEADER + KRB_CHECKSUM_MAX);
    if (!out)
        return LSA_NO_MEMORY;
    if (x->kind == CONTEXT_KRB)
        bad = gss_get_mic(&x->krb.keys, message_bytes(&a->message), out, &size);
    else
        ntlm_sign(&x->ntlm.send, message_bytes(&a->message), out);
    r->token.lsa_token_val = (char *)out;
    r->token.lsa_token_len = (u_int)size;
    return bad ? LSA_INTERNAL : LSA_OK;
}

lsa_status op_verify_mic(struct call *c, const lsa_verify_mic_args *a, lsa_verified *r)
{
    struct context *x = NULL;
    struct bytes token = token_bytes(&a->token);
    enum gss_order order = GSS_ORDER_OK;
    int bad = 0;
    lsa_status status = open_context(c, a->context, &x);

    if (status)
        return status;
    if (x->kind == CONTEXT_KRB)
        bad = gss_verify_mic(&x->krb.keys, message_bytes(&a->message), token, &order);
    else
        bad = token.size != NTLM_SIGNATURE ||
              ntlm_verify(&x->ntlm.receive, message_bytes(&a->message), token.data);
    if (bad)
        return fail(c, LSA_INTEGRITY, "the signature does not verify");
    r->order = order;
    return LSA_OK;
}

lsa_status op_wrap_limit(struct call *c, const lsa_limit_args *a, lsa_limit *r)
{
    struct context *x = NULL;
    uint32_t limit = a->output_size < LSA_MESSAGE_MAX ? a->output_size : LSA_MESSAGE_MAX;
    lsa_status status = open_context(c, a->context, &x);

    if (status)
        return status;
    if (x->kind == CONTEXT_KRB)
        r->size = (u_int)gss_wrap_limit(&x->krb.keys, a->seal != 0, limit);
    else
        r->size = limit > NTLM_SIGNATURE ? limit - NTLM_SIGNATURE : 0;
    return LSA_OK;
}
