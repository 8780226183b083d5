/* SPDX-License-Identifier: BSD-2-Clause */
/* What a thread keeps of a system call while VTL0 works on it. Belongs to marshal.c. */
#ifndef SK_SYSCALL_STATE_H
#define SK_SYSCALL_STATE_H

#include <stdint.h>

struct syscall_state {
    uint64_t sequence; /* of the request in the channel */
    uint64_t number;
    uint64_t words[32];
};

#endif
