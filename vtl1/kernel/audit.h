/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit log: a ring that VTL0 may read and only VTL1 may write. Records like the newest ones
 * are folded into them by count, so that a flood does not push out what came before it.
 */
#ifndef SK_AUDIT_H
#define SK_AUDIT_H

#include <openvsm/skcall.h>

/* Takes its frames and shows them to VTL0 read-only. NULL, or a sentence. */
const char *audit_init(void);
/*
 * An event is a record of which the kind and all that tells of it are filled in: when, where and
 * how often is the log's. Never fails, never blocks for long, may be called with any lock held.
 */
void audit_write(const struct sk_audit_record *event);

#endif
