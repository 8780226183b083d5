/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that wait on a word of their trustlet's memory. Who waits and who was woken is decided
 * here, under the process's lock; VTL0 is only told whom to run again, and may do so early, late or
 * never. Nobody else has the memory, so a futex is private whether the call says so or not.
 */
#ifndef SK_FUTEX_H
#define SK_FUTEX_H

#include <stdint.h>

struct thread;

#define FUTEX_ANY UINT32_MAX /* the bitset of those that do not care */

/* The word at a user address, or NULL with *error: -EINVAL (alignment), -EFAULT, -ENOMEM. */
uint32_t *futex_word(struct thread *thread, uint64_t address, unsigned access, int *error);
/* Of those that wait on `from` with a common bit, in the order they came: the first `wake` are
 * woken, the next `move` wait on `to` from now on. -> how many. */
uint32_t futex_wake(struct thread *waker, uint64_t from, uint32_t bits, uint32_t wake, uint64_t to,
                    uint32_t move);
/* Takes the thread off the list of those that wait, if it is on it. */
void futex_cancel(struct thread *thread);

#endif
