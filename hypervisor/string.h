/* SPDX-License-Identifier: BSD-2-Clause */
/* The C library's memory functions, our own (string.c); the host tests use the host's. */
#ifndef HYPERVISOR_STRING_H
#define HYPERVISOR_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
void *memmove(void *to, const void *from, size_t length);
int memcmp(const void *a, const void *b, size_t length);
size_t strlen(const char *text);

#endif
