/* SPDX-License-Identifier: BSD-2-Clause */
#include "iso.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "hex.h"

#define SECRETS 32

struct lsaiso test_iso;
static struct bytes secrets[SECRETS];
static size_t secret_count;

void iso_start(bool allow_rc4)
{
    struct policy policy = {
        .allow_rc4 = allow_rc4, .max_lifetime = 24 * 3600000, .max_idle = 12 * 3600000};

    secret_count = 0;
    assert_int_equal(lsaiso_init(&test_iso, MANAGER, &policy), 0);
}

void iso_stop(void)
{
    lsaiso_end(&test_iso);
    for (size_t i = 0; i < secret_count; i++)
        free((void *)(uintptr_t)secrets[i].data);
    secret_count = 0;
}

void iso_secret(const void *data, size_t size)
{
    uint8_t *copy = malloc(size);

    assert_true(secret_count < SECRETS);
    memcpy(copy, data, size);
    secrets[secret_count++] = bytes_of(copy, size);
}

static void check_secrets(const uint8_t *reply, size_t size)
{
    for (size_t i = 0; i < secret_count; i++)
        assert_null(memmem(reply, size, secrets[i].data, secrets[i].size));
}

lsa_status iso_call(uint32_t uid, uint32_t operation, xdrproc_t encode, void *arguments,
                    xdrproc_t decode, void *result, size_t result_size)
{
    static uint8_t record[1 << 20];
    lsa_call header = {.protocol = LSA_VERSION, .xid = 7, .operation = operation};
    lsa_reply reply = {0};
    uint8_t *out = NULL;
    size_t out_size = 0;
    lsa_status status = LSA_OK;
    XDR xdr;

    memset(result, 0, result_size);
    xdrmem_create(&xdr, (char *)record, sizeof(record), XDR_ENCODE);
    assert_true(xdr_lsa_call(&xdr, &header) && encode(&xdr, arguments, 0));
    assert_int_equal(rpc_serve(&test_iso, uid, 1, record, xdr_getpos(&xdr), &out, &out_size), 0);
    check_secrets(out, out_size);
    xdrmem_create(&xdr, (char *)out + 4, (u_int)out_size - 4, XDR_DECODE);
    assert_true(xdr_lsa_reply(&xdr, &reply));
    assert_int_equal(reply.xid, 7);
    assert_true((reply.status == LSA_OK) == (strlen(reply.message) == 0));
    if (reply.status == LSA_OK)
        assert_true(decode(&xdr, result, 0));
    status = reply.status;
    xdr_free((xdrproc_t)xdr_lsa_reply, &reply);
    free(out);
    return status;
}

uint64_t iso_session(void)
{
    lsa_name name = "alice";
    lsa_context_args args = {.realm = TEST_REALM, .owner = OWNER};
    lsa_session r;

    args.client.name_type = 1;
    args.client.components.components_len = 1;
    args.client.components.components_val = &name;
    assert_int_equal(ISO_CALL(MANAGER, GetClientContext, lsa_context_args, &args, lsa_session, &r),
                     LSA_OK);
    return r.session;
}

struct krb_key kdc_client_key(int enctype)
{
    struct krb_key key;

    assert_int_equal(krb_string_to_key(enctype, bytes_of(TEST_PASSWORD, strlen(TEST_PASSWORD)),
                                       bytes_of(TEST_SALT, strlen(TEST_SALT)), bytes_of(NULL, 0),
                                       &key),
                     0);
    return key;
}

lsa_blob iso_client_key(uint64_t session, int enctype)
{
    struct krb_key key = kdc_client_key(enctype);
    lsa_key_parameters p = {.enctype = enctype};
    lsa_password_args give = {.session = session};
    lsa_password_list_args args = {.session = session};
    lsa_blob_result password;
    lsa_password_list list;
    lsa_blob out;

    iso_secret(key.bytes, key.size);
    give.password.lsa_secret_val = (char *)(uintptr_t)TEST_PASSWORD;
    give.password.lsa_secret_len = strlen(TEST_PASSWORD);
    assert_int_equal(
        ISO_CALL(MANAGER, EncryptPassword, lsa_password_args, &give, lsa_blob_result, &password),
        LSA_OK);
    p.salt.salt_val = (char *)(uintptr_t)TEST_SALT;
    p.salt.salt_len = strlen(TEST_SALT);
    args.password = password.blob;
    args.keys.keys_len = 1;
    args.keys.keys_val = &p;
    assert_int_equal(ISO_CALL(MANAGER, BuildPasswordList, lsa_password_list_args, &args,
                              lsa_password_list, &list),
                     LSA_OK);
    xdr_free((xdrproc_t)xdr_lsa_blob_result, &password);
    out = list.keys.keys_val[0].blob;
    free(list.keys.keys_val);
    return out;
}

