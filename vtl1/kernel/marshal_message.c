/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmsg and recvmsg. VTL0 gets a message header of our own making whose parts all lie in the
 * bounce buffer: name, control, and the data as one vector. Slots of the arguments that these calls
 * do not have hold the parts.
 */
#include "marshal_parts.h"

#include "linux_abi.h"
#include "local_wait.h"
#include "string.h"
#include "syscall.h"
#include "user_copy.h"

#define NAME_MAX_BYTES    128u
#define CONTROL_MAX_BYTES 4096u

enum part_slot { SLOT_NAME = 3, SLOT_CONTROL = 4, SLOT_DATA = 5 };

struct linux_msghdr {
    uint64_t name;
    uint32_t name_length;
    uint32_t pad0;
    uint64_t vector;
    uint64_t vector_count;
    uint64_t control;
    uint64_t control_length;
    uint32_t flags;
    uint32_t pad1;
};
static_assert(sizeof(struct linux_msghdr) == 56, "struct msghdr");

/* What VTL0 gets: the header and its one vector. */
struct sent_message {
    struct linux_msghdr header;
    uint64_t base;
    uint64_t length;
};

struct linux_mmsghdr {
    struct linux_msghdr header;
    uint32_t length;
    uint32_t pad;
};
static_assert(sizeof(struct linux_mmsghdr) == 64, "struct mmsghdr");

#define MSG_DO_NOT_WAIT  0x40u
#define MSG_WAIT_FOR_ONE 0x10000u
#define CONTROL_RIGHTS   1   /* SCM_RIGHTS */
#define RIGHTS_MAX       253 /* SCM_MAX_FD */

struct linux_cmsghdr {
    uint64_t length;
    int32_t level;
    int32_t type;
};

/* A part that the trustlet gives or has room for. */
static int put_part(struct thread *thread, unsigned slot, uint64_t address, uint64_t bytes,
                    bool gather)
{
    if (address == 0 || bytes == 0)
        return 0;
    if (!marshal_place(thread, slot, bytes))
        return -EINVAL;
    int64_t ready = gather
                        ? marshal_gather(thread, address, thread->syscall.slot[slot].offset, bytes)
                        : marshal_prepare(thread, address, bytes, ACCESS_WRITE);
    return ready < 0 ? -ENOMEM : (uint64_t)ready < bytes ? -EFAULT : 0;
}

static uint64_t part_address(const struct thread *thread, unsigned slot)
{
    return thread->syscall.slot[slot].bytes > 0 ? marshal_address(thread, slot) : 0;
}

static int put_data(struct thread *thread, const struct linux_msghdr *header, bool gather)
{
    int64_t size = vector_size(thread, header->vector, header->vector_count, 0, UIO_MAXIOV);
    int64_t part = vector_size(thread, header->vector, header->vector_count, 0, VECTOR_BATCH);
    if (size < 0 || part < 0 || part < size) /* a message of too many pieces cannot be parted */
        return size == -EFAULT || size == -ENOMEM ? (int)size : -EMSGSIZE;
    uint64_t room = marshal_room(thread);
    thread->syscall.cut = (uint64_t)size > room;
    uint64_t bytes = (uint64_t)size < room ? (uint64_t)size : room;
    if (!marshal_place(thread, SLOT_DATA, bytes))
        return -EMSGSIZE;
    int64_t moved = vector_move(thread, header->vector, header->vector_count, 0, bytes,
                                thread->syscall.slot[SLOT_DATA].offset,
                                gather ? VECTOR_GATHER : VECTOR_PREPARE);
    return moved < 0 ? (int)moved : (uint64_t)moved < bytes ? -EFAULT : 0;
}

static void send_header(struct thread *thread, unsigned i)
{
    struct syscall_state *s = &thread->syscall;
    uint64_t start = marshal_address(thread, i);
    struct sent_message message = {
        .header = {.name = part_address(thread, SLOT_NAME),
                   .name_length = s->slot[SLOT_NAME].bytes,
                   .vector = start + offsetof(struct sent_message, base),
                   .vector_count = 1,
                   .control = part_address(thread, SLOT_CONTROL),
                   .control_length = s->slot[SLOT_CONTROL].bytes},
        .base = marshal_address(thread, SLOT_DATA),
        .length = s->slot[SLOT_DATA].bytes,
    };
    copy_volatile(thread->bounce + s->slot[i].offset, &message, sizeof(message));
    s->asked[i] = start;
    /* From here on the argument's size is that of the data: the contract counts that. */
    s->slot[i].bytes = s->slot[SLOT_DATA].bytes;
}

/* The header's address: of sendmmsg and recvmmsg, the one whose turn it is. */
static uint64_t header_address(const struct thread *thread, const uint64_t given[6], unsigned i)
{
    const struct syscall_state *s = &thread->syscall;
    bool many = s->entry->argument[i].flags & ARGUMENT_MANY;
    return given[i] + (many ? s->done * sizeof(struct linux_mmsghdr) : 0);
}

/* Of sendmmsg and recvmmsg, which have the flags one argument later. */
static uint64_t message_flags(const struct thread *thread, const uint64_t given[6])
{
    uint64_t flags = given[3] & ~(uint64_t)MSG_WAIT_FOR_ONE;
    bool one_is_enough = (given[3] & MSG_WAIT_FOR_ONE) && thread->syscall.done > 0;
    return one_is_enough ? flags | MSG_DO_NOT_WAIT : flags;
}

