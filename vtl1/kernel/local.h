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

/* What a signal that the thread causes itself does: it ends the process, or nothing.
 * -> SYSCALL_EXIT, or SYSCALL_RETURN with 0. */
enum syscall_action local_raise(struct thread *thread, uint64_t number);

#endif
