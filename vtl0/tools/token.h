/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signing key that stays in a PKCS#11 token, named by a URI (RFC 7512). Only the ium that is
 * linked with shared libraries can load a token's module; the static one says so.
 */
#ifndef IUM_TOKEN_H
#define IUM_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include <openvsm/trustlet.h>

struct token_key;

/* Is it a URI, and not the path of a key file? */
bool token_is_uri(const char *key);
/* Opens the token, logs in (pin-value or pin-source of the URI; else it asks on the terminal) and
 * finds the one Ed25519 key that fits. Its public half goes to public_key. NULL: stderr has the
 * reason. */
struct token_key *token_open(const char *uri, uint8_t public_key[TRUSTLET_KEY_SIZE]);
/* Ed25519 (RFC 8032). False: stderr has the reason. */
bool token_sign(struct token_key *key, const void *bytes, size_t size,
                uint8_t signature[TRUSTLET_SIGNATURE_SIZE]);
/* NULL is allowed. */
void token_close(struct token_key *key);

#endif
