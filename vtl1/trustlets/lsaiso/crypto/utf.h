/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LSAISO_UTF_H
#define LSAISO_UTF_H

#include "bytes.h"

/* UTF-8 to UTF-16LE, strict (no overlong forms, no surrogates). out takes 2 * in.size bytes.
 * -> bytes written, or -1. */
long utf8_to_utf16le(struct bytes in, uint8_t *out);
/* The same, with letters made capital first as NTLM's user name wants it: ASCII, Latin-1, Greek
 * and Cyrillic, in simple one-to-one mapping. */
long utf8_to_utf16le_upper(struct bytes in, uint8_t *out);

#endif
