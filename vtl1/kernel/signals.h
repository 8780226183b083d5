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
void signal_send(struct process *process, struct thread *target, uint64_t number);
/* Sends SIGALRM if it is time, and sets the alarm anew by its interval. -> nanoseconds until it is
 * time again; 0: no alarm is set. */
uint64_t signal_ring(struct process *process);
/* The thread blocks these from now on: what it has not taken of the process's is others' to take.
 */
void signal_block(struct thread *thread, uint64_t mask);
/* … those of a set in its memory, until a call is over and, if a signal has ended it, its handler
 * has begun. 0, -EINVAL (size), -EFAULT, -ENOMEM. */
int signal_block_meanwhile(struct thread *thread, uint64_t from, uint64_t size);
/* VTL0 is to interrupt the call that it makes, or is about to make, for the thread. */
void signal_interrupt(struct thread *thread);

/* True if a signal that is not blocked waits to be taken: a sleep ends early. */
static inline bool signal_waiting(const struct thread *thread)
{
    uint64_t pending = thread->pending | thread->process->pending;
    return (pending & ~thread->signal_mask) || thread->forced.number != 0;
}
/* Before ring 3, when signal_waiting(), mask_saved or interrupted: the next signal is taken, by
 * changing the registers so that its handler runs. As syscall_dispatch, but RAX is the program's.
 */
enum syscall_action signal_deliver(struct thread *thread);

/* True if RSP is in the alternate stack. */
bool signal_on_stack(const struct thread *thread);

#endif
