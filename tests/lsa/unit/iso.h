/* SPDX-License-Identifier: BSD-2-Clause */
/* An lsaiso in this process, called through its records; and a small KDC that makes replies. */
#ifndef TESTS_LSA_ISO_H
#define TESTS_LSA_ISO_H

#include <string.h>

#include "der.h"
#include "rpc.h"

extern uint64_t test_monotonic_ms;
extern int64_t test_real_us;
extern struct lsaiso test_iso;

#define MANAGER 500u
#define OWNER   1000u

/* A fresh one, with nothing in it. */
void iso_start(bool allow_rc4);
void iso_stop(void);

/* No reply may hold these bytes from now on. */
void iso_secret(const void *data, size_t size);

/* One call; the result is zeroed, then filled on LSA_OK. */
lsa_status iso_call(uint32_t uid, uint32_t operation, xdrproc_t encode, void *arguments,
                    xdrproc_t decode, void *result, size_t result_size);
#define ISO_CALL(uid, operation, argument_type, arguments, result_type, result)                    \
    iso_call(uid, operation, (xdrproc_t)xdr_##argument_type, arguments,                            \
             (xdrproc_t)xdr_##result_type, result, sizeof(result_type))

/* --- A logon
 * --------------------------------------------------------------------------------------- */

#define TEST_REALM    "TEST"
#define TEST_PASSWORD "a password of alice"
#define TEST_SALT     "TESTalice"

uint64_t iso_session(void);
/* The client's key blob, made of the password. */
lsa_blob iso_client_key(uint64_t session, int enctype);

struct kdc_answer {
    int tag; /* 25 or 26 */
    uint32_t nonce;
    const char *realm;
    const char *server[2];
    int64_t life; /* seconds */
    int enctype;  /* of the session key */
    struct krb_key session_key;
};
/* EncKDCRepPart, encrypted. */
lsa_token kdc_reply(const struct kdc_answer *a, const struct krb_key *key, uint32_t usage);
struct kdc_answer kdc_tgt(uint32_t nonce);
/* The client's key as the KDC knows it. */
struct krb_key kdc_client_key(int enctype);

/* AS exchange through the KDC above: a TGT key's blob. */
lsa_blob iso_tgt(uint64_t session, struct kdc_answer *answer);
/* DER KDC-REQ-BODY. */
lsa_token kdc_body(uint32_t options, uint32_t nonce, int enctype);

/* TGS exchange up to the reply: what the KDC learns of the request. */
struct tgs_question {
    uint64_t exchange;
    struct krb_key subkey;
};
lsa_status iso_tgs_ask(uint64_t session, const lsa_blob *tgt, const struct krb_key *tgt_key,
                       const lsa_token *body, struct tgs_question *q);
lsa_status iso_tgs_answer(uint64_t session, const struct tgs_question *q,
                          const struct kdc_answer *a, lsa_blob *key);

#endif
