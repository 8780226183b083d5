/* SPDX-License-Identifier: BSD-2-Clause */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG_KRB_ERROR 0x7e
#define AP_MUTUAL     (1u << 29) /* APOptions bit 2, RFC 4120 5.5.1 */
static const uint8_t krb5_oid[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                   0xf7, 0x12, 0x01, 0x02, 0x02};

static int optional_time(asn1_node node, const char *path, int64_t when)
{
    return when ? der_put_time(node, path, when) : der_omit(node, path);
}

static int put_enctypes(asn1_node node, const struct request_body *b)
{
    for (size_t i = 0; i < b->enctype_count; i++)
        if (asn1_write_value(node, "etype", "NEW", 1) != ASN1_SUCCESS ||
            der_put_int(node, "etype.?LAST", b->enctypes[i]))
            return -1;
    return 0;
}

int message_body(asn1_node definitions, const struct request_body *b, uint8_t **out, size_t *size)
{
    asn1_node node = NULL;
    int bad = 0;

    bad = der_create(definitions, "KDC-REQ-BODY", &node) ||
          der_put_flags(node, "kdc-options", b->options) ||
          (b->client ? der_put_principal(node, "cname", b->client) : der_omit(node, "cname")) ||
          der_put_string(node, "realm", b->realm) || der_put_principal(node, "sname", b->server) ||
          der_omit(node, "from") ||
          /* 1970 asks for as long as possible, RFC 4120 5.4.1 */
          der_put_time(node, "till", b->till) || optional_time(node, "rtime", b->renew_till) ||
          der_put_int(node, "nonce", b->nonce) || put_enctypes(node, b) ||
          der_omit(node, "addresses") || der_omit(node, "enc-authorization-data") ||
          der_omit(node, "additional-tickets") || der_encode(node, out, size);
    der_free(&node);
    return bad ? -1 : 0;
}

int message_request(asn1_node definitions, int type, struct bytes body, int padata_type,
                    struct bytes padata, uint8_t **out, size_t *size)
{
    asn1_node node = NULL;
    int bad = 0;

    bad = der_create(definitions, type == KRB_AS ? "AS-REQ" : "TGS-REQ", &node) ||
          der_put_int(node, "pvno", 5) || der_put_int(node, "msg-type", type) ||
          der_put_bytes(node, "req-body", body.data, body.size);
    if (!bad && padata_type)
        bad = asn1_write_value(node, "padata", "NEW", 1) != ASN1_SUCCESS ||
              der_put_int(node, "padata.?1.padata-type", padata_type) ||
              der_put_bytes(node, "padata.?1.padata-value", padata.data, padata.size);
    else if (!bad)
        bad = der_omit(node, "padata");
    bad = bad || der_encode(node, out, size);
    der_free(&node);
    return bad ? -1 : 0;
}

int message_ap_req(asn1_node definitions, int mutual, struct bytes ticket,
                   struct bytes authenticator, uint8_t **out, size_t *size)
{
    asn1_node node = NULL;
    int bad = der_create(definitions, "AP-REQ", &node) || der_put_int(node, "pvno", 5) ||
              der_put_int(node, "msg-type", 14) ||
              der_put_flags(node, "ap-options", mutual ? AP_MUTUAL : 0) ||
              der_put_bytes(node, "ticket", ticket.data, ticket.size) ||
              der_put_bytes(node, "authenticator", authenticator.data, authenticator.size) ||
              der_encode(node, out, size);

    der_free(&node);
    return bad ? -1 : 0;
}

static int read_target(asn1_node definitions, struct bytes der, struct ap_target *t)
{
    asn1_node node = NULL;
    int64_t enctype = 0;
    int bad = 0;

    if (der_decode(definitions, "Ticket", der, &node))
        return -1;
    bad = der_get_string(node, "realm", t->realm, sizeof(t->realm)) ||
          der_get_principal(node, "sname", &t->server) ||
          der_get_int(node, "enc-part.etype", &enctype);
    t->enctype = (int32_t)enctype;
    der_free(&node);
    return bad ? -1 : 0;
}

int message_ap_target(asn1_node definitions, struct bytes ap_req, struct ap_target *t)
{
    asn1_node node = NULL;
    uint8_t *ticket = NULL;
    size_t size = 0;
    uint32_t options = 0;
    int bad = 0;

    if (der_decode(definitions, "AP-REQ", ap_req, &node))
        return -1;
    bad = der_get_flags(node, "ap-options", &options) ||
          der_get_alloc(node, "ticket", &ticket, &size) ||
          read_target(definitions, bytes_of(ticket, size), t);
    t->mutual = (options & AP_MUTUAL) != 0;
    free(ticket);
    der_free(&node);
    return bad ? -1 : 0;
}

