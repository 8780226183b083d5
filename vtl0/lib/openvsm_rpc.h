/* SPDX-License-Identifier: BSD-2-Clause */
/* Calling a trustlet through an interface that is described in a .x file: see rpcgen(1). */
#ifndef OPENVSM_RPC_H
#define OPENVSM_RPC_H

#include "openvsm.h"
#include <rpc/rpc.h>

/*
 * A client handle for rpcgen's client stubs (rpcgen -l), for one thread at a time; clnt_destroy
 * frees it and leaves the connection. NULL: no memory. A stub that returns NULL has set errno as
 * openvsm_call does, or EPROTO: the trustlet has no such procedure or takes no such arguments. The
 * stubs' time-out (25 seconds, clnt_control changes nothing) is that of the call.
 */
CLIENT *openvsm_rpc_client(struct openvsm_trustlet *trustlet, rpcprog_t program, rpcvers_t version);

#endif
