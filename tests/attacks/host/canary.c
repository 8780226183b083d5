// SPDX-License-Identifier: BSD-2-Clause
/*
 * canary SEED MIB: prints 64 bytes, from near the end of the stream that the trustlet of that name
 * holds, as hex digits.
 */
#include <stdio.h>
#include <stdlib.h>
#include "../trustlets/canary.h"

int main(int argc, char **argv)
{
    uint64_t state = argc == 3 ? canary_start(strtoull(argv[1], NULL, 0)) : 0;
    uint64_t count = argc == 3 ? CANARY_WORDS(strtoull(argv[2], NULL, 0)) : 0;

    if (!state || !count) {
        fprintf(stderr, "usage: canary SEED MIB\n");
        return 2;
    }
    for (uint64_t i = 0; i < count - CANARY_TAIL; i++)
        canary_next(&state);
    for (unsigned int i = 0; i < 8; i++) {
        uint64_t word = canary_next(&state);

        for (unsigned int j = 0; j < 8; j++)
            printf("%02x", (unsigned int)(word >> (8 * j)) & 0xff);
    }
    printf("\n");
    return 0;
}
