/* SPDX-License-Identifier: BSD-2-Clause */
/* getppid NAME: prints "NAME COUNT", the median price of getppid(). Runs natively and as a
 * trustlet. */
#include <stdio.h>
#include <unistd.h>

#include "tsc.h"

#define SAMPLES 1001

static uint64_t samples[SAMPLES];

int main(int argc, char **argv)
{
    uint64_t overhead;

    for (int i = 0; i < SAMPLES; i++) {
        uint64_t start = tsc();

        samples[i] = tsc() - start;
    }
    overhead = tsc_median(samples, SAMPLES);
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t start = tsc();

        getppid();
        samples[i] = tsc() - start;
    }
    printf("%s %llu\n", argc > 1 ? argv[1] : "getppid",
           (unsigned long long)(tsc_median(samples, SAMPLES) - overhead));
    return 0;
}
