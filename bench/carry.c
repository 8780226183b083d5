/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * carry COUNT FILE: a live host process starts the signed trustlet COUNT times and carries each to
 * its end. Prints "trustlet-cold" (the first start, the image new), "trustlet-warm" (the median of
 * the others) in ticks, and "trustlet-bytes", the size of the file.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../vtl0/lib/openvsm.h"
#include "tsc.h"

#define COUNT_MAX 1000

static uint64_t samples[COUNT_MAX];

static uint64_t run_once(const char *file, const void *bytes, uint64_t size)
{
    const char *const argv[] = {file, NULL};
    const char *const envp[] = {NULL};
    struct openvsm_refusal refusal = {0};
    struct openvsm_end end = {0};
    struct openvsm *host = NULL;
    uint64_t start = tsc();

    if (openvsm_open(&host) != 0)
        err(1, "/dev/openvsm");
    if (openvsm_image(host, bytes, size, &refusal) != 0 ||
        openvsm_start(host, 1, argv, envp, &refusal) != 0)
        err(1, "%s: refused with status %d", file, refusal.status);
    if (openvsm_carry(host, &end) != 0 || end.status != 0 || end.signal != 0)
        errx(1, "%s: ended with status %d, signal %d", file, end.status, end.signal);
    openvsm_close(host);
    return tsc() - start;
}

int main(int argc, char **argv)
{
    int count = argc == 3 ? atoi(argv[1]) : 0;
    int output = dup(STDOUT_FILENO);
    struct stat file;
    const void *bytes;
    int fd;

    if (count < 2 || count > COUNT_MAX)
        errx(2, "usage: carry COUNT FILE");
    fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file) != 0)
        err(1, "%s", argv[2]);
    bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        err(1, "%s", argv[2]);
    /* The trustlet's output is this process's; it is not what is measured. */
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    for (int i = 0; i < count; i++)
        samples[i] = run_once(argv[2], bytes, (uint64_t)file.st_size);
    dprintf(output, "trustlet-cold %llu\n", (unsigned long long)samples[0]);
    dprintf(output, "trustlet-warm %llu\n",
            (unsigned long long)tsc_median(samples + 1, (size_t)count - 1));
    dprintf(output, "trustlet-bytes %llu\n", (unsigned long long)file.st_size);
    return 0;
}