bool message_is_error(struct bytes message)
{
    return message.size && message.data[0] == TAG_KRB_ERROR;
}

static int read_info(asn1_node node, int index, struct etype_info *info)
{
    char path[64];
    int64_t number = 0;

    memset(info, 0, sizeof(*info));
    snprintf(path, sizeof(path), "?%d.etype", index);
    if (der_get_int(node, path, &number))
        return -1;
    info->enctype = (int32_t)number;
    snprintf(path, sizeof(path), "?%d.salt", index);
    info->has_salt = der_present(node, path);
    info->salt_size = sizeof(info->salt);
    if (!info->has_salt)
        info->salt_size = 0;
    else if (der_get_bytes(node, path, info->salt, &info->salt_size))
        return -1;
    snprintf(path, sizeof(path), "?%d.s2kparams", index);
    info->parameters_size = sizeof(info->parameters);
    if (!der_present(node, path))
        info->parameters_size = 0;
    else if (der_get_bytes(node, path, info->parameters, &info->parameters_size))
        return -1;
    return 0;
}

static size_t read_infos(asn1_node definitions, struct bytes der, struct etype_info *infos)
{
    asn1_node node = NULL;
    int found = 0;
    size_t count = 0;

    if (der_decode(definitions, "ETYPE-INFO2", der, &node))
        return 0;
    if (asn1_number_of_elements(node, "", &found) != ASN1_SUCCESS)
        found = 0;
    for (int i = 1; i <= found && count < ETYPE_INFOS; i++)
        if (read_info(node, i, &infos[count]) == 0)
            count++;
    der_free(&node);
    return count;
}

/* Looks through the PA-DATA list at `path` of node for ETYPE-INFO2. */
static size_t find_infos(asn1_node definitions, asn1_node node, const char *path,
                         struct etype_info *infos)
{
    char at[64];
    int count = 0;
    int64_t type = 0;
    uint8_t *value = NULL;
    size_t size = 0;
    size_t found = 0;
    const char *dot = *path ? "." : "";

    if (asn1_number_of_elements(node, path, &count) != ASN1_SUCCESS)
        return 0;
    for (int i = 1; i <= count && !found; i++) {
        snprintf(at, sizeof(at), "%s%s?%d.padata-type", path, dot, i);
        if (der_get_int(node, at, &type) || type != PA_ETYPE_INFO2)
            continue;
        snprintf(at, sizeof(at), "%s%s?%d.padata-value", path, dot, i);
        if (der_get_alloc(node, at, &value, &size))
            continue;
        found = read_infos(definitions, bytes_of(value, size), infos);
        free(value);
    }
    return found;
}

/* e-data of KDC_ERR_PREAUTH_REQUIRED is METHOD-DATA. */
static void read_error_data(asn1_node definitions, asn1_node node, struct kdc_error *e)
{
    asn1_node methods = NULL;
    uint8_t *data = NULL;
    size_t size = 0;

    if (!der_present(node, "e-data") || der_get_alloc(node, "e-data", &data, &size))
        return;
    if (der_decode(definitions, "METHOD-DATA", bytes_of(data, size), &methods) == 0)
        e->info_count = find_infos(definitions, methods, "", e->infos);
    der_free(&methods);
    free(data);
}

int message_error(asn1_node definitions, struct bytes message, struct kdc_error *e)
{
    asn1_node node = NULL;
    int64_t code = 0;
    int bad = 0;

    memset(e, 0, sizeof(*e));
    if (der_decode(definitions, "KRB-ERROR", message, &node))
        return -1;
    bad = der_get_int(node, "error-code", &code) || der_get_time(node, "stime", &e->server_time);
    e->code = (int32_t)code;
    if (!der_present(node, "e-text") || der_get_string(node, "e-text", e->text, sizeof(e->text)))
        e->text[0] = '\0';
    read_error_data(definitions, node, e);
    der_free(&node);
    return bad ? -1 : 0;
}

static int read_ticket(asn1_node definitions, asn1_node node, struct kdc_reply *r)
{
    asn1_node ticket = NULL;
    int64_t enctype = 0;
    int bad = der_get_alloc(node, "ticket", &r->ticket, &r->ticket_size) ||
              der_decode(definitions, "Ticket", bytes_of(r->ticket, r->ticket_size), &ticket) ||
              der_get_int(ticket, "enc-part.etype", &enctype);

    r->ticket_enctype = (int32_t)enctype;
    der_free(&ticket);
    return bad ? -1 : 0;
}

