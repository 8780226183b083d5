/* SPDX-License-Identifier: BSD-2-Clause */
/* What the compiler may call. String instructions: short, and one count per iteration. */
#include "string.h"

void *memcpy(void *to, const void *from, size_t length)
{
    void *start = to;
    size_t words = length / 8;
    length %= 8;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length)::"memory");
    return start;
}

void *memset(void *to, int value, size_t length)
{
    void *start = to;
    size_t words = length / 8;
    length %= 8;
    unsigned long pattern = (unsigned char)value * 0x0101010101010101ul;
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(pattern) : "memory");
    return start;
}

void *memmove(void *to, const void *from, size_t length)
{
    if ((size_t)to - (size_t)from >= length)
        return memcpy(to, from, length);
    char *t = to;
    const char *f = from;
    while (length--)
        t[length] = f[length];
    return to;
}

int memcmp(const void *a, const void *b, size_t length)
{
    const unsigned char *x = a, *y = b;
    for (size_t i = 0; i < length; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}
