/* SPDX-License-Identifier: BSD-2-Clause */
/* From VTL0's answer to the trustlet: never more than it asked for, and checked where it matters.
 */
#include "marshal_parts.h"

#include "answer.h"
#include "epoll.h"
#include "linux_abi.h"
#include "string.h"
#include "syscall.h"
#include "user_copy.h"

#include <linux/eventpoll.h>

#define SECOND_NS 1000000000ll
#define SECOND_US 1000000ll

static volatile uint8_t *slot_bytes(struct thread *thread, unsigned i)
{
    return thread->bounce + thread->syscall.slot[i].offset;
}

/* How much of a buffer VTL0 says to have filled; the contract has bounded the result. */
static uint64_t filled(const struct syscall_state *s, unsigned i, int64_t result)
{
    const struct syscall_entry *entry = s->entry;
    const struct argument *a = &entry->argument[i];
    uint64_t bytes = s->slot[i].bytes, moved = bytes;
    if (entry->result.kind == RESULT_COUNT && entry->result.argument == i + 1)
        moved = (uint64_t)result;
    else if (entry->result.kind == RESULT_UNITS && entry->result.argument == a->length)
        moved = (uint64_t)result * a->unit;
    return moved < bytes ? moved : bytes;
}

static int64_t take_buffer(struct thread *thread, const uint64_t given[6], unsigned i,
                           int64_t result)
{
    const struct syscall_state *s = &thread->syscall;
    uint64_t done = s->entry->argument[i].flags & ARGUMENT_CHUNK ? s->done : 0;
    uint64_t bytes = filled(s, i, result);
    if (bytes == 0)
        return 0;
    return user_copy_out(&thread->process->space, given[i] + done, slot_bytes(thread, i), bytes);
}

/* The size that came back is read once; it bounds the copy. */
static int64_t take_sized(struct thread *thread, const uint64_t given[6], unsigned i)
{
    const struct syscall_state *s = &thread->syscall;
    const struct argument *a = &s->entry->argument[i];
    struct address_space *space = &thread->process->space;
    uint32_t size = 0, room = s->slot[i].bytes;
    if (s->asked[i] == 0)
        return 0;
    copy_volatile(&size, slot_bytes(thread, i + 1), sizeof(size));
    if (size > (a->flags & ARGUMENT_LONGER ? a->unit : room))
        return MARSHAL_LIE;
    uint32_t bytes = size < room ? size : room;
    int error = user_copy_out(space, given[i], slot_bytes(thread, i), bytes);
    return error != 0 ? error : user_copy_out(space, given[i + 1], &size, sizeof(size));
}

int64_t marshal_take(struct thread *thread, const uint64_t given[6], unsigned i, int64_t result)
{
    const struct syscall_state *s = &thread->syscall;
    bool checked_later =
        (s->entry->check == CHECK_POLL && i == 0) || (s->entry->check == CHECK_EVENTS && i == 1);
    switch (s->entry->argument[i].kind) {
    case ARGUMENT_OUT:
    case ARGUMENT_INOUT:
        return checked_later ? 0 : take_buffer(thread, given, i, result);
    case ARGUMENT_VECTOR_OUT:
        result = vector_move(thread, given[i], given[i + 1], s->done, filled(s, i, result),
                             s->slot[i].offset, VECTOR_SCATTER);
        return result < 0 ? result : 0;
    case ARGUMENT_SIZED_OUT:
        return take_sized(thread, given, i);
    case ARGUMENT_MESSAGE_IN:
    case ARGUMENT_MESSAGE_OUT:
        return message_take(thread, given, i, result);
    default:
        return 0;
    }
}

/* ---- checks ---- */

/*
 * Long arrays are looked at in windows of WINDOW bytes: one walk of the page tables for many
 * elements, so that the longest answer stays well below 50,000 instructions.
 */
#define WINDOW 1024u

