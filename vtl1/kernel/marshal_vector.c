/* SPDX-License-Identifier: BSD-2-Clause */
/* readv and writev: VTL0 is asked for one plain buffer, the list stays in here. */
#include "marshal_parts.h"

#include "linux_abi.h"
#include "user_copy.h"

#define VECTOR_MAX 1024u /* UIO_MAXIOV */

struct linux_iovec {
    uint64_t base;
    uint64_t length;
};
static_assert(sizeof(struct linux_iovec) == 16, "struct iovec");

static int read_vector(struct thread *thread, uint64_t vector, uint64_t k, struct linux_iovec *out)
{
    return user_copy_in(&thread->process->space, out, vector + k * sizeof(*out), sizeof(*out));
}

int64_t vector_size(struct thread *thread, uint64_t vector, uint64_t count)
{
    uint64_t sum = 0;
    if (count > VECTOR_MAX)
        return -EINVAL;
    for (uint64_t k = 0; k < count; k++) {
        struct linux_iovec v = {0};
        int error = read_vector(thread, vector, k, &v);
        if (error != 0)
            return error;
        if (__builtin_add_overflow(sum, v.length, &sum) || sum > INT64_MAX)
            return -EINVAL;
    }
    return (int64_t)sum;
}

static int move_part(struct thread *thread, uint64_t address, uint64_t offset, uint64_t bytes,
                     enum vector_direction direction)
{
    struct address_space *space = &thread->process->space;
    int64_t ready = 0;
    switch (direction) {
    case VECTOR_GATHER:
        return user_copy_to_normal(space, thread->bounce + offset, address, bytes);
    case VECTOR_SCATTER:
        return user_copy_from_normal(space, address, thread->bounce + offset, bytes);
    default:
        ready = marshal_prepare(thread, address, bytes);
        return ready < 0 ? -ENOMEM : (uint64_t)ready < bytes ? -EFAULT : 0;
    }
}

int vector_move(struct thread *thread, uint64_t vector, uint64_t count, uint64_t skip,
                uint64_t bytes, uint64_t offset, enum vector_direction direction)
{
    for (uint64_t k = 0; k < count && bytes > 0; k++) {
        struct linux_iovec v = {0};
        int error = read_vector(thread, vector, k, &v);
        if (error != 0)
            return error;
        if (skip >= v.length) {
            skip -= v.length;
            continue;
        }
        uint64_t left = v.length - skip, part = left < bytes ? left : bytes;
        error = move_part(thread, v.base + skip, offset, part, direction);
        if (error != 0)
            return error;
        offset += part;
        bytes -= part;
        skip = 0;
    }
    return 0;
}
