/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashes and HMACs over messages in parts; the primitives are nettle's. */
#ifndef LSAISO_MAC_H
#define LSAISO_MAC_H

#include <nettle/nettle-meta.h>

#include "bytes.h"

#define MAC_MAX 48 /* SHA-384 */

/* hash is one of nettle_md4, nettle_md5, nettle_sha1, nettle_sha256, nettle_sha384.
 * out takes the digest's first out_size bytes (at most the hash's own size). */
void mac_hmac(const struct nettle_hash *hash, struct bytes key, const struct bytes *parts,
              size_t count, uint8_t *out, size_t out_size);
void mac_hash(const struct nettle_hash *hash, const struct bytes *parts, size_t count, uint8_t *out,
              size_t out_size);

#endif
