/* SPDX-License-Identifier: BSD-2-Clause */
/* lsassd's parsers of what comes from the network and from files. */
#include "lsassd.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static asn1_node definitions;
    static const struct der_principal who = {.count = 1, .components = {"alice"}};
    struct bytes in = bytes_of(data, size);
    struct kdc_error error;
    struct kdc_reply reply;
    struct keytab_key keys[4];
    struct ap_target target;
    struct bytes inner;
    uint16_t id = 0;

    if (!definitions)
        definitions = der_definitions();
    message_error(definitions, in, &error);
    if (message_reply(definitions, KRB_AS, in, &reply) == 0)
        message_reply_free(&reply);
    if (message_reply(definitions, KRB_TGS, in, &reply) == 0)
        message_reply_free(&reply);
    message_ap_target(definitions, in, &target);
    message_unframe(in, &id, &inner);
    keytab_find(in, &who, "TEST", keys, 4);
    return 0;
}
