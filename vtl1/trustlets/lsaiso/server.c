/* SPDX-License-Identifier: BSD-2-Clause */
/* One thread, one poll loop: connections cannot wait for each other's peers. */
#define _GNU_SOURCE /* struct ucred, accept4 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>

#include "rpc.h"

#define CONNECTIONS         256
#define CONNECTIONS_PER_UID 64
#define FIRST_ROOM          4096u

struct connection {
    int fd; /* -1: free */
    uint32_t uid;
    uint32_t pid;
    uint8_t *in; /* length word and record, as far as it has come */
    size_t in_size;
    size_t in_room;
    uint8_t *out;
    size_t out_size;
    size_t out_sent;
};

int server_listen(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 64) == 0)
        return fd;
    close(fd);
    return -1;
}

static void drop_input(struct connection *n)
{
    if (n->in)
        sodium_memzero(n->in, n->in_room);
    free(n->in);
    n->in = NULL;
    n->in_size = n->in_room = 0;
}

static void hang_up(struct connection *n)
{
    drop_input(n);
    free(n->out);
    close(n->fd);
    memset(n, 0, sizeof(*n));
    n->fd = -1;
}

static void greet(struct connection *all, int listener)
{
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    struct connection *free_slot = NULL;
    int same_uid = 0;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || size != sizeof(peer)) {
        close(fd);
        return;
    }
    for (int i = 0; i < CONNECTIONS; i++)
        if (all[i].fd < 0)
            free_slot = &all[i];
        else
            same_uid += all[i].uid == peer.uid;
    if (!free_slot || same_uid >= CONNECTIONS_PER_UID) {
        close(fd);
        return;
    }
    *free_slot = (struct connection){.fd = fd, .uid = peer.uid, .pid = (uint32_t)peer.pid};
}

/* -> bytes that are still wanted for the record; 0: it is whole; -1: too long. */
static long wanted(const struct connection *n)
{
    uint32_t length = 0;

    if (n->in_size < 4)
        return (long)(4 - n->in_size);
    length = get_be32(n->in);
    return length > LSA_RECORD_MAX ? -1 : (long)length + 4 - (long)n->in_size;
}

/* Grows only with what has really arrived: a length word alone costs the sender nothing. */
static int make_room(struct connection *n, size_t want)
{
    size_t room = n->in_room ? n->in_room : FIRST_ROOM;
    uint8_t *bigger = NULL;

    if (n->in_size < n->in_room)
        return 0;
    while (room <= n->in_size && room < n->in_size + want)
        room *= 2;
    bigger = malloc(room);
    if (!bigger)
        return -1;
    if (n->in) {
        memcpy(bigger, n->in, n->in_size);
        sodium_memzero(n->in, n->in_room);
        free(n->in);
    }
    n->in = bigger;
    n->in_room = room;
    return 0;
}

static int serve_record(struct lsaiso *iso, struct connection *n)
{
    int bad = rpc_serve(iso, n->uid, n->pid, n->in + 4, n->in_size - 4, &n->out, &n->out_size);

    n->out_sent = 0;
    /* A small buffer is kept for the next call; it was wiped. */
    if (n->in_room > FIRST_ROOM)
        drop_input(n);
    n->in_size = 0;
    return bad;
}

static int receive(struct lsaiso *iso, struct connection *n)
{
    long want = wanted(n);
    ssize_t got = 0;

    if (want < 0 || make_room(n, (size_t)want))
        return -1;
    if ((size_t)want > n->in_room - n->in_size)
        want = (long)(n->in_room - n->in_size);
    got = read(n->fd, n->in + n->in_size, (size_t)want);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (got == 0)
        return -1;
    n->in_size += (size_t)got;
    return wanted(n) == 0 && n->in_size > 4 ? serve_record(iso, n) : 0;
}

static int transmit(struct connection *n)
{
    ssize_t sent = send(n->fd, n->out + n->out_sent, n->out_size - n->out_sent, MSG_NOSIGNAL);

    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    n->out_sent += (size_t)sent;
    if (n->out_sent == n->out_size) {
        free(n->out);
        n->out = NULL;
        n->out_size = 0;
    }
    return 0;
}

static void attend(struct lsaiso *iso, struct connection *n, short events)
{
    int bad = 0;

    if (n->out)
        bad = transmit(n);
    else if (events & (POLLIN | POLLHUP | POLLERR)) {
        bad = receive(iso, n);
        if (!bad && wanted(n) > 0 && n->in_size == 4)
            bad = receive(iso, n); /* the body mostly came along with the length */
        if (!bad && n->out)
            bad = transmit(n); /* and mostly the answer goes at once */
    }
    if (bad)
        hang_up(n);
}

void server_run(struct lsaiso *iso, int listener)
{
    static struct connection all[CONNECTIONS];
    struct pollfd polled[CONNECTIONS + 1];
    int who[CONNECTIONS + 1];

    for (int i = 0; i < CONNECTIONS; i++)
        all[i].fd = -1;
    for (;;) {
        nfds_t count = 1;

        polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (int i = 0; i < CONNECTIONS; i++)
            if (all[i].fd >= 0) {
                who[count] = i;
                polled[count++] =
                    (struct pollfd){.fd = all[i].fd, .events = all[i].out ? POLLOUT : POLLIN};
            }
        /* No timer: expiry is looked at when something is used, so an idle lsaiso costs nothing. */
        if (poll(polled, count, -1) < 0 && errno != EINTR)
            return;
        for (nfds_t i = 1; i < count; i++)
            if (polled[i].revents)
                attend(iso, &all[who[i]], polled[i].revents);
        if (polled[0].revents & POLLIN)
            greet(all, listener);
        else if (polled[0].revents)
            return;
    }
}
