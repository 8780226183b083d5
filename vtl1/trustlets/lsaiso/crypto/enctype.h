/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kerberos encryption types: RFC 3961/3962 (17, 18), RFC 8009 (19, 20), RFC 4757 (23).
 * There is no DES and no 3DES here; enctype 23 is refused by policy above this file.
 * Functions return 0, or -1 for an unknown enctype, a bad length or a failed integrity check.
 */
#ifndef LSAISO_ENCTYPE_H
#define LSAISO_ENCTYPE_H

#include "bytes.h"

#define KRB_AES128_SHA1    17
#define KRB_AES256_SHA1    18
#define KRB_AES128_SHA256  19
#define KRB_AES256_SHA384  20
#define KRB_RC4            23

#define KRB_KEY_MAX        32
#define KRB_CHECKSUM_MAX   24
#define KRB_CONFOUNDER_MAX 16
#define KRB_OVERHEAD_MAX   (KRB_CONFOUNDER_MAX + KRB_CHECKSUM_MAX)

/* Key usages, RFC 4120 7.5.1 and RFC 4121 section 2. */
enum krb_usage {
    KRB_USAGE_PA_ENC_TIMESTAMP = 1,
    KRB_USAGE_TICKET = 2,
    KRB_USAGE_AS_REP = 3,
    KRB_USAGE_TGS_REQ_CHECKSUM = 6,
    KRB_USAGE_TGS_REQ_AUTHENTICATOR = 7,
    KRB_USAGE_TGS_REP_SESSION = 8,
    KRB_USAGE_TGS_REP_SUBKEY = 9,
    KRB_USAGE_AP_REQ_AUTHENTICATOR = 11,
    KRB_USAGE_AP_REP = 12,
    KRB_USAGE_ACCEPTOR_SEAL = 22,
    KRB_USAGE_ACCEPTOR_SIGN = 23,
    KRB_USAGE_INITIATOR_SEAL = 24,
    KRB_USAGE_INITIATOR_SIGN = 25,
};

struct krb_key {
    int32_t enctype;
    uint32_t size;
    uint8_t bytes[KRB_KEY_MAX];
};

/* Key length in bytes; 0 if the enctype is unknown here. */
size_t krb_key_size(int32_t enctype);
/* RFC 3961 checksum type that belongs to the enctype, and its length in bytes. */
int32_t krb_checksum_type(int32_t enctype);
size_t krb_checksum_size(int32_t enctype);
/* confounder + checksum: what encryption adds to the plaintext. */
size_t krb_overhead(int32_t enctype);

/* params is empty or the 4-byte big-endian iteration count of ETYPE-INFO2. Counts below the
 * enctype's default or from 2^24 up are refused, as MIT does: a KDC must not choose a weak one. */
int krb_string_to_key(int32_t enctype, struct bytes password, struct bytes salt,
                      struct bytes params, struct krb_key *key);
int krb_random_key(int32_t enctype, struct krb_key *key);

/* out takes the parts' size + krb_overhead(); *out_size is set. */
int krb_encrypt(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                uint8_t *out, size_t *out_size);
/* The same with the confounder given: for test vectors. */
int krb_encrypt_with(const struct krb_key *key, uint32_t usage, const uint8_t *confounder,
                     const struct bytes *parts, size_t count, uint8_t *out, size_t *out_size);
/* out takes cipher.size bytes (scratch included); the plaintext is moved to its start. Nothing is
 * left in out when the integrity check fails. */
int krb_decrypt(const struct krb_key *key, uint32_t usage, struct bytes cipher, uint8_t *out,
                size_t *out_size);

/* Over the parts, one behind the other (at most seven). -1: the enctype is unknown. */
int krb_checksum(const struct krb_key *key, uint32_t usage, const struct bytes *parts, size_t count,
                 uint8_t out[KRB_CHECKSUM_MAX]);
/* Constant time. */
int krb_verify_checksum(const struct krb_key *key, uint32_t usage, const struct bytes *parts,
                        size_t count, struct bytes expected);

/* MD4 of UTF-16LE, the RFC 4757 key and the NT hash. -1 if the password is not UTF-8. */
int krb_nt_hash(struct bytes password, uint8_t out[16]);

/* RFC 3961 section 5.1; out_size and in.size are in bytes. For tests. */
void krb_n_fold(struct bytes in, uint8_t *out, size_t out_size);

#endif
