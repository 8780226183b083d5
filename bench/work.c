/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * work NAME: prints "NAME-read COUNT", the median price of a read() of 4 KiB of a cached file, and
 * "compute COUNT", that of some ten timer ticks of mere computing. Runs natively and as a
 * trustlet.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tsc.h"

#define READS    501
#define COMPUTES 5
#define ROUNDS   10000000u

static uint64_t samples[READS];

static uint64_t price_of_read(void)
{
    static char bytes[4096];
    int fd = open("/bin/busybox", O_RDONLY);

    for (int i = 0; i < READS; i++) {
        lseek(fd, 0, SEEK_SET);
        uint64_t start = tsc();

        if (read(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
            return UINT64_MAX;
        samples[i] = tsc() - start;
    }
    close(fd);
    return tsc_median(samples, READS);
}

static uint64_t price_of_computing(void)
{
    for (int i = 0; i < COMPUTES; i++) {
        uint64_t start = tsc();

        for (volatile uint32_t n = 0; n < ROUNDS; n++)
            ;
        samples[i] = tsc() - start;
    }
    return tsc_median(samples, COMPUTES);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "work";

    printf("%s-read %llu\n", name, (unsigned long long)price_of_read());
    printf("compute %llu\n", (unsigned long long)price_of_computing());
    return 0;
}
