/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving a trustlet its file, its arguments and its environment. */
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* A refusal by VTL1 as an errno, for callers that look no further. */
static int errno_of(enum sk_status status)
{
    switch (status) {
    case SK_NO_MEMORY:
        return ENOMEM;
    case SK_LIMIT:
        return EAGAIN;
    default:
        return EPERM;
    }
}

static int outcome(int result, uint32_t status, uint64_t detail, struct openvsm_refusal *refusal)
{
    *refusal = (struct openvsm_refusal){.status = SK_OK};
    if (status == SK_OK)
        return result;
    *refusal = (struct openvsm_refusal){(enum sk_status)status, detail};
    errno = errno_of(refusal->status);
    return -1;
}

int openvsm_image(struct openvsm *host, const void *bytes, uint64_t size,
                  struct openvsm_refusal *refusal)
{
    struct openvsm_open_image request = {.address = (uint64_t)(uintptr_t)bytes, .size = size};
    int result = ioctl(host->fd, OPENVSM_OPEN_IMAGE, &request);
    return outcome(result, request.status, request.detail, refusal);
}

static size_t strings_size(int count, const char *const *strings)
{
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += strlen(strings[i]) + 1;
    return size;
}

static char *append(char *to, int count, const char *const *strings)
{
    for (int i = 0; i < count; i++)
        to = stpcpy(to, strings[i]) + 1;
    return to;
}

static int count_strings(const char *const *strings)
{
    int count = 0;
    while (strings && strings[count])
        count++;
    return count;
}

/* -> the block, to be freed, or NULL with errno. */
static struct sk_start *start_block(int argc, const char *const *argv, const char *const *envp)
{
    int envc = count_strings(envp);
    size_t size = sizeof(struct sk_start) + strings_size(argc, argv) + strings_size(envc, envp);
    if (size > SK_START_MAX) {
        errno = E2BIG;
        return NULL;
    }
    struct sk_start *block = calloc(1, size);
    if (!block)
        return NULL;
    block->bytes = (uint32_t)size;
    block->argc = (uint32_t)argc;
    block->envc = (uint32_t)envc;
    append(append(block->strings, argc, argv), envc, envp);
    return block;
}

int openvsm_start(struct openvsm *host, int argc, const char *const *argv, const char *const *envp,
                  struct openvsm_refusal *refusal)
{
    *refusal = (struct openvsm_refusal){.status = SK_OK};
    struct sk_start *block = start_block(argc, argv, envp);
    if (!block)
        return -1;
    struct openvsm_start request = {.start_block = (uint64_t)(uintptr_t)block,
                                    .size = block->bytes};
    int result = ioctl(host->fd, OPENVSM_START, &request);
    int saved = errno;
    free(block);
    errno = saved;
    host->first_thread = request.thread;
    return outcome(result, request.status, 0, refusal);
}
