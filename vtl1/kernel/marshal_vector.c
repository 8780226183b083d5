/* SPDX-License-Identifier: BSD-2-Clause */
/* readv and writev: VTL0 is asked for one plain buffer, the list stays in here. */
#include "marshal_parts.h"

#include "linux_abi.h"
#include "user_copy.h"

#define WINDOW 64u /* vectors read at once */

/* The trustlet's list, seen through a window that moves on. */
struct walk {
    struct thread *thread;
    uint64_t vector, count; /* address and length of the list */
    uint64_t next;
    struct iovec window[WINDOW];
};

/* The next vector in *out. 1; 0: there is none; -errno. */
static int walk_next(struct walk *w, struct iovec *out)
{
    uint64_t at = w->next % WINDOW, left = w->count - w->next;
    if (left == 0)
        return 0;
    if (at == 0) {
        uint64_t part = left < WINDOW ? left : WINDOW;
        int error = user_copy_in(&w->thread->process->space, w->window,
                                 w->vector + w->next * sizeof(*out), part * sizeof(*out));
        if (error != 0)
            return error;
    }
    w->next++;
    *out = w->window[at];
    return 1;
}

int64_t vector_size(struct thread *thread, uint64_t vector, uint64_t count, uint64_t skip,
                    uint64_t pieces_max)
{
    struct walk walk = {.thread = thread, .vector = vector, .count = count};
    struct iovec v = {0};
    uint64_t sum = 0, pieces = 0;
    int more = 0;
    if (count > UIO_MAXIOV)
        return -EINVAL;
    while (pieces < pieces_max && (more = walk_next(&walk, &v)) > 0) {
        uint64_t skipped = skip < v.iov_len ? skip : v.iov_len;
        skip -= skipped;
        pieces += v.iov_len > skipped;
        if (__builtin_add_overflow(sum, v.iov_len - skipped, &sum) || sum > INT64_MAX)
            return -EINVAL;
    }
    return more < 0 ? more : (int64_t)sum;
}

/* -> bytes moved; fewer where the trustlet's memory ends; -ENOMEM */
static int64_t move_piece(struct thread *thread, uint64_t address, uint64_t offset, uint64_t bytes,
                          enum vector_direction direction)
{
    struct address_space *space = &thread->process->space;
    switch (direction) {
    case VECTOR_GATHER:
        return marshal_gather(thread, address, offset, bytes);
    case VECTOR_SCATTER: {
        int error = user_copy_out(space, address, thread->bounce + offset, bytes);
        return error == -ENOMEM ? error : error != 0 ? 0 : (int64_t)bytes;
    }
    default:
        return marshal_prepare(thread, address, bytes, ACCESS_WRITE);
    }
}

int64_t vector_move(struct thread *thread, uint64_t vector, uint64_t count, uint64_t skip,
                    uint64_t bytes, uint64_t offset, enum vector_direction direction)
{
    struct walk walk = {.thread = thread, .vector = vector, .count = count};
    struct iovec v = {0};
    uint64_t done = 0;
    int more = 0;
    while (done < bytes && (more = walk_next(&walk, &v)) > 0) {
        uint64_t skipped = skip < v.iov_len ? skip : v.iov_len, left = v.iov_len - skipped;
        uint64_t part = left < bytes - done ? left : bytes - done;
        skip -= skipped;
        int64_t moved = part > 0 ? move_piece(thread, (uint64_t)v.iov_base + skipped, offset + done,
                                              part, direction)
                                 : 0;
        if (moved < 0)
            return moved;
        done += (uint64_t)moved;
        if ((uint64_t)moved < part)
            break;
    }
    if (more < 0)
        return more;
    return done == 0 && bytes > 0 ? -EFAULT : (int64_t)done;
}
