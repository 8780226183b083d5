/* SPDX-License-Identifier: BSD-2-Clause */
/* Local users: Argon2id verifiers that only lsaiso can read. */
#include "operations.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "audit.h"
#include "blob.h"

/* RFC 9106's second choice, cut to what a VTL1 pool has to spare: 16 MiB, four passes. */
#define ARGON_OPERATIONS 4
#define ARGON_MEMORY     (16u << 20)
static_assert(LSA_BLOB_MAX > 128 + crypto_pwhash_STRBYTES, "a verifier fits a blob");

lsa_status op_enrol(struct call *c, const lsa_enrol_args *a, lsa_blob_result *r)
{
    struct secret secret = {
        .kind = BLOB_VERIFIER, .expires = UINT64_MAX, .size = crypto_pwhash_STRBYTES};
    lsa_status status = LSA_OK;

    call_names(c, a->user);
    if (a->password.lsa_secret_len == 0)
        return fail(c, LSA_POLICY, "an empty password is refused");
    if (crypto_pwhash_str((char *)secret.bytes, a->password.lsa_secret_val,
                          a->password.lsa_secret_len, ARGON_OPERATIONS, ARGON_MEMORY))
        return fail(c, LSA_NO_MEMORY, "lsaiso has no %u MiB to spare for Argon2id",
                    ARGON_MEMORY >> 20);
    status = blob_seal(c, NULL, a->user, &secret, &r->blob);
    sodium_memzero(&secret, sizeof(secret));
    return status;
}

/* As long as a real check takes: whether a user exists is not to be heard from the clock. */
static void waste_time(const lsa_validate_args *a)
{
    char out[crypto_pwhash_STRBYTES];

    if (crypto_pwhash_str(out, a->password.lsa_secret_val, a->password.lsa_secret_len,
                          ARGON_OPERATIONS, ARGON_MEMORY) == 0)
        sodium_memzero(out, sizeof(out));
}

lsa_status op_validate(struct call *c, const lsa_validate_args *a, lsa_nothing *r)
{
    struct secret secret;
    lsa_status status = LSA_OK;

    (void)r;
    call_names(c, a->user);
    if (limit_guess(c->iso, a->user))
        return fail(c, LSA_BUSY, "too many passwords were tried for this user; wait a moment");
    if (a->verifier.lsa_blob_len == 0) {
        waste_time(a);
        audit_report(c, "failed");
        return LSA_WRONG_PASSWORD;
    }
    status = blob_open(c, NULL, a->user, &a->verifier, BLOB_VERIFIER, &secret);
    if (status)
        return status;
    if (crypto_pwhash_str_verify((const char *)secret.bytes, a->password.lsa_secret_val,
                                 a->password.lsa_secret_len))
        status = LSA_WRONG_PASSWORD;
    audit_report(c, status ? "failed" : "logon");
    sodium_memzero(&secret, sizeof(secret));
    return status;
}
