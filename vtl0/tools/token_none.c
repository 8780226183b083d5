/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens for a static ium: it cannot load their modules. */
#include "token.h"

#include "ium.h"

#include <string.h>

bool token_is_uri(const char *key)
{
    return !strncmp(key, "pkcs11:", 7);
}

struct token_key *token_open(const char *uri, uint8_t public_key[TRUSTLET_KEY_SIZE])
{
    (void)uri; /* it may hold the PIN */
    (void)public_key;
    ium_error(
        "this ium is linked statically and cannot load a token's module; use the installed one "
        "(make install, or the package openvsm-tools)");
    return NULL;
}

bool token_sign(struct token_key *key, const void *bytes, size_t size,
                uint8_t signature[TRUSTLET_SIGNATURE_SIZE])
{
    (void)key;
    (void)bytes;
    (void)size;
    (void)signature;
    return false;
}

void token_close(struct token_key *key)
{
    (void)key;
}
