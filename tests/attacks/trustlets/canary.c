// SPDX-License-Identifier: BSD-2-Clause
/*
 * canary SEED: fills its memory with the stream of SEED, says "ready", and waits for a line. Then
 * it looks whether every word is still there: exit status 0 if so, 3 if not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include "canary.h"

static uint64_t words[CANARY_WORDS];

int main(int argc, char **argv)
{
    uint64_t seed = argc == 2 ? strtoull(argv[1], NULL, 0) : 0;
    uint64_t state = canary_start(seed);
    char line = 0;

    if (!seed)
        return 2;
    for (unsigned int i = 0; i < CANARY_WORDS; i++)
        words[i] = canary_next(&state);
    if (write(1, "ready\n", 6) != 6)
        return 2;
    if (read(0, &line, 1) < 0)
        return 2;
    state = canary_start(seed);
    for (unsigned int i = 0; i < CANARY_WORDS; i++)
        if (words[i] != canary_next(&state))
            return 3;
    return 0;
}
