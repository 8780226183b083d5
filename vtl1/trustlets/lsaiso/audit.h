/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of what was asked for, by whom and with what end; and the allowance of each caller. */
#ifndef LSAISO_AUDIT_H
#define LSAISO_AUDIT_H

#include "state.h"

void audit_add(const struct call *c, uint32_t operation, lsa_status status);

/* A bucket per caller: `rate` tokens a second up to `burst`. -> 0, or -1 when it is empty. */
struct allowance {
    uint32_t rate;
    uint32_t burst;
};
int limit_take(struct lsaiso *iso, uint64_t who, struct allowance allowance, uint32_t tokens);

/* Names a user in the same table, apart from any uid. */
uint64_t limit_user(const char *name);

#endif
