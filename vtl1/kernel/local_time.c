/* SPDX-License-Identifier: BSD-2-Clause */
/* VTL1's clock, and sleeping by it. */
#include "local.h"

#include "answer.h"
#include "linux_abi.h"
#include "futex.h"
#include "local_wait.h"
#include "marshal.h"
#include "signals.h"
#include "thread.h"
#include "time.h"
#include "user_copy.h"

#include <linux/time.h>

#define COARSE_NS   4000000u
#define CLOCK_COUNT 12u

enum sleep_stage { SLEEP_BEGIN = 0, SLEEP_ON };

struct linux_time wait_time(uint64_t ns)
{
    return (struct linux_time){(int64_t)(ns / (uint64_t)SECOND_NS),
                               (int64_t)(ns % (uint64_t)SECOND_NS)};
}

enum syscall_action local_clock_gettime(struct thread *thread, const uint64_t given[6])
{
    struct linux_time now = wait_time(time_monotonic_ns());
    return syscall_return_memory(
        thread, user_copy_out(&thread->process->space, given[1], &now, sizeof(now)));
}

enum syscall_action local_clock_getres(struct thread *thread, const uint64_t given[6])
{
    bool coarse = given[0] == CLOCK_REALTIME_COARSE || given[0] == CLOCK_MONOTONIC_COARSE;
    struct linux_time step = wait_time(coarse ? COARSE_NS : 1);
    if (given[0] >= CLOCK_COUNT)
        return syscall_return(thread, -EINVAL);
    if (given[1] == 0)
        return syscall_return(thread, 0);
    return syscall_return_memory(
        thread, user_copy_out(&thread->process->space, given[1], &step, sizeof(step)));
}

/* Only a wait without an end is made again from its start, signal(7). */
static enum syscall_action cut_short(struct thread *thread, uint64_t deadline)
{
    bool again = thread->syscall.entry->number == __NR_futex && deadline == WAIT_FOREVER;
    thread->interrupted = again ? __NR_futex + 1 : 0;
    futex_cancel(thread);
    return syscall_return(thread, -EINTR);
}

enum syscall_action wait_until(struct thread *thread, uint32_t stage, uint64_t deadline)
{
    uint64_t now = deadline == WAIT_FOREVER ? 0 : time_monotonic_ns();
    thread->syscall.stage = stage;
    thread->syscall.deadline = deadline;
    thread->run_result[0] = deadline > now ? deadline - now : 0;
    return signal_waiting(thread) ? cut_short(thread, deadline) : SYSCALL_WAIT;
}

bool wait_is_over(const struct thread *thread)
{
    uint64_t deadline = thread->syscall.deadline;
    return deadline != WAIT_FOREVER && time_monotonic_ns() >= deadline;
}

int wait_read_time(struct thread *thread, uint64_t from, uint64_t *ns)
{
    struct linux_time t = {0};
    int error = user_copy_in(&thread->process->space, &t, from, sizeof(t));
    if (error != 0)
        return error;
    if (!time_is_sound(&t, SECOND_NS))
        return -EINVAL;
    *ns = t.seconds > TIME_SECONDS_MAX ? WAIT_FOREVER
                                       : (uint64_t)(t.seconds * SECOND_NS + t.fraction);
    return 0;
}

uint64_t wait_after(uint64_t ns)
{
    uint64_t deadline = 0;
    return __builtin_add_overflow(time_monotonic_ns(), ns, &deadline) ? WAIT_FOREVER : deadline;
}

/* remaining: 0, or where to say how much of the time a signal has saved. */
static enum syscall_action sleep_until(struct thread *thread, uint64_t deadline, uint64_t remaining)
{
    enum syscall_action action = wait_until(thread, SLEEP_ON, deadline);
    uint64_t now = time_monotonic_ns();
    struct linux_time left = wait_time(deadline > now ? deadline - now : 0);
    if (action == SYSCALL_RETURN && remaining != 0)
        user_copy_out(&thread->process->space, remaining, &left, sizeof(left));
    return action;
}

static enum syscall_action sleep_on(struct thread *thread, uint64_t from, bool absolute,
                                    uint64_t remaining)
{
    uint64_t ns = 0;
    if (thread->syscall.stage == SLEEP_ON)
        return wait_is_over(thread) ? syscall_return(thread, 0)
                                    : sleep_until(thread, thread->syscall.deadline, remaining);
    int error = wait_read_time(thread, from, &ns);
    if (error != 0)
        return syscall_return_memory(thread, error);
    return sleep_until(thread, absolute ? ns : wait_after(ns), remaining);
}

enum syscall_action local_nanosleep(struct thread *thread, const uint64_t given[6])
{
    return sleep_on(thread, given[0], false, given[1]);
}

enum syscall_action local_clock_nanosleep(struct thread *thread, const uint64_t given[6])
{
    /* An appointment in real time is VTL0's to keep, as real time is VTL0's word. */
    bool absolute = given[1] & TIMER_ABSTIME;
    if (given[0] != CLOCK_REALTIME && given[0] != CLOCK_MONOTONIC && given[0] != CLOCK_BOOTTIME)
        return syscall_return(thread, -EINVAL);
    if (absolute && given[0] == CLOCK_REALTIME)
        return marshal_request(thread, &clock_nanosleep_host, given);
    return sleep_on(thread, given[2], absolute, absolute ? 0 : given[3]);
}
