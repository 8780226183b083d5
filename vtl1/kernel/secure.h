/* SPDX-License-Identifier: BSD-2-Clause */
/* Secure system calls (openvsm/trustlet.h): answered here, unknown to VTL0. */
#ifndef SK_SECURE_H
#define SK_SECURE_H

#include "syscall.h"

enum {
#define SECURE_COUNT(number, symbol, handler) SECURE_COUNT_##symbol,
    TRUSTLET_SYSCALL_LIST(SECURE_COUNT)
#undef SECURE_COUNT
        SECURE_CALLS
};
extern const struct syscall_entry secure_table[SECURE_CALLS];

#endif