/* --- The KDC
 * --------------------------------------------------------------------------------------- */

struct kdc_answer kdc_tgt(uint32_t nonce)
{
    struct kdc_answer a = {.tag = 25,
                           .nonce = nonce,
                           .realm = TEST_REALM,
                           .server = {"krbtgt", TEST_REALM},
                           .life = 36000,
                           .enctype = KRB_AES256_SHA1};

    krb_random_key(a.enctype, &a.session_key);
    return a;
}

static struct der_principal name_of(const char *const parts[2])
{
    struct der_principal p = {.type = 2, .count = 2};

    strcpy(p.components[0], parts[0]);
    strcpy(p.components[1], parts[1]);
    return p;
}

lsa_token kdc_reply(const struct kdc_answer *a, const struct krb_key *key, uint32_t usage)
{
    asn1_node node = NULL;
    struct der_principal server = name_of(a->server);
    uint8_t *plain = NULL;
    size_t size = 0;
    lsa_token out = {0};
    int64_t now = test_real_us / 1000000;
    int bad = 0;

    bad =
        der_create(test_iso.definitions, a->tag == 25 ? "EncASRepPart" : "EncTGSRepPart", &node) ||
        der_put_key(node, "key", &a->session_key) || asn1_write_value(node, "last-req", "NEW", 1) ||
        der_put_int(node, "last-req.?1.lr-type", 0) ||
        der_put_time(node, "last-req.?1.lr-value", now) || der_put_int(node, "nonce", a->nonce) ||
        der_omit(node, "key-expiration") || der_put_flags(node, "flags", 0x40e00000) ||
        der_put_time(node, "authtime", now) || der_put_time(node, "starttime", now) ||
        der_put_time(node, "endtime", now + a->life) || der_omit(node, "renew-till") ||
        der_put_string(node, "srealm", a->realm) || der_put_principal(node, "sname", &server) ||
        der_omit(node, "caddr") || der_omit(node, "encrypted-pa-data") ||
        der_encode(node, &plain, &size);
    assert_int_equal(bad, 0);
    der_free(&node);
    out.lsa_token_val = malloc(size + KRB_OVERHEAD_MAX);
    assert_int_equal(krb_encrypt(key, usage, (struct bytes[]){bytes_of(plain, size)}, 1,
                                 (uint8_t *)out.lsa_token_val, &size),
                     0);
    out.lsa_token_len = (u_int)size;
    free(plain);
    return out;
}

lsa_blob iso_tgt(uint64_t session, struct kdc_answer *answer)
{
    struct krb_key key = kdc_client_key(KRB_AES256_SHA1);
    lsa_blob client = iso_client_key(session, KRB_AES256_SHA1);
    lsa_as_authenticator_args ask = {.session = session, .key = client};
    lsa_as_authenticator proof;
    lsa_unpack_args args = {
        .session = session, .pdu = LSA_PDU_AS_REP, .key = client, .enctype = KRB_AES256_SHA1};
    lsa_kdc_reply r;
    lsa_blob out;

    assert_int_equal(ISO_CALL(MANAGER, BuildAsReqAuthenticator, lsa_as_authenticator_args, &ask,
                              lsa_as_authenticator, &proof),
                     LSA_OK);
    *answer = kdc_tgt(proof.nonce);
    iso_secret(answer->session_key.bytes, answer->session_key.size);
    args.cipher = kdc_reply(answer, &key, KRB_USAGE_AS_REP);
    assert_int_equal(
        ISO_CALL(MANAGER, UnpackKdcReplyBody, lsa_unpack_args, &args, lsa_kdc_reply, &r), LSA_OK);
    assert_int_equal(r.endtime - r.starttime, answer->life);
    out = r.session_key;
    r.session_key.lsa_blob_val = NULL;
    r.session_key.lsa_blob_len = 0;
    xdr_free((xdrproc_t)xdr_lsa_kdc_reply, &r);
    xdr_free((xdrproc_t)xdr_lsa_as_authenticator, &proof);
    free(args.cipher.lsa_token_val);
    free(client.lsa_blob_val);
    return out;
}

