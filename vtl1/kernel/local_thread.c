/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: how they begin, what is remembered of them, how they end. */
#include "local.h"

#include "call.h"
#include "fpu.h"
#include "futex.h"
#include "linux_abi.h"
#include "marshal.h"
#include "page_table.h"
#include "signals.h"
#include "string.h"
#include "thread.h"
#include "user_copy.h"

/* What makes a thread of this process, and nothing else. */
#define CLONE_NEEDED (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE_OPTIONAL                                                                             \
    (CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |                     \
     CLONE_CHILD_CLEARTID | CLONE_DETACHED)
#define ROBUST_ENTRIES_MAX 2048u /* as Linux */
#define PI_BIT             1ull  /* of a robust list's addresses */
#define RELEASE_TRIES      64u

enum syscall_action local_gettid(struct thread *thread, const uint64_t given[6])
{
    (void)given;
    return syscall_return(thread, thread_number(thread));
}

struct thread *local_thread_of(struct thread *thread, uint64_t number)
{
    const struct process *process = thread->process;
    return (uint32_t)number == 0 ? thread
                                 : thread_find(process, (uint32_t)number - process->host_pid);
}

/* ---- begin ---- */

/* 0, or the error that clone(2) gives; EPERM for what would not be a thread of this process. */
static int check_clone(const struct clone_args *a)
{
    const uint64_t known = CLONE_NEEDED | CLONE_OPTIONAL;
    if (((a->flags & CLONE_THREAD) && !(a->flags & CLONE_SIGHAND)) ||
        ((a->flags & CLONE_SIGHAND) && !(a->flags & CLONE_VM)))
        return -EINVAL;
    if ((a->flags & CLONE_NEEDED) != CLONE_NEEDED || (a->flags & ~known) ||
        ((a->flags & CLONE_SETTLS) && a->tls >= USER_END))
        return -EPERM;
    return 0;
}

static void start_as_copy(const struct thread *parent, struct thread *child,
                          const struct clone_args *a)
{
    child->registers = parent->registers;
    child->registers.rax = 0;
    if (a->stack != 0)
        child->registers.rsp = a->stack + a->stack_size;
    child->fs_base = a->flags & CLONE_SETTLS ? a->tls : parent->fs_base;
    child->gs_base = parent->gs_base;
    child->signal_mask = parent->signal_mask;
    child->clear_child_tid = a->flags & CLONE_CHILD_CLEARTID ? a->child_tid : 0;
    memcpy(child->syscall.name, parent->syscall.name, sizeof(child->syscall.name));
    fpu_copy_to(child);
}

/* As in Linux, a bad address is not an error of the call. */
static int tell_number(struct address_space *space, const struct clone_args *a, uint32_t number)
{
    int error = 0;
    if (a->flags & CLONE_PARENT_SETTID)
        error = user_copy_out(space, a->parent_tid, &number, sizeof(number));
    if ((a->flags & CLONE_CHILD_SETTID) && error != -ENOMEM)
        error = user_copy_out(space, a->child_tid, &number, sizeof(number));
    return error == -ENOMEM ? error : 0;
}

/* VTL0 may say that it has no carrier for the child, as long as none has attached to it. */
static enum syscall_action spawned(struct thread *thread)
{
    struct thread *child = thread->process->threads[thread->syscall.done];
    int64_t answer = 0;
    if (marshal_answered(thread, &answer) && answer == -EAGAIN && child != NULL &&
        child->parent == thread) {
        thread_free(child);
        return syscall_return(thread, -EAGAIN);
    }
    return syscall_return(thread, (int64_t)thread->syscall.total);
}

static enum syscall_action spawn(struct thread *thread, const struct clone_args *a)
{
    const uint64_t none[6] = {0};
    struct thread *child = NULL;
    int error = check_clone(a);
    if (error == -EPERM)
        return syscall_refuse(thread, error, 0);
    if (error != 0)
        return syscall_return(thread, error);
    enum sk_status status = thread_create(thread->process, &child);
    if (status == SK_LIMIT)
        syscall_name(thread, -EAGAIN, SK_LACKS_THREADS);
    if (status != SK_OK)
        return syscall_return_memory(thread, status == SK_LIMIT ? -EAGAIN : -ENOMEM);
    if (tell_number(&thread->process->space, a, thread_number(child)) != 0) {
        thread_free(child);
        return syscall_return_memory(thread, -ENOMEM);
    }
    start_as_copy(thread, child, a);
    child->parent = thread;
    marshal_ask(thread, __NR_clone, none);
    thread->run_result[0] = thread->syscall.done = child->index;
    thread->syscall.total = thread_number(child);
    thread->syscall.stage = 1;
    return SYSCALL_SPAWN;
}

enum syscall_action local_clone(struct thread *thread, const uint64_t given[6])
{
    if (thread->syscall.stage != 0)
        return spawned(thread);
    return spawn(thread, &(struct clone_args){.flags = given[0] & ~(uint64_t)CSIGNAL,
                                              .stack = given[1],
                                              .parent_tid = given[2],
                                              .child_tid = given[3],
                                              .tls = given[4]});
}

enum syscall_action local_clone3(struct thread *thread, const uint64_t given[6])
{
    struct clone_args a = {0};
    if (thread->syscall.stage != 0)
        return spawned(thread);
    if (given[1] < CLONE_ARGS_SIZE_VER0)
        return syscall_return(thread, -EINVAL);
    if (given[1] > sizeof(a))
        return syscall_return(thread, -E2BIG);
    int error = user_copy_in(&thread->process->space, &a, given[0], given[1]);
    if (error != 0)
        return syscall_return_memory(thread, error);
    if (a.exit_signal != 0 || a.set_tid_size != 0 || (a.stack == 0) != (a.stack_size == 0) ||
        !user_range(a.stack, a.stack_size))
        return syscall_return(thread, -EINVAL);
    return spawn(thread, &a);
}

