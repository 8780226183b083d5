/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host process of the attacker's own: it starts a trustlet through /dev/openvsm like libopenvsm
 * does, and then carries it by raw THREAD_RUN calls, recording every register after each return
 * and answering its system calls as truly or falsely as the test wants.
 */
#ifndef HOST_H
#define HOST_H

#include "attacker.h"
#include <openvsm/device.h>

struct host {
    int device;
    struct sk_channel *channel;
    uint64_t process;
    uint32_t thread;
};

/* Starts a signed file. words are its argv. -> false if it was refused; status says why. */
bool host_start(struct host *host, const char *path, const char *const *words, uint32_t *status);
void host_stop(struct host *host);

struct host_return {
    uint64_t status; /* enum sk_status */
    uint64_t reason; /* enum sk_run */
    uint64_t result[4];
};
/* One THREAD_RUN, raw; call carries flags, xcr0, vectors and record in, registers out. */
struct host_return host_run_raw(struct host *host, struct attack_call *request);
/* One OPENVSM_RUN by the driver: gives memory when asked, returns at something to do. */
struct host_return host_run(struct host *host);
/* Runs until the trustlet asks or ends: raw, but by the driver when memory is wanted. */
struct host_return host_run_until(struct host *host, const struct attack_call *options);
/* Makes the call in the channel truly. -> its result, not yet answered. */
int64_t host_syscall(struct host *host);
void host_answer(struct host *host, int64_t result);

#endif
