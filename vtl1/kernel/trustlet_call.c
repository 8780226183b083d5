/* SPDX-License-Identifier: BSD-2-Clause */
#include "trustlet_call.h"

#include "call.h"
#include "linux_abi.h"
#include "local_wait.h"
#include "normal_memory.h"
#include "secure.h"
#include "string.h"
#include "thread.h"
#include "time.h"
#include "user_copy.h"

#define FOREVER   UINT64_MAX
#define NO_THREAD UINT64_MAX

/* ---- the caller's memory: VTL0's, which may change it at any time ---- */

/* Copies the structure once. False: it is not sound. */
static bool read_caller(const volatile struct sk_trustlet_call *caller,
                        struct sk_trustlet_call *copy)
{
    copy_volatile(copy, caller, sizeof(*copy));
    return copy->offset < PAGE_SIZE && copy->in <= SK_CALL_BYTES_MAX &&
           copy->out <= SK_CALL_BYTES_MAX;
}
static_assert(SK_CALL_PAGES_MAX * PAGE_SIZE >= SK_CALL_BYTES_MAX + PAGE_SIZE,
              "any offset leaves room for the longest buffer");

static void let_go(struct service *s)
{
    frame_unpin(frame_address((const void *)(uintptr_t)s->caller));
    s->caller = NULL;
}

/* The end of the open call as its caller sees it: the state, when all else is there. */
static void close_call(struct service *s, enum sk_call_state state)
{
    __atomic_store_n(&s->caller->state, state, __ATOMIC_RELEASE);
    let_go(s);
}

/* Between the trustlet's buffer and the caller's pages. 0, -EFAULT, -ENOMEM, or -EPERM: a page is
 * not VTL0's. */
static int move(struct thread *thread, uint64_t user, const struct sk_trustlet_call *caller,
                uint64_t bytes, bool answer)
{
    struct address_space *space = &thread->process->space;
    uint64_t offset = caller->offset;
    int error = 0;
    for (unsigned i = 0; error == 0 && bytes > 0; i++) {
        uint64_t part = bytes < PAGE_SIZE - offset ? bytes : PAGE_SIZE - offset;
        volatile void *mapped = NULL;
        if (normal_memory_pin(caller->pages[i], 1, &mapped) != SK_OK)
            return -EPERM;
        volatile uint8_t *page = (volatile uint8_t *)mapped + offset;
        error =
            answer ? user_copy_in(space, page, user, part) : user_copy_out(space, user, page, part);
        normal_memory_unpin(caller->pages[i], 1);
        user += part;
        bytes -= part;
        offset = 0;
    }
    return error;
}

/* ---- the trustlet's side ---- */

/* Gives the open call its answer. 0 and -ECANCELED close it, other errors leave it open. */
static int give_answer(struct thread *thread, const uint64_t given[6])
{
    struct service *s = &thread->service;
    struct trustlet_call answer;
    struct sk_trustlet_call caller;
    int error = user_copy_in(&thread->process->space, &answer, given[0], sizeof(answer));
    if (error != 0)
        return error;
    if (answer.bytes > s->room || answer.bytes > given[2])
        return -EMSGSIZE;
    s->serving = false;
    if (s->caller == NULL)
        return -ECANCELED;
    error = read_caller(s->caller, &caller) ? move(thread, given[1], &caller, answer.bytes, true)
                                            : -EPERM;
    if (error == -EPERM) {
        trustlet_call_abort(thread);
        return -ECANCELED;
    }
    s->serving = error != 0;
    if (error != 0)
        return error;
    copy_volatile(s->caller->words, answer.words, sizeof(answer.words));
    s->caller->out = answer.bytes;
    close_call(s, SK_CALL_ANSWERED);
    return 0;
}

/* The call has not come yet; the thread was woken, or its time is over. */
static enum syscall_action accept_again(struct thread *thread)
{
    enum syscall_action action = wait_is_over(thread)
                                     ? syscall_return(thread, -ETIMEDOUT)
                                     : wait_until(thread, 1, thread->syscall.deadline);
    thread->service.accepting = action == SYSCALL_WAIT;
    return action;
}

enum syscall_action secure_accept(struct thread *thread, const uint64_t given[6])
{
    struct service *s = &thread->service;
    if (thread->syscall.stage != 0)
        return accept_again(thread);
    if (!(thread->process->manifest->flags & TRUSTLET_CALLABLE))
        return syscall_refuse(thread, -EPERM, SK_LACKS_CALLS);
    int error = s->serving ? give_answer(thread, given) : 0;
    if (error != 0)
        return syscall_return_memory(thread, error);
    uint64_t limit = given[3], now = limit == FOREVER ? 0 : time_monotonic_ns();
    thread->syscall.deadline = limit < FOREVER - now ? now + limit : FOREVER;
    thread->syscall.stage = 1;
    thread->run_result[0] = limit;
    s->accepting = limit != 0;
    return SYSCALL_ACCEPT;
}

