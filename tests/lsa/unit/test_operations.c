/* SPDX-License-Identifier: BSD-2-Clause */
/* What a compromised lsassd may try, one lie at a time; clock and KDC are the test's. */
#include "iso.h"

#include <stdlib.h>

#include <sodium.h>

#include "hex.h"

static int start(void **state)
{
    (void)state;
    iso_start(false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    iso_stop();
    return 0;
}

static void release(lsa_blob *blob)
{
    free(blob->lsa_blob_val);
    blob->lsa_blob_val = NULL;
}

static lsa_status as_ask(uint64_t session, const lsa_blob *key, uint32_t *nonce)
{
    lsa_as_authenticator_args args = {.session = session, .key = *key};
    lsa_as_authenticator r;
    lsa_status status = ISO_CALL(MANAGER, BuildAsReqAuthenticator, lsa_as_authenticator_args, &args,
                                 lsa_as_authenticator, &r);

    *nonce = r.nonce;
    xdr_free((xdrproc_t)xdr_lsa_as_authenticator, &r);
    return status;
}

static lsa_status as_answer(uint64_t session, const lsa_blob *key, const struct kdc_answer *a)
{
    struct krb_key client = kdc_client_key(KRB_AES256_SHA1);
    lsa_unpack_args args = {
        .session = session, .pdu = LSA_PDU_AS_REP, .key = *key, .enctype = KRB_AES256_SHA1};
    lsa_kdc_reply r;
    lsa_status status = LSA_OK;

    args.cipher = kdc_reply(a, &client, KRB_USAGE_AS_REP);
    status = ISO_CALL(MANAGER, UnpackKdcReplyBody, lsa_unpack_args, &args, lsa_kdc_reply, &r);
    xdr_free((xdrproc_t)xdr_lsa_kdc_reply, &r);
    free(args.cipher.lsa_token_val);
    return status;
}

/* NTLMv1 (203), the compare oracle (209), DES and every unused number: there is no such thing. */
static void absent_operations(void **state)
{
    static const uint32_t absent[] = {0, 3, 99, 109, 111, 112, 203, 206, 207, 208, 209, 210, 0x202};
    lsa_session args = {0};
    lsa_nothing r;

    (void)state;
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_int_equal(ISO_CALL(MANAGER, absent[i], lsa_session, &args, lsa_nothing, &r),
                         LSA_NO_SUCH_OPERATION);
}

static void other_callers(void **state)
{
    static const uint32_t managers[] = {GetAuditRecords,
                                        GetClientContext,
                                        EncryptPassword,
                                        BuildPasswordList,
                                        BuildAsReqAuthenticator,
                                        VerifyServiceTicket,
                                        CreateApReqAuthenticator,
                                        UnpackKdcReplyBody,
                                        ComputeTgsChecksum,
                                        PackApReply,
                                        ImportServiceKey,
                                        LockSession,
                                        DestroySession,
                                        ProtectCredential,
                                        Lm20GetNtlm3ChallengeResponse,
                                        PasswordValidateInteractive,
                                        EnrolUser};
    lsa_session args = {0};
    lsa_nothing r;

    (void)state;
    for (size_t i = 0; i < sizeof(managers) / sizeof(managers[0]); i++) {
        assert_int_equal(ISO_CALL(OWNER, managers[i], lsa_session, &args, lsa_nothing, &r),
                         LSA_DENIED);
        assert_int_equal(ISO_CALL(0, managers[i], lsa_session, &args, lsa_nothing, &r), LSA_DENIED);
    }
}

static void as_exchange(void **state)
{
    uint64_t session = iso_session();
    lsa_blob key = iso_client_key(session, KRB_AES256_SHA1);
    struct kdc_answer a;
    uint32_t nonce = 0;

    (void)state;
    assert_int_equal(as_ask(session, &key, &nonce), LSA_OK);
    a = kdc_tgt(nonce);
    assert_int_equal(as_answer(session, &key, &a), LSA_OK);
    /* A stored reply cannot begin the key's life anew. */
    assert_int_equal(as_answer(session, &key, &a), LSA_MISMATCH);
    assert_int_equal(as_ask(session, &key, &nonce), LSA_OK);
    a = kdc_tgt(nonce);
    a.tag = 26; /* as MIT writes it */
    assert_int_equal(as_answer(session, &key, &a), LSA_OK);
    assert_int_equal(as_ask(session, &key, &nonce), LSA_OK);
    a = kdc_tgt(nonce + 1);
    assert_int_equal(as_answer(session, &key, &a), LSA_MISMATCH);
    a = kdc_tgt(nonce);
    a.realm = "OTHER";
    assert_int_equal(as_answer(session, &key, &a), LSA_MISMATCH);
    a.realm = TEST_REALM;
    test_monotonic_ms += EXCHANGE_MS;
    assert_int_equal(as_answer(session, &key, &a), LSA_MISMATCH);
    assert_int_equal(as_ask(session, &key, &nonce), LSA_OK);
    a = kdc_tgt(nonce);
    krb_random_key(KRB_RC4, &a.session_key);
    assert_int_equal(as_answer(session, &key, &a), LSA_POLICY);
    release(&key);
}

static void sealed_keys(void **state)
{
    uint64_t session = iso_session();
    uint64_t other = iso_session();
    lsa_blob key = iso_client_key(session, KRB_AES128_SHA256);
    struct kdc_answer a;
    lsa_blob tgt = iso_tgt(session, &a);
    lsa_session lock = {.session = session};
    lsa_nothing none;
    uint32_t nonce = 0;

    (void)state;
    assert_int_equal(as_ask(session, &key, &nonce), LSA_OK);
    assert_int_equal(as_ask(other, &key, &nonce), LSA_BLOB_REFUSED);
    assert_int_equal(as_ask(session, &tgt, &nonce), LSA_USAGE);
    for (u_int i = 0; i < key.lsa_blob_len; i++)
        for (int bit = 0; bit < 8; bit++) {
            key.lsa_blob_val[i] ^= (char)(1 << bit);
            assert_int_not_equal(as_ask(session, &key, &nonce), LSA_OK);
            key.lsa_blob_val[i] ^= (char)(1 << bit);
        }
    for (u_int cut = 0; cut < key.lsa_blob_len; cut++) {
        lsa_blob part = {.lsa_blob_val = key.lsa_blob_val, .lsa_blob_len = cut};

        assert_int_equal(as_ask(session, &part, &nonce), LSA_BLOB_REFUSED);
    }
    test_monotonic_ms += 60000; /* the rate limit's tokens come back */
    assert_int_equal(as_ask(session, &key, &nonce), LSA_OK);
    assert_int_equal(ISO_CALL(MANAGER, LockSession, lsa_session, &lock, lsa_nothing, &none),
                     LSA_OK);
    assert_int_equal(as_ask(session, &key, &nonce), LSA_LOCKED);
    assert_int_equal(ISO_CALL(MANAGER, DestroySession, lsa_session, &lock, lsa_nothing, &none),
                     LSA_OK);
    assert_int_equal(as_ask(session, &key, &nonce), LSA_NO_SESSION);
    /* Another run of lsaiso, with the same session number by chance. */
    iso_stop();
    iso_start(false);
    session = iso_session();
    assert_int_equal(as_ask(session, &key, &nonce), LSA_BLOB_REFUSED);
    release(&key);
    release(&tgt);
}

static void time_is_up(void **state)
{
    uint64_t session = iso_session();
    struct kdc_answer a;
    lsa_blob tgt = iso_tgt(session, &a);
    lsa_token body = kdc_body(0, 5, KRB_AES256_SHA1);
    struct tgs_question q;

    (void)state;
    assert_int_equal(iso_tgs_ask(session, &tgt, &a.session_key, &body, &q), LSA_OK);
    /* Whatever VTL0's clock says. */
    test_real_us -= INT64_C(86400) * 1000000;
    test_monotonic_ms += 36000 * 1000 - 1;
    assert_int_equal(iso_tgs_ask(session, &tgt, &a.session_key, &body, &q), LSA_OK);
    test_monotonic_ms += 1;
    assert_int_equal(iso_tgs_ask(session, &tgt, &a.session_key, &body, &q), LSA_EXPIRED);
    release(&tgt);
    tgt = iso_tgt(session, &a);
    test_monotonic_ms += 12 * 3600000;
    assert_int_equal(iso_tgs_ask(session, &tgt, &a.session_key, &body, &q), LSA_EXPIRED);
    assert_true(sodium_is_zero(test_iso.sessions[session & 0xffff]->wrap_key, WRAP_KEY));
    release(&tgt);
    free(body.lsa_token_val);
}

static lsa_blob service_key(uint64_t session, struct kdc_answer *answer)
{
    struct kdc_answer tgt_answer;
    lsa_blob tgt = iso_tgt(session, &tgt_answer);
    lsa_token body = kdc_body(0, 77, KRB_AES256_SHA1);
    struct tgs_question q;
    lsa_blob key;

    assert_int_equal(iso_tgs_ask(session, &tgt, &tgt_answer.session_key, &body, &q), LSA_OK);
    *answer = kdc_tgt(77);
    answer->tag = 26;
    answer->server[0] = "host";
    answer->server[1] = "server";
    iso_secret(answer->session_key.bytes, answer->session_key.size);
    assert_int_equal(iso_tgs_answer(session, &q, answer, &key), LSA_OK);
    release(&tgt);
    free(body.lsa_token_val);
    return key;
}

static void tgs_exchange(void **state)
{
    static const uint32_t refused[] = {1u << 29, 1u << 27, 1u << 17, 1u << 3};
    uint64_t session = iso_session();
    struct kdc_answer a;
    lsa_blob tgt = iso_tgt(session, &a);
    lsa_blob key;
    lsa_token body;
    struct tgs_question q;
    struct kdc_answer b;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        body = kdc_body(refused[i], 5, KRB_AES256_SHA1);
        assert_int_equal(iso_tgs_ask(session, &tgt, &a.session_key, &body, &q), LSA_POLICY);
        free(body.lsa_token_val);
    }
    body = kdc_body(0, 5, KRB_RC4);
    assert_int_equal(iso_tgs_ask(session, &tgt, &a.session_key, &body, &q), LSA_POLICY);
    free(body.lsa_token_val);
    body = kdc_body(0, 5, KRB_AES256_SHA1);
    assert_int_equal(iso_tgs_ask(session, &tgt, &a.session_key, &body, &q), LSA_OK);
    b = kdc_tgt(6);
    b.server[0] = "host";
    b.server[1] = "server";
    assert_int_equal(iso_tgs_answer(session, &q, &b, &key), LSA_MISMATCH);
    /* One question, one answer. */
    b.nonce = 5;
    assert_int_equal(iso_tgs_answer(session, &q, &b, &key), LSA_MISMATCH);
    assert_int_equal(iso_tgs_ask(session, &tgt, &a.session_key, &body, &q), LSA_OK);
    b.server[1] = "another";
    assert_int_equal(iso_tgs_answer(session, &q, &b, &key), LSA_MISMATCH);
    free(body.lsa_token_val);
    release(&tgt);
}

