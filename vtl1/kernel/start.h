/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory that a Linux program finds when it begins: segments, stack, argv, envp, auxv. */
#ifndef SK_START_H
#define SK_START_H

#include "process.h"

/*
 * Reads the start block's header once, chooses addresses and maps segments and stack. SK_OK,
 * SK_INVALID_ARGUMENT, SK_ACCESS_DENIED, SK_LIMIT, SK_NO_RANDOM, SK_NO_MEMORY (begin again).
 */
enum sk_status start_begin(struct process *process, uint64_t gpa, uint64_t bytes);
/*
 * Copies the strings and writes the tables. SK_OK, SK_AGAIN and SK_NO_MEMORY (call again, the
 * cursor is kept), or an error as above.
 */
enum sk_status start_continue(struct process *process);
/* Registers of the first thread. */
uint64_t start_stack_pointer(const struct process *process);

#endif
