/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests and answers. The bounce buffer is VTL0's memory: it is written once, and each byte of
 * an answer is read once. What an argument becomes is in marshal_in.c, what comes back of it in
 * marshal_out.c.
 *
 * A call may take several requests: a transfer longer than the bounce buffer goes in chunks. Where
 * less than the trustlet gave must not change what the call means (a read that might block, a
 * message that cannot be parted), the request says that it is a part, and VTL0 sees to that:
 * whether there is more, and what kind of socket it is, is its word anyway. Each function here can
 * be called again after SYSCALL_NEED_MEMORY: it changes its state only when nothing can fail any
 * more.
 */
#include "marshal.h"

#include "answer.h"
#include "audit.h"
#include "epoll.h"
#include "linux_abi.h"
#include "marshal_parts.h"
#include "local_wait.h"
#include "signals.h"
#include "string.h"

/* syscall_state.stage of a marshalled call */
enum marshal_stage {
    STAGE_ANSWER = 0, /* the answer is to be taken */
    STAGE_RESEND,     /* the next chunk is to be asked for */
};

#define MSG_NO_SIGNAL 0x4000u

enum syscall_action marshal_ask(struct thread *thread, uint64_t number, const uint64_t arguments[6])
{
    volatile struct sk_channel *channel = thread->channel;
    channel->number = number;
    channel->arguments[0] = arguments[0];
    channel->arguments[1] = arguments[1];
    channel->arguments[2] = arguments[2];
    channel->arguments[3] = arguments[3];
    channel->arguments[4] = arguments[4];
    channel->arguments[5] = arguments[5];
    channel->sequence = ++thread->syscall.sequence;
    return SYSCALL_MARSHAL;
}

bool marshal_answered(struct thread *thread, int64_t *result)
{
    volatile struct sk_channel *channel = thread->channel;
    if (channel->answered != thread->syscall.sequence)
        return false;
    *result = channel->result;
    return true;
}

enum syscall_action marshal_lie(struct thread *thread, int64_t result)
{
    struct process *process = thread->process;
    uint64_t number = thread->syscall.entry->number;
    audit_write(&(struct sk_audit_record){.kind = SK_AUDIT_ANSWER,
                                          .address = number,
                                          .value = (uint64_t)result,
                                          .process = process->handle});
    process_die(process, SK_DEATH_LYING_ANSWER, 0, SIGKILL, number);
    return SYSCALL_EXIT;
}

/* Most arguments of most calls are none or a number: these sets keep the common path short. */
#define KIND(k) (1u << ARGUMENT_##k)
#define KINDS_TAKEN                                                                                \
    (KIND(OUT) | KIND(INOUT) | KIND(VECTOR_OUT) | KIND(SIZED_OUT) | KIND(MESSAGE_OUT) |            \
     KIND(MESSAGE_IN))

static bool kind_in(const struct argument *a, uint32_t kinds)
{
    return kinds >> a->kind & 1;
}

/* What the trustlet had given to VTL0 does not stay there longer than the call. */
static void wipe_request(struct thread *thread)
{
    if (thread->syscall.gathered)
        wipe(thread->bounce, thread->syscall.used);
}

/* A call that writes, and no send with MSG_NOSIGNAL. VTL0's own SIGPIPE goes to nobody. */
static bool breaks_pipe(const struct thread *thread)
{
    const struct syscall_state *s = &thread->syscall;
    bool sends = s->entry->host == __NR_sendto || s->entry->host == __NR_sendmsg;
    uint64_t flags = sends ? s->asked[s->entry->host == __NR_sendto ? 3 : 2] : 0;
    return kind_in(&s->entry->argument[1], KIND(IN) | KIND(VECTOR_IN) | KIND(MESSAGE_IN)) &&
           !(flags & MSG_NO_SIGNAL);
}

/* What was moved so far counts more than why it went no further. */
static enum syscall_action finish(struct thread *thread, int64_t result)
{
    uint64_t done = thread->syscall.done;
    wipe_request(thread);
    if (done > 0)
        result = (int64_t)done + (result > 0 ? result : 0);
    if (result == -EINTR && thread->syscall.entry->check < CHECK_SLEEP)
        thread->interrupted = thread->syscall.entry->number + 1u;
    if (result == -EPIPE && breaks_pipe(thread))
        signal_send(thread->process, thread, SIGPIPE);
    return syscall_return(thread, result);
}

/* ---- requests ---- */

/* The buffer that may be cut takes what room the others leave. */
static int put_arguments(struct thread *thread, const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    unsigned later = 6; /* one buffer at most may be cut */
    int error = 0;
    for (unsigned i = 0; i < 6 && error == 0; i++) {
        const struct argument *a = &s->entry->argument[i];
        if (a->kind == ARGUMENT_NONE)
            break; /* there are no gaps */
        if (a->flags & ARGUMENT_CLIP)
            later = i;
        else
            error = marshal_put(thread, given, i);
    }
    return error == 0 && later < 6 ? marshal_put(thread, given, later) : error;
}

