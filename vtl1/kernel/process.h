/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trustlet: one address space, its threads, who it is.
 */
#ifndef SK_PROCESS_H
#define SK_PROCESS_H

#include "address_space.h"
#include "spinlock.h"
#include <openvsm/trustlet.h>

struct image;
struct thread;

#define PROCESS_MAX         512u
#define PROCESS_MAX_THREADS 128u

struct process {
    struct spinlock lock; /* address space, threads and death */
    uint64_t handle;      /* never used twice */
    struct image *image;
    const struct trustlet_manifest *manifest; /* in the image, verified */
    struct address_space space;

    uint32_t uid, euid, gid, egid; /* VTL0's word */
    uint64_t host_pid;

    struct thread *threads[PROCESS_MAX_THREADS]; /* by index; NULL = unused */
    uint32_t thread_slots;                       /* indices handed out so far */
    uint32_t thread_count;                       /* alive */

    /* Set once, by process_die. Then every thread's next run answers SK_RUN_EXIT. */
    bool dead;
    bool destroying;
    uint8_t death_status; /* exit status */
    uint8_t death_signal;
    enum sk_death death;
    uint64_t death_address;

    /* For sk_process_info. */
    uint64_t start_ns;
    uint64_t syscalls_local, syscalls_marshalled, preemptions, user_entries;

    uint64_t unknown_syscalls[8]; /* bit per number below 512: already named in the audit log */
};
static_assert(sizeof(struct process) <= PAGE_SIZE, "a process object is one frame");

/* Ends the process; the first word counts. address: fault address or call number, by death. Lock
 * held. */
void process_die(struct process *process, enum sk_death death, int exit_status, int signal,
                 uint64_t address);

/* The process of a handle with its lock held, or NULL. */
struct process *process_find(uint64_t handle);
void process_release(struct process *process);

#endif
