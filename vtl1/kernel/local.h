/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls that the Secure Kernel answers itself. Each is what Linux's manual page says, as far
 * as one trustlet can tell; where not, the comment at its definition says so.
 */
#ifndef SK_LOCAL_H
#define SK_LOCAL_H

#include "syscall.h"

/* clang-format off */
#define LOCAL_CALL_LIST(X)                                                                         \
    X(brk) X(mmap) X(munmap) X(mprotect) X(mremap) X(madvise) X(exit) X(exit_group) X(futex)       \
    X(arch_prctl) X(set_tid_address) X(set_robust_list) X(rt_sigaction) X(rt_sigprocmask)          \
    X(rt_sigpending) X(sigaltstack) X(kill) X(tkill) X(tgkill) X(sched_yield)                      \
    X(sched_getaffinity) X(getcpu) X(getrandom) X(getpid) X(gettid) X(getuid) X(geteuid)           \
    X(getgid) X(getegid) X(prctl) X(getrlimit) X(prlimit64) X(clock_getres) X(nanosleep)           \
    X(clock_nanosleep)
/* clang-format on */

#define LOCAL_CALL(name)                                                                           \
    enum syscall_action local_##name(struct thread *thread, const uint64_t given[6]);
LOCAL_CALL_LIST(LOCAL_CALL)
LOCAL_CALL(clock_gettime) /* a row of a choice of clocks */
#undef LOCAL_CALL

#endif
