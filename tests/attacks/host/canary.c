// SPDX-License-Identifier: BSD-2-Clause
/*
 * canary SEED: prints 64 bytes, from the middle of the stream that the trustlet of that name holds,
 * as hex digits.
 */
#include <stdio.h>
#include <stdlib.h>
#include "../trustlets/canary.h"

int main(int argc, char **argv)
{
    uint64_t state = argc == 2 ? canary_start(strtoull(argv[1], NULL, 0)) : 0;

    if (!state) {
        fprintf(stderr, "usage: canary SEED\n");
        return 2;
    }
    for (unsigned int i = 0; i < CANARY_WORDS / 2; i++)
        canary_next(&state);
    for (unsigned int i = 0; i < 8; i++) {
        uint64_t word = canary_next(&state);

        for (unsigned int j = 0; j < 8; j++)
            printf("%02x", (unsigned int)(word >> (8 * j)) & 0xff);
    }
    printf("\n");
    return 0;
}