int message_put(struct thread *thread, const uint64_t given[6], unsigned i)
{
    const struct argument *a = &thread->syscall.entry->argument[i];
    bool gather = a->kind == ARGUMENT_MESSAGE_IN;
    struct linux_msghdr header = {0};
    uint64_t time = 0;
    int error = user_copy_in(&thread->process->space, &header, header_address(thread, given, i),
                             sizeof(header));
    if (error != 0)
        return error;
    if (a->flags & ARGUMENT_MANY) {
        if (given[2] == 0)
            return -EINVAL;
        thread->syscall.asked[2] = message_flags(thread, given);
        if (!gather && given[4] != 0 && thread->syscall.done == 0) {
            error = wait_read_time(thread, given[4], &time);
            thread->syscall.deadline = wait_after(time);
        }
        if (error != 0)
            return error;
    }
    if ((int32_t)header.name_length < 0)
        return -EINVAL;
    if (header.name_length > NAME_MAX_BYTES)
        header.name_length = NAME_MAX_BYTES;
    if (header.control_length > CONTROL_MAX_BYTES) {
        if (gather)
            return -ENOBUFS;
        header.control_length = CONTROL_MAX_BYTES;
    }
    if (!marshal_place(thread, i, sizeof(struct sent_message)))
        return -EINVAL;
    error = put_part(thread, SLOT_NAME, header.name, header.name_length, gather);
    if (error == 0)
        error = put_part(thread, SLOT_CONTROL, header.control, header.control_length, gather);
    if (error == 0)
        error = put_data(thread, &header, gather);
    if (error == 0)
        send_header(thread, i);
    return error;
}

/* Descriptors are not negative. */
static bool rights_sound(const int32_t *fds, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes / sizeof(*fds); i++)
        if (fds[i] < 0)
            return false;
    return true;
}

/* A chain of whole control messages, looked at in the trustlet's memory where it arrived. */
static int64_t check_control(struct thread *thread, uint64_t address, uint64_t size)
{
    struct {
        struct linux_cmsghdr head;
        int32_t fds[RIGHTS_MAX];
    } c;
    for (uint64_t at = 0; at < size && size - at >= sizeof(c.head);) {
        uint64_t part = size - at < sizeof(c) ? size - at : sizeof(c);
        int error = user_copy_in(&thread->process->space, &c, address + at, part);
        if (error != 0)
            return error;
        if (c.head.length < sizeof(c.head) || c.head.length > size - at)
            return MARSHAL_LIE;
        bool rights = c.head.level == SOL_SOCKET && c.head.type == CONTROL_RIGHTS;
        uint64_t bytes = c.head.length - sizeof(c.head);
        if (rights && (bytes > sizeof(c.fds) || !rights_sound(c.fds, bytes)))
            return MARSHAL_LIE;
        at += (c.head.length + 7) & ~7ull;
    }
    return 0;
}

static int64_t take_header(struct thread *thread, struct linux_msghdr *mine, unsigned i,
                           int64_t result)
{
    const struct syscall_state *s = &thread->syscall;
    struct address_space *space = &thread->process->space;
    struct linux_msghdr theirs = {0};
    uint64_t data = s->slot[SLOT_DATA].bytes;
    copy_volatile(&theirs, thread->bounce + s->slot[i].offset, sizeof(theirs));
    uint64_t name = s->slot[SLOT_NAME].bytes, control = s->slot[SLOT_CONTROL].bytes;
    if (theirs.name_length > NAME_MAX_BYTES || theirs.control_length > control)
        return MARSHAL_LIE;
    uint64_t name_bytes = theirs.name_length < name ? theirs.name_length : name;
    int64_t error =
        user_copy_out(space, mine->name, thread->bounce + s->slot[SLOT_NAME].offset, name_bytes);
    if (error == 0)
        error = user_copy_out(space, mine->control, thread->bounce + s->slot[SLOT_CONTROL].offset,
                              theirs.control_length);
    if (error == 0)
        error = check_control(thread, mine->control, theirs.control_length);
    if (error == 0)
        error = vector_move(thread, mine->vector, mine->vector_count, 0,
                            (uint64_t)result < data ? (uint64_t)result : data,
                            s->slot[SLOT_DATA].offset, VECTOR_SCATTER);
    mine->name_length = mine->name != 0 ? theirs.name_length : mine->name_length;
    mine->control_length = theirs.control_length;
    mine->flags = theirs.flags;
    return error < 0 ? error : 0;
}

int64_t message_take(struct thread *thread, const uint64_t given[6], unsigned i, int64_t result)
{
    const struct argument *a = &thread->syscall.entry->argument[i];
    struct address_space *space = &thread->process->space;
    uint64_t at = header_address(thread, given, i);
    struct linux_mmsghdr mine = {.length = (uint32_t)result};
    int64_t error = user_copy_in(space, &mine.header, at, sizeof(mine.header));
    if (error == 0 && a->kind == ARGUMENT_MESSAGE_OUT)
        error = take_header(thread, &mine.header, i, result);
    if (error != 0)
        return error;
    if (a->kind == ARGUMENT_MESSAGE_OUT)
        error = user_copy_out(space, at, &mine.header, sizeof(mine.header));
    if (error == 0 && (a->flags & ARGUMENT_MANY))
        error = user_copy_out(space, at + offsetof(struct linux_mmsghdr, length), &mine.length,
                              sizeof(mine.length));
    return error;
}
