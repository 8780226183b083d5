/* SPDX-License-Identifier: BSD-2-Clause */
/* The public parts of Kerberos messages: what is in clear, lsassd builds and reads. */
#ifndef LSASS_MESSAGE_H
#define LSASS_MESSAGE_H

#include <openvsm/lsa/der.h>

enum { KRB_AS = 10, KRB_TGS = 12 }; /* msg-type of the request; the reply's is one more */

/* KDCOptions, bit 0 on top (RFC 4120 5.4.1). */
#define KDC_RENEWABLE               (1u << 23)
#define KDC_CANONICALIZE            (1u << 16)
#define KDC_RENEWABLE_OK            (1u << 4)
#define KDC_RENEW                   (1u << 1)

#define PA_TGS_REQ                  1
#define PA_ETYPE_INFO2              19

/* RFC 4120 7.5.9 */
#define KDC_ERR_C_PRINCIPAL_UNKNOWN 6
#define KDC_ERR_S_PRINCIPAL_UNKNOWN 7
#define KDC_ERR_POLICY              12
#define KDC_ERR_ETYPE_NOSUPP        14
#define KDC_ERR_CLIENT_REVOKED      18
#define KDC_ERR_KEY_EXPIRED         23
#define KDC_ERR_PREAUTH_FAILED      24
#define KDC_ERR_PREAUTH_REQUIRED    25
#define KRB_AP_ERR_TKT_EXPIRED      32
#define KRB_AP_ERR_SKEW             37
#define KRB_AP_ERR_MODIFIED         41
#define KRB_ERR_RESPONSE_TOO_BIG    52
#define KDC_ERR_WRONG_REALM         68

struct request_body {
    const struct der_principal *client; /* NULL in a TGS-REQ */
    const char *realm;
    const struct der_principal *server;
    uint32_t options;
    int64_t till;       /* seconds since 1970; 0: as long as the KDC gives */
    int64_t renew_till; /* 0: none */
    uint32_t nonce;
    const int *enctypes;
    size_t enctype_count;
};
/* DER KDC-REQ-BODY in fresh memory. */
int message_body(asn1_node definitions, const struct request_body *body, uint8_t **out,
                 size_t *size);
/* AS-REQ or TGS-REQ around it; padata_type 0: none. */
int message_request(asn1_node definitions, int type, struct bytes body, int padata_type,
                    struct bytes padata, uint8_t **out, size_t *size);
/* DER AP-REQ; ticket and authenticator are DER already. */
int message_ap_req(asn1_node definitions, int mutual, struct bytes ticket,
                   struct bytes authenticator, uint8_t **out, size_t *size);

/* Whom an AP-REQ's ticket is for: what stands in it in clear. */
struct ap_target {
    struct der_principal server;
    char realm[DER_NAME_MAX];
    int32_t enctype;
    bool mutual;
};
int message_ap_target(asn1_node definitions, struct bytes ap_req, struct ap_target *t);

struct etype_info {
    int32_t enctype;
    uint8_t salt[1024];
    size_t salt_size;
    bool has_salt;
    uint8_t parameters[4];
    size_t parameters_size;
};
#define ETYPE_INFOS 8

struct kdc_error {
    int32_t code;
    int64_t server_time;
    char text[256];
    struct etype_info infos[ETYPE_INFOS];
    size_t info_count;
};
struct kdc_reply {
    uint8_t *ticket; /* DER, fresh */
    size_t ticket_size;
    int32_t ticket_enctype;
    int32_t enctype;
    uint8_t *cipher; /* fresh */
    size_t cipher_size;
    char client_realm[DER_NAME_MAX];
    struct der_principal client;
    struct etype_info infos[ETYPE_INFOS];
    size_t info_count;
};
/* What a KDC has answered: a KRB-ERROR, or a reply to a request of `type` (KRB_AS or KRB_TGS). Both
 * copy it out; -1: it is no such message, and nothing is left to free. */
bool message_is_error(struct bytes message);
int message_error(asn1_node definitions, struct bytes message, struct kdc_error *e);
int message_reply(asn1_node definitions, int type, struct bytes message, struct kdc_reply *r);
void message_reply_free(struct kdc_reply *r);

/* The code's meaning and what to do, one sentence. */
void message_explain(int32_t code, const char *client, const char *server, const char *text,
                     char *out, size_t room);

/* GSS framing of RFC 4121 4.1: 0x60, length, the mechanism's OID, token ID. */
int message_frame(uint16_t token_id, struct bytes inner, uint8_t **out, size_t *size);
int message_unframe(struct bytes token, uint16_t *token_id, struct bytes *inner);

#endif