static lsa_status initiate(uint64_t session, const lsa_blob *key, uint32_t flags, lsa_ap_request *r)
{
    lsa_ap_request_args args = {
        .session = session, .purpose = LSA_AP_SERVICE, .key = *key, .gss_flags = flags};

    return ISO_CALL(MANAGER, CreateApReqAuthenticator, lsa_ap_request_args, &args, lsa_ap_request,
                    r);
}

/* A ticket for `session_key`, sealed with the service's own key. */
static lsa_token make_request(const struct krb_key *service, const struct krb_key *session_key,
                              const lsa_token *authenticator)
{
    struct der_principal client = {.type = 1, .count = 1, .components = {"alice"}};
    struct der_principal server = {.type = 2, .count = 2, .components = {"host", "server"}};
    asn1_node node = NULL;
    uint8_t *der = NULL;
    uint8_t cipher[4096];
    size_t size = 0;
    int64_t now = test_real_us / 1000000;
    int bad =
        der_create(test_iso.definitions, "EncTicketPart", &node) ||
        der_put_flags(node, "flags", 0) || der_put_key(node, "key", session_key) ||
        der_put_string(node, "crealm", TEST_REALM) || der_put_principal(node, "cname", &client) ||
        der_put_int(node, "transited.tr-type", 1) ||
        der_put_bytes(node, "transited.contents", "", 0) || der_put_time(node, "authtime", now) ||
        der_put_time(node, "starttime", now) || der_put_time(node, "endtime", now + 3600) ||
        der_omit(node, "renew-till") || der_omit(node, "caddr") ||
        der_omit(node, "authorization-data") || der_encode(node, &der, &size);

    assert_int_equal(bad, 0);
    der_free(&node);
    krb_encrypt(service, KRB_USAGE_TICKET, (struct bytes[]){bytes_of(der, size)}, 1, cipher, &size);
    free(der);
    bad = der_create(test_iso.definitions, "Ticket", &node) || der_put_int(node, "tkt-vno", 5) ||
          der_put_string(node, "realm", TEST_REALM) || der_put_principal(node, "sname", &server) ||
          der_put_int(node, "enc-part.etype", service->enctype) ||
          der_omit(node, "enc-part.kvno") || der_put_bytes(node, "enc-part.cipher", cipher, size) ||
          der_encode(node, &der, &size);
    assert_int_equal(bad, 0);
    der_free(&node);
    bad = der_create(test_iso.definitions, "AP-REQ", &node) || der_put_int(node, "pvno", 5) ||
          der_put_int(node, "msg-type", 14) || der_put_flags(node, "ap-options", 1u << 29) ||
          der_put_bytes(node, "ticket", der, size) ||
          der_put_bytes(node, "authenticator", authenticator->lsa_token_val,
                        authenticator->lsa_token_len);
    free(der);
    bad = bad || der_encode(node, &der, &size);
    assert_int_equal(bad, 0);
    der_free(&node);
    return (lsa_token){.lsa_token_val = (char *)der, .lsa_token_len = (u_int)size};
}

