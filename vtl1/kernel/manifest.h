/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trailer of a signed file: is it well formed, is its key one of ours? Pure functions; the
 * signature itself is signature.h's.
 */
#ifndef SK_MANIFEST_H
#define SK_MANIFEST_H

#include <openvsm/skcall.h>
#include <openvsm/trustlet.h>

#define MANIFEST_MAX_THREADS 1024u
#define MANIFEST_MIN_STACK   (16ull << 10)
#define MANIFEST_MAX_STACK   (1ull << 30)
#define MANIFEST_MAX_MEMORY  (1ull << 40)

/* The build's, or what installing has put in their place. */
extern const struct trusted_keys trusted_keys;

/* Form of the whole trailer. -> SK_OK, SK_IMAGE_UNSIGNED (no magic) or _MALFORMED_MANIFEST. */
enum sk_status manifest_check(const struct trustlet_trailer *t);
/* -> index of the trailer's signer among `count` keys, or -1. */
int manifest_signer(const struct trustlet_trailer *t, const struct trusted_key *keys,
                    uint32_t count);

#endif
