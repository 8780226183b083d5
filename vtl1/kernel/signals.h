/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals of the trustlet itself: faults of its own, and what it sends itself. VTL0 causes none:
 * its signals end the process. Process lock held.
 */
#ifndef SK_SIGNALS_H
#define SK_SIGNALS_H

#include "thread.h"

#define SIGNAL_BIT(number)    (1ull << ((number)-1))
#define SIGNALS_NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* The thread's instruction cannot go on: its handler is to run, or, where there is none or the
 * signal is blocked, the process dies. code, address: of siginfo_t. */
void signal_force(struct thread *thread, uint32_t number, int code, uint64_t address);
/* The CPU's exception in thread->registers, other than a page fault. */
void signal_exception(struct thread *thread);
/* Sends a signal 1..64 to a thread, or to the process (NULL). */
void signal_send(struct thread *sender, struct thread *target, uint64_t number);
/* Wakes the thread, or all others (NULL): something is to be seen to before they sleep on. */
void signal_wake(struct thread *sender, const struct thread *target);
/* process->alarm is set: sends SIGALRM if it is time, and sets it anew by its interval. */
void signal_ring(struct thread *thread);

/* True if a signal that is not blocked waits to be taken: a sleep ends early. */
bool signal_waiting(const struct thread *thread);
/* Before ring 3, when signal_waiting() or mask_saved: the next signal is taken, by changing the
 * registers so that its handler runs. As syscall_dispatch, but RAX is the program's. */
enum syscall_action signal_deliver(struct thread *thread);

/* True if RSP is in the alternate stack. */
bool signal_on_stack(const struct thread *thread);

#endif
