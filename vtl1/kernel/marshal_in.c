/* SPDX-License-Identifier: BSD-2-Clause */
/* From the trustlet's arguments to what VTL0 sees. */
#include "marshal_parts.h"

#include "answer.h"
#include "epoll.h"
#include "linux_abi.h"
#include "signals.h"
#include "string.h"
#include "syscall.h"
#include "user_copy.h"

#include <linux/eventpoll.h>

#define SLOT_ALIGN    8u
#define FILE_POSITION ~0ull       /* of preadv2: where the file stands */
#define FD_SET_MAX    8192        /* bits; Linux itself stops at the size of the descriptor table */
#define POLL_MAX      1024        /* RLIMIT_NOFILE, as getrlimit tells it */
#define DIRENTS_MAX   (32u << 10) /* bytes of records that are checked in one go */
#define EVENTS_MAX    (128u * sizeof(struct epoll_event)) /* the same, of epoll_wait */

static uint64_t first_free(const struct thread *thread)
{
    return ((uint64_t)thread->syscall.used + SLOT_ALIGN - 1) & ~(uint64_t)(SLOT_ALIGN - 1);
}

uint64_t marshal_room(const struct thread *thread)
{
    uint64_t start = first_free(thread);
    return start < thread->bounce_size ? thread->bounce_size - start : 0;
}

bool marshal_place(struct thread *thread, unsigned i, uint64_t bytes)
{
    uint64_t start = first_free(thread);
    if (bytes > marshal_room(thread))
        return false;
    thread->syscall.slot[i] =
        (struct marshal_slot){.offset = (uint32_t)start, .bytes = (uint32_t)bytes};
    thread->syscall.used = (uint32_t)(start + bytes);
    return true;
}

uint64_t marshal_address(const struct thread *thread, unsigned i)
{
    return thread->bounce_user + thread->syscall.slot[i].offset;
}

int64_t marshal_prepare(struct thread *thread, uint64_t address, uint64_t bytes, unsigned access)
{
    uint64_t ready = 0;
    if (!user_range(address, bytes))
        return 0;
    while (ready < bytes) {
        int error = 0;
        if (!address_space_pointer(&thread->process->space, address + ready, access, &error))
            return error == -EFAULT ? (int64_t)ready : -ENOMEM;
        ready += PAGE_SIZE - ((address + ready) & PAGE_MASK);
    }
    return (int64_t)bytes;
}

int64_t marshal_gather(struct thread *thread, uint64_t address, uint64_t offset, uint64_t bytes)
{
    struct address_space *space = &thread->process->space;
    int64_t ready = (int64_t)bytes;
    thread->syscall.gathered = true;
    int error = user_copy_in(space, thread->bounce + offset, address, bytes);
    if (error == -EFAULT)
        ready = marshal_prepare(thread, address, bytes, ACCESS_READ);
    if (error == -EFAULT && ready > 0)
        error = user_copy_in(space, thread->bounce + offset, address, (uint64_t)ready);
    return error == -ENOMEM ? error : ready;
}

/* What VTL0 gets is one reading of the trustlet's string. */
static int put_path(struct thread *thread, const struct argument *a, uint64_t from, unsigned i)
{
    uint64_t room = marshal_room(thread);
    volatile char *to = (volatile char *)thread->bounce + first_free(thread);
    if (from == 0 && (a->flags & ARGUMENT_NULLABLE))
        return 0;
    thread->syscall.gathered = true;
    int64_t length =
        user_copy_string(&thread->process->space, to, from, room < PATH_MAX ? room : PATH_MAX);
    if (length < 0)
        return (int)length;
    marshal_place(thread, i, (uint64_t)length + 1);
    thread->syscall.asked[i] = marshal_address(thread, i);
    return 0;
}

/* How many bytes the argument's buffer has, or -EINVAL. */
static int64_t buffer_size(const struct syscall_entry *entry, const struct argument *a,
                           const uint64_t given[6])
{
    int64_t count = a->length == 0 ? 1 : answer_count(entry, a->length, given);
    int64_t size = 0;
    if (a->kind == ARGUMENT_BITS) {
        int64_t bits = answer_count(entry, 1, given);
        return bits >= 0 && bits <= FD_SET_MAX ? (bits + 63) / 64 * 8 : -EINVAL;
    }
    if (entry->check == CHECK_POLL && a->length != 0 && count > POLL_MAX)
        return -EINVAL;
    if (count < 0 || __builtin_mul_overflow(count, (int64_t)a->unit, &size))
        return -EINVAL;
    return size;
}

