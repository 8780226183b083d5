/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trustlet: one address space, its threads, who it is.
 */
#ifndef SK_PROCESS_H
#define SK_PROCESS_H

#include "address_space.h"
#include <openvsm/trustlet.h>

struct epoll_table;
struct image;
struct thread;

#define PROCESS_MAX         512u
#define PROCESS_MAX_THREADS 128u

#define LINUX_SIGNALS       64u
/* The kernel's struct sigaction on x86-64. */
struct linux_sigaction {
    uint64_t handler, flags, restorer, mask;
};

/* Cursor of the start block's copy, start.c. */
struct start_state {
    uint64_t gpa;        /* of the block */
    uint32_t argc, envc; /* as the program will see them */
    uint32_t skip;       /* strings of the caller's that are dropped first */
    uint32_t given;      /* strings in the block and in the manifest */
    uint64_t bytes;      /* of the block's strings */
    uint64_t prefix;     /* bytes of the manifest's fixed arguments before them */
    uint64_t strings;    /* user address of the first string */
    uint64_t pointers;   /* user address of argv[0] */
    uint64_t touched;    /* stack pages from here up are present */
    uint64_t top;        /* of the stack */
    uint64_t offset;     /* bytes copied and looked at */
    uint32_t index;      /* strings ended */
    bool inside;         /* offset is inside a string */
    uint64_t execfn;     /* argv[0]'s string */
    uint64_t entry, base;
};

/* All of it is guarded by the lock that process_find takes. */
struct process {
    uint64_t handle; /* never used twice */
    struct image *image;
    const struct trustlet_manifest *manifest; /* in the image, verified */
    struct address_space space;

    uint32_t uid, euid, gid, egid; /* VTL0's word */
    uint64_t host_pid;
    uint64_t real_ns; /* the latest real time that VTL0 has told: it never runs backwards */

    struct thread *threads[PROCESS_MAX_THREADS]; /* by index; NULL = unused */
    uint32_t thread_slots;                       /* the highest index handed out so far, plus 1 */
    uint32_t thread_count;                       /* alive */
    uint32_t newest_thread;                      /* index of the thread made last */
    struct thread *waiters;                      /* on futexes, in the order they came */
    struct thread *changing; /* its change of the address space is half done, others wait */
    uint8_t leader_status;   /* exit status of the first thread, when it is gone */

    /* Set once, by process_die. Then every thread's next run answers SK_RUN_EXIT. */
    bool building; /* PROCESS_CREATE has not finished */
    bool dead;
    uint8_t death_status; /* exit status */
    uint8_t death_signal;
    enum sk_death death;
    uint64_t death_address;

    /* For sk_process_info. */
    uint64_t start_ns;
    uint64_t syscalls_local, syscalls_marshalled, preemptions, user_entries;

    struct start_state start;
    struct epoll_table *epoll; /* NULL: nothing was ever registered */

    struct process_tell {
        uint64_t wake[2]; /* threads to run again */
        uint64_t what;    /* SK_TELL_*; 0: nothing */
    } tell;               /* what VTL0 hears at the next way out: results of SK_RUN_WAKE */

    struct linux_sigaction signals[LINUX_SIGNALS]; /* of signal 1.. */
    uint64_t pending;                              /* sent to the process; bit n - 1 is signal n */
    uint64_t alarm, alarm_interval; /* setitimer's, by time_monotonic_ns(); 0: not set, only once */
    uint64_t unknown_syscalls[8];   /* bit per number below 512: already named in the audit log */
};
static_assert(sizeof(struct process) <= PAGE_SIZE, "a process object is one frame");

/* Ends the process; the first word counts. address: fault address or call number, by death. Lock
 * held. */
void process_die(struct process *process, enum sk_death death, int exit_status, int signal,
                 uint64_t address);

/* The process of a handle with its lock held, or NULL. */
struct process *process_find(uint64_t handle);
void process_unlock(const struct process *process);
/* Takes the lock again. Only for a caller that keeps the process alive by a running thread. */
void process_lock(const struct process *process);

/* True while a thread is on a CPU, so that the process cannot be freed. */
bool process_is_running(const struct process *process);
uint64_t process_live_count(void);
uint64_t process_ever_count(void);

#endif
