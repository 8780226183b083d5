/* SPDX-License-Identifier: BSD-2-Clause */
/* alarm(2) and setitimer(2): the process's one timer of real time, kept by VTL1's clock. */
#include "local.h"

#include "linux_abi.h"
#include "local_wait.h"
#include "signals.h"
#include "time.h"
#include "user_copy.h"

#include <linux/time.h>

#define MICROSECONDS   1000000
#define MICROSECOND_NS 1000

struct linux_itimerval {
    struct linux_time interval, value; /* the fractions are microseconds here */
};
static_assert(sizeof(struct linux_itimerval) == 32, "setitimer(2)");

/* How long until it rings: at least a microsecond while it is set, for zero means that it is not.
 */
static uint64_t remaining(const struct process *process)
{
    uint64_t now = time_monotonic_ns();
    if (process->alarm == 0)
        return 0;
    return process->alarm > now + MICROSECOND_NS ? process->alarm - now : MICROSECOND_NS;
}

static void set_timer(struct thread *thread, uint64_t ns, uint64_t interval)
{
    thread->process->alarm = ns == 0 ? 0 : wait_after(ns);
    thread->process->alarm_interval = interval;
    thread->process->tell.what |= SK_TELL_CLOCK;
}

static struct linux_time timeval_of(uint64_t ns)
{
    struct linux_time t = wait_time(ns);
    t.fraction /= MICROSECOND_NS;
    return t;
}

static uint64_t ns_of(const struct linux_time *t)
{
    int64_t seconds = t->seconds < TIME_SECONDS_MAX ? t->seconds : TIME_SECONDS_MAX;
    return (uint64_t)(seconds * SECOND_NS + t->fraction * MICROSECOND_NS);
}

/* The answer is in whole seconds, rounded, but not down to zero. */
enum syscall_action local_alarm(struct thread *thread, const uint64_t given[6])
{
    struct linux_time left = timeval_of(remaining(thread->process));
    bool up = left.fraction >= MICROSECONDS / 2 || (left.seconds == 0 && left.fraction != 0);
    set_timer(thread, (uint32_t)given[0] * (uint64_t)SECOND_NS, 0);
    return syscall_return(thread, left.seconds + up);
}

static int show(struct thread *thread, uint64_t to)
{
    struct process *process = thread->process;
    const struct linux_itimerval now = {timeval_of(process->alarm_interval),
                                        timeval_of(remaining(process))};
    return user_copy_out(&process->space, to, &now, sizeof(now));
}

enum syscall_action local_getitimer(struct thread *thread, const uint64_t given[6])
{
    if (given[0] != ITIMER_REAL)
        return syscall_return(thread, -EINVAL);
    return syscall_return_memory(thread, show(thread, given[1]));
}

enum syscall_action local_setitimer(struct thread *thread, const uint64_t given[6])
{
    struct linux_itimerval new = {0};
    int error = 0;
    if (given[0] != ITIMER_REAL)
        return syscall_return(thread, -EINVAL);
    if (given[1] != 0)
        error = user_copy_in(&thread->process->space, &new, given[1], sizeof(new));
    if (error == 0 &&
        (!time_is_sound(&new.value, MICROSECONDS) || !time_is_sound(&new.interval, MICROSECONDS)))
        return syscall_return(thread, -EINVAL);
    if (error == 0 && given[2] != 0)
        error = show(thread, given[2]);
    if (error == 0)
        set_timer(thread, ns_of(&new.value), ns_of(&new.interval));
    return syscall_return_memory(thread, error);
}
