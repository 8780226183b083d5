/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that the Secure Kernel answers itself. Each is what Linux's manual page says, as far
 * as one trustlet can tell; where not, the comment at its definition says so.
 */
#ifndef SK_LOCAL_H
#define SK_LOCAL_H

#include "syscall.h"

#define LOCAL_CALL(name)                                                                           \
    enum syscall_action local_##name(struct thread *thread, const uint64_t given[6]);
#include "local_calls.h" /* one line for each `here` of syscalls.tbl */
#undef LOCAL_CALL

/* The thread of this process with that number (0: the caller), or NULL. */
struct thread *local_thread_of(struct thread *thread, uint64_t number);

#endif
