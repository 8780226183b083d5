/* SPDX-License-Identifier: BSD-2-Clause */
#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int stream_write(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

int stream_read(int fd, void *data, size_t size)
{
    char *at = data;

    while (size) {
        ssize_t n = recv(fd, at, size, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        size -= (size_t)n;
    }
    return 0;
}

void connection_close(struct connection *c)
{
    /* After a fork the socket is the parent's too: closing our copy is all we may do. */
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int ensure_open(struct connection *c)
{
    if (c->fd >= 0 && c->pid != getpid())
        connection_close(c);
    if (c->fd < 0) {
        c->fd = open_socket(c->path);
        c->pid = getpid();
    }
    return c->fd >= 0 ? 0 : -1;
}

static lsa_status gone(struct connection *c, struct answer *answer)
{
    connection_close(c);
    answer->status = LSA_NO_LSAISO;
    snprintf(answer->message, sizeof(answer->message),
             "nobody answers at %s; is %s running? (logon sessions do not survive it)", c->path,
             strstr(c->path, "iso") ? "lsaiso" : "lsassd");
    return LSA_NO_LSAISO;
}

/* The record with its length word; *record is fresh memory. */
static int encode_call(struct connection *c, uint32_t operation, xdrproc_t encode,
                       const void *arguments, char **record, size_t *size)
{
    lsa_call header = {.protocol = LSA_VERSION, .xid = ++c->xid, .operation = operation};
    size_t body = xdr_sizeof((xdrproc_t)xdr_lsa_call, &header) +
                  xdr_sizeof(encode, (void *)(uintptr_t)arguments);
    uint32_t length = htonl((uint32_t)body);
    XDR xdr;

    *record = malloc(body + 4);
    if (!*record)
        return -1;
    memcpy(*record, &length, 4);
    xdrmem_create(&xdr, *record + 4, (u_int)body, XDR_ENCODE);
    *size = body + 4;
    return xdr_lsa_call(&xdr, &header) && encode(&xdr, (void *)(uintptr_t)arguments, 0) ? 0 : -1;
}

static int read_record(int fd, char **record, size_t *size)
{
    uint32_t length = 0;

    *record = NULL;
    if (stream_read(fd, &length, 4))
        return -1;
    *size = ntohl(length);
    if (*size > LSA_RECORD_MAX)
        return -1;
    *record = malloc(*size + 1);
    return *record && stream_read(fd, *record, *size) == 0 ? 0 : -1;
}

static int decode_reply(struct connection *c, char *record, size_t size, xdrproc_t decode,
                        void *result, struct answer *answer)
{
    lsa_reply reply = {0};
    XDR xdr;
    int bad = 0;

    xdrmem_create(&xdr, record, (u_int)size, XDR_DECODE);
    bad = !xdr_lsa_reply(&xdr, &reply) || reply.xid != c->xid ||
          (reply.status == LSA_OK && !decode(&xdr, result, 0));
    answer->status = reply.status;
    answer->krb_error = reply.krb_error;
    if (reply.message)
        snprintf(answer->message, sizeof(answer->message), "%s", reply.message);
    xdr_free((xdrproc_t)xdr_lsa_reply, &reply);
    return bad;
}

lsa_status connection_call(struct connection *c, uint32_t operation, xdrproc_t encode,
                           const void *arguments, xdrproc_t decode, void *result,
                           struct answer *answer)
{
    char *record = NULL;
    size_t size = 0;
    int bad = 0;

    memset(answer, 0, sizeof(*answer));
    bad = encode_call(c, operation, encode, arguments, &record, &size);
    if (!bad) {
        /* A connection kept from before may be to a server that was restarted: one more try. */
        bad = ensure_open(c) || stream_write(c->fd, record, size);
        if (bad && c->fd >= 0) {
            connection_close(c);
            bad = ensure_open(c) || stream_write(c->fd, record, size);
        }
    }
    if (record)
        explicit_bzero(record, size); /* it may have held a password */
    free(record);
    record = NULL;
    bad = bad || read_record(c->fd, &record, &size) ||
          decode_reply(c, record, size, decode, result, answer);
    free(record);
    return bad ? gone(c, answer) : answer->status;
}
