/* SPDX-License-Identifier: BSD-2-Clause */
/* NTLMSSP as a GSS mechanism: the first message is public, the answer is lsaiso's. */
#include "mech.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ntlm/negotiate.h"

OM_uint32 lsa_ntlm_first(OM_uint32 *minor, struct lsa_context_object *x, OM_uint32 flags,
                         const char *target, gss_buffer_t out)
{
    uint32_t wish = NTLM_SIGN | (flags & GSS_C_CONF_FLAG ? NTLM_SEAL : 0);
    uint8_t *message = malloc(NTLM_NEGOTIATE_SIZE);
    OM_uint32 major = GSS_S_COMPLETE;

    if (!message)
        return lsa_out_of_memory(minor);
    ntlm_negotiate(wish, message);
    x->negotiate.lsa_token_val = (char *)message;
    x->negotiate.lsa_token_len = NTLM_NEGOTIATE_SIZE;
    x->gss_flags =
        (flags & (GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG)) | GSS_C_INTEG_FLAG;
    strncpy(x->server, target, sizeof(x->server) - 1);
    major = lsa_give(minor, message, NTLM_NEGOTIATE_SIZE, out);
    return major == GSS_S_COMPLETE ? GSS_S_CONTINUE_NEEDED : major;
}

/* The session's keys are made in lsaiso, over our own connection: the context is our uid's. */
static OM_uint32 finish(OM_uint32 *minor, struct lsa_context_object *x, uint64_t pending)
{
    lsa_context args = {.context = pending};
    lsa_context r;
    lsa_context_info info;
    struct answer answer;

    if (CALL(&x->iso, CalculateUserSessionKeyNt, lsa_context, &args, lsa_context, &r, &answer))
        return lsa_failure(&answer, minor);
    x->handle = args.context = r.context;
    x->open = 1;
    if (CALL(&x->iso, InquireContext, lsa_context, &args, lsa_context_info, &info, &answer) ==
        LSA_OK)
        x->lifetime = info.lifetime;
    return GSS_S_COMPLETE;
}

OM_uint32 lsa_ntlm_second(OM_uint32 *minor, struct lsa_context_object *x,
                          gss_channel_bindings_t bindings, gss_buffer_t in, gss_buffer_t out)
{
    struct connection c = {.path = lsa_daemon_path(), .fd = -1};
    char host[65] = "";
    lsa_ntlm_step args = {.target = x->server, .workstation = host, .negotiate = x->negotiate};
    lsa_ntlm_response r;
    struct answer answer;
    OM_uint32 major = GSS_S_COMPLETE;

    if (!in || in->length == 0 || in->length > LSA_TOKEN_MAX)
        return GSS_S_DEFECTIVE_TOKEN;
    if (lsa_flatten_bindings(bindings, &args.bindings))
        return GSS_S_BAD_BINDINGS;
    gethostname(host, sizeof(host) - 1);
    args.challenge.lsa_token_val = in->value;
    args.challenge.lsa_token_len = (u_int)in->length;
    if (CALL(&c, NtlmAuthenticate, lsa_ntlm_step, &args, lsa_ntlm_response, &r, &answer))
        major = lsa_failure(&answer, minor);
    else
        major = finish(minor, x, r.pending);
    if (major == GSS_S_COMPLETE)
        major = lsa_give(minor, r.authenticate.lsa_token_val, r.authenticate.lsa_token_len, out);
    free(args.bindings.lsa_token_val);
    FREE(lsa_ntlm_response, &r);
    connection_close(&c);
    return major;
}
