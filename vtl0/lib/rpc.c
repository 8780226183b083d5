/* SPDX-License-Identifier: BSD-2-Clause */
/* rpcgen's client stubs on top of openvsm_call: XDR in the buffer, program and version in words. */
#include "openvsm_rpc.h"

#include <errno.h>
#include <stdlib.h>

struct rpc {
    struct openvsm_trustlet *trustlet;
    rpcprog_t program;
    rpcvers_t version;
    char buffer[SK_CALL_BYTES_MAX];
};

static enum clnt_stat call(CLIENT *client, rpcproc_t procedure, xdrproc_t encode, void *arguments,
                           xdrproc_t decode, void *result, struct timeval limit)
{
    struct rpc *rpc = client->cl_private;
    struct openvsm_buffer buffer = {.bytes = rpc->buffer, .out = sizeof(rpc->buffer)};
    uint64_t words[4] = {rpc->program, rpc->version};
    XDR xdr;
    xdrmem_create(&xdr, rpc->buffer, sizeof(rpc->buffer), XDR_ENCODE);
    if (!encode(&xdr, arguments)) {
        errno = EMSGSIZE;
        return RPC_CANTENCODEARGS;
    }
    buffer.in = xdr_getpos(&xdr);
    openvsm_set_timeout(rpc->trustlet,
                        (uint64_t)limit.tv_sec * 1000000000 + (uint64_t)limit.tv_usec * 1000);
    if (openvsm_call(rpc->trustlet, procedure, words, &buffer))
        return errno == ETIMEDOUT ? RPC_TIMEDOUT : RPC_CANTSEND;
    xdrmem_create(&xdr, rpc->buffer, buffer.out, XDR_DECODE);
    if (words[0] == SUCCESS && decode(&xdr, result))
        return RPC_SUCCESS;
    errno = EPROTO;
    return words[0] == SUCCESS ? RPC_CANTDECODERES : RPC_PROCUNAVAIL;
}

static bool_t free_result(CLIENT *client, xdrproc_t decode, void *result)
{
    (void)client;
    xdr_free(decode, result);
    return TRUE;
}

static void destroy(CLIENT *client)
{
    free(client->cl_private);
    free(client);
}

static bool_t control(CLIENT *client, u_int request, void *info)
{
    (void)client;
    (void)request;
    (void)info;
    return FALSE;
}

CLIENT *openvsm_rpc_client(struct openvsm_trustlet *trustlet, rpcprog_t program, rpcvers_t version)
{
    static struct clnt_ops operations = {
        .cl_call = call,
        .cl_freeres = free_result,
        .cl_destroy = destroy,
        .cl_control = control,
    };
    CLIENT *client = calloc(1, sizeof(*client));
    struct rpc *rpc = calloc(1, sizeof(*rpc));
    if (!client || !rpc) {
        free(client);
        free(rpc);
        return NULL;
    }
    rpc->trustlet = trustlet;
    rpc->program = program;
    rpc->version = version;
    client->cl_ops = &operations;
    client->cl_private = rpc;
    return client;
}