/* struct pollfd[]: only revents goes back, and the result says how many are not zero. */
static int64_t poll_window(struct thread *thread, uint64_t address, uint64_t offset, uint64_t bytes)
{
    struct address_space *space = &thread->process->space;
    struct pollfd mine[WINDOW / sizeof(struct pollfd)], theirs[WINDOW / sizeof(struct pollfd)];
    int64_t ready = 0;
    int error = user_copy_in(space, mine, address + offset, bytes);
    if (error != 0)
        return error;
    copy_volatile(theirs, slot_bytes(thread, 0) + offset, bytes);
    for (uint64_t k = 0; k < bytes / sizeof(mine[0]); k++) {
        uint16_t revents = (uint16_t)theirs[k].revents;
        if (!answer_revents_sound(mine[k].fd, (uint16_t)mine[k].events, revents))
            return MARSHAL_LIE;
        ready += revents != 0;
        mine[k].revents = (short)revents;
    }
    error = user_copy_out(space, address + offset, mine, bytes);
    return error != 0 ? error : ready;
}

static int64_t check_poll(struct thread *thread, const uint64_t given[6], int64_t result)
{
    uint64_t size = thread->syscall.slot[0].bytes;
    int64_t ready = 0;
    for (uint64_t at = 0; at < size; at += WINDOW) {
        uint64_t bytes = size - at < WINDOW ? size - at : WINDOW;
        int64_t window = poll_window(thread, given[0], at, bytes);
        if (window < 0)
            return window;
        ready += window;
    }
    return ready == result ? 0 : MARSHAL_LIE;
}

/* struct epoll_event[]: those that stand for a registration, in the trustlet's own words. */
static int64_t check_events(struct thread *thread, const uint64_t given[6], int64_t *result)
{
    struct epoll_event event = {0};
    int64_t kept = 0;
    epoll_begin_round(thread->process);
    for (int64_t k = 0; k < *result; k++) {
        copy_volatile(&event, slot_bytes(thread, 1) + k * (int64_t)sizeof(event), sizeof(event));
        if (!epoll_translate(thread->process, (int32_t)given[0], &event))
            continue;
        int error =
            user_copy_out(&thread->process->space, given[1] + (uint64_t)kept++ * sizeof(event),
                          &event, sizeof(event));
        if (error != 0)
            return error;
    }
    bool none_left = *result > 0 && kept == 0;
    *result = kept;
    return none_left ? -EINTR : 0;
}

/* One fd_set: no bit that the trustlet did not ask for. -> bits set, or an error. */
static int64_t check_set(struct thread *thread, const uint64_t given[6], unsigned i)
{
    struct address_space *space = &thread->process->space;
    uint64_t words = thread->syscall.slot[i].bytes / sizeof(uint64_t);
    int64_t bits = 0;
    for (uint64_t k = 0; k < words; k++) {
        uint64_t mine = 0, theirs = 0, address = given[i] + k * sizeof(mine);
        int error = user_copy_in(space, &mine, address, sizeof(mine));
        if (error != 0)
            return error;
        copy_volatile(&theirs, slot_bytes(thread, i) + k * sizeof(theirs), sizeof(theirs));
        if (theirs & ~mine)
            return MARSHAL_LIE;
        for (uint64_t rest = theirs; rest != 0; rest &= rest - 1)
            bits++;
        error = user_copy_out(space, address, &theirs, sizeof(theirs));
        if (error != 0)
            return error;
    }
    return bits;
}

static int64_t check_bits(struct thread *thread, const uint64_t given[6], int64_t result)
{
    int64_t bits = 0;
    for (unsigned i = 1; i <= 3; i++) {
        int64_t set = check_set(thread, given, i);
        if (set < 0)
            return set;
        bits += set;
    }
    return bits == result ? 0 : MARSHAL_LIE;
}

/* Looked at where it arrived, in the trustlet's memory: VTL0 cannot change it there any more. */
static int64_t check_dirents(struct thread *thread, const uint64_t given[6], int64_t result)
{
    struct address_space *space = &thread->process->space;
    bool old = thread->syscall.entry->number == __NR_getdents;
    uint8_t window[WINDOW];
    uint64_t at = 0, size = (uint64_t)result;
    static_assert(DIRENT_MAX <= WINDOW, "a record fits");
    while (at < size) {
        uint64_t part = size - at < WINDOW ? size - at : WINDOW, used = 0;
        int error = user_copy_in(space, window, given[1] + at, part);
        if (error != 0)
            return error;
        /* Whole records; one that is cut by the window's end begins the next window. */
        while (used < part && (used == 0 || part - used >= DIRENT_MAX || at + part == size)) {
            uint32_t length = answer_dirent(window + used, part - used, old);
            if (length == 0)
                return MARSHAL_LIE;
            used += length;
        }
        if (old && (error = user_copy_out(space, given[1] + at, window, used)) != 0)
            return error;
        at += used;
    }
    return 0;
}

