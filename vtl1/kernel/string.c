/* SPDX-License-Identifier: BSD-2-Clause */
#include "string.h"

void *memcpy(void *to, const void *from, size_t size)
{
    void *result = to;
    size_t words = size / 8, rest = size % 8;

    __asm__ volatile("rep movsq\n\tmov %3, %2\n\trep movsb"
                     : "+D"(to), "+S"(from), "+c"(words)
                     : "r"(rest)
                     : "memory");
    return result;
}

void *memset(void *to, int byte, size_t size)
{
    void *result = to;
    uint64_t pattern = 0x0101010101010101ull * (uint8_t)byte;
    size_t words = size / 8, rest = size % 8;

    __asm__ volatile("rep stosq\n\tmov %3, %1\n\trep stosb"
                     : "+D"(to), "+c"(words)
                     : "a"(pattern), "r"(rest)
                     : "memory");
    return result;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if ((uintptr_t)t - (uintptr_t)f >= size)
        return memcpy(to, from, size);
    for (size_t i = size; i > 0; i--)
        ((volatile uint8_t *)t)[i - 1] = f[i - 1];
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

/* REP MOVS reads each source byte once (the compiler cannot know, so it is written out here). */
void copy_volatile(volatile void *to, const volatile void *from, size_t size)
{
    memcpy((void *)(uintptr_t)to, (const void *)(uintptr_t)from, size);
}

void wipe(volatile void *memory, size_t size)
{
    memset((void *)(uintptr_t)memory, 0, size);
    __asm__ volatile("" ::"r"(memory) : "memory");
}