bool trustlet_call_left(struct thread *thread, enum sk_run *why)
{
    struct service *s = &thread->service;
    if (s->lent) {
        thread->run_result[0] = FOREVER;
        *why = SK_RUN_WAIT; /* whoever is in it wakes the carrier */
        return true;
    }
    if (s->left == 0)
        return false;
    *why = s->left - 1;
    s->left = 0;
    return true;
}

void trustlet_call_abort(struct thread *thread)
{
    if (thread->service.caller != NULL)
        close_call(&thread->service, SK_CALL_ABORTED);
}

/* ---- the caller's side ---- */

static struct thread *find_accepting(const struct process *process)
{
    for (uint32_t i = 0; i < process->thread_slots; i++)
        if (process->threads[i] != NULL && process->threads[i]->service.accepting)
            return process->threads[i];
    return NULL;
}

/* Puts the call where the waiting thread wants it. As move(), and -EMSGSIZE. */
static int deliver(struct thread *thread, const struct sk_trustlet_call *caller)
{
    const struct user_registers *r = &thread->registers;
    struct trustlet_call call = {.number = caller->number,
                                 .bytes = caller->in,
                                 .room = caller->out,
                                 .pid = caller->pid,
                                 .uid = caller->uid,
                                 .gid = caller->gid};
    memcpy(call.words, caller->words, sizeof(call.words));
    if (caller->in > r->rdx)
        return -EMSGSIZE;
    int error = move(thread, r->rsi, caller, caller->in, false);
    return error != 0 ? error : user_copy_out(&thread->process->space, r->rdi, &call, sizeof(call));
}

static void accept_returns(struct thread *thread, int64_t result)
{
    thread->service.accepting = false;
    syscall_return(thread, result);
    thread->resume = RESUME_USER;
}

/* Runs the thread that has the call. What it wants of VTL0 is kept for its carrier; so is a wait
 * that has an end. */
static void serve(struct thread *thread, struct call *call)
{
    struct service *s = &thread->service;
    s->lent = true;
    enum sk_run why = thread_enter(thread);
    s->lent = false;
    bool idle = s->accepting && thread->syscall.deadline == FOREVER;
    /* A wait is begun anew by the carrier: what it waits for may have come by then. */
    if (why != SK_RUN_PREEMPTED && why != SK_RUN_ACCEPT && why != SK_RUN_EXIT && why != SK_RUN_WAIT)
        s->left = (uint8_t)(why + 1);
    call->result[0] = SK_CALLED;
    call->result[1] = idle ? NO_THREAD : thread->index;
    call->result[2] = s->accepting;
}

/* The thread did not get the call. */
static enum sk_status not_delivered(struct thread *thread, int error, struct call *call)
{
    let_go(&thread->service);
    if (error == -EMSGSIZE)
        return SK_INVALID_ARGUMENT;
    if (error == -EPERM)
        return SK_ACCESS_DENIED;
    if (error == -ENOMEM) {
        call->result[0] = frame_wanted(1);
        return SK_NO_MEMORY;
    }
    /* The trustlet's own pointers are bad: it learns it, the caller tries another thread. */
    accept_returns(thread, error);
    call->result[1] = thread->index;
    return SK_OK;
}

static enum sk_status call_process(struct process *process, uint64_t gpa, struct call *call)
{
    struct sk_trustlet_call copy;
    if (process->building || process->dead)
        return SK_BAD_STATE;
    if (!(process->manifest->flags & TRUSTLET_CALLABLE))
        return SK_ACCESS_DENIED;
    struct thread *thread = find_accepting(process);
    call->result[0] = SK_CALLED_NOBODY;
    call->result[1] = NO_THREAD;
    if (thread == NULL)
        return SK_OK;
    volatile void *caller = NULL;
    if (normal_memory_pin(gpa, 1, &caller) != SK_OK)
        return SK_ACCESS_DENIED;
    thread->service.caller = caller;
    int error = read_caller(caller, &copy) ? deliver(thread, &copy) : -EMSGSIZE;
    if (error != 0)
        return not_delivered(thread, error, call);
    accept_returns(thread, 0);
    thread->service.serving = true;
    thread->service.room = copy.out;
    serve(thread, call);
    return SK_OK;
}

enum sk_status sk_call_trustlet_call(struct call *call)
{
    uint64_t gpa = call->argument[1];
    struct process *process = process_find(call->argument[0]);
    if (process == NULL)
        return SK_NOT_FOUND;
    enum sk_status status = call_process(process, gpa, call);
    process_unlock(process);
    return status;
}

enum sk_status sk_call_trustlet_cancel(struct call *call)
{
    const volatile void *caller = frame_pointer(call->argument[1]);
    struct process *process = process_find(call->argument[0]);
    if (process == NULL)
        return SK_OK; /* gone, and the call with it */
    for (uint32_t i = 0; i < process->thread_slots; i++)
        if (process->threads[i] != NULL && caller != NULL &&
            process->threads[i]->service.caller == caller)
            let_go(&process->threads[i]->service);
    process_unlock(process);
    return SK_OK;
}
