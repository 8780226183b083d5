/* SPDX-License-Identifier: BSD-2-Clause */
/* The marshalling engine's inner seams: what each kind of argument becomes, both ways. */
#ifndef SK_MARSHAL_PARTS_H
#define SK_MARSHAL_PARTS_H

#include "thread.h"

#define MARSHAL_LIE (-4096) /* no errno: the answer's content cannot be */

/*
 * Argument i of the call under way: its memory goes to the bounce buffer, thread->syscall.asked[i]
 * becomes what VTL0 sees. 0 or -errno; -ENOMEM: nothing is lost by doing it all again.
 */
int marshal_put(struct thread *thread, const uint64_t given[6], unsigned i);

/* What VTL0 filled in for argument i goes to the trustlet. 0, -errno, -ENOMEM or MARSHAL_LIE. */
int64_t marshal_take(struct thread *thread, const uint64_t given[6], unsigned i, int64_t result);

/* The checks that want the whole answer; may better *result. Return value as above. */
int64_t marshal_check(struct thread *thread, const uint64_t given[6], int64_t *result);

/* ---- marshal_vector.c: struct iovec[] in the trustlet's memory ---- */

enum vector_direction {
    VECTOR_GATHER,  /* trustlet -> bounce buffer */
    VECTOR_PREPARE, /* makes the trustlet's pages writable */
    VECTOR_SCATTER, /* bounce buffer -> trustlet */
};
/* The bytes behind the first `skip` in at most so many pieces that are not empty; or -EINVAL (as
 * Linux), -EFAULT, -ENOMEM. */
int64_t vector_size(struct thread *thread, uint64_t vector, uint64_t count, uint64_t skip,
                    uint64_t pieces_max);
#define VECTOR_BATCH 256u /* pieces moved in one request: some 30,000 instructions */
/* Moves `bytes` bytes, the first `skip` of the vector left out, at `offset` of the bounce buffer.
 * -> bytes moved, fewer where the trustlet's memory ends; -EFAULT: none; -ENOMEM. */
int64_t vector_move(struct thread *thread, uint64_t vector, uint64_t count, uint64_t skip,
                    uint64_t bytes, uint64_t offset, enum vector_direction direction);

/* ---- marshal_message.c: struct msghdr ---- */

/* As marshal_put and marshal_take, for argument i that is a message. */
int message_put(struct thread *thread, const uint64_t given[6], unsigned i);
int64_t message_take(struct thread *thread, const uint64_t given[6], unsigned i, int64_t result);

/* ---- shared ---- */

/* `bytes` of the bounce buffer for slot i, 8-byte aligned. False: there is no room. */
bool marshal_place(struct thread *thread, unsigned i, uint64_t bytes);
/* Bytes of the bounce buffer that are left for the next slot. */
uint64_t marshal_room(const struct thread *thread);
/* The host process's address of slot i. */
uint64_t marshal_address(const struct thread *thread, unsigned i);
/* Makes user pages ready for the access, so that it does not fail later: bytes from the start that
 * are, up to `bytes`, or -ENOMEM. */
int64_t marshal_prepare(struct thread *thread, uint64_t address, uint64_t bytes, unsigned access);
/* Copies to `offset` of the bounce buffer what can be read. -> bytes, or -ENOMEM */
int64_t marshal_gather(struct thread *thread, uint64_t address, uint64_t offset, uint64_t bytes);

#endif
