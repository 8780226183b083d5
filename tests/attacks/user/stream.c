// SPDX-License-Identifier: BSD-2-Clause
/*
 * attack-stream: writes every byte of the machine's memory that VTL0 can read to the scratch disk,
 * where the host can search it: through fresh page tables from offset 0 of the disk on, GPA by GPA,
 * and through Linux's direct map from STREAM_DIRECT on. What is refused stays out. From STREAM_MAP
 * on comes a byte per frame: 0 readable, 1 refused (VTL1's), 2 refused (the hypervisor's).
 * Prints the counts.
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
#define STREAM_MAP    (2ull << 30)

static uint8_t *buffer;

/* Word by word, since musl's memcmp() goes byte by byte, through gigabytes here. */
static bool is_zero(const void *page)
{
    const uint64_t *words = page;
    uint64_t any = 0;

    for (unsigned int i = 0; i < OPENVSM_PAGE_SIZE / 8; i += 8)
        any |= words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] | words[i + 5] |
               words[i + 6] | words[i + 7];
    return !any;
}

/* Whole runs of pages that were read and hold something go out in one write; the disk begins as
 * all zeros. */
static void put(int disk, uint64_t offset, uint64_t first, uint64_t pages, const uint8_t *traps)
{
    for (uint64_t i = 0; i < pages;) {
        uint64_t run = 0;

        while (i + run < pages && !traps[i + run] &&
               !is_zero(buffer + (i + run) * OPENVSM_PAGE_SIZE))
            run++;
        if (run && pwrite(disk, buffer + i * OPENVSM_PAGE_SIZE, run * OPENVSM_PAGE_SIZE,
                          (off_t)(offset + (first + i) * OPENVSM_PAGE_SIZE)) !=
                       (ssize_t)(run * OPENVSM_PAGE_SIZE))
            bail("%s: %s", DISK, strerror(errno));
        i += run ? run : 1;
    }
}

static uint64_t stream(int disk, const struct frames *frames, enum attack_via via, uint64_t offset,
                       uint8_t *map)
{
    static uint8_t traps[ATTACK_READ_MAX];
    uint64_t count = 0;

    for (uint64_t first = 0; first < frames->count; first += ATTACK_READ_MAX) {
        uint64_t pages = frames->count - first;

        if (pages > ATTACK_READ_MAX)
            pages = ATTACK_READ_MAX;
        count += read_pages(first * OPENVSM_PAGE_SIZE, pages, via, buffer, traps);
        put(disk, offset, first, pages, traps);
        for (uint64_t i = 0; map && i < pages; i++)
            map[first + i] = !traps[i] ? 0 : frames->kind[first + i] == FRAME_HYPERVISOR ? 2 : 1;
    }
    return count;
}

static void put_map(int disk, const uint8_t *map, uint64_t count)
{
    uint64_t most = ATTACK_READ_MAX * OPENVSM_PAGE_SIZE;

    if (count > most)
        bail("a map of %llu frames", (unsigned long long)count);
    memset(buffer, 0, most);
    memcpy(buffer, map, count);
    if (pwrite(disk, buffer, most, (off_t)STREAM_MAP) != (ssize_t)most)
        bail("%s: %s", DISK, strerror(errno));
}

int main(void)
{
    struct frames frames = {0};
    uint8_t *map = NULL;
    uint64_t fresh = 0, direct = 0;
    int disk = -1;

    attacker_start();
    frames = survey();
    /* Past the page cache, which is itself in the memory that is being read. */
    disk = open(DISK, O_WRONLY | O_DIRECT | O_CLOEXEC);
    buffer = mmap(NULL, ATTACK_READ_MAX * OPENVSM_PAGE_SIZE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map = calloc(frames.count, 1);
    if (disk < 0 || buffer == MAP_FAILED || !map ||
        frames.count * OPENVSM_PAGE_SIZE > STREAM_DIRECT)
        bail("%s cannot take %llu pages", DISK, (unsigned long long)frames.count);
    fresh = stream(disk, &frames, ATTACK_VIA_FRESH, 0, map);
    direct = stream(disk, &frames, ATTACK_VIA_DIRECT_MAP, STREAM_DIRECT, NULL);
    put_map(disk, map, frames.count);
    printf("frames %llu\nfresh-refused %llu\ndirect-refused %llu\n",
           (unsigned long long)frames.count, (unsigned long long)fresh, (unsigned long long)direct);
    return 0;
}
