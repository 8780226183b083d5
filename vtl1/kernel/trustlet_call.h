/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls from VTL0 into a trustlet. A thread of the trustlet waits in ACCEPT; the caller's CPU
 * delivers the call to it and runs it, while the thread's own carrier sleeps in VTL0. What the
 * thread wants of VTL0 before it has answered is kept for that carrier, which takes over.
 */
#ifndef SK_TRUSTLET_CALL_H
#define SK_TRUSTLET_CALL_H

#include <openvsm/skcall.h>
#include <stdbool.h>

struct thread;

/* What a thread knows of the call that it waits for or serves. */
struct service {
    /* Of the open call, pinned until it is closed; NULL: none, or its caller has gone. */
    volatile struct sk_trustlet_call *caller;
    uint32_t room; /* bytes that the answer may have */
    bool accepting;
    bool serving;
    bool lent;    /* a caller's CPU is in it */
    uint8_t left; /* enum sk_run + 1: what its carrier is to answer next; 0: nothing */
};

/* True if THREAD_RUN has its answer without entering the thread. Process lock held. */
bool trustlet_call_left(struct thread *thread, enum sk_run *why);
/* The thread ends: its caller, if there is one, learns that and is let go. Process lock held. */
void trustlet_call_abort(struct thread *thread);

#endif
