/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trustlet's thread, carried by one VTL0 thread, which enters it with THREAD_RUN.
 */
#ifndef SK_THREAD_H
#define SK_THREAD_H

#include "process.h"
#include "syscall_state.h"
#include "trustlet_call.h"
#include <openvsm/skcall.h>

/* User registers as entry.S saves and loads them; the order is entry.S's. */
struct user_registers {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint64_t vector;     /* what brought it here: exception, VINA, or USER_SYSCALL */
    uint64_t error_code; /* of an exception */
    uint64_t rip, cs, rflags, rsp, ss;
};
#define USER_SYSCALL 0x100u /* = ENTRY_USER_SYSCALL */

/* What THREAD_RUN does first. */
enum thread_resume {
    RESUME_USER,     /* enter ring 3 */
    RESUME_DISPATCH, /* syscall_dispatch again: it wanted memory or a pause */
    RESUME_COMPLETE, /* syscall_complete: an answer should be in the channel */
    RESUME_FAULT,    /* the page fault at fault_address again: it wanted memory */
};

#define THREAD_XSAVE_OFFSET 1216u
#define THREAD_XSAVE_MAX    (PAGE_SIZE - THREAD_XSAVE_OFFSET)

/* What siginfo_t says of it. */
struct signal {
    uint32_t number;
    int code;
    uint64_t address;
};

/* Linux's stack_t. */
struct signal_stack {
    uint64_t base;
    uint32_t flags, reserved;
    uint64_t size;
};

struct thread {
    struct process *process;
    uint32_t index;
    bool running;      /* on a CPU */
    bool asked_memory; /* VTL0 was asked for pages since the last progress */
    enum thread_resume resume;

    _Alignas(16) struct user_registers registers; /* the CPU pushes its end here, cpu.h */
    uint64_t fs_base, gs_base; /* canonical user addresses; loaded before ring 3, saved after */
    uint64_t fault_address;
    unsigned fault_access;
    uint64_t cursor; /* of a restarted system call; 0 when a new one begins */

    /* The channel: VTL0's pages, pinned. All NULL and 0 before THREAD_ATTACH. */
    volatile struct sk_channel *channel; /* in the direct map */
    volatile uint8_t *bounce;            /* the pages after it */
    uint64_t bounce_size;                /* bytes */
    uint64_t bounce_user;                /* the host process's address of bounce[0] */
    uint64_t channel_gpa;
    uint64_t channel_pages;

    /* Results 1..4 of THREAD_RUN for the action that syscall_dispatch returned. */
    uint64_t run_result[4];

    uint64_t clear_child_tid, robust_list;
    struct thread *parent;      /* that made it; NULL once it has a channel */
    struct thread *next_waiter; /* futex.h */
    uint64_t futex_address;     /* 0: does not wait, or was woken */
    uint32_t futex_bits;

    struct signal_stack alternate_stack;
    struct signal forced;             /* by its own instruction; number 0: none */
    uint64_t signal_mask, saved_mask; /* bit n - 1 is signal n */
    uint64_t pending;                 /* sent to this thread alone */
    bool mask_saved;      /* sigsuspend's mask is in force; saved_mask is the real one */
    uint64_t interrupted; /* 1 + number of a call that was cut short and may be made again */

    struct syscall_state syscall; /* marshal.c's own, zero at creation */
    struct service service;       /* trustlet_call.c's own, zero at creation */
};
static_assert(sizeof(struct thread) <= THREAD_XSAVE_OFFSET, "a thread object is one frame");

static_assert(PROCESS_MAX_THREADS <= 128, "a bit for each in `wake`");

/* A new thread, ready to run at registers.rip with registers.rsp (to be set). Lock held. SK_OK,
 * SK_LIMIT, SK_NO_MEMORY. */
enum sk_status thread_create(struct process *process, struct thread **made);
/* The process's thread with that index, or NULL. */
struct thread *thread_find(const struct process *process, uint64_t index);
/* Lets go of its channel and frees it. It is not running. */
void thread_free(struct thread *thread);

/* Runs it on this CPU, which nobody else does, until it wants something of VTL0. Lock held; it is
 * dropped while the trustlet runs. */
enum sk_run thread_enter(struct thread *thread);
/* gettid(): the first thread's number is the process's, as in Linux. */
static inline uint32_t thread_number(const struct thread *thread)
{
    return (uint32_t)thread->process->host_pid + thread->index;
}

/* VTL0 is to run it again, where it waits. */
static inline void thread_wake(const struct thread *thread)
{
    thread->process->tell.wake[thread->index / 64] |= 1ull << thread->index % 64;
    thread->process->tell.what |= SK_TELL_WAKE;
}

/* What syscall_dispatch and syscall_complete want done next, by what VTL0 is told where it is. */
enum syscall_action {
    /* registers.rax is set: go on in ring 3 */
    SYSCALL_RETURN = SK_RUN_WAKE,
    /* the request stands in the channel; syscall_complete at the next run */
    SYSCALL_MARSHAL = SK_RUN_SYSCALL,
    /* as WAIT: the thread waits for a call */
    SYSCALL_ACCEPT = SK_RUN_ACCEPT,
    /* run_result[0] = nanoseconds; syscall_complete at the next run */
    SYSCALL_WAIT = SK_RUN_WAIT,
    /* run_result[0] = new thread; syscall_complete at the next run */
    SYSCALL_SPAWN = SK_RUN_SPAWN,
    /* the thread is over */
    SYSCALL_THREAD_EXIT = SK_RUN_THREAD_EXIT,
    /* process_die was called */
    SYSCALL_EXIT = SK_RUN_EXIT,
    /* run_result[0] = pages; the same function is called again */
    SYSCALL_NEED_MEMORY = SK_RUN_MEMORY,
    /* an interrupt waits: the same function is called again */
    SYSCALL_AGAIN = SK_RUN_PREEMPTED,
};

/*
 * The seam to syscall.c and marshal.c. Both are called with the process's lock held, on the CPU
 * that carries the thread. syscall_dispatch: the thread executed SYSCALL, RAX = number, arguments
 * in RDI RSI RDX R10 R8 R9; RIP is behind the instruction. Both may be called again after
 * SYSCALL_NEED_MEMORY and SYSCALL_AGAIN, with registers as they left them; thread->asked_memory
 * is true if VTL0 was already asked and did not give: then answer -ENOMEM instead.
 */
enum syscall_action syscall_dispatch(struct thread *thread);
enum syscall_action syscall_complete(struct thread *thread);

#endif
