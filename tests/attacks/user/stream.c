// SPDX-License-Identifier: BSD-2-Clause
/*
 * stream: writes every byte of the machine's memory that VTL0 can read to the scratch disk, where
 * the host can search it: through fresh page tables from offset 0 of the disk on, GPA by GPA, and
 * through Linux's direct map from STREAM_DIRECT on. What is refused stays out (a hole). Prints the
 * counts, and to the file named by its argument a byte per frame: 1 where fresh tables were
 * refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "attacker.h"

#define DISK          "/dev/nvme0n1"
#define STREAM_DIRECT (1ull << 30)

static uint8_t *buffer;

/* Whole runs of readable pages go out in one write. */
static void put(int disk, uint64_t offset, uint64_t first, uint64_t pages, const uint8_t *traps)
{
    for (uint64_t i = 0; i < pages;) {
        uint64_t run = 0;

        while (i + run < pages && !traps[i + run])
            run++;
        if (run && pwrite(disk, buffer + i * OPENVSM_PAGE_SIZE, run * OPENVSM_PAGE_SIZE,
                          (off_t)(offset + (first + i) * OPENVSM_PAGE_SIZE)) !=
                       (ssize_t)(run * OPENVSM_PAGE_SIZE))
            bail("%s: %s", DISK, strerror(errno));
        i += run ? run : 1;
    }
}

static uint64_t stream(int disk, const struct frames *frames, enum attack_via via, uint64_t offset,
                       uint8_t *refused)
{
    static uint8_t traps[ATTACK_READ_MAX];
    uint64_t count = 0;

    for (uint64_t first = 0; first < frames->count; first += ATTACK_READ_MAX) {
        uint64_t pages = frames->count - first;

        if (pages > ATTACK_READ_MAX)
            pages = ATTACK_READ_MAX;
        count += read_pages(first * OPENVSM_PAGE_SIZE, pages, via, buffer, traps);
        put(disk, offset, first, pages, traps);
        if (refused)
            memcpy(refused + first, traps, pages);
    }
    return count;
}

int main(int argc, char **argv)
{
    struct frames frames = {0};
    uint8_t *refused = NULL;
    uint64_t count = 0;
    FILE *file = NULL;
    int disk = -1;

    attacker_start();
    frames = survey();
    /* Past the page cache, which is itself in the memory that is being read. */
    disk = open(DISK, O_WRONLY | O_DIRECT | O_CLOEXEC);
    buffer = mmap(NULL, ATTACK_READ_MAX * OPENVSM_PAGE_SIZE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    refused = calloc(frames.count, 1);
    if (disk < 0 || buffer == MAP_FAILED || !refused ||
        frames.count * OPENVSM_PAGE_SIZE > STREAM_DIRECT)
        bail("%s cannot take %llu pages", DISK, (unsigned long long)frames.count);
    count = stream(disk, &frames, ATTACK_VIA_FRESH, 0, refused);
    printf("fresh %llu of %llu refused\n", (unsigned long long)count,
           (unsigned long long)frames.count);
    count = stream(disk, &frames, ATTACK_VIA_DIRECT_MAP, STREAM_DIRECT, NULL);
    printf("direct %llu of %llu refused\n", (unsigned long long)count,
           (unsigned long long)frames.count);
    file = argc > 1 ? fopen(argv[1], "w") : NULL;
    if (file && (fwrite(refused, 1, frames.count, file) != frames.count || fclose(file)))
        bail("%s: %s", argv[1], strerror(errno));
    return 0;
}
