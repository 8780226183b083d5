/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside libopenvsm only. */
#ifndef OPENVSM_HOST_H
#define OPENVSM_HOST_H

#include <pthread.h>
#include <signal.h>

#include "openvsm.h"

/* Ends blocking calls of carriers, be it the driver that sends it or this library; a trustlet
 * cannot have it. */
#define KICK_SIGNAL OPENVSM_KICK_SIGNAL

enum carrier_start { CARRIER_STARTS, CARRIER_READY, CARRIER_FAILED };
/* One VTL0 thread that carries one thread of the trustlet. */
struct carrier {
    struct openvsm *host;
    struct carrier *next;
    pthread_t thread;
    uint32_t index;            /* the trustlet's thread */
    enum carrier_start *start; /* of who started it, and waits until it is set */
};

struct openvsm {
    int fd;
    uint32_t first_thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct carrier *carriers;
    bool kickable; /* the kick signal has its handler */
    bool ended;
    bool killed;        /* openvsm_kill() was called */
    pthread_t finisher; /* who learned of the end first */
    int error;          /* errno that ended it without an answer from VTL1 */
    struct openvsm_end end;
};

/*
 * Makes the system call that VTL1 asked for: exactly that number with exactly those arguments, bar
 * those that would take the library's own descriptor away (EBADF, as if it did not exist), and with
 * what SK_REQUEST_PART asks for.
 * -> what the kernel answered, -4095..-1 being errors.
 */
int64_t openvsm_make_syscall(int device_fd, uint64_t number, const uint64_t arguments[6]);

/*
 * The trustlet reads these signals (bit 0: signal 1) by signalfd(2): from now on they wait for
 * that, with whatever disposition they had before. All but SIGKILL, SIGSTOP and KICK_SIGNAL.
 */
void openvsm_keep_signals(uint64_t set);

/* Interrupts the carriers' blocking system calls, so that they see that the trustlet has ended. */
void openvsm_kick(struct openvsm *host);

#endif
