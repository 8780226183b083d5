/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit log: a ring that VTL0 may read and only VTL1 may write. Records like the newest ones
 * are folded into them by count, so that a flood does not push out what came before it.
 */
#ifndef SK_AUDIT_H
#define SK_AUDIT_H

#include <openvsm/skcall.h>

struct audit_event {
    enum sk_audit_kind kind;
    uint8_t access; /* enum hv_access_type */
    uint8_t cpl;
    uint16_t status; /* what the caller got */
    uint64_t rip;
    uint64_t address;
    uint64_t value;
    uint64_t process; /* handle or 0 */
};

/* Takes its frames and shows them to VTL0 read-only. NULL, or a sentence. */
const char *audit_init(void);
/* Never fails, never blocks for long, may be called with any lock held. */
void audit_write(const struct audit_event *event);

#endif
