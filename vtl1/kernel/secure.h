/* SPDX-License-Identifier: BSD-2-Clause */
/* Secure system calls (openvsm/trustlet.h): answered here, unknown to VTL0. */
#ifndef SK_SECURE_H
#define SK_SECURE_H

#include "syscall.h"

struct process;

enum {
#define SECURE_COUNT(number, symbol, handler) SECURE_COUNT_##symbol,
    TRUSTLET_SYSCALL_LIST(SECURE_COUNT)
#undef SECURE_COUNT
        SECURE_CALLS
};

/* One handler for each: secure_identity, secure_seal … */
#define SECURE_HANDLER(number, symbol, handler)                                                    \
    enum syscall_action secure_##handler(struct thread *thread, const uint64_t given[6]);
TRUSTLET_SYSCALL_LIST(SECURE_HANDLER)
#undef SECURE_HANDLER

/* Who a process is, by its verified manifest. */
void secure_identify(const struct process *process, struct trustlet_identity *who);

extern const struct syscall_entry secure_table[SECURE_CALLS];

#endif
