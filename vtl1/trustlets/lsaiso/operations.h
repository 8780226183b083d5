/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operations of include/openvsm/lsa.x. Each decodes and checks first, and changes the vault
 * only when nothing can fail any more. What a result points to is malloc'ed for xdr_free.
 */
#ifndef LSAISO_OPERATIONS_H
#define LSAISO_OPERATIONS_H

#include "state.h"

/* Who may call: the manager is lsassd's uid. Others reach only contexts that they own. */
enum role { ROLE_ANY, ROLE_MANAGER };

/* What a call takes from the caller's allowance, audit.h. */
enum cost { COST_FREE = 0, COST_MESSAGE = 1, COST_KEY = 4 };

/* X(name in lsa.x, argument type, result type, function, role, cost) */
#define OPERATIONS(X)                                                                              \
    X(GetRunningServices, lsa_nothing, lsa_services, op_services, ROLE_ANY, COST_FREE)             \
    X(GetAuditRecords, lsa_audit_args, lsa_audit, op_audit, ROLE_MANAGER, COST_FREE)               \
    X(GetClientContext, lsa_context_args, lsa_session, op_open, ROLE_MANAGER, COST_KEY)            \
    X(EncryptPassword, lsa_password_args, lsa_blob_result, op_password, ROLE_MANAGER, COST_KEY)    \
    X(BuildPasswordList, lsa_password_list_args, lsa_password_list, op_password_list,              \
      ROLE_MANAGER, COST_KEY)                                                                      \
    X(BuildAsReqAuthenticator, lsa_as_authenticator_args, lsa_as_authenticator,                    \
      op_as_authenticator, ROLE_MANAGER, COST_KEY)                                                 \
    X(VerifyServiceTicket, lsa_verify_ticket_args, lsa_verified_ticket, op_verify_ticket,          \
      ROLE_MANAGER, COST_KEY)                                                                      \
    X(CreateApReqAuthenticator, lsa_ap_request_args, lsa_ap_request, op_ap_request, ROLE_MANAGER,  \
      COST_KEY)                                                                                    \
    X(DecryptApReply, lsa_ap_reply_args, lsa_context_info, op_ap_reply, ROLE_ANY, COST_MESSAGE)    \
    X(UnpackKdcReplyBody, lsa_unpack_args, lsa_kdc_reply, op_unpack_reply, ROLE_MANAGER, COST_KEY) \
    X(ComputeTgsChecksum, lsa_tgs_checksum_args, lsa_tgs_checksum, op_tgs_checksum, ROLE_MANAGER,  \
      COST_KEY)                                                                                    \
    X(PackApReply, lsa_context, lsa_token_result, op_pack_reply, ROLE_MANAGER, COST_MESSAGE)       \
    X(ImportServiceKey, lsa_service_key_args, lsa_blob_result, op_service_key, ROLE_MANAGER,       \
      COST_KEY)                                                                                    \
    X(LockSession, lsa_session, lsa_nothing, op_lock, ROLE_MANAGER, COST_FREE)                     \
    X(DestroySession, lsa_session, lsa_nothing, op_destroy, ROLE_MANAGER, COST_FREE)               \
    X(ProtectCredential, lsa_password_args, lsa_blob_result, op_nt_credential, ROLE_MANAGER,       \
      COST_KEY)                                                                                    \
    X(Lm20GetNtlm3ChallengeResponse, lsa_ntlm_args, lsa_ntlm_response, op_ntlm_response,           \
      ROLE_MANAGER, COST_KEY)                                                                      \
    X(CalculateUserSessionKeyNt, lsa_context, lsa_context, op_ntlm_session, ROLE_ANY,              \
      COST_MESSAGE)                                                                                \
    X(PasswordValidateInteractive, lsa_validate_args, lsa_nothing, op_validate, ROLE_MANAGER,      \
      COST_KEY)                                                                                    \
    X(EnrolUser, lsa_enrol_args, lsa_blob_result, op_enrol, ROLE_MANAGER, COST_KEY)                \
    X(Wrap, lsa_wrap_args, lsa_wrapped, op_wrap, ROLE_ANY, COST_MESSAGE)                           \
    X(Unwrap, lsa_unwrap_args, lsa_unwrapped, op_unwrap, ROLE_ANY, COST_MESSAGE)                   \
    X(GetMic, lsa_mic_args, lsa_token_result, op_get_mic, ROLE_ANY, COST_MESSAGE)                  \
    X(VerifyMic, lsa_verify_mic_args, lsa_verified, op_verify_mic, ROLE_ANY, COST_MESSAGE)         \
    X(WrapSizeLimit, lsa_limit_args, lsa_limit, op_wrap_limit, ROLE_ANY, COST_MESSAGE)             \
    X(InquireContext, lsa_context, lsa_context_info, op_inquire, ROLE_ANY, COST_MESSAGE)           \
    X(DeleteContext, lsa_context, lsa_nothing, op_delete, ROLE_ANY, COST_FREE)

#define OPERATION_DECLARE(name, arguments, result, function, role, cost)                           \
    lsa_status function(struct call *c, const arguments *a, result *r);
OPERATIONS(OPERATION_DECLARE)
#undef OPERATION_DECLARE

/* Finds a context and checks that it is the caller's. */
lsa_status own_context(struct call *c, uint64_t id, struct context **x);
/* MD5 of channel bindings, RFC 4121 4.1.1.2; all zero for none. */
void bindings_hash(const lsa_token *bindings, uint8_t out[16]);
/* A fresh EncryptedData over `plain`; *out is malloc'ed. */
lsa_status pack_encrypted(struct call *c, const struct krb_key *key, uint32_t usage,
                          struct bytes plain, lsa_token *out);
/* Plaintext in fresh memory of `cipher.size` bytes; wipe and free it. */
lsa_status open_encrypted(const struct krb_key *key, uint32_t usage, struct bytes cipher,
                          uint8_t **plain, size_t *size);

static inline struct bytes token_bytes(const lsa_token *t)
{
    return bytes_of(t->lsa_token_val, t->lsa_token_len);
}

#endif