/* ---- what is remembered ---- */

enum syscall_action local_set_tid_address(struct thread *thread, const uint64_t given[6])
{
    thread->clear_child_tid = given[0];
    return syscall_return(thread, thread_number(thread));
}

enum syscall_action local_set_robust_list(struct thread *thread, const uint64_t given[6])
{
    if (given[1] != sizeof(struct robust_list_head))
        return syscall_return(thread, -EINVAL);
    thread->robust_list = given[0];
    return syscall_return(thread, 0);
}

enum syscall_action local_get_robust_list(struct thread *thread, const uint64_t given[6])
{
    const uint64_t size = sizeof(struct robust_list_head);
    struct address_space *space = &thread->process->space;
    const struct thread *asked = local_thread_of(thread, given[0]);
    if (asked == NULL)
        return syscall_return(thread, -ESRCH);
    int error = user_copy_out(space, given[2], &size, sizeof(size));
    if (error == 0)
        error = user_copy_out(space, given[1], &asked->robust_list, sizeof(uint64_t));
    return syscall_return_memory(thread, error);
}

/* ---- the processors ---- */

/* VTL0 schedules, and knows where a carrier may run; the other threads' carriers are not asked. */
enum syscall_action local_sched_getaffinity(struct thread *thread, const uint64_t given[6])
{
    const uint64_t own[6] = {0, given[1], given[2]};
    if (local_thread_of(thread, given[0]) == NULL)
        return syscall_return(thread, -ESRCH);
    return marshal_request(thread, &sched_getaffinity_host, own);
}

/* Each CPU of the process's passes through the hypervisor, which is a barrier. */
enum syscall_action local_membarrier(struct thread *thread, const uint64_t given[6])
{
    const int64_t known = MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                          MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
    if (given[1] != 0)
        return syscall_return(thread, -EINVAL);
    switch ((uint32_t)given[0]) {
    case MEMBARRIER_CMD_QUERY:
        return syscall_return(thread, known);
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
        return syscall_return(thread, 0);
    case MEMBARRIER_CMD_GLOBAL:
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
        return syscall_return(thread,
                              page_table_flush_others(&thread->process->space) ? 0 : -ENOMEM);
    default:
        return syscall_return(thread, -EINVAL);
    }
}

/* ---- the end ---- */

enum syscall_action local_exit_group(struct thread *thread, const uint64_t given[6])
{
    process_die(thread->process, SK_DEATH_EXIT, (int)(given[0] & 0xff), 0, 0);
    return SYSCALL_EXIT;
}

/* A robust mutex that the thread holds says so, and one that waits for it learns of it. */
static void release(struct thread *thread, uint64_t address, bool pending)
{
    int error = 0;
    uint32_t *word = futex_word(thread, address, ACCESS_WRITE, &error);
    if (word == NULL)
        return;
    uint32_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST), new = 0;
    for (unsigned tries = 0; tries < RELEASE_TRIES; tries++) {
        if ((old & FUTEX_TID_MASK) != thread_number(thread))
            break;
        new = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        if (__atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            break;
    }
    /* Released just now, or already and nobody was told yet. */
    if (new != 0 ? (old & FUTEX_WAITERS) != 0 : pending && old == 0)
        futex_wake(thread, address, FUTEX_ANY, 1, 0, 0);
}

/* set_robust_list(2). False: VTL0's turn first, then go on. */
static bool release_all(struct thread *thread)
{
    struct address_space *space = &thread->process->space;
    struct syscall_state *s = &thread->syscall;
    uint64_t head[3] = {0}; /* first entry, offset of the word in each, one being worked on */
    if (user_copy_in(space, head, thread->robust_list, sizeof(head)) != 0)
        return true;
    uint64_t at = thread->cursor == 0 ? head[0] : s->address, pending = head[2] & ~PI_BIT;
    while ((at & ~PI_BIT) != thread->robust_list && thread->cursor++ < ROBUST_ENTRIES_MAX) {
        uint64_t entry = at & ~PI_BIT;
        int error = user_copy_in(space, &at, entry, sizeof(at));
        if (entry != pending)
            release(thread, entry + head[1], false);
        if (error != 0)
            break;
        s->address = at;
        if (call_must_yield())
            return false;
    }
    if (pending != 0)
        release(thread, pending + head[1], true);
    return true;
}

enum syscall_action local_exit(struct thread *thread, const uint64_t given[6])
{
    struct process *process = thread->process;
    int error = 0;
    if (thread->robust_list != 0 && !release_all(thread))
        return SYSCALL_AGAIN;
    signal_block(thread, UINT64_MAX);
    if (thread->index == 0)
        process->leader_status = (uint8_t)given[0];
    if (process->thread_count == 1) {
        process_die(process, SK_DEATH_EXIT, process->leader_status, 0, 0);
        return SYSCALL_EXIT;
    }
    uint32_t *word = futex_word(thread, thread->clear_child_tid, ACCESS_WRITE, &error);
    if (word != NULL) {
        __atomic_store_n(word, 0, __ATOMIC_SEQ_CST);
        futex_wake(thread, thread->clear_child_tid, FUTEX_ANY, 1, 0, 0);
    }
    return SYSCALL_THREAD_EXIT;
}