/* The last byte that VTL0 filled of argument i, where it filled any, is a NUL. */
static int64_t check_ended(struct thread *thread, const uint64_t given[6], unsigned i,
                           int64_t result)
{
    char last = 0;
    uint64_t bytes = filled(&thread->syscall, i, result);
    if (bytes == 0)
        return 0;
    int error = user_copy_in(&thread->process->space, &last, given[i] + bytes - 1, sizeof(last));
    return error != 0 ? error : last == 0 ? 0 : MARSHAL_LIE;
}

/* struct timespec or timeval; real time is never earlier than this process has seen it. */
static int64_t check_time(struct thread *thread, const uint64_t given[6], unsigned i,
                          int64_t second, bool real)
{
    struct process *process = thread->process;
    struct linux_time time = {0};
    if (given[i] == 0)
        return 0;
    int error = user_copy_in(&process->space, &time, given[i], sizeof(time));
    if (error != 0)
        return error;
    if (!answer_time_sound(&time, second))
        return MARSHAL_LIE;
    if (!real)
        return 0;
    int64_t unit = SECOND_NS / second;
    uint64_t ns = (uint64_t)(time.seconds * SECOND_NS + time.fraction * unit);
    if (ns >= process->real_ns) {
        process->real_ns = ns;
        return 0;
    }
    time.seconds = (int64_t)process->real_ns / SECOND_NS;
    time.fraction = (int64_t)process->real_ns % SECOND_NS / unit;
    return user_copy_out(&process->space, given[i], &time, sizeof(time));
}

/* time(2): the result is the answer; a second copy stands where the trustlet wanted it. */
static int64_t check_seconds(struct thread *thread, const uint64_t given[6], int64_t *result)
{
    struct process *process = thread->process;
    int64_t latest = (int64_t)process->real_ns / SECOND_NS;
    if (*result > TIME_SECONDS_MAX)
        return MARSHAL_LIE;
    if (*result < latest)
        *result = latest;
    else if (*result > latest)
        process->real_ns = (uint64_t)*result * SECOND_NS;
    if (given[0] == 0)
        return 0;
    return user_copy_out(&process->space, given[0], result, sizeof(*result));
}

/* pipe2, socketpair: the pair stands in the last argument that VTL0 fills. */
static int64_t check_pair(struct thread *thread, const uint64_t given[6])
{
    const struct syscall_entry *entry = thread->syscall.entry;
    unsigned i = entry->argument[0].kind == ARGUMENT_OUT ? 0 : 3;
    int32_t pair[2] = {-1, -1};
    int error = user_copy_in(&thread->process->space, pair, given[i], sizeof(pair));
    if (error != 0)
        return error;
    return pair[0] >= 0 && pair[1] >= 0 && pair[0] != pair[1] ? 0 : MARSHAL_LIE;
}

int64_t marshal_check(struct thread *thread, const uint64_t given[6], int64_t *result)
{
    const struct syscall_entry *entry = thread->syscall.entry;
    switch (entry->check) {
    case CHECK_POLL:
        return check_poll(thread, given, *result);
    case CHECK_BITS:
        return check_bits(thread, given, *result);
    case CHECK_DIRENTS:
        return check_dirents(thread, given, *result);
    case CHECK_TIMESPEC:
        return check_time(thread, given, 1, SECOND_NS, false);
    case CHECK_REAL_SPEC:
        return check_time(thread, given, 1, SECOND_NS, true);
    case CHECK_REAL_VAL:
        return check_time(thread, given, 0, SECOND_US, true);
    case CHECK_REAL_SECONDS:
        return check_seconds(thread, given, result);
    case CHECK_FD_PAIR:
        return check_pair(thread, given);
    case CHECK_EVENTS:
        return check_events(thread, given, result);
    case CHECK_ENDED:
        return check_ended(thread, given, entry->rule_argument - 1u, *result);
    case CHECK_DUP:
        if (given[0] != given[1])
            epoll_forget(thread->process, (uint32_t)given[1], (uint32_t)given[1]);
        return 0;
    default:
        return 0;
    }
}
