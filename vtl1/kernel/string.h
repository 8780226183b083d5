/* SPDX-License-Identifier: BSD-2-Clause */
/* What a freestanding compiler may call. Volatile memory goes by copy_volatile. */
#ifndef SK_STRING_H
#define SK_STRING_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* Copies each byte exactly once, from or to memory that somebody else may change. */
void copy_volatile(volatile void *to, const volatile void *from, size_t size);
/* Zeroes what held a secret; not optimised away. */
void wipe(volatile void *memory, size_t size);

#endif
