// SPDX-License-Identifier: GPL-2.0-only
/*
 * Carrying a thread: enter VTL1 until the host process has something to do. This is the path of
 * every marshalled system call: no lock, no allocation.
 */
#include "driver.h"

#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

/* What the loop does next. */
enum step {
    STEP_TO_USER = 0,
    STEP_ENTER = 1, /* VTL1 again; less than 0 is an errno */
};

/* VTL0's turn. A signal, be it to stop or to die, is dealt with on the way to user space, from
 * where the system call then starts anew. */
static int let_vtl0_run(const struct trustlet *t)
{
    if (READ_ONCE(t->dying))
        return -ESRCH;
    if (signal_pending(current))
        return -ERESTARTSYS;
    cond_resched();
    return STEP_ENTER;
}

static void wake(struct carried_thread *c)
{
    WRITE_ONCE(c->woken, true);
    wake_up(&c->queue);
}

void run_wake(struct trustlet *t, u64 index)
{
    struct carried_thread *c = trustlet_thread(t, index);

    if (c)
        wake(c);
}

/* Threads are a bit for each, by index. */
int run_told(struct trustlet *t, const struct sk_words *w)
{
    unsigned long threads[] = {w->w[2], w->w[3]};
    unsigned int index;

    for_each_set_bit(index, threads, 128) run_wake(t, index);
    if (w->w[4] & SK_TELL_KICK)
        kicks_begin(t);
    if (w->w[4] & SK_TELL_CLOCK)
        kicks_ring(t);
    return STEP_ENTER;
}

void run_wake_all(struct trustlet *t)
{
    unsigned int i;

    for (i = 0; i < READ_ONCE(t->thread_slots); i++)
        if (t->threads[i])
            wake(t->threads[i]);
}

/* Sleeps to the deadline or the wake-up. A wait cut short by a signal goes on at the next run. */
static int sleep_until_woken(struct trustlet *t, struct carried_thread *c)
{
    ktime_t *deadline = c->deadline == KTIME_MAX ? NULL : &c->deadline;
    int step = STEP_ENTER;
    DEFINE_WAIT(entry);

    for (;;) {
        prepare_to_wait(&c->queue, &entry, TASK_INTERRUPTIBLE);
        if (READ_ONCE(c->woken))
            break;
        step = READ_ONCE(t->dying) ? -ESRCH : signal_pending(current) ? -ERESTARTSYS : STEP_ENTER;
        if (step < 0 || !schedule_hrtimeout(deadline, HRTIMER_MODE_ABS))
            break;
    }
    finish_wait(&c->queue, &entry);
    c->waiting = step < 0;
    return step;
}

static int start_wait(struct trustlet *t, struct carried_thread *c, u64 nanoseconds)
{
    c->deadline = KTIME_MAX;
    if (nanoseconds <= KTIME_MAX)
        c->deadline = ktime_add_safe(ktime_get(), ns_to_ktime(nanoseconds));
    c->waiting = true;
    return sleep_until_woken(t, c);
}

/* If VTL0 has no pages, VTL1 sees so when it is entered again, and decides. */
static int lend(const struct trustlet *t, u64 pages)
{
    memory_donate(pages);
    return let_vtl0_run(t);
}

static int after_entry(struct trustlet *t, struct carried_thread *c, const struct sk_words *w)
{
    switch (w->w[1]) {
    case SK_RUN_PREEMPTED:
        return let_vtl0_run(t);
    case SK_RUN_WAIT:
        return start_wait(t, c, w->w[2]);
    case SK_RUN_WAKE:
        return run_told(t, w);
    case SK_RUN_ACCEPT:
        callee_accepts(&t->callee);
        return start_wait(t, c, w->w[2]);
    case SK_RUN_MEMORY:
        return lend(t, w->w[2]);
    case SK_RUN_THREAD_EXIT:
        run_told(t, w);
        trustlet_thread_ended(t, c);
        callee_answered(&t->callee);
        return STEP_TO_USER;
    case SK_RUN_EXIT:
        callee_ends(&t->callee);
        run_wake_all(t); /* the other threads learn of it from VTL1 */
        return STEP_TO_USER;
    default:
        return STEP_TO_USER;
    }
}

static int without_success(struct trustlet *t, const struct sk_words *w)
{
    switch (w->w[0]) {
    case SK_AGAIN:
        return let_vtl0_run(t);
    case SK_NO_MEMORY:
        return memory_donate(w->w[1]) ?: let_vtl0_run(t);
    default:
        return sk_errno(w->w[0]);
    }
}

long run_thread(struct trustlet *t, u64 index)
{
    struct carried_thread *c = trustlet_thread(t, index);
    struct sk_words w;
    int step;

    if (!c)
        return -EINVAL;
    step = unlikely(c->waiting) ? sleep_until_woken(t, c) : STEP_ENTER;
    while (step == STEP_ENTER) {
        WRITE_ONCE(c->woken, false);
        w = (struct sk_words){{SK_CALL_THREAD_RUN, t->process, index}};
        vtl_call(&w);
        if (likely(w.w[0] == SK_OK && w.w[1] == SK_RUN_SYSCALL))
            return SK_RUN_SYSCALL;
        c->last = w;
        step = w.w[0] == SK_OK ? after_entry(t, c, &w) : without_success(t, &w);
    }
    return step < 0 ? step : (long)(u32)c->last.w[1];
}

static long tell_user(struct openvsm_run __user *argument, u32 reason, const u64 results[4])
{
    struct openvsm_run answer = {.status = SK_OK, .reason = reason};

    if (get_user(answer.thread, &argument->thread))
        return -EFAULT;
    memcpy(answer.result, results, sizeof(answer.result));
    return copy_to_user(argument, &answer, sizeof(answer)) ? -EFAULT : 0;
}

long run_results(struct trustlet *t, struct openvsm_run __user *argument)
{
    struct carried_thread *c;
    u32 index;

    if (get_user(index, &argument->thread))
        return -EFAULT;
    c = trustlet_thread(t, index);
    return c ? tell_user(argument, c->last.w[1], &c->last.w[2]) : -EINVAL;
}

long run_with_results(struct trustlet *t, struct openvsm_run __user *argument)
{
    static const u64 none[4];
    u32 index;
    long reason;

    if (get_user(index, &argument->thread))
        return -EFAULT;
    reason = run_thread(t, index);
    if (reason < 0)
        return reason;
    return reason == SK_RUN_SYSCALL ? tell_user(argument, SK_RUN_SYSCALL, none)
                                    : run_results(t, argument);
}
