/* SPDX-License-Identifier: BSD-2-Clause */
/* The process: its signals, name and limits. */
#include "local.h"

#include "call.h"
#include "linux_abi.h"
#include "local_wait.h"
#include "random.h"
#include "signals.h"
#include "string.h"
#include "thread.h"
#include "user_copy.h"

#include <linux/prctl.h>
#include <linux/resource.h>

#define SIGNAL_SET_SIZE 8u
#define RANDOM_CHUNK    256u
#define RANDOM_MAX      (32u << 20) /* as Linux */

static enum syscall_action copy_out_return(struct thread *thread, uint64_t to, const void *from,
                                           uint64_t size, int64_t result)
{
    int error = user_copy_out(&thread->process->space, to, from, size);
    return syscall_return_memory(thread, error != 0 ? error : result);
}

/* ---- signals: only the trustlet sends them to itself ---- */

static enum syscall_action send_signal(struct thread *thread, struct thread *target, bool found,
                                       uint64_t number)
{
    if (number > LINUX_SIGNALS)
        return syscall_return(thread, -EINVAL);
    if (!found)
        return syscall_return(thread, -ESRCH);
    if (number != 0)
        signal_send(thread->process, target, number);
    return syscall_return(thread, 0);
}

enum syscall_action local_kill(struct thread *thread, const uint64_t given[6])
{
    int32_t pid = (int32_t)given[0];
    bool self = pid == (int64_t)thread->process->host_pid || pid == 0;
    return self ? send_signal(thread, NULL, true, given[1]) : syscall_return(thread, -EPERM);
}

enum syscall_action local_tkill(struct thread *thread, const uint64_t given[6])
{
    return local_tgkill(thread, (const uint64_t[6]){thread->process->host_pid, given[0], given[1]});
}

enum syscall_action local_tgkill(struct thread *thread, const uint64_t given[6])
{
    struct thread *target = local_thread_of(thread, given[1]);
    bool here = (int32_t)given[0] == (int64_t)thread->process->host_pid;
    if ((int32_t)given[0] <= 0 || (int32_t)given[1] <= 0)
        return syscall_return(thread, -EINVAL);
    return send_signal(thread, target, here && target != NULL, given[2]);
}

enum syscall_action local_rt_sigaction(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    struct linux_sigaction new = {0};
    uint64_t number = given[0];
    if (number == 0 || number > LINUX_SIGNALS || given[3] != SIGNAL_SET_SIZE)
        return syscall_return(thread, -EINVAL);
    if (given[1] != 0 && (number == SIGKILL || number == SIGSTOP))
        return syscall_return(thread, -EINVAL);
    struct linux_sigaction *action = &thread->process->signals[number - 1];
    int error = given[1] != 0 ? user_copy_in(space, &new, given[1], sizeof(new)) : 0;
    if (error == 0 && given[2] != 0)
        error = user_copy_out(space, given[2], action, sizeof(*action));
    if (error == 0 && given[1] != 0)
        *action = new;
    return syscall_return_memory(thread, error);
}

enum syscall_action local_rt_sigprocmask(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    uint64_t set = 0, old = thread->signal_mask, new = old;
    if (given[3] != SIGNAL_SET_SIZE)
        return syscall_return(thread, -EINVAL);
    int error = given[1] != 0 ? user_copy_in(space, &set, given[1], sizeof(set)) : 0;
    if (error != 0)
        return syscall_return_memory(thread, error);
    if (given[1] != 0) {
        if (given[0] > SIG_SETMASK)
            return syscall_return(thread, -EINVAL);
        new = given[0] == SIG_BLOCK ? old | set : given[0] == SIG_UNBLOCK ? old & ~set : set;
    }
    if (given[2] != 0)
        error = user_copy_out(space, given[2], &old, sizeof(old));
    if (error == 0)
        signal_block(thread, new);
    return syscall_return_memory(thread, error);
}

enum syscall_action local_rt_sigpending(struct thread *thread, const uint64_t given[6])
{
    uint64_t set = (thread->pending | thread->process->pending) & thread->signal_mask;
    if (given[1] > sizeof(set))
        return syscall_return(thread, -EINVAL);
    return copy_out_return(thread, given[0], &set, given[1], 0);
}

/* Waits with another mask, until a handler has run. */
enum syscall_action local_rt_sigsuspend(struct thread *thread, const uint64_t given[6])
{
    int error = 0;
    if (thread->syscall.stage == 0)
        error = signal_block_meanwhile(thread, given[0], given[1]);
    if (error != 0)
        return syscall_return_memory(thread, error);
    return wait_until(thread, 1, WAIT_FOREVER);
}

enum syscall_action local_pause(struct thread *thread, const uint64_t given[6])
{
    (void)given;
    return wait_until(thread, 1, WAIT_FOREVER);
}

/* 0 or the error of sigaltstack(2). */
static int check_stack(const struct thread *thread, const struct signal_stack *wanted)
{
    if (signal_on_stack(thread))
        return -EPERM;
    if (wanted->flags != 0 && wanted->flags != SS_DISABLE && wanted->flags != SS_ONSTACK)
        return -EINVAL;
    return wanted->flags != SS_DISABLE && wanted->size < MINSIGSTKSZ ? -ENOMEM : 0;
}

enum syscall_action local_sigaltstack(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    struct signal_stack *kept = &thread->alternate_stack, old = *kept, new = {0};
    old.flags = old.size == 0 ? SS_DISABLE : signal_on_stack(thread) ? SS_ONSTACK : 0;
    int error = given[0] != 0 ? user_copy_in(space, &new, given[0], sizeof(new)) : 0;
    if (error != 0)
        return syscall_return_memory(thread, error);
    error = given[0] != 0 ? check_stack(thread, &new) : 0;
    if (error != 0)
        return syscall_return(thread, error);
    if (given[1] != 0)
        error = user_copy_out(space, given[1], &old, sizeof(old));
    if (error == 0 && given[0] != 0)
        *kept = new.flags == SS_DISABLE ? (struct signal_stack){0} : new;
    return syscall_return_memory(thread, error);
}

