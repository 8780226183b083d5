/* SPDX-License-Identifier: BSD-2-Clause */
/* Per-message tokens of the Kerberos GSS mechanism, RFC 4121 section 4.2 (AES enctypes only). */
#ifndef LSAISO_GSS_TOKEN_H
#define LSAISO_GSS_TOKEN_H

#include "enctype.h"

#define GSS_TOKEN_HEADER  16
/* What a wrap token adds to the message at most. */
#define GSS_WRAP_OVERHEAD (2 * GSS_TOKEN_HEADER + KRB_OVERHEAD_MAX)

/* Order of what was received, RFC 2743 1.2.3. */
enum gss_order {
    GSS_ORDER_OK,
    GSS_ORDER_DUPLICATE,
    GSS_ORDER_OLD,
    GSS_ORDER_UNSEQUENCED,
    GSS_ORDER_GAP,
};

struct gss_window {
    uint64_t next; /* expected sequence number */
    uint64_t seen; /* bit n: next - 1 - n has arrived */
};
enum gss_order gss_window_check(struct gss_window *w, uint64_t sequence);

struct gss_keys {
    struct krb_key initiator; /* the subkey of the AP-REQ, or the session key */
    struct krb_key acceptor;  /* the subkey of the AP-REP */
    uint32_t has_acceptor_key;
    uint32_t is_initiator; /* which end we are */
    uint64_t send_sequence;
    struct gss_window receive;
};

/* out takes message.size + GSS_WRAP_OVERHEAD. -> 0 or -1. */
int gss_wrap(struct gss_keys *k, int seal, struct bytes message, uint8_t *out, size_t *out_size);
/* out takes token.size bytes. *sealed says whether the message was encrypted.
 * -> 0 or -1 for a token that is malformed or does not verify (order unchanged then). */
int gss_unwrap(struct gss_keys *k, struct bytes token, uint8_t *out, size_t *out_size, int *sealed,
               enum gss_order *order);
/* out takes GSS_TOKEN_HEADER + KRB_CHECKSUM_MAX. */
int gss_get_mic(struct gss_keys *k, struct bytes message, uint8_t *out, size_t *out_size);
int gss_verify_mic(struct gss_keys *k, struct bytes message, struct bytes token,
                   enum gss_order *order);
/* Largest message whose wrap token has at most `limit` bytes. */
size_t gss_wrap_limit(const struct gss_keys *k, int seal, size_t limit);

#endif
