/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting by VTL1's clock: shared by the calls that sleep. Deadlines are time_monotonic_ns(). */
#ifndef SK_LOCAL_WAIT_H
#define SK_LOCAL_WAIT_H

#include "answer.h"
#include "thread.h"

#define SECOND_NS    1000000000ll
#define WAIT_FOREVER UINT64_MAX

/* Leaves VTL1 until the deadline, with the call's stage set; VTL0 may come back early. A signal
 * ends the call with EINTR: SYSCALL_RETURN. */
enum syscall_action wait_until(struct thread *thread, uint32_t stage, uint64_t deadline);
/* Has the deadline of wait_until passed? */
bool wait_is_over(const struct thread *thread);
/* Reads a struct timespec. 0, -EINVAL, -EFAULT, -ENOMEM. */
int wait_read_time(struct thread *thread, uint64_t from, uint64_t *ns);
/* So many nanoseconds as a struct timespec has them. */
struct linux_time wait_time(uint64_t ns);
/* The deadline that far away from now. */
uint64_t wait_after(uint64_t ns);

#endif
