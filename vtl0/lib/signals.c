/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's signals that the trustlet asked for by signalfd(2): they end the host no more, but
 * stay pending until they are read. The trustlet's own mask is VTL1's, so the carriers block here
 * what matters of it.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* A thread that has not blocked the signal yet does so, and hands it on as it is: to the process,
 * whichever thread names it, but the kernel believes the sender only of who names itself. Once all
 * have blocked it, it stays pending. */
static void hand_on(int number, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    int saved = errno;
    sigaddset(&interrupted->uc_sigmask, number);
    syscall(SYS_rt_sigqueueinfo, gettid(), number, info);
    errno = saved;
}

void openvsm_keep_signals(uint64_t set)
{
    struct sigaction action = {.sa_sigaction = hand_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t blocked;
    sigfillset(&action.sa_mask);
    sigemptyset(&blocked);
    for (int number = 1; number < KICK_SIGNAL; number++)
        if ((set & 1ull << (number - 1)) && !sigaction(number, &action, NULL))
            sigaddset(&blocked, number);
    pthread_sigmask(SIG_BLOCK, &blocked, NULL);
}
