// SPDX-License-Identifier: BSD-2-Clause
/* Operations of a hostile host process: /dev/openvsm's requests, altered images, lying answers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <openvsm/trustlet.h>
#include "fuzz.h"

/* A pointer that is good, bad, or on the edge. */
static uint64_t odd_pointer(struct fuzzer *fuzzer)
{
    switch (fuzz_below(fuzzer, 5)) {
    case 0:
        return 0;
    case 1:
        return 0xffff888000000000ull + fuzz_below(fuzzer, 1u << 30);
    case 2:
        return 0x7ffffffff000ull + fuzz_below(fuzzer, 4096);
    case 3: /* ends in the middle of what is asked for */
        return (uint64_t)fuzz_page(fuzzer, 5) + fuzz_below(fuzzer, 2 * OPENVSM_PAGE_SIZE);
    default:
        return (uint64_t)fuzz_page(fuzzer, 4);
    }
}

/* Any number but one that might point into this very program, which the driver would then write. */
static uint64_t odd_word(struct fuzzer *fuzzer)
{
    uint64_t number = random_next(&fuzzer->random) >> fuzz_below(fuzzer, 64);

    return number >= 0x10000 && number < 1ull << 47 ? number | 1ull << 47 : number;
}

/* Requests in any order on a file of its own, with any content. */
void fuzz_ioctl(struct fuzzer *fuzzer)
{
    static const unsigned long requests[] = {
        OPENVSM_OPEN_IMAGE, OPENVSM_START,        OPENVSM_RUN,   OPENVSM_KILL,
        OPENVSM_STATISTICS, OPENVSM_PROCESS_INFO, OPENVSM_QUERY, OPENVSM_AUDIT};
    int device = open(OPENVSM_DEVICE, O_RDWR | O_CLOEXEC);

    if (device < 0)
        return;
    for (unsigned int i = 0; i < 4; i++) {
        uint64_t words[16] = {0};

        for (unsigned int j = 0; j < 16; j++)
            words[j] = fuzz_below(fuzzer, 2) ? odd_pointer(fuzzer) : odd_word(fuzzer);
        ioctl(device, requests[fuzz_below(fuzzer, 8)], words);
    }
    if (fuzz_below(fuzzer, 4) == 0) {
        uint64_t size = (1 + fuzz_below(fuzzer, 40)) * OPENVSM_PAGE_SIZE;
        void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device,
                        (off_t)(fuzz_below(fuzzer, 200) * OPENVSM_PAGE_SIZE));

        if (at != MAP_FAILED)
            munmap(at, size);
    }
    close(device);
}

/* One bit of a signed file, anywhere: it must be refused. */
void fuzz_image(struct fuzzer *fuzzer)
{
    struct openvsm_open_image request = {.address = (uint64_t)fuzzer->image,
                                         .size = fuzzer->image_size};
    uint64_t bit = fuzz_below(fuzzer, fuzzer->image_size * 8);
    uint8_t *byte = (uint8_t *)fuzzer->image + bit / 8;
    uint64_t trailer = fuzzer->image_size - sizeof(struct trustlet_trailer);
    int device = open(OPENVSM_DEVICE, O_RDWR | O_CLOEXEC);

    if (device < 0)
        return;
    if (fuzz_below(fuzzer, 2))
        byte = (uint8_t *)fuzzer->image + trailer + fuzz_below(fuzzer, 608);
    *byte ^= (uint8_t)(1u << (bit % 8));
    /* A known manifest needs no data, so that altered data is then never looked at. */
    if (ioctl(device, OPENVSM_OPEN_IMAGE, &request) == 0 && request.status == SK_OK &&
        !request.known) {
        fuzzer->faults.accepted++;
        note("an image was accepted with bit %llu of byte %td turned", (unsigned long long)bit % 8,
             byte - (uint8_t *)fuzzer->image);
    }
    *byte ^= (uint8_t)(1u << (bit % 8));
    close(device);
}

