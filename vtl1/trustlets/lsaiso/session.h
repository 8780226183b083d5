/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logon sessions. A session's wrap key opens every blob made for it: wiping those 32 bytes ends
 * all its keys at once, wherever the blobs are kept. Expiry, idle time and lock are checked at
 * each use by VTL1's clock, since VTL0 may never let a timer run.
 */
#ifndef LSAISO_SESSION_H
#define LSAISO_SESSION_H

#include "state.h"

/* LSA_OK and *s; or LSA_NO_SESSION, LSA_LOCKED, LSA_EXPIRED. Marks it used. */
lsa_status session_find(struct call *c, uint64_t id, struct session **s);
lsa_status session_open(struct call *c, uint32_t owner, struct session **s);
/* Wipes keys, questions and contexts; the session stays as a name for "locked". */
void session_lock(struct lsaiso *iso, struct session *s);
void session_destroy(struct lsaiso *iso, struct session *s);
/* As session_find, but finds locked and expired ones too. */
struct session *session_any(struct lsaiso *iso, uint64_t id);
/* Looks at a few sessions and contexts and wipes those whose time is over. */
void session_sweep(struct lsaiso *iso);

/* An unused entry, the oldest one if need be. Its id is set. */
struct exchange *session_new_exchange(struct session *s);
struct exchange *session_exchange(struct session *s, uint64_t id);

/* Contexts; a context is dead as soon as its session is. */
lsa_status context_open(struct call *c, const struct session *s, struct context **x);
lsa_status context_find(struct call *c, uint64_t id, struct context **x);
void context_destroy(struct lsaiso *iso, struct context *x);

#endif