static lsa_status accept_request(uint64_t session, const lsa_blob *key, const lsa_token *request,
                                 uint64_t *context)
{
    lsa_verify_ticket_args args = {.session = session, .key = *key, .request = *request};
    lsa_verified_ticket r;
    lsa_status status = ISO_CALL(MANAGER, VerifyServiceTicket, lsa_verify_ticket_args, &args,
                                 lsa_verified_ticket, &r);

    if (status == LSA_OK)
        assert_string_equal(r.client.components.components_val[0], "alice");
    *context = r.context;
    xdr_free((xdrproc_t)xdr_lsa_verified_ticket, &r);
    return status;
}

static void carry(uint64_t from, uint64_t to)
{
    lsa_wrap_args wrap = {.context = from, .seal = 1};
    lsa_wrapped wrapped;
    lsa_unwrap_args unwrap = {.context = to};
    lsa_unwrapped r;

    wrap.message.lsa_message_val = "a message";
    wrap.message.lsa_message_len = 9;
    assert_int_equal(ISO_CALL(MANAGER, Wrap, lsa_wrap_args, &wrap, lsa_wrapped, &wrapped),
                     LSA_NO_CONTEXT); /* not even the manager: it is the owner's */
    assert_int_equal(ISO_CALL(OWNER, Wrap, lsa_wrap_args, &wrap, lsa_wrapped, &wrapped), LSA_OK);
    unwrap.token = wrapped.token;
    assert_int_equal(ISO_CALL(OWNER, Unwrap, lsa_unwrap_args, &unwrap, lsa_unwrapped, &r), LSA_OK);
    assert_int_equal(r.message.lsa_message_len, 9);
    assert_memory_equal(r.message.lsa_message_val, "a message", 9);
    xdr_free((xdrproc_t)xdr_lsa_wrapped, &wrapped);
    xdr_free((xdrproc_t)xdr_lsa_unwrapped, &r);
}

