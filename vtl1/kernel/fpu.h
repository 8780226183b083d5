/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vector state is shared between VTLs and belongs to whoever ran last: VTL0, or a trustlet.
 * Kernel code does not use it, except the crypto library, between fpu_begin and fpu_end.
 */
#ifndef SK_FPU_H
#define SK_FPU_H

#include <stdbool.h>
#include <stdint.h>

struct thread;

/* Saves the owner's state, gives a clean one. Not nested. Every call into the crypto library. */
void fpu_begin(void);
/* Wipes the state and gives the owner's back. */
void fpu_end(void);

/* FS base for the library's stack protector. fpu_begin does it too. */
void fpu_use_canary(void);

/* THREAD_RUN: takes VTL0's state out of the registers and loads the thread's, and back. */
void fpu_enter_thread(struct thread *thread);
void fpu_leave_thread(struct thread *thread);
/* What the thread that runs on this CPU has in its registers, into another thread's area. */
void fpu_copy_to(struct thread *thread);
/* For a signal's frame: the live state goes to the thread's area as Linux lays it out for programs
 * (`*size` bytes, from here). The thread runs on this CPU. */
void *fpu_show(struct thread *thread, uint64_t *size);
/* Loads what stands in the area, of whatever origin. False: XRSTOR would fault, nothing is loaded;
 * the area needs fpu_show() again before the thread leaves the CPU. */
bool fpu_take(struct thread *thread);
/* The state a program starts with, in the thread's area. */
void fpu_init_thread(struct thread *thread);
/* Learns the size and mask; NULL or a sentence. Each CPU calls it. */
const char *fpu_init(void);

#endif
