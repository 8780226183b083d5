/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls into a trustlet: an own open file for each connection. */
#include "openvsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct openvsm_trustlet {
    int fd;
    uint64_t timeout;
};

int openvsm_connect(pid_t host, struct openvsm_trustlet **trustlet)
{
    struct openvsm_connect q = {.pid = host};
    struct openvsm_trustlet *t = malloc(sizeof(*t));
    if (!t)
        return -1;
    *t = (struct openvsm_trustlet){
        .fd = open(OPENVSM_DEVICE, O_RDONLY | O_CLOEXEC),
        .timeout = ~0ull,
    };
    if (t->fd >= 0 && ioctl(t->fd, OPENVSM_CONNECT, &q) == 0) {
        *trustlet = t;
        return 0;
    }
    int saved = errno;
    openvsm_disconnect(t);
    errno = saved;
    return -1;
}

void openvsm_disconnect(struct openvsm_trustlet *trustlet)
{
    if (trustlet && trustlet->fd >= 0)
        close(trustlet->fd);
    free(trustlet);
}

void openvsm_set_timeout(struct openvsm_trustlet *trustlet, uint64_t nanoseconds)
{
    __atomic_store_n(&trustlet->timeout, nanoseconds, __ATOMIC_RELAXED);
}

int openvsm_call(struct openvsm_trustlet *trustlet, uint64_t number, uint64_t words[4],
                 struct openvsm_buffer *buffer)
{
    struct openvsm_trustlet_call q = {
        .number = number,
        .timeout = __atomic_load_n(&trustlet->timeout, __ATOMIC_RELAXED),
    };
    memcpy(q.words, words, sizeof(q.words));
    if (buffer) {
        q.buffer = (uintptr_t)buffer->bytes;
        q.in = buffer->in;
        q.out = buffer->out;
    }
    if (lseek(trustlet->fd, (off_t)(uintptr_t)&q, OPENVSM_WHENCE_CALL) < 0)
        return -1;
    memcpy(words, q.words, sizeof(q.words));
    if (buffer)
        buffer->out = q.out;
    return 0;
}