/* ---- the thread's registers and name ---- */

enum syscall_action local_arch_prctl(struct thread *thread, const uint64_t given[6])
{
    uint32_t what = (uint32_t)given[0];
    bool fs = what == ARCH_SET_FS || what == ARCH_GET_FS;
    uint64_t *base = fs ? &thread->fs_base : &thread->gs_base;
    if (what == ARCH_GET_FS || what == ARCH_GET_GS)
        return copy_out_return(thread, given[1], base, sizeof(*base), 0);
    if (given[1] >= USER_END)
        return syscall_return(thread, -EPERM);
    *base = given[1];
    return syscall_return(thread, 0);
}

static enum syscall_action set_name(struct thread *thread, uint64_t from)
{
    char name[sizeof(thread->syscall.name)] = "";
    int64_t length =
        user_copy_string(&thread->process->space, name, from, sizeof(thread->syscall.name));
    if (length < 0 && length != -ENAMETOOLONG)
        return syscall_return_memory(thread, length);
    name[sizeof(name) - 1] = 0;
    memcpy(thread->syscall.name, name, sizeof(name));
    return syscall_return(thread, 0);
}

static enum syscall_action get_name(struct thread *thread, uint64_t to)
{
    char name[sizeof(thread->syscall.name)] = "";
    bool set = thread->syscall.name[0] != 0;
    memcpy(name, set ? thread->syscall.name : thread->process->manifest->name, sizeof(name));
    name[sizeof(name) - 1] = 0;
    return copy_out_return(thread, to, name, sizeof(name), 0);
}

enum syscall_action local_prctl(struct thread *thread, const uint64_t given[6])
{
    return (uint32_t)given[0] == PR_SET_NAME ? set_name(thread, given[1])
                                             : get_name(thread, given[1]);
}

/* ---- limits ---- */

#define OPEN_FILES 1024u
#define NOTHING    (UINT64_MAX - 1)

static struct rlimit64 limit_of(const struct process *process, uint64_t which)
{
    const struct trustlet_manifest *m = process->manifest;
    const uint64_t limits[RLIM_NLIMITS] = {
        [RLIMIT_STACK] = m->stack_size,  [RLIMIT_AS] = m->max_memory,
        [RLIMIT_NPROC] = m->max_threads, [RLIMIT_NOFILE] = OPEN_FILES,
        [RLIMIT_CORE] = NOTHING,
    };
    uint64_t limit = limits[which] == 0 ? UINT64_MAX : limits[which] == NOTHING ? 0 : limits[which];
    return (struct rlimit64){limit, limit};
}

/* The limits are the manifest's: they can be read, and set to what they are. */
static enum syscall_action change_limit(struct thread *thread, uint64_t which, uint64_t new,
                                        uint64_t old)
{
    struct address_space *space = &thread->process->space;
    struct rlimit64 wanted = {0};
    int error = which < RLIM_NLIMITS ? 0 : -EINVAL;
    if (error == 0 && new != 0)
        error = user_copy_in(space, &wanted, new, sizeof(wanted));
    if (error != 0)
        return syscall_return_memory(thread, error);
    struct rlimit64 limit = limit_of(thread->process, which);
    if (new != 0 && wanted.rlim_cur > wanted.rlim_max)
        return syscall_return(thread, -EINVAL);
    if (new != 0 && (wanted.rlim_cur != limit.rlim_cur || wanted.rlim_max != limit.rlim_max))
        return syscall_return(thread, -EPERM);
    return old != 0 ? copy_out_return(thread, old, &limit, sizeof(limit), 0)
                    : syscall_return(thread, 0);
}

enum syscall_action local_getrlimit(struct thread *thread, const uint64_t given[6])
{
    return given[1] != 0 ? change_limit(thread, given[0], 0, given[1])
                         : syscall_return(thread, -EFAULT);
}

enum syscall_action local_setrlimit(struct thread *thread, const uint64_t given[6])
{
    return given[1] != 0 ? change_limit(thread, given[0], given[1], 0)
                         : syscall_return(thread, -EFAULT);
}

enum syscall_action local_prlimit64(struct thread *thread, const uint64_t given[6])
{
    int32_t pid = (int32_t)given[0];
    if (pid != 0 && pid != (int64_t)thread->process->host_pid)
        return syscall_return(thread, -EPERM);
    return change_limit(thread, given[1], given[2], given[3]);
}

/* ---- the random source ---- */

/* A long answer is given in pieces, with VTL0's turn between them where it wants one. */
enum syscall_action local_getrandom(struct thread *thread, const uint64_t given[6])
{
    uint8_t chunk[RANDOM_CHUNK];
    uint64_t size = given[1] < RANDOM_MAX ? given[1] : RANDOM_MAX;
    int error = given[2] & ~7ull ? -EINVAL : 0;
    bool pause = false;
    while (error == 0 && !pause && thread->cursor < size) {
        uint64_t left = size - thread->cursor, part = left < sizeof(chunk) ? left : sizeof(chunk);
        if (!random_bytes(chunk, part))
            error = -EIO;
        else
            error = user_copy_out(&thread->process->space, given[0] + thread->cursor, chunk, part);
        thread->cursor += error == 0 ? part : 0;
        pause = thread->cursor < size && call_must_yield();
    }
    wipe(chunk, sizeof(chunk));
    if (pause && error == 0)
        return SYSCALL_AGAIN;
    return syscall_return_memory(thread, error != 0 ? error : (int64_t)size);
}
