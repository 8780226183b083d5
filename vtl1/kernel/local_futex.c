/* SPDX-License-Identifier: BSD-2-Clause */
/* futex(2): WAIT, WAKE, their BITSET forms, REQUEUE and CMP_REQUEUE. */
#include "futex.h"

#include "answer.h"
#include "linux_abi.h"
#include "local.h"
#include "local_wait.h"
#include "marshal.h"
#include "string.h"
#include "thread.h"

enum futex_stage { FUTEX_BEGIN = 0, FUTEX_ASKED, FUTEX_ASLEEP };

uint32_t *futex_word(struct thread *thread, uint64_t address, unsigned access, int *error)
{
    *error = -EINVAL;
    if (address % sizeof(uint32_t) != 0)
        return NULL;
    return address_space_pointer(&thread->process->space, address, access, error);
}

static void enqueue(struct thread *thread, uint64_t address, uint32_t bits)
{
    struct thread **link = &thread->process->waiters;
    while (*link != NULL)
        link = &(*link)->next_waiter;
    *link = thread;
    thread->next_waiter = NULL;
    thread->futex_address = address;
    thread->futex_bits = bits;
}

void futex_cancel(struct thread *thread)
{
    struct thread **link = &thread->process->waiters;
    while (*link != NULL && *link != thread)
        link = &(*link)->next_waiter;
    if (*link != NULL)
        *link = thread->next_waiter;
    thread->futex_address = 0;
}

uint32_t futex_wake(struct thread *waker, uint64_t from, uint32_t bits, uint32_t wake, uint64_t to,
                    uint32_t move)
{
    uint64_t met = 0, most = (uint64_t)wake + move;
    struct thread **link = &waker->process->waiters;
    while (*link != NULL && met < most) {
        struct thread *thread = *link;
        bool meant = thread->futex_address == from && (thread->futex_bits & bits);
        if (meant && met < wake) {
            *link = thread->next_waiter;
            thread->futex_address = 0;
            thread_wake(thread);
        } else {
            thread->futex_address = meant ? to : thread->futex_address;
            link = &thread->next_waiter;
        }
        met += meant;
    }
    return (uint32_t)met;
}

/* Real time is VTL0's word: asked for once, then the rest is waited for by VTL1's clock. */
static int64_t real_now(struct thread *thread)
{
    struct process *process = thread->process;
    struct linux_time time = {0};
    copy_volatile(&time, thread->bounce, sizeof(time));
    if (!answer_time_sound(&time, SECOND_NS))
        return -1;
    uint64_t ns = (uint64_t)time.seconds * SECOND_NS + (uint64_t)time.fraction;
    process->real_ns = ns > process->real_ns ? ns : process->real_ns;
    return (int64_t)process->real_ns;
}

/* The deadline is known: is the word as expected? */
static enum syscall_action fall_asleep(struct thread *thread, const uint64_t given[6],
                                       uint32_t bits, uint64_t deadline)
{
    int error = 0;
    const uint32_t *word = futex_word(thread, given[0], ACCESS_READ, &error);
    if (word == NULL)
        return syscall_return_memory(thread, error);
    if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != (uint32_t)given[2])
        return syscall_return(thread, -EAGAIN);
    enqueue(thread, given[0], bits);
    return wait_until(thread, FUTEX_ASLEEP, deadline);
}

static enum syscall_action wait_begin(struct thread *thread, const uint64_t given[6], uint32_t bits)
{
    const uint64_t clock[6] = {0 /* CLOCK_REALTIME */, thread->bounce_user};
    bool absolute = ((uint32_t)given[1] & (uint32_t)FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
    uint64_t ns = 0;
    int64_t answer = 0;
    if (given[3] == 0)
        return fall_asleep(thread, given, bits, WAIT_FOREVER);
    int error = wait_read_time(thread, given[3], &ns);
    if (error != 0)
        return syscall_return_memory(thread, error);
    if (!absolute || !(given[1] & FUTEX_CLOCK_REALTIME))
        return fall_asleep(thread, given, bits, absolute ? ns : wait_after(ns));
    if (thread->syscall.stage == FUTEX_BEGIN) {
        thread->syscall.stage = FUTEX_ASKED;
        return marshal_ask(thread, __NR_clock_gettime, clock);
    }
    if (!marshal_answered(thread, &answer))
        return SYSCALL_MARSHAL;
    int64_t now = answer == 0 ? real_now(thread) : -1;
    if (now < 0)
        return marshal_lie(thread, answer);
    if (ns != WAIT_FOREVER)
        ns = wait_after(ns > (uint64_t)now ? ns - (uint64_t)now : 0);
    return fall_asleep(thread, given, bits, ns);
}

static enum syscall_action wait(struct thread *thread, const uint64_t given[6], uint32_t bits)
{
    if (bits == 0)
        return syscall_return(thread, -EINVAL);
    if (thread->syscall.stage != FUTEX_ASLEEP)
        return wait_begin(thread, given, bits);
    if (thread->futex_address == 0)
        return syscall_return(thread, 0);
    if (!wait_is_over(thread))
        return wait_until(thread, FUTEX_ASLEEP, thread->syscall.deadline);
    futex_cancel(thread);
    return syscall_return(thread, -ETIMEDOUT);
}

/* As in Linux, whoever wakes none or fewer wakes one. */
static enum syscall_action wake(struct thread *thread, const uint64_t given[6], uint32_t bits)
{
    int32_t count = (int32_t)given[2];
    if (bits == 0 || given[0] % sizeof(uint32_t) != 0)
        return syscall_return(thread, -EINVAL);
    return syscall_return(
        thread, futex_wake(thread, given[0], bits, count > 0 ? (uint32_t)count : 1, 0, 0));
}

static enum syscall_action requeue(struct thread *thread, const uint64_t given[6], bool compare)
{
    int32_t count = (int32_t)given[2], move = (int32_t)given[3];
    int error = 0;
    if (count < 0 || move < 0 || (given[0] | given[4]) % sizeof(uint32_t) != 0)
        return syscall_return(thread, -EINVAL);
    if (compare) {
        const uint32_t *word = futex_word(thread, given[0], ACCESS_READ, &error);
        if (word == NULL)
            return syscall_return_memory(thread, error);
        if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != (uint32_t)given[5])
            return syscall_return(thread, -EAGAIN);
    }
    return syscall_return(
        thread, futex_wake(thread, given[0], FUTEX_ANY, (uint32_t)count, given[4], (uint32_t)move));
}

enum syscall_action local_futex(struct thread *thread, const uint64_t given[6])
{
    uint32_t op = (uint32_t)given[1] & (uint32_t)FUTEX_CMD_MASK;
    if ((given[1] & FUTEX_CLOCK_REALTIME) && op != FUTEX_WAIT && op != FUTEX_WAIT_BITSET)
        return syscall_return(thread, -ENOSYS);
    uint32_t bits =
        op == FUTEX_WAIT_BITSET || op == FUTEX_WAKE_BITSET ? (uint32_t)given[5] : FUTEX_ANY;
    switch (op) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        return wait(thread, given, bits);
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
        return wake(thread, given, bits);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        return requeue(thread, given, op == FUTEX_CMP_REQUEUE);
    default:
        return syscall_return(thread, -ENOSYS);
    }
}
