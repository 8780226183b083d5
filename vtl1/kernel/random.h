/* SPDX-License-Identifier: BSD-2-Clause */
/* Random bytes: seeded by RDSEED and RDRAND, drawn through libsodium's generator. */
#ifndef SK_RANDOM_H
#define SK_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* Seeds; says on the log when the CPU has no RDRAND. Then random_bytes always fails. */
void random_init(void);
/* Fills `size` bytes. False: there is no source (SK_NO_RANDOM); the bytes are zero. */
bool random_bytes(void *to, uint64_t size);

#endif
