/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serving an interface that is described in a .x file: rpcgen's dispatch function (rpcgen -m) on
 * top of ium_accept. Include it in one file of the trustlet, and link libtirpc for XDR alone: what
 * the generated code needs besides is here.
 */
#ifndef OPENVSM_TRUSTLET_RPC_H
#define OPENVSM_TRUSTLET_RPC_H

#include <openvsm_trustlet.h>
#include <rpc/rpc.h>

#define IUM_RPC_MAX 65536u /* = SK_CALL_BYTES_MAX */

/* A call from arrival to answer. */
struct ium_rpc {
    struct trustlet_call call;
    char buffer[IUM_RPC_MAX];
};

/* The answer: word 0 is an enum accept_stat, the buffer has the result's XDR. */
static bool_t ium_rpc_answer(SVCXPRT *transport, enum accept_stat status, xdrproc_t encode,
                             void *result)
{
    struct ium_rpc *rpc = (struct ium_rpc *)transport->xp_p1;
    XDR xdr;
    xdrmem_create(&xdr, rpc->buffer, rpc->call.room, XDR_ENCODE);
    if (status == SUCCESS && !encode(&xdr, result))
        status = SYSTEM_ERR;
    rpc->call.words[0] = (uint64_t)status;
    rpc->call.bytes = status == SUCCESS ? xdr_getpos(&xdr) : 0;
    return status == SUCCESS;
}

static bool_t ium_rpc_arguments(SVCXPRT *transport, xdrproc_t decode, void *arguments)
{
    struct ium_rpc *rpc = (struct ium_rpc *)transport->xp_p1;
    XDR xdr;
    xdrmem_create(&xdr, rpc->buffer, rpc->call.bytes, XDR_DECODE);
    return decode(&xdr, arguments);
}

static bool_t ium_rpc_free(SVCXPRT *transport, xdrproc_t decode, void *arguments)
{
    (void)transport;
    xdr_free(decode, arguments);
    return TRUE;
}

/* What generated code calls; libtirpc's own want its network. */
bool_t svc_sendreply(SVCXPRT *transport, const xdrproc_t encode, void *result)
{
    return ium_rpc_answer(transport, SUCCESS, encode, result);
}
void svcerr_noproc(SVCXPRT *transport)
{
    ium_rpc_answer(transport, PROC_UNAVAIL, NULL, NULL);
}
void svcerr_decode(SVCXPRT *transport)
{
    ium_rpc_answer(transport, GARBAGE_ARGS, NULL, NULL);
}
void svcerr_systemerr(SVCXPRT *transport)
{
    ium_rpc_answer(transport, SYSTEM_ERR, NULL, NULL);
}

/*
 * Serves calls for ever, on this thread. In a served function, request->rq_clntcred is the struct
 * trustlet_call: who calls. -> 1, when ium_accept fails.
 */
static inline int ium_rpc_serve(void (*dispatch)(struct svc_req *, SVCXPRT *), rpcprog_t program,
                                rpcvers_t version)
{
    static const struct xp_ops operations = {.xp_getargs = ium_rpc_arguments,
                                             .xp_freeargs = ium_rpc_free};
    static __thread struct ium_rpc rpc;
    SVCXPRT transport = {.xp_ops = &operations, .xp_p1 = &rpc};
    for (;;) {
        if (ium_accept(&rpc.call, rpc.buffer, sizeof(rpc.buffer)) < 0) {
            if (errno == ECANCELED)
                continue;
            return 1;
        }
        struct svc_req request = {.rq_prog = program,
                                  .rq_vers = version,
                                  .rq_proc = (rpcproc_t)rpc.call.number,
                                  .rq_clntcred = &rpc.call,
                                  .rq_xprt = &transport};
        if (rpc.call.words[0] != program || rpc.call.words[1] != version)
            ium_rpc_answer(&transport, PROG_UNAVAIL, NULL, NULL);
        else
            dispatch(&request, &transport);
    }
}

#endif