/* What of `left` bytes goes into this request. -> bytes, or -EINVAL when all must and cannot. */
static int64_t cut(struct thread *thread, const struct argument *a, uint64_t left)
{
    uint64_t room = marshal_room(thread);
    enum answer_check check = thread->syscall.entry->check;
    if (check == CHECK_DIRENTS && room > DIRENTS_MAX)
        room = DIRENTS_MAX;
    if (check == CHECK_EVENTS && room > EVENTS_MAX)
        room = EVENTS_MAX;
    if (left <= room)
        return (int64_t)left;
    thread->syscall.cut = true;
    return (a->flags & ARGUMENT_CLIP) && room > 0 ? (int64_t)room : -EINVAL;
}

/* Brings the trustlet's side into place: -> bytes that VTL0 may be asked for, or -errno. */
static int64_t fill(struct thread *thread, const struct argument *a, uint64_t address, unsigned i)
{
    const struct marshal_slot *slot = &thread->syscall.slot[i];
    int64_t bytes = slot->bytes, ready = bytes;
    if (bytes > 0 && a->kind != ARGUMENT_IN)
        ready = marshal_prepare(thread, address, slot->bytes, ACCESS_WRITE);
    if (ready > 0 && a->kind != ARGUMENT_OUT)
        ready = marshal_gather(thread, address, slot->offset, (uint64_t)ready);
    bool too_few = ready < bytes && !(a->flags & ARGUMENT_CLIP);
    return ready >= 0 && (too_few || (ready == 0 && bytes > 0)) ? -EFAULT : ready;
}

static int put_buffer(struct thread *thread, const uint64_t given[6], unsigned i)
{
    struct syscall_state *s = &thread->syscall;
    const struct argument *a = &s->entry->argument[i];
    uint64_t done = a->flags & ARGUMENT_CHUNK ? s->done : 0;
    if (given[i] == 0 && (a->flags & ARGUMENT_NULLABLE))
        return 0;
    int64_t size = buffer_size(s->entry, a, given);
    if (size < 0)
        return (int)size;
    int64_t bytes = cut(thread, a, (uint64_t)size - done);
    if (bytes < 0 || !marshal_place(thread, i, (uint64_t)bytes))
        return -EINVAL;
    bytes = fill(thread, a, given[i] + done, i);
    if (bytes < 0)
        return (int)bytes;
    s->slot[i].bytes = (uint32_t)bytes;
    s->asked[i] = marshal_address(thread, i);
    if (a->flags & ARGUMENT_CHUNK)
        s->total = (uint64_t)size;
    if (a->length != 0 && s->entry->argument[a->length - 1].kind == ARGUMENT_LENGTH)
        s->asked[a->length - 1] = (uint64_t)bytes / a->unit;
    return 0;
}

/* The next argument holds the number of vectors, and becomes the number of bytes; or both become a
 * list with one piece. */
static int put_vector(struct thread *thread, const uint64_t given[6], unsigned i)
{
    struct syscall_state *s = &thread->syscall;
    const struct argument *a = &s->entry->argument[i];
    bool gather = a->kind == ARGUMENT_VECTOR_IN;
    int64_t size = vector_size(thread, given[i], given[i + 1], 0, UIO_MAXIOV);
    if (size < 0)
        return (int)size;
    if ((uint64_t)size < s->done)
        return -EFAULT; /* another thread changed the list between two chunks */
    int64_t bytes = vector_size(thread, given[i], given[i + 1], s->done, VECTOR_BATCH);
    if (bytes < 0)
        return (int)bytes;
    if ((a->flags & ARGUMENT_LIST) && !marshal_place(thread, i + 1, sizeof(struct iovec)))
        return -EINVAL;
    bytes = cut(thread, a, (uint64_t)bytes);
    if (bytes < 0 || !marshal_place(thread, i, (uint64_t)bytes))
        return -EINVAL;
    bytes = vector_move(thread, given[i], given[i + 1], s->done, (uint64_t)bytes, s->slot[i].offset,
                        gather ? VECTOR_GATHER : VECTOR_PREPARE);
    if (bytes < 0)
        return (int)bytes;
    s->slot[i].bytes = (uint32_t)bytes;
    s->total = (uint64_t)size;
    s->asked[i] = marshal_address(thread, i);
    s->asked[i + 1] = (uint64_t)bytes;
    if (a->flags & ARGUMENT_LIST) { /* the two are the piece */
        copy_volatile(thread->bounce + s->slot[i + 1].offset, &s->asked[i], sizeof(struct iovec));
        s->asked[i] = marshal_address(thread, i + 1);
        s->asked[i + 1] = 1;
    }
    return 0;
}

