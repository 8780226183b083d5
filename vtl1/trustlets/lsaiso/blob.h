/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sealed keys that VTL0 keeps for us. XChaCha20-Poly1305 under the session's wrap key; the
 * associated data are this run of lsaiso, security version, session, principal, kind (which key
 * usages), enctype and expiry.
 */
#ifndef LSAISO_BLOB_H
#define LSAISO_BLOB_H

#include "state.h"

/* What the secret inside may be used for. */
enum blob_kind {
    BLOB_PASSWORD = 1,    /* making keys; minutes */
    BLOB_CLIENT_KEY = 2,  /* usages 1 and 3 */
    BLOB_TGT_KEY = 3,     /* usages 6, 7 (replies come under a subkey) */
    BLOB_SERVICE_KEY = 4, /* usages 11, 12 and the context made of it */
    BLOB_ACCEPT_KEY = 5,  /* usage 2, from a keytab; and 1, 3 of the same principal */
    BLOB_NT_HASH = 6,     /* NTOWFv2 */
    BLOB_VERIFIER = 7,    /* a local user's Argon2id string */
};

struct secret {
    uint32_t kind;
    int32_t enctype;
    uint64_t expires; /* ms, VTL1's clock */
    size_t size;
    uint8_t bytes[LSA_BLOB_MAX];
};

/* name: for BLOB_VERIFIER the user, with session NULL; else ignored. */
lsa_status blob_seal(struct call *c, const struct session *s, const char *name,
                     const struct secret *secret, lsa_blob *out);
/* secret->kind says on entry what is wanted. On failure secret holds nothing. */
lsa_status blob_open(struct call *c, const struct session *s, const char *name,
                     const lsa_blob *blob, uint32_t kind, struct secret *secret);

/* Kerberos keys in blobs. */
lsa_status blob_seal_key(struct call *c, const struct session *s, enum blob_kind kind,
                         const struct krb_key *key, uint64_t expires, lsa_blob *out);
/* Also checks the enctype against policy. */
lsa_status blob_open_key(struct call *c, const struct session *s, const lsa_blob *blob,
                         enum blob_kind kind, struct krb_key *key, uint64_t *expires);

#endif