static lsa_blob_result import_service(uint64_t session, const struct krb_key *service)
{
    lsa_service_key_args import = {.session = session, .enctype = service->enctype};
    lsa_blob_result sealed;

    import.key.key_val = (char *)(uintptr_t)service->bytes;
    import.key.key_len = (u_int)service->size;
    assert_int_equal(ISO_CALL(MANAGER, ImportServiceKey, lsa_service_key_args, &import,
                              lsa_blob_result, &sealed),
                     LSA_OK);
    return sealed;
}

/* The acceptor takes a request within the time, once, and with a key that is meant for it. -> its
 * context */
static uint64_t accepted_once(uint64_t session, const lsa_blob *keytab, const lsa_blob *other,
                              const lsa_token *request)
{
    uint64_t acceptor = 0;
    uint64_t again = 0;

    test_real_us += INT64_C(400) * 1000000;
    assert_int_equal(accept_request(session, keytab, request, &acceptor), LSA_SKEW);
    test_real_us -= INT64_C(400) * 1000000;
    assert_int_equal(accept_request(session, keytab, request, &acceptor), LSA_OK);
    assert_int_equal(accept_request(session, keytab, request, &again), LSA_MISMATCH);
    assert_int_equal(accept_request(session, other, request, &again), LSA_USAGE);
    return acceptor;
}

