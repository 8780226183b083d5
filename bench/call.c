/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * call COUNT HOST: calls the trustlet that process HOST carries COUNT times, each with one buffer
 * of 4 KiB that goes there and comes back. Prints "trustlet-call", the median in ticks.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "../vtl0/lib/openvsm.h"
#include "tsc.h"

#define COUNT_MAX 10000

static uint64_t samples[COUNT_MAX];
static _Alignas(4096) unsigned char bytes[4096] = {1};

int main(int argc, char **argv)
{
    int count = argc == 3 ? atoi(argv[1]) : 0;
    struct openvsm_trustlet *trustlet = NULL;

    if (count < 1 || count > COUNT_MAX)
        errx(2, "usage: call COUNT HOST");
    if (openvsm_connect(atoi(argv[2]), &trustlet) != 0)
        err(1, "process %s", argv[2]);
    for (int i = 0; i < count; i++) {
        struct openvsm_buffer buffer = {.bytes = bytes, .in = sizeof(bytes), .out = sizeof(bytes)};
        uint64_t words[4] = {(uint64_t)i};
        uint64_t start = tsc();

        if (openvsm_call(trustlet, 0, words, &buffer) != 0)
            err(1, "call %d", i);
        samples[i] = tsc() - start;
        if (words[0] != (uint64_t)i + 1 || buffer.out != sizeof(bytes))
            errx(1, "call %d: a wrong answer", i);
    }
    printf("trustlet-call %llu\n", (unsigned long long)tsc_median(samples, (size_t)count));
    openvsm_disconnect(trustlet);
    return 0;
}
