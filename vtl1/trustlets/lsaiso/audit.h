/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of what was asked for, by whom and with what end; and the allowance of each caller. */
#ifndef LSAISO_AUDIT_H
#define LSAISO_AUDIT_H

#include "state.h"

/* Into the ring; what was refused, into the Secure Kernel's audit log too. */
void audit_add(const struct call *c, uint32_t operation, lsa_status status);
/* Into the Secure Kernel's log alone (ium audit): kind, at most seven letters, and whom the call
 * is about. Outside VTL1 it goes nowhere. */
void audit_report(const struct call *c, const char *kind);

/* -> LSA_OK, or LSA_BUSY when the caller's allowance does not give so many tokens now. */
lsa_status limit_call(struct lsaiso *iso, uint32_t uid, uint32_t tokens);
/* The same for a guess at a local user's password: ten at once, then one every two seconds. */
lsa_status limit_guess(struct lsaiso *iso, const char *user);

#endif
