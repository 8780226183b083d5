// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls into a trustlet. The caller's own thread enters VTL1 and runs a waiting thread of the
 * trustlet there; if that one wants something of VTL0 first, its carrier takes over and the caller
 * sleeps. The caller's pages stay pinned until VTL1 has let go of the call.
 */
#include "driver.h"

#include <linux/cred.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/uaccess.h>

#define NO_THREAD ~0ull

void callee_init(struct callee *callee)
{
    init_waitqueue_head(&callee->turns);
    init_waitqueue_head(&callee->answers);
}

void callee_accepts(struct callee *callee)
{
    atomic_inc(&callee->accepting);
    if (wq_has_sleeper(&callee->turns))
        wake_up(&callee->turns);
    callee_answered(callee);
}

void callee_answered(struct callee *callee)
{
    if (wq_has_sleeper(&callee->answers))
        wake_up_all(&callee->answers);
}

void callee_ends(struct callee *callee)
{
    WRITE_ONCE(callee->over, true);
    wake_up_all(&callee->turns);
    wake_up_all(&callee->answers);
}

long call_connect(struct trustlet *t, struct openvsm_connect __user *argument)
{
    struct openvsm_connect q;
    struct trustlet *target;
    struct pid *pid;

    if (copy_from_user(&q, argument, sizeof(q)))
        return -EFAULT;
    pid = find_get_pid(q.pid);
    target = pid ? trustlet_of(pid) : NULL;
    put_pid(pid);
    if (!target)
        return -ESRCH;
    if (target != t && !cmpxchg(&t->target, NULL, target))
        return 0;
    trustlet_put(target);
    return target == t ? -EINVAL : -EISCONN;
}

/* One call. */
struct calling {
    struct sk_trustlet_call *shared; /* with VTL1 */
    long patience;                   /* jiffies */
    int page_count;
    bool writable;
    struct page *pages[SK_CALL_PAGES_MAX];
};

/* ---- the caller's buffer ---- */

static int pin_buffer(struct calling *c, const struct openvsm_trustlet_call *q)
{
    size_t offset = offset_in_page(q->buffer), bytes = max(q->in, q->out);
    int i, count = DIV_ROUND_UP(offset + bytes, PAGE_SIZE);

    if (!bytes)
        return 0;
    c->writable = q->out;
    c->page_count =
        pin_user_pages_fast(q->buffer - offset, count, q->out ? FOLL_WRITE : 0, c->pages);
    c->shared->offset = offset;
    for (i = 0; i < c->page_count; i++)
        c->shared->pages[i] = page_to_phys(c->pages[i]);
    return c->page_count == count ? 0 : -EFAULT;
}

static void unpin_buffer(struct calling *c)
{
    if (c->page_count > 0)
        unpin_user_pages_dirty_lock(c->pages, c->page_count, c->writable);
}

/* ---- the call ---- */

static bool is_open(const struct calling *c)
{
    return smp_load_acquire(&c->shared->state) == SK_CALL_OPEN;
}

/* Waits, first come, first served, for a thread that waits for a call. 0, -ETIMEDOUT, -EINTR,
 * -ECONNRESET. */
static int wait_turn(struct callee *callee, struct calling *c)
{
    bool mine = false;
    long left = c->patience;

    left = ___wait_event(
        callee->turns,
        ___wait_cond_timeout(READ_ONCE(callee->over) || mine ||
                             (mine = atomic_dec_if_positive(&callee->accepting) >= 0)),
        TASK_KILLABLE, 1, left, __ret = schedule_timeout(__ret));
    if (mine)
        c->patience = left;
    return mine ? 0 : left < 0 ? -EINTR : READ_ONCE(callee->over) ? -ECONNRESET : -ETIMEDOUT;
}

static void give_turn_back(struct callee *callee)
{
    atomic_inc(&callee->accepting);
    wake_up(&callee->turns);
}

