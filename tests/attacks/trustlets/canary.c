// SPDX-License-Identifier: BSD-2-Clause
/*
 * canary SEED MIB: fills so much memory with the stream of SEED, says "ready", and waits for a
 * line. Then it looks whether every word is still there: exit status 0 if so, 3 if not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include "canary.h"

int main(int argc, char **argv)
{
    uint64_t seed = argc == 3 ? strtoull(argv[1], NULL, 0) : 0;
    uint64_t mib = argc == 3 ? strtoull(argv[2], NULL, 0) : 0;
    uint64_t count = CANARY_WORDS(mib), state = canary_start(seed);
    uint64_t *words = mib && mib <= CANARY_MIB_MAX ? malloc(count * sizeof(*words)) : NULL;
    char line = 0;

    if (!seed || !words)
        return 2;
    for (uint64_t i = 0; i < count; i++)
        words[i] = canary_next(&state);
    if (write(1, "ready\n", 6) != 6)
        return 2;
    if (read(0, &line, 1) < 0)
        return 2;
    state = canary_start(seed);
    for (uint64_t i = 0; i < count; i++)
        if (words[i] != canary_next(&state))
            return 3;
    return 0;
}
