// SPDX-License-Identifier: BSD-2-Clause
/*
 * marked SEED [visit]: keeps a page of secret words at MARK_ADDRESS and runs code at TICK_ADDRESS,
 * now and then asking whether a line has come. Then it looks whether every word is still there:
 * exit status 0 if so, 3 if not; or, with "visit", what the code at VISIT_ADDRESS returns. The
 * linker puts the two sections where marked.h says.
 */
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include "canary.h"
#include "marked.h"

#define TICKS    20000u /* between two looks at the standard input */
#define PAUSE_MS 1      /* what such a look takes at most: others want the CPU too */

static volatile uint64_t mark[MARK_WORDS] __attribute__((section(".mark,\"aw\",@nobits#")));

__attribute__((section(".tick"), noinline)) static void tick(volatile uint64_t *ticks)
{
    ++*ticks;
}

static int line_is_there(void)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};

    return poll(&input, 1, PAUSE_MS) != 0;
}

int main(int argc, char **argv)
{
    uint64_t state = argc >= 2 ? canary_start(strtoull(argv[1], NULL, 0)) : 0, ticks = 0;
    uint64_t start = state;

    if (!state)
        return 2;
    for (unsigned int i = 0; i < MARK_WORDS; i++)
        mark[i] = canary_next(&state);
    if (write(1, "ready\n", 6) != 6)
        return 2;
    while (!line_is_there())
        for (unsigned int i = 0; i < TICKS; i++)
            tick(&ticks);
    state = start;
    for (unsigned int i = 0; i < MARK_WORDS; i++)
        if (mark[i] != canary_next(&state))
            return 3;
    return argc > 2 ? ((int (*)(void))VISIT_ADDRESS)() : 0;
}
