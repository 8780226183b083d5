/* SPDX-License-Identifier: BSD-2-Clause */
/* VTL1's clock, sleeping by it, and waiting on a word of memory. */
#include "local.h"

#include "answer.h"
#include "linux_abi.h"
#include "marshal.h"
#include "thread.h"
#include "time.h"
#include "user_copy.h"

#define SECOND_NS       1000000000ull
#define COARSE_NS       4000000u
#define CLOCK_COUNT     12u
#define CLOCK_REAL      0u
#define CLOCK_MONO      1u
#define CLOCK_BOOT      7u
#define CLOCK_COARSE_1  5u
#define CLOCK_COARSE_2  6u
#define TIMER_ABSOLUTE  1u
#define FOREVER         UINT64_MAX
#define FUTEX_WAIT_OP   0u
#define FUTEX_WAKE_OP   1u
#define FUTEX_BITSET    9u
#define FUTEX_WAKE_BITS 10u
#define FUTEX_OPTIONS   (128u | 256u) /* PRIVATE, CLOCK_REALTIME */
#define FUTEX_REAL      256u

enum sleep_stage { SLEEP_BEGIN = 0, SLEEP_ON };

static struct linux_time time_of(uint64_t ns)
{
    return (struct linux_time){(int64_t)(ns / SECOND_NS), (int64_t)(ns % SECOND_NS)};
}

enum syscall_action local_clock_gettime(struct thread *thread, const uint64_t given[6])
{
    struct linux_time now = time_of(time_monotonic_ns());
    return syscall_return_memory(
        thread, user_copy_out(&thread->process->space, given[1], &now, sizeof(now)));
}

enum syscall_action local_clock_getres(struct thread *thread, const uint64_t given[6])
{
    bool coarse = given[0] == CLOCK_COARSE_1 || given[0] == CLOCK_COARSE_2;
    struct linux_time step = time_of(coarse ? COARSE_NS : 1);
    if (given[0] >= CLOCK_COUNT)
        return syscall_return(thread, -EINVAL);
    if (given[1] == 0)
        return syscall_return(thread, 0);
    return syscall_return_memory(
        thread, user_copy_out(&thread->process->space, given[1], &step, sizeof(step)));
}

/* Leaves VTL1 until the deadline; VTL0 may come back early, then the rest is waited for. */
static enum syscall_action wait_until(struct thread *thread, uint64_t deadline)
{
    uint64_t now = time_monotonic_ns();
    thread->syscall.stage = SLEEP_ON;
    thread->syscall.deadline = deadline;
    thread->run_result[0] = deadline == FOREVER ? FOREVER : deadline > now ? deadline - now : 0;
    return SYSCALL_WAIT;
}

static bool is_over(const struct thread *thread)
{
    uint64_t deadline = thread->syscall.deadline;
    return deadline != FOREVER && time_monotonic_ns() >= deadline;
}

/* Reads a struct timespec. 0, -EINVAL, -EFAULT, -ENOMEM. */
static int read_time(struct thread *thread, uint64_t from, uint64_t *ns)
{
    struct linux_time t = {0};
    int error = user_copy_in(&thread->process->space, &t, from, sizeof(t));
    if (error != 0)
        return error;
    if (t.seconds < 0 || t.fraction < 0 || t.fraction >= (int64_t)SECOND_NS)
        return -EINVAL;
    *ns = t.seconds > TIME_SECONDS_MAX ? FOREVER
                                       : (uint64_t)t.seconds * SECOND_NS + (uint64_t)t.fraction;
    return 0;
}

static uint64_t after(uint64_t ns)
{
    uint64_t deadline = 0;
    return __builtin_add_overflow(time_monotonic_ns(), ns, &deadline) ? FOREVER : deadline;
}

static enum syscall_action sleep_on(struct thread *thread, uint64_t from, bool absolute)
{
    uint64_t ns = 0;
    if (thread->syscall.stage == SLEEP_ON)
        return is_over(thread) ? syscall_return(thread, 0)
                               : wait_until(thread, thread->syscall.deadline);
    int error = read_time(thread, from, &ns);
    if (error != 0)
        return syscall_return_memory(thread, error);
    return wait_until(thread, absolute ? ns : after(ns));
}

enum syscall_action local_nanosleep(struct thread *thread, const uint64_t given[6])
{
    return sleep_on(thread, given[0], false);
}

enum syscall_action local_clock_nanosleep(struct thread *thread, const uint64_t given[6])
{
    /* An appointment in real time is VTL0's to keep, as real time is VTL0's word. */
    static const struct syscall_entry real = {
        .name = "clock_nanosleep",
        .number = __NR_clock_nanosleep,
        .kind = SYSCALL_HOST,
        .host = __NR_clock_nanosleep,
        .classes = TRUSTLET_CLASS_BASIC,
        .argument = {{.kind = ARGUMENT_INT},
                     {.kind = ARGUMENT_INT},
                     {.kind = ARGUMENT_IN, .unit = sizeof(struct linux_time)}},
    };
    bool absolute = given[1] & TIMER_ABSOLUTE;
    if (given[0] != CLOCK_REAL && given[0] != CLOCK_MONO && given[0] != CLOCK_BOOT)
        return syscall_return(thread, -EINVAL);
    if (absolute && given[0] == CLOCK_REAL)
        return marshal_request(thread, &real, given);
    return sleep_on(thread, given[2], absolute);
}

/* ---- futex: with one thread there is nobody to wake, and only time ends a wait ---- */

static enum syscall_action futex_begin(struct thread *thread, const uint64_t given[6], uint32_t op)
{
    int error = 0;
    uint64_t ns = 0;
    const uint32_t *word =
        address_space_pointer(&thread->process->space, given[0], ACCESS_READ, &error);
    if (!word)
        return syscall_return_memory(thread, error);
    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != (uint32_t)given[2])
        return syscall_return(thread, -EAGAIN);
    if (given[3] == 0)
        return wait_until(thread, FOREVER);
    error = read_time(thread, given[3], &ns);
    if (error != 0)
        return syscall_return_memory(thread, error);
    return wait_until(thread, op == FUTEX_BITSET ? ns : after(ns));
}

enum syscall_action local_futex(struct thread *thread, const uint64_t given[6])
{
    uint32_t op = (uint32_t)given[1] & ~FUTEX_OPTIONS;
    if (given[0] % sizeof(uint32_t) != 0)
        return syscall_return(thread, -EINVAL);
    if (thread->syscall.stage == SLEEP_ON)
        return is_over(thread) ? syscall_return(thread, -ETIMEDOUT)
                               : wait_until(thread, thread->syscall.deadline);
    switch (op) {
    case FUTEX_WAIT_OP:
        return futex_begin(thread, given, op);
    case FUTEX_BITSET:
        if (given[1] & FUTEX_REAL)
            return syscall_return(thread, -ENOSYS);
        return futex_begin(thread, given, op);
    case FUTEX_WAKE_OP:
    case FUTEX_WAKE_BITS:
        return syscall_return(thread, 0);
    default:
        return syscall_return(thread, -ENOSYS);
    }
}