int message_reply(asn1_node definitions, int type, struct bytes message, struct kdc_reply *r)
{
    asn1_node node = NULL;
    int64_t enctype = 0;
    int bad = 0;

    memset(r, 0, sizeof(*r));
    if (der_decode(definitions, type == KRB_AS ? "AS-REP" : "TGS-REP", message, &node))
        return -1;
    bad = read_ticket(definitions, node, r) ||
          der_get_string(node, "crealm", r->client_realm, sizeof(r->client_realm)) ||
          der_get_principal(node, "cname", &r->client) ||
          der_get_int(node, "enc-part.etype", &enctype) ||
          der_get_alloc(node, "enc-part.cipher", &r->cipher, &r->cipher_size);
    r->enctype = (int32_t)enctype;
    r->info_count = find_infos(definitions, node, "padata", r->infos);
    der_free(&node);
    if (bad)
        message_reply_free(r);
    return bad ? -1 : 0;
}

void message_reply_free(struct kdc_reply *r)
{
    free(r->ticket);
    free(r->cipher);
    r->ticket = r->cipher = NULL;
}

/* A sentence: before, the name, after. */
static const struct {
    int32_t code;
    const char *before;
    bool about_server;
    const char *after;
} explanations[] = {
    {KDC_ERR_C_PRINCIPAL_UNKNOWN, "the KDC does not know ", false, "; check name and realm"},
    {KDC_ERR_S_PRINCIPAL_UNKNOWN, "the KDC does not know the service ", true,
     "; check the host name, or have the service registered"},
    {KDC_ERR_POLICY, "the KDC's policy refuses this for ", false,
     "; ask the realm's administrator"},
    {KDC_ERR_ETYPE_NOSUPP, "the KDC has no key that policy here allows for ", false,
     " or the service; have the keys made anew (AES)"},
    {KDC_ERR_CLIENT_REVOKED, "the account is locked or revoked: ", false,
     "; ask the realm's administrator"},
    {KDC_ERR_KEY_EXPIRED, "the password has expired for ", false,
     "; change it with kpasswd, then log on"},
    {KDC_ERR_PREAUTH_FAILED, "wrong password for ", false, ""},
    {KRB_AP_ERR_TKT_EXPIRED, "the ticket has expired for ", false, "; renew it or log on again"},
    {KRB_AP_ERR_SKEW, "the clocks of this machine and of the other side differ too much for ",
     false, "; set this machine's clock"},
    {KRB_AP_ERR_MODIFIED, "the ticket is not for the key in the keytab of ", true,
     "; have its keytab renewed"},
    {KDC_ERR_WRONG_REALM, "another realm has ", false, "; give the realm: USER@REALM"},
};

void message_explain(int32_t code, const char *client, const char *server, const char *text,
                     char *out, size_t room)
{
    for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
        if (explanations[i].code == code) {
            snprintf(out, room, "%s%s%s", explanations[i].before,
                     explanations[i].about_server ? server : client, explanations[i].after);
            return;
        }
    snprintf(out, room, "the other side refused with Kerberos error %d%s%s", code,
             *text ? ": " : "", text);
}

/* DER length; -> bytes written. */
static size_t put_length(uint8_t *out, size_t length)
{
    size_t bytes = 0;

    if (length < 0x80) {
        out[0] = (uint8_t)length;
        return 1;
    }
    for (size_t rest = length; rest; rest >>= 8)
        bytes++;
    out[0] = (uint8_t)(0x80 | bytes);
    for (size_t i = 0; i < bytes; i++)
        out[1 + i] = (uint8_t)(length >> (8 * (bytes - 1 - i)));
    return 1 + bytes;
}

int message_frame(uint16_t token_id, struct bytes inner, uint8_t **out, size_t *size)
{
    size_t body = sizeof(krb5_oid) + 2 + inner.size;
    size_t at = 1;

    *out = malloc(body + 10);
    if (!*out)
        return -1;
    (*out)[0] = 0x60;
    at += put_length(*out + 1, body);
    memcpy(*out + at, krb5_oid, sizeof(krb5_oid));
    at += sizeof(krb5_oid);
    (*out)[at++] = (uint8_t)(token_id >> 8);
    (*out)[at++] = (uint8_t)token_id;
    memcpy(*out + at, inner.data, inner.size);
    *size = at + inner.size;
    return 0;
}

int message_unframe(struct bytes token, uint16_t *token_id, struct bytes *inner)
{
    long length = 0;
    int used = 0;
    size_t at = 0;

    if (token.size < 2 || token.data[0] != 0x60)
        return -1;
    length = asn1_get_length_der(token.data + 1, (int)token.size - 1, &used);
    at = 1 + (size_t)used;
    if (length < 0 || (size_t)length != token.size - at || (size_t)length < sizeof(krb5_oid) + 2 ||
        memcmp(token.data + at, krb5_oid, sizeof(krb5_oid)))
        return -1;
    at += sizeof(krb5_oid);
    *token_id = (uint16_t)(token.data[at] << 8 | token.data[at + 1]);
    *inner = bytes_of(token.data + at + 2, token.size - at - 2);
    return 0;
}