static lsa_status finish(uint32_t uid, uint64_t context, const lsa_token *reply)
{
    lsa_ap_reply_args args = {.context = context, .reply = *reply};
    lsa_context_info info;

    return ISO_CALL(uid, DecryptApReply, lsa_ap_reply_args, &args, lsa_context_info, &info);
}

/* The initiator takes the acceptor's own reply, and only its owner may give it. */
static void replied(uint64_t initiator, uint64_t acceptor)
{
    lsa_context pack = {.context = acceptor};
    lsa_token_result reply;

    assert_int_equal(ISO_CALL(MANAGER, PackApReply, lsa_context, &pack, lsa_token_result, &reply),
                     LSA_OK);
    reply.token.lsa_token_val[reply.token.lsa_token_len - 1] ^= 1;
    assert_int_equal(finish(OWNER, initiator, &reply.token), LSA_INTEGRITY);
    reply.token.lsa_token_val[reply.token.lsa_token_len - 1] ^= 1;
    assert_int_equal(finish(OWNER + 1, initiator, &reply.token), LSA_NO_CONTEXT);
    assert_int_equal(finish(OWNER, initiator, &reply.token), LSA_OK);
    xdr_free((xdrproc_t)xdr_lsa_token_result, &reply);
}

static void both_ends(void **state)
{
    uint64_t session = iso_session();
    struct kdc_answer a;
    lsa_blob key = service_key(session, &a);
    struct krb_key service;
    lsa_blob_result keytab;
    lsa_ap_request first;
    lsa_token request;
    lsa_context acceptor = {0};
    lsa_context_info info;

    (void)state;
    krb_random_key(KRB_AES256_SHA384, &service);
    iso_secret(service.bytes, service.size);
    keytab = import_service(session, &service);
    assert_int_equal(initiate(session, &key, 1, &first), LSA_POLICY); /* delegation */
    assert_int_equal(initiate(session, &key, 0x3e, &first), LSA_OK);
    request = make_request(&service, &a.session_key, &first.authenticator);
    acceptor.context = accepted_once(session, &keytab.blob, &key, &request);
    replied(first.context, acceptor.context);
    carry(first.context, acceptor.context);
    carry(acceptor.context, first.context);
    test_monotonic_ms += 3600 * 1000;
    assert_int_equal(
        ISO_CALL(OWNER, InquireContext, lsa_context, &acceptor, lsa_context_info, &info),
        LSA_EXPIRED);
    xdr_free((xdrproc_t)xdr_lsa_ap_request, &first);
    xdr_free((xdrproc_t)xdr_lsa_blob_result, &keytab);
    free(request.lsa_token_val);
    release(&key);
}

