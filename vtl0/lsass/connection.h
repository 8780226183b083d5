/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client side of lsa.x's framing: to lsaiso, and to lsassd. A connection carries one call at a
 * time; it is not for two threads, and not for a forked child (which opens its own).
 */
#ifndef LSASS_CONNECTION_H
#define LSASS_CONNECTION_H

#include <openvsm/lsa.h>
#include <stddef.h>
#include <stdint.h>

#define LSASSD_SOCKET "/run/openvsm/lsassd.sock"
#define LSAISO_SOCKET "/run/openvsm/lsaiso.sock"

struct connection {
    const char *path; /* the socket; not owned */
    int fd;           /* -1: not connected */
    int pid;          /* of the process that connected */
    unsigned xid;
};

/* What a call ended with. */
struct answer {
    lsa_status status;
    int krb_error;
    char message[512]; /* a sentence; empty when all is well */
};

/* Does one call, connecting first if need be. `result` is zeroed, then filled if the status is
 * LSA_OK; free it with xdr_free. -> the status; LSA_NO_LSAISO if nobody answers. */
lsa_status connection_call(struct connection *c, uint32_t operation, xdrproc_t encode,
                           const void *arguments, xdrproc_t decode, void *result,
                           struct answer *answer);
void connection_close(struct connection *c);

/* CALL(connection, Operation, argument type, &arguments, result type, &result, &answer) */
#define CALL(c, operation, argument_type, arguments, result_type, result, answer)                  \
    connection_call(c, operation, (xdrproc_t)xdr_##argument_type, arguments,                       \
                    (xdrproc_t)xdr_##result_type, memset(result, 0, sizeof(result_type)), answer)
#define FREE(result_type, result) xdr_free((xdrproc_t)xdr_##result_type, result)

/* Whole buffers over a stream socket. -> 0 or -1. */
int stream_write(int fd, const void *data, size_t size);
int stream_read(int fd, void *data, size_t size);

#endif
