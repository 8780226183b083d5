/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The marshalling engine: carries a system call to VTL0 and its answer back, by the descriptors in
 * the call's table entry. VTL0 sees copies in the bounce buffer and nothing else of the trustlet;
 * the trustlet sees of VTL0's answer only what the entry's contract allows.
 */
#ifndef SK_MARSHAL_H
#define SK_MARSHAL_H

#include "syscall.h"
#include "thread.h"

/* Puts the call into the channel. -> SYSCALL_MARSHAL, or the end of the call. */
enum syscall_action marshal_request(struct thread *thread, const struct syscall_entry *entry,
                                    const uint64_t given[6]);
/*
 * Takes the answer to the request under way. -> SYSCALL_RETURN; SYSCALL_MARSHAL when there is a
 * further part, or no answer yet; SYSCALL_EXIT when the answer was a lie and the process is dead.
 */
enum syscall_action marshal_answer(struct thread *thread, const uint64_t given[6]);

/* ---- for the calls that are made of several requests ---- */

/* Asks VTL0 for `number` with exactly these arguments. -> SYSCALL_MARSHAL */
enum syscall_action marshal_ask(struct thread *thread, uint64_t number,
                                const uint64_t arguments[6]);
/* True if VTL0 has answered the newest request; *result is read from the channel once. */
bool marshal_answered(struct thread *thread, int64_t *result);
/* The process dies of a lying answer, with an audit record. -> SYSCALL_EXIT */
enum syscall_action marshal_lie(struct thread *thread, int64_t result);

#endif
