/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A computation of the kernel's own that takes too long for one stay in VTL1 and cannot be cut into
 * steps, as a signature's check inside a library. It runs on a stack of its own with interrupts let
 * in, and is put aside like a trustlet's thread when one waits for VTL0. It holds no lock.
 */
#ifndef SK_JOB_H
#define SK_JOB_H

#include "thread.h"

#define JOB_STACK_SIZE 16384u

struct job {
    struct thread context; /* its registers; the vector state stands behind it in the page */
    uint8_t vector_state[PAGE_SIZE - sizeof(struct thread)];
    uint8_t stack[JOB_STACK_SIZE];
} __attribute__((aligned(PAGE_SIZE)));

/* function(argument) is what the next job_run calls. Whatever the job was at is forgotten. */
void job_begin(struct job *job, void (*function)(void *), void *argument);
/* Goes on with it, on one CPU at a time. True: the function has returned. False: VTL0's turn. */
bool job_run(struct job *job);

#endif