/* An instance that dies of a lie leaves its files open in the host process. */
static void remember_file(struct fuzzer *fuzzer, uint64_t number, int64_t result)
{
    const struct sk_channel *channel = fuzzer->host.channel;

    for (unsigned int i = 0; i < 4; i++) {
        if (number == SYS_close && fuzzer->files[i] == (int)channel->arguments[0])
            fuzzer->files[i] = -1;
        if ((number == SYS_openat || number == SYS_socket) && fuzzer->files[i] < 0 && result >= 0) {
            fuzzer->files[i] = (int)result;
            return;
        }
    }
}

void fuzz_drop(struct fuzzer *fuzzer)
{
    if (!fuzzer->carrying)
        return;
    host_stop(&fuzzer->host);
    for (unsigned int i = 0; i < 4; i++)
        if (fuzzer->files[i] >= 0)
            close(fuzzer->files[i]);
    fuzzer->carrying = false;
}

static void take_up(struct fuzzer *fuzzer)
{
    static const char *const words[] = {"caller", NULL};
    uint32_t status = 0;

    fuzzer->carrying = host_start(&fuzzer->host, FUZZ_CALLER, words, &status);
    fuzzer->lied = false;
    for (unsigned int i = 0; i < 4; i++)
        fuzzer->files[i] = -1;
    fuzzer->instances++;
}

static int64_t lie(struct fuzzer *fuzzer)
{
    uint64_t number = random_next(&fuzzer->random) >> fuzz_below(fuzzer, 64);

    return fuzz_below(fuzzer, 2) ? (int64_t)number : -(int64_t)number;
}

/* Scribbles over the channel as only a thief would: the request's own words and the data. */
static void scribble(struct fuzzer *fuzzer)
{
    uint8_t *channel = (uint8_t *)fuzzer->host.channel;

    for (unsigned int i = 0; i < 16; i++)
        channel[fuzz_below(fuzzer, OPENVSM_CHANNEL_PAGES * OPENVSM_PAGE_SIZE)] =
            (uint8_t)random_next(&fuzzer->random);
}

static void answer(struct fuzzer *fuzzer)
{
    uint64_t number = fuzzer->host.channel->number;
    int64_t result = 0;

    /* What follows a lie may be anything, for instance a read that never ends: not made, then. */
    if (!fuzzer->lied) {
        result = host_syscall(&fuzzer->host);
        remember_file(fuzzer, number, result);
    }
    if (fuzz_below(fuzzer, 32) == 0) {
        result = lie(fuzzer);
        fuzzer->lied = true;
    }
    if (fuzz_below(fuzzer, 64) == 0) {
        scribble(fuzzer);
        fuzzer->lied = true;
    }
    if (fuzz_below(fuzzer, 64))
        host_answer(&fuzzer->host, result);
    else
        fuzzer->lied = true;
}

/* One THREAD_RUN of the instance in hand, and an answer that is mostly true. */
void fuzz_exchange(struct fuzzer *fuzzer)
{
    struct attack_call plainly = {0};
    struct host_return back = {0};

    if (!fuzzer->carrying)
        take_up(fuzzer);
    if (!fuzzer->carrying)
        return;
    back = host_run_raw(&fuzzer->host, &plainly);
    if (back.status == SK_NO_MEMORY || (back.status == SK_OK && back.reason == SK_RUN_MEMORY))
        back = host_run(&fuzzer->host);
    if (back.status == SK_AGAIN || (back.status == SK_OK && back.reason == SK_RUN_PREEMPTED))
        return;
    if (back.status == SK_OK && back.reason == SK_RUN_SYSCALL) {
        answer(fuzzer);
        return;
    }
    /* Exit status 3 is the trustlet's own word that it saw what it must not see; 0 is good. */
    if (back.status == SK_OK && back.reason == SK_RUN_EXIT && back.result[0] == 3 &&
        back.result[3] == SK_DEATH_EXIT)
        fuzzer->faults.believed++;
    fuzz_drop(fuzzer);
}