/* A buffer whose size stands in the trustlet's memory: both go over, the size no larger than unit.
 */
static int put_sized(struct thread *thread, const uint64_t given[6], unsigned i)
{
    struct syscall_state *s = &thread->syscall;
    const struct argument *a = &s->entry->argument[i];
    int32_t size = 0;
    if (given[i] == 0 && (a->flags & ARGUMENT_NULLABLE))
        return 0;
    int error = user_copy_in(&thread->process->space, &size, given[i + 1], sizeof(size));
    if (error != 0)
        return error;
    if (size < 0)
        return -EINVAL;
    if (size > a->unit)
        size = a->unit;
    if (!marshal_place(thread, i, (uint64_t)size) || !marshal_place(thread, i + 1, sizeof(size)))
        return -EINVAL;
    int64_t ready = marshal_prepare(thread, given[i], (uint64_t)size, ACCESS_WRITE);
    if (ready < size)
        return ready < 0 ? -ENOMEM : -EFAULT;
    copy_volatile(thread->bounce + s->slot[i + 1].offset, &size, sizeof(size));
    s->asked[i] = marshal_address(thread, i);
    s->asked[i + 1] = marshal_address(thread, i + 1);
    return 0;
}

/* epoll_ctl's event, with a token for its data. */
static int put_event(struct thread *thread, const uint64_t given[6], unsigned i)
{
    struct syscall_state *s = &thread->syscall;
    struct process *process = thread->process;
    struct epoll_event event = {0};
    s->token = 0;
    if (given[1] == EPOLL_CTL_DEL)
        return 0;
    int error = user_copy_in(&process->space, &event, given[i], sizeof(event));
    if (error == 0 && !marshal_place(thread, i, sizeof(event)))
        error = -EINVAL;
    if (error == 0)
        error = epoll_register(process, (int32_t)given[0], (int32_t)given[2], &event, &s->token);
    if (error != 0)
        return error;
    event.data = s->token;
    copy_volatile(thread->bounce + s->slot[i].offset, &event, sizeof(event));
    s->asked[i] = marshal_address(thread, i);
    return 0;
}

/* Its size is the next argument's; the last argument of all, of pselect6(2), points to both. */
static int put_mask(struct thread *thread, const uint64_t given[6], unsigned i)
{
    uint64_t at[2] = {given[i], i < 5 ? given[i + 1] : 0};
    int error = 0;
    if (i == 5 && at[0] != 0)
        error = user_copy_in(&thread->process->space, at, at[0], sizeof(at));
    if (error != 0 || at[0] == 0 || thread->mask_saved)
        return error;
    return signal_block_meanwhile(thread, at[0], at[1]);
}

int marshal_put(struct thread *thread, const uint64_t given[6], unsigned i)
{
    struct syscall_state *s = &thread->syscall;
    const struct argument *a = &s->entry->argument[i];
    switch (a->kind) {
    case ARGUMENT_INT:
        s->asked[i] = (uint64_t)(int64_t)(int32_t)given[i];
        return 0;
    case ARGUMENT_WORD:
        s->asked[i] = given[i];
        if (s->entry->position == i + 1 && given[i] != FILE_POSITION)
            s->asked[i] += s->done;
        return 0;
    case ARGUMENT_PATH:
        return put_path(thread, a, given[i], i);
    case ARGUMENT_IN:
    case ARGUMENT_OUT:
    case ARGUMENT_INOUT:
    case ARGUMENT_BITS:
        return put_buffer(thread, given, i);
    case ARGUMENT_VECTOR_IN:
    case ARGUMENT_VECTOR_OUT:
        return put_vector(thread, given, i);
    case ARGUMENT_SIZED_OUT:
        return put_sized(thread, given, i);
    case ARGUMENT_MESSAGE_IN:
    case ARGUMENT_MESSAGE_OUT:
        return message_put(thread, given, i);
    case ARGUMENT_MASK:
        return put_mask(thread, given, i);
    case ARGUMENT_EVENT_IN:
        return put_event(thread, given, i);
    default: /* NONE; LENGTH and SIZE are filled in by the argument before them */
        return 0;
    }
}