/* --- NTLM
 * ------------------------------------------------------------------------------------------ */

#define N_FLAGS 0xe2888215u

static size_t challenge(uint8_t *out, uint32_t flags, bool with_time)
{
    uint64_t filetime = (uint64_t)(test_real_us * 10 + INT64_C(116444736000000000));
    size_t at = 56;

    memset(out, 0, 128);
    memcpy(out, "NTLMSSP", 8);
    out[8] = 2;
    put_le32(out + 20, flags);
    memcpy(out + 24, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
    if (with_time) {
        put_le16(out + at, 7);
        put_le16(out + at + 2, 8);
        put_le32(out + at + 4, (uint32_t)filetime);
        put_le32(out + at + 8, (uint32_t)(filetime >> 32));
        at += 12;
    }
    at += 4;
    put_le16(out + 40, (uint16_t)(at - 56));
    put_le32(out + 44, 56);
    return at;
}

static lsa_status ntlm(uint64_t session, const lsa_blob *hash, const char *user, uint32_t flags,
                       bool with_time, lsa_ntlm_response *r)
{
    static const char negotiate[] = "NTLMSSP\0\1\0\0\0\x15\x82\x88\xe2";
    uint8_t message[128];
    lsa_ntlm_args args = {.session = session,
                          .credential = *hash,
                          .user = (char *)(uintptr_t)user,
                          .domain = "WORK",
                          .workstation = "here",
                          .target = "cifs/server"};

    args.challenge.lsa_token_len = (u_int)challenge(message, flags, with_time);
    args.challenge.lsa_token_val = (char *)message;
    args.negotiate.lsa_token_val = (char *)(uintptr_t)negotiate;
    args.negotiate.lsa_token_len = sizeof(negotiate) - 1;
    return ISO_CALL(MANAGER, Lm20GetNtlm3ChallengeResponse, lsa_ntlm_args, &args, lsa_ntlm_response,
                    r);
}

static void ntlm_answers(void **state)
{
    uint64_t session = iso_session();
    lsa_password_args give = {.session = session};
    uint8_t hash[16];
    lsa_blob_result blob;
    lsa_ntlm_response one;
    lsa_ntlm_response two;

    (void)state;
    krb_nt_hash(bytes_of(TEST_PASSWORD, strlen(TEST_PASSWORD)), hash);
    iso_secret(hash, sizeof(hash));
    give.password.lsa_secret_val = (char *)(uintptr_t)TEST_PASSWORD;
    give.password.lsa_secret_len = strlen(TEST_PASSWORD);
    assert_int_equal(
        ISO_CALL(MANAGER, ProtectCredential, lsa_password_args, &give, lsa_blob_result, &blob),
        LSA_OK);
    assert_int_equal(ntlm(session, &blob.blob, "bob", N_FLAGS, true, &one), LSA_DENIED);
    /* Pass-the-Challenge: no timestamp, no target information, or keys cut short. */
    assert_int_equal(ntlm(session, &blob.blob, "alice", N_FLAGS, false, &one), LSA_POLICY);
    assert_int_equal(ntlm(session, &blob.blob, "alice", N_FLAGS & ~0x00800000u, true, &one),
                     LSA_POLICY);
    assert_int_equal(ntlm(session, &blob.blob, "alice", N_FLAGS & ~0x00080000u, true, &one),
                     LSA_POLICY);
    assert_int_equal(ntlm(session, &blob.blob, "alice", N_FLAGS & ~0x20000000u, true, &one),
                     LSA_POLICY);
    test_real_us += INT64_C(3600) * 1000000;
    assert_int_equal(ntlm(session, &blob.blob, "alice", N_FLAGS, true, &one), LSA_OK);
    assert_int_equal(ntlm(session, &blob.blob, "ALICE", N_FLAGS, true, &two), LSA_OK);
    /* One challenge, two answers: the client's part is chosen inside. */
    assert_int_equal(one.authenticate.lsa_token_len, two.authenticate.lsa_token_len);
    assert_memory_not_equal(one.authenticate.lsa_token_val + 100,
                            two.authenticate.lsa_token_val + 100,
                            one.authenticate.lsa_token_len - 100);
    xdr_free((xdrproc_t)xdr_lsa_ntlm_response, &one);
    xdr_free((xdrproc_t)xdr_lsa_ntlm_response, &two);
    xdr_free((xdrproc_t)xdr_lsa_blob_result, &blob);
}

static void local_users(void **state)
{
    lsa_enrol_args enrol = {.user = "carol"};
    lsa_blob_result verifier;
    lsa_validate_args args = {.user = "carol"};
    lsa_nothing none;
    lsa_status status = LSA_OK;

    (void)state;
    enrol.password.lsa_secret_val = "right";
    enrol.password.lsa_secret_len = 5;
    assert_int_equal(
        ISO_CALL(MANAGER, EnrolUser, lsa_enrol_args, &enrol, lsa_blob_result, &verifier), LSA_OK);
    assert_null(memmem(verifier.blob.lsa_blob_val, verifier.blob.lsa_blob_len, "argon2", 6));
    args.verifier = verifier.blob;
    args.password = enrol.password;
    assert_int_equal(ISO_CALL(MANAGER, PasswordValidateInteractive, lsa_validate_args, &args,
                              lsa_nothing, &none),
                     LSA_OK);
    args.password.lsa_secret_val = "wrong";
    assert_int_equal(ISO_CALL(MANAGER, PasswordValidateInteractive, lsa_validate_args, &args,
                              lsa_nothing, &none),
                     LSA_WRONG_PASSWORD);
    args.user = "dave"; /* carol's verifier is not dave's */
    assert_int_equal(ISO_CALL(MANAGER, PasswordValidateInteractive, lsa_validate_args, &args,
                              lsa_nothing, &none),
                     LSA_BLOB_REFUSED);
    for (int i = 0; i < 12; i++)
        status = ISO_CALL(MANAGER, PasswordValidateInteractive, lsa_validate_args, &args,
                          lsa_nothing, &none);
    assert_int_equal(status, LSA_BUSY);
    xdr_free((xdrproc_t)xdr_lsa_blob_result, &verifier);
}

static void rate_limit(void **state)
{
    lsa_context args = {0};
    lsa_context_info r;
    lsa_status status = LSA_OK;

    (void)state;
    for (int i = 0; i < 20001; i++)
        status = ISO_CALL(OWNER, InquireContext, lsa_context, &args, lsa_context_info, &r);
    assert_int_equal(status, LSA_BUSY);
    test_monotonic_ms += 1000;
    status = ISO_CALL(OWNER, InquireContext, lsa_context, &args, lsa_context_info, &r);
    assert_int_equal(status, LSA_NO_CONTEXT);
}

static void many_sessions(void **state)
{
    lsa_nothing none = {0};
    lsa_services r;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        iso_session();
        test_monotonic_ms += 10;
    }
    assert_int_equal(ISO_CALL(OWNER, GetRunningServices, lsa_nothing, &none, lsa_services, &r),
                     LSA_OK);
    assert_int_equal(r.sessions, 1000);
    xdr_free((xdrproc_t)xdr_lsa_services, &r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(absent_operations, start, stop),
        cmocka_unit_test_setup_teardown(other_callers, start, stop),
        cmocka_unit_test_setup_teardown(as_exchange, start, stop),
        cmocka_unit_test_setup_teardown(sealed_keys, start, stop),
        cmocka_unit_test_setup_teardown(time_is_up, start, stop),
        cmocka_unit_test_setup_teardown(tgs_exchange, start, stop),
        cmocka_unit_test_setup_teardown(both_ends, start, stop),
        cmocka_unit_test_setup_teardown(ntlm_answers, start, stop),
        cmocka_unit_test_setup_teardown(local_users, start, stop),
        cmocka_unit_test_setup_teardown(rate_limit, start, stop),
        cmocka_unit_test_setup_teardown(many_sessions, start, stop),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
