/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LSAISO_RPC_H
#define LSAISO_RPC_H

#include "state.h"

/*
 * Serves one record (without its length word) of a caller known by kernel credentials.
 * *out is fresh memory with the reply record, length word included; wipe nothing in it: a reply
 * never holds a key. `record` is wiped. -> 0, or -1 if there is nothing to answer with.
 */
int rpc_serve(struct lsaiso *iso, uint32_t uid, uint32_t pid, uint8_t *record, size_t size,
              uint8_t **out, size_t *out_size);

/* manager: the uid that may manage sessions. -> 0, or -1 when there is no memory. */
int lsaiso_init(struct lsaiso *iso, uint32_t manager, const struct policy *policy);
/* Wipes and frees every session. */
void lsaiso_end(struct lsaiso *iso);

#endif
