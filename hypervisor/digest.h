/* SPDX-License-Identifier: BSD-2-Clause */
/* What is started, measured before it runs. */
#ifndef HYPERVISOR_DIGEST_H
#define HYPERVISOR_DIGEST_H

#include "types.h"

#define DIGEST_SIZE     32u
#define DIGEST_HEX_SIZE (2 * DIGEST_SIZE + 1)

/* BLAKE2b-256 of the bytes. Uses the SSE registers: only before a guest runs on this CPU. */
void digest_of(const void *bytes, uint64_t size, uint8_t digest[static DIGEST_SIZE]);
/* As b2sum -l 256 prints it, with a NUL. */
void digest_to_hex(const uint8_t digest[static DIGEST_SIZE], char hex[static DIGEST_HEX_SIZE]);

#endif