/* -> 0: a thread has it, -EAGAIN: none did, or -errno. */
static int enter(struct trustlet *target, struct calling *c)
{
    struct sk_words out, in = {{SK_CALL_TRUSTLET_CALL, target->process, virt_to_phys(c->shared)}};
    int error = sk_call(&in, &out, SK_KILLABLE);

    if (!error && (out.w[0] == SK_NOT_FOUND || out.w[0] == SK_BAD_STATE))
        error = -ECONNRESET;
    if (!error && out.w[0] == SK_INVALID_ARGUMENT)
        error = -EMSGSIZE;
    error = error ?: sk_errno(out.w[0]);
    if (error) {
        give_turn_back(&target->callee);
        return error;
    }
    if (out.w[2] != NO_THREAD)
        run_wake(target, out.w[2]);
    if (out.w[1] == SK_CALLED_NOBODY)
        return -EAGAIN;
    if (out.w[3])
        callee_accepts(&target->callee);
    return 0;
}

/* VTL1 does not touch the caller's memory any more. */
static void cancel(const struct trustlet *target, const struct calling *c)
{
    struct sk_words out, in = {{SK_CALL_TRUSTLET_CANCEL, target->process, virt_to_phys(c->shared)}};

    sk_call(&in, &out, SK_TO_THE_END);
}

static int wait_answer(struct trustlet *target, struct calling *c)
{
    struct callee *callee = &target->callee;
    long left = 1;

    if (is_open(c))
        left = wait_event_killable_timeout(callee->answers, !is_open(c) || READ_ONCE(callee->over),
                                           c->patience);
    if (is_open(c))
        cancel(target, c);
    switch (smp_load_acquire(&c->shared->state)) {
    case SK_CALL_ANSWERED:
        return 0;
    case SK_CALL_ABORTED:
        return -ECONNRESET;
    default:
        return left < 0 ? -EINTR : left == 0 ? -ETIMEDOUT : -ECONNRESET;
    }
}

/* VTL1 is asked before there is a wait: it says no at once where the policy says no. */
static int make(struct trustlet *target, struct calling *c)
{
    int error;

    atomic_dec_if_positive(&target->callee.accepting);
    while ((error = enter(target, c)) == -EAGAIN) {
        error = wait_turn(&target->callee, c);
        if (error)
            break;
    }
    return error ?: wait_answer(target, c);
}

static void fill_in(struct sk_trustlet_call *shared, const struct openvsm_trustlet_call *q)
{
    shared->state = SK_CALL_OPEN;
    shared->pid = task_tgid_nr(current);
    shared->uid = __kuid_val(current_euid());
    shared->gid = __kgid_val(current_egid());
    shared->number = q->number;
    memcpy(shared->words, q->words, sizeof(shared->words));
    shared->in = q->in;
    shared->out = q->out;
    shared->offset = 0;
}

static long patience(u64 nanoseconds)
{
    u64 jiffies = nsecs_to_jiffies64(nanoseconds) + 1;

    return nanoseconds == ~0ull || jiffies >= MAX_SCHEDULE_TIMEOUT ? MAX_SCHEDULE_TIMEOUT : jiffies;
}

/* A page, as VTL1 wants it. A file keeps one. */
static struct sk_trustlet_call *shared_get(struct trustlet *t)
{
    return xchg(&t->spare, NULL) ?: (void *)get_zeroed_page(GFP_KERNEL);
}

static void shared_put(struct trustlet *t, struct sk_trustlet_call *shared)
{
    if (cmpxchg(&t->spare, NULL, shared))
        free_page((unsigned long)shared);
}

static int make_with(struct trustlet *target, struct calling *c, struct openvsm_trustlet_call *q)
{
    int error;

    fill_in(c->shared, q);
    c->patience = patience(q->timeout);
    c->page_count = 0;
    error = pin_buffer(c, q) ?: make(target, c);
    unpin_buffer(c);
    memcpy(q->words, c->shared->words, sizeof(q->words));
    q->out = c->shared->out;
    return error;
}

long call_make(struct trustlet *t, struct openvsm_trustlet_call __user *argument)
{
    struct trustlet *target = READ_ONCE(t->target);
    struct openvsm_trustlet_call q;
    struct calling c;
    int error;

    if (!target)
        return -ENOTCONN;
    if (copy_from_user(&q, argument, sizeof(q)))
        return -EFAULT;
    if (q.in > SK_CALL_BYTES_MAX || q.out > SK_CALL_BYTES_MAX)
        return -EMSGSIZE;
    c.shared = shared_get(t);
    if (!c.shared)
        return -ENOMEM;
    error = make_with(target, &c, &q);
    shared_put(t, c.shared);
    if (!error && copy_to_user(argument, &q, sizeof(q)))
        error = -EFAULT;
    return error;
}