static const struct argument *moved(const struct syscall_entry *entry)
{
    return &entry->argument[entry->result.argument - 1];
}

static bool is_part(const struct syscall_state *s)
{
    const struct syscall_entry *entry = s->entry;
    return (s->cut && (entry->check == CHECK_WHOLE || entry->host == __NR_recvfrom)) ||
           (s->done > 0 && (moved(entry)->flags & ARGUMENT_READY));
}

enum syscall_action marshal_request(struct thread *thread, const struct syscall_entry *entry,
                                    const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    s->entry = entry;
    s->used = 0;
    s->cut = false;
    s->gathered = false;
    __builtin_memset(s->slot, 0, sizeof(s->slot));
    __builtin_memset(s->asked, 0, sizeof(s->asked));
    int error = put_arguments(thread, given);
    if (error != 0 && s->done > 0 && (error != -ENOMEM || thread->asked_memory))
        return finish(thread, 0);
    if (error != 0)
        return syscall_return_memory(thread, error);
    uint32_t lacks = syscall_lacks(thread, entry);
    if (lacks != 0) {
        wipe_request(thread);
        return syscall_refuse(thread, -EPERM, lacks);
    }
    if (entry->check == CHECK_CLOSED) /* before another thread can have the number again */
        epoll_forget(thread->process, (uint32_t)given[0],
                     (uint32_t)given[entry->rule_argument - 1]);
    s->stage = STAGE_ANSWER;
    return marshal_ask(thread, entry->host | (is_part(s) ? SK_REQUEST_PART : 0), s->asked);
}

/* ---- chunks ---- */

/* Did VTL0 do all of this part, with more to come? */
static bool wants_next_chunk(const struct syscall_state *s, int64_t result)
{
    const struct syscall_entry *entry = s->entry;
    if (entry->result.kind != RESULT_COUNT || !(moved(entry)->flags & ARGUMENT_CHUNK))
        return false;
    uint64_t part = s->slot[entry->result.argument - 1].bytes;
    return part > 0 && (uint64_t)result == part && s->done + part < s->total;
}

static enum syscall_action next_chunk(struct thread *thread, const uint64_t given[6],
                                      int64_t result)
{
    struct syscall_state *s = &thread->syscall;
    s->done += (uint64_t)result;
    s->stage = STAGE_RESEND;
    return marshal_request(thread, s->entry, given);
}

/* sendmmsg, recvmmsg: `done` counts messages. Time is looked at behind each, as Linux does. */
static enum syscall_action next_message(struct thread *thread, const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    bool timed = s->entry->host == __NR_recvmsg && given[4] != 0;
    if (++s->done >= (uint32_t)given[2] || s->done >= UIO_MAXIOV || (timed && wait_is_over(thread)))
        return finish(thread, 0);
    s->stage = STAGE_RESEND;
    return marshal_request(thread, s->entry, given);
}

/* ---- answers ---- */

static enum syscall_action take_answer(struct thread *thread, const uint64_t given[6],
                                       int64_t result)
{
    struct syscall_state *s = &thread->syscall;
    int64_t error = 0;
    if (!answer_in_contract(s->entry, s, given, result))
        return marshal_lie(thread, result);
    if (s->entry->check == CHECK_WATCHED)
        epoll_settle(thread->process, (int32_t)given[0], (int32_t)given[2], s->token, result == 0);
    if (result < 0)
        return finish(thread, result);
    if (s->cut && s->entry->host == __NR_recvfrom && result > s->slot[1].bytes)
        return finish(thread, -EMSGSIZE); /* it is gone, but not silently */
    for (unsigned i = 0; i < 6 && error == 0; i++) {
        const struct argument *a = &s->entry->argument[i];
        if (a->kind == ARGUMENT_NONE)
            break;
        if (kind_in(a, KINDS_TAKEN))
            error = marshal_take(thread, given, i, result);
    }
    if (error == 0)
        error = marshal_check(thread, given, &result);
    if (error == MARSHAL_LIE)
        return marshal_lie(thread, result);
    if (error == -ENOMEM)
        return syscall_return_memory(thread, error);
    if (error != 0)
        return finish(thread, error);
    if (s->entry->argument[1].flags & ARGUMENT_MANY)
        return next_message(thread, given);
    if (wants_next_chunk(s, result))
        return next_chunk(thread, given, result);
    return finish(thread, result);
}

enum syscall_action marshal_answer(struct thread *thread, const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    int64_t result = 0;
    if (s->stage == STAGE_RESEND)
        return marshal_request(thread, s->entry, given);
    if (!marshal_answered(thread, &result))
        return SYSCALL_MARSHAL;
    return take_answer(thread, given, result);
}
