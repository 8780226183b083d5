// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host.h"

static bool open_image(struct host *host, const char *path, uint32_t *status)
{
    struct openvsm_open_image image = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about = {0};
    void *bytes = NULL;
    bool good = false;

    if (file < 0 || fstat(file, &about))
        bail("%s: %s", path, strerror(errno));
    bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED)
        bail("%s: %s", path, strerror(errno));
    image.address = (uint64_t)bytes;
    image.size = (uint64_t)about.st_size;
    good = ioctl(host->device, OPENVSM_OPEN_IMAGE, &image) == 0;
    *status = image.status;
    munmap(bytes, (size_t)about.st_size);
    return good && image.status == SK_OK;
}

/* The start block: header, argv, no environment. */
static bool start(struct host *host, const char *const *words, uint32_t *status)
{
    static union {
        struct sk_start block;
        char bytes[SK_START_MAX];
    } start;
    struct openvsm_start request = {.start_block = (uint64_t)&start};
    char *at = start.block.strings;

    memset(&start, 0, sizeof(start));
    for (; *words; words++) {
        at = stpcpy(at, *words) + 1;
        start.block.argc++;
    }
    start.block.bytes = (uint32_t)(at - start.bytes);
    request.size = start.block.bytes;
    if (ioctl(host->device, OPENVSM_START, &request) || request.status != SK_OK) {
        *status = request.status;
        return false;
    }
    host->process = request.process;
    host->thread = request.thread;
    return true;
}

bool host_start(struct host *host, const char *path, const char *const *words, uint32_t *status)
{
    memset(host, 0, sizeof(*host));
    host->device = keep_file(open(OPENVSM_DEVICE, O_RDWR | O_CLOEXEC), OPENVSM_DEVICE);
    if (!open_image(host, path, status) || !start(host, words, status)) {
        close(host->device);
        return false;
    }
    host->channel = mmap(NULL, OPENVSM_CHANNEL_PAGES * OPENVSM_PAGE_SIZE, PROT_READ | PROT_WRITE,
                         MAP_SHARED, host->device, (off_t)OPENVSM_CHANNEL_OFFSET(host->thread));
    /* In the fuzzer's many hands the process may be gone again by now, or its thread (EPERM) have
     * been given a channel by somebody who guessed the handle. */
    if (host->channel == MAP_FAILED && (errno == ESRCH || errno == EPERM)) {
        *status = errno == ESRCH ? SK_NOT_FOUND : SK_BAD_STATE;
        close(host->device);
        return false;
    }
    if (host->channel == MAP_FAILED)
        bail("channel: %s", strerror(errno));
    return true;
}

void host_stop(struct host *host)
{
    munmap(host->channel, OPENVSM_CHANNEL_PAGES * OPENVSM_PAGE_SIZE);
    close(host->device);
}

struct host_return host_run_raw(struct host *host, struct attack_call *request)
{
    uint64_t *registers = request->registers;
    struct host_return back = {.status = ~0ull};

    registers[ATTACK_RAX] = 0;
    registers[ATTACK_RCX] = HV_CALL_VTL_CALL;
    registers[ATTACK_RDI] = SK_CALL_THREAD_RUN;
    registers[ATTACK_RSI] = host->process;
    registers[ATTACK_RDX] = host->thread;
    if (call(request))
        return back;
    back.status = registers[ATTACK_RDI];
    back.reason = registers[ATTACK_RSI];
    back.result[0] = registers[ATTACK_RDX];
    back.result[1] = registers[ATTACK_R8];
    back.result[2] = registers[ATTACK_R9];
    back.result[3] = registers[ATTACK_R10];
    return back;
}

struct host_return host_run(struct host *host)
{
    struct openvsm_run run = {.thread = host->thread};
    struct host_return back = {.status = ~0ull};

    while (ioctl(host->device, OPENVSM_RUN, &run))
        if (errno != EINTR)
            bail("OPENVSM_RUN: %s", strerror(errno));
    back.status = run.status;
    back.reason = run.reason;
    memcpy(back.result, run.result, sizeof(back.result));
    return back;
}

struct host_return host_run_until(struct host *host, const struct attack_call *options)
{
    for (;;) {
        struct attack_call request = *options;
        struct host_return back = host_run_raw(host, &request);

        if (back.status == SK_NO_MEMORY || (back.status == SK_OK && back.reason == SK_RUN_MEMORY))
            back = host_run(host);
        if (back.status == SK_AGAIN || back.status == SK_BUSY ||
            (back.status == SK_OK &&
             (back.reason == SK_RUN_PREEMPTED || back.reason == SK_RUN_WAKE)))
            continue;
        return back;
    }
}

int64_t host_syscall(struct host *host)
{
    const volatile struct sk_channel *channel = host->channel;
    long result = 0;

    /* A descriptor that it can only have from a lie. */
    if (channel->arguments[0] >= ATTACKER_FD_FLOOR && channel->arguments[0] <= INT32_MAX)
        return -EBADF;
    result = syscall((long)channel->number, channel->arguments[0], channel->arguments[1],
                     channel->arguments[2], channel->arguments[3], channel->arguments[4],
                     channel->arguments[5]);
    return result < 0 ? -errno : result;
}

void host_answer(struct host *host, int64_t result)
{
    volatile struct sk_channel *channel = host->channel;

    channel->result = result;
    __atomic_store_n(&host->channel->answered, channel->sequence, __ATOMIC_RELEASE);
}