lsa_token kdc_body(uint32_t options, uint32_t nonce, int enctype)
{
    asn1_node node = NULL;
    struct der_principal server = name_of((const char *const[]){"host", "server"});
    uint8_t *der = NULL;
    size_t size = 0;
    int bad = 0;

    bad = der_create(test_iso.definitions, "KDC-REQ-BODY", &node) ||
          der_put_flags(node, "kdc-options", options) || der_omit(node, "cname") ||
          der_put_string(node, "realm", TEST_REALM) || der_put_principal(node, "sname", &server) ||
          der_omit(node, "from") || der_put_time(node, "till", 0) || der_omit(node, "rtime") ||
          der_put_int(node, "nonce", nonce) || asn1_write_value(node, "etype", "NEW", 1) ||
          der_put_int(node, "etype.?1", enctype) || der_omit(node, "addresses") ||
          der_omit(node, "enc-authorization-data") || der_omit(node, "additional-tickets") ||
          der_encode(node, &der, &size);
    assert_int_equal(bad, 0);
    der_free(&node);
    return (lsa_token){.lsa_token_val = (char *)der, .lsa_token_len = (u_int)size};
}

/* The subkey out of the authenticator, as the KDC reads it. */
static struct krb_key read_subkey(const lsa_token *encrypted, const struct krb_key *key)
{
    asn1_node node = NULL;
    uint8_t *cipher = NULL;
    uint8_t plain[4096];
    size_t size = 0;
    struct krb_key subkey;

    assert_int_equal(der_decode(test_iso.definitions, "EncryptedData",
                                bytes_of(encrypted->lsa_token_val, encrypted->lsa_token_len),
                                &node),
                     0);
    assert_int_equal(der_get_alloc(node, "cipher", &cipher, &size), 0);
    der_free(&node);
    assert_int_equal(
        krb_decrypt(key, KRB_USAGE_TGS_REQ_AUTHENTICATOR, bytes_of(cipher, size), plain, &size), 0);
    assert_int_equal(
        der_decode(test_iso.definitions, "Authenticator", bytes_of(plain, size), &node), 0);
    assert_int_equal(der_get_key(node, "subkey", &subkey), 0);
    der_free(&node);
    free(cipher);
    return subkey;
}

lsa_status iso_tgs_ask(uint64_t session, const lsa_blob *tgt, const struct krb_key *tgt_key,
                       const lsa_token *body, struct tgs_question *q)
{
    lsa_tgs_checksum_args sum_args = {.session = session, .key = *tgt, .body = *body};
    lsa_tgs_checksum sum;
    lsa_ap_request_args args = {.session = session, .purpose = LSA_AP_TGS};
    lsa_ap_request r;
    lsa_status status = ISO_CALL(MANAGER, ComputeTgsChecksum, lsa_tgs_checksum_args, &sum_args,
                                 lsa_tgs_checksum, &sum);

    args.exchange = q->exchange = sum.exchange;
    xdr_free((xdrproc_t)xdr_lsa_tgs_checksum, &sum);
    if (status)
        return status;
    status =
        ISO_CALL(MANAGER, CreateApReqAuthenticator, lsa_ap_request_args, &args, lsa_ap_request, &r);
    if (status == LSA_OK) {
        q->subkey = read_subkey(&r.authenticator, tgt_key);
        iso_secret(q->subkey.bytes, q->subkey.size);
    }
    xdr_free((xdrproc_t)xdr_lsa_ap_request, &r);
    return status;
}

lsa_status iso_tgs_answer(uint64_t session, const struct tgs_question *q,
                          const struct kdc_answer *a, lsa_blob *key)
{
    lsa_unpack_args args = {.session = session,
                            .pdu = LSA_PDU_TGS_REP,
                            .exchange = q->exchange,
                            .enctype = q->subkey.enctype};
    lsa_kdc_reply r;
    lsa_status status = LSA_OK;

    args.cipher = kdc_reply(a, &q->subkey, KRB_USAGE_TGS_REP_SUBKEY);
    status = ISO_CALL(MANAGER, UnpackKdcReplyBody, lsa_unpack_args, &args, lsa_kdc_reply, &r);
    free(args.cipher.lsa_token_val);
    *key = r.session_key;
    r.session_key.lsa_blob_val = NULL;
    r.session_key.lsa_blob_len = 0;
    xdr_free((xdrproc_t)xdr_lsa_kdc_reply, &r);
    return status;
}
