/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * THREAD_RUN: ring 3 and back. The process's lock is held in the kernel and dropped while the
 * trustlet runs; thread->running keeps the process from being freed meanwhile.
 */
#include "thread.h"
#include "call.h"
#include "cpu.h"
#include "fpu.h"
#include "image_cache.h"
#include "linux_abi.h"
#include "normal_memory.h"
#include "region.h"
#include "sk_assert.h"
#include "signals.h"
#include "string.h"
#include "x86.h"

#include <asm/siginfo.h>

#define CHANNEL_PAGES_MIN 2u
#define CHANNEL_PAGES_MAX 64u
#define USER_FLAGS        0x240dd5ull /* CF PF AF ZF SF TF DF OF AC ID */
#define USER_FLAGS_FIXED  0x202ull    /* IF and the bit that is always one */
#define PF_PRESENT        (1u << 0)
#define PF_WRITE          (1u << 1)
#define PF_FETCH          (1u << 4)

static_assert(USER_SYSCALL == ENTRY_USER_SYSCALL, "entry.S");

/* Going round, so that a number is not soon used again; never the first one's. */
static bool free_index(const struct process *process, uint32_t *index)
{
    *index = process->newest_thread;
    if (process->thread_slots == 0)
        return true;
    for (uint32_t tries = 0; tries < PROCESS_MAX_THREADS; tries++) {
        *index = *index % (PROCESS_MAX_THREADS - 1) + 1;
        if (process->threads[*index] == NULL)
            return true;
    }
    return false;
}

enum sk_status thread_create(struct process *process, struct thread **made)
{
    uint32_t index = 0;

    if (process->thread_count >= process->manifest->max_threads || !free_index(process, &index))
        return SK_LIMIT;
    uint64_t frame = frame_alloc();

    if (frame == FRAME_NONE)
        return SK_NO_MEMORY;
    struct thread *thread = frame_pointer(frame);

    thread->process = process;
    thread->index = index;
    thread->resume = RESUME_USER;
    fpu_init_thread(thread);
    process->threads[index] = thread;
    process->thread_count++;
    process->newest_thread = index;
    if (process->thread_slots <= index)
        process->thread_slots = index + 1;
    *made = thread;
    return SK_OK;
}

void thread_free(struct thread *thread)
{
    struct process *process = thread->process;

    SK_CHECK(!thread->running);
    trustlet_call_abort(thread);
    if (thread->channel != NULL)
        normal_memory_unpin(thread->channel_gpa, thread->channel_pages);
    process->threads[thread->index] = NULL;
    process->thread_count--;
    frame_put(frame_address(thread));
}

struct thread *thread_find(const struct process *process, uint64_t index)
{
    return index < process->thread_slots ? process->threads[index] : NULL;
}

enum sk_status sk_call_thread_attach(struct call *call)
{
    uint64_t gpa = call->argument[2], pages = call->argument[3], user = call->argument[4];
    volatile void *mapped = NULL;
    struct process *process = process_find(call->argument[0]);

    if (process == NULL)
        return SK_NOT_FOUND;
    struct thread *thread = thread_find(process, call->argument[1]);
    enum sk_status status = SK_OK;

    if (thread == NULL)
        status = SK_NOT_FOUND;
    else if (thread->channel != NULL || process->building)
        status = SK_BAD_STATE;
    else if (pages < CHANNEL_PAGES_MIN || pages > CHANNEL_PAGES_MAX || user % PAGE_SIZE != 0 ||
             user >= USER_END || pages * PAGE_SIZE > USER_END - user)
        status = SK_INVALID_ARGUMENT;
    else
        status = normal_memory_pin(gpa, pages, &mapped);
    if (status == SK_OK) {
        thread->parent = NULL;
        thread->channel = mapped;
        thread->bounce = (volatile uint8_t *)mapped + PAGE_SIZE;
        thread->bounce_size = (pages - 1) * PAGE_SIZE;
        thread->bounce_user = user + PAGE_SIZE;
        thread->channel_gpa = gpa;
        thread->channel_pages = pages;
    }
    process_unlock(process);
    return status;
}

enum sk_status sk_call_thread_kill(struct call *call)
{
    uint64_t signal = call->argument[1];
    struct process *process = process_find(call->argument[0]);

    if (process == NULL)
        return SK_NOT_FOUND;
    if (signal >= 1 && signal <= 64)
        process_die(process, SK_DEATH_KILLED, 0, (int)signal, 0);
    process_unlock(process);
    return signal >= 1 && signal <= 64 ? SK_OK : SK_INVALID_ARGUMENT;
}

/* IRETQ must not fault: a RIP or RSP that is not canonical is the program's own fault. */
static bool registers_sound(struct thread *thread)
{
    struct user_registers *r = &thread->registers;

    r->cs = SELECTOR_USER_CODE;
    r->ss = SELECTOR_USER_DATA;
    r->rflags = (r->rflags & USER_FLAGS) | USER_FLAGS_FIXED;
    bool rsp_sound = (uint64_t)((int64_t)(r->rsp << 16) >> 16) == r->rsp;

    if (r->rip < USER_END && rsp_sound)
        return true;
    process_die(thread->process, SK_DEATH_FAULT, 0, SIGSEGV, rsp_sound ? r->rip : r->rsp);
    return false;
}

static uint64_t canonical(uint64_t base)
{
    return base < USER_END ? base : 0;
}

static void take_exception(struct thread *thread, uint64_t address)
{
    const struct user_registers *r = &thread->registers;

    if (r->vector == 14) {
        thread->fault_address = address;
        thread->fault_access = r->error_code & PF_WRITE   ? ACCESS_WRITE
                               : r->error_code & PF_FETCH ? ACCESS_EXECUTE
                                                          : ACCESS_READ;
        thread->resume = RESUME_FAULT;
        thread->asked_memory = false;
        return;
    }
    signal_exception(thread);
}

/* One stay in ring 3. True: an interrupt waits for VTL0. */
static bool run_user(struct cpu *cpu, struct thread *thread)
{
    struct process *process = thread->process;

    if (!registers_sound(thread))
        return false;
    process->user_entries++;
    process_unlock(process);
    cpu_write_fs_base(cpu, canonical(thread->fs_base));
    cpu_write_user_gs_base(cpu, canonical(thread->gs_base));
    user_enter(&thread->registers);
    uint64_t fault_address = read_cr2();

    thread->fs_base = cpu_read_fs_base(cpu);
    thread->gs_base = cpu_read_user_gs_base(cpu);
    process_lock(process);
    if (thread->registers.vector == USER_SYSCALL) {
        thread->resume = RESUME_DISPATCH;
        thread->cursor = 0;
        thread->asked_memory = false;
        return false;
    }
    if (thread->registers.vector >= 32) {
        process->preemptions++;
        return true;
    }
    take_exception(thread, fault_address);
    return false;
}

/* There was no free frame: known images give theirs first, then VTL0 is asked. False: it was asked
 * already and did not give. */
static bool want_memory(struct thread *thread, uint64_t pages, enum sk_run *why)
{
    if (image_cache_shrink()) {
        *why = SK_RUN_PREEMPTED;
        return true;
    }
    if (thread->asked_memory)
        return false;
    thread->asked_memory = true;
    thread->run_result[0] = frame_wanted(pages);
    *why = SK_RUN_MEMORY;
    return true;
}

/* True: leave VTL1 with *why. */
static bool run_fault(struct thread *thread, enum sk_run *why)
{
    struct process *process = thread->process;
    int error = address_space_fault(&process->space, thread->fault_address, thread->fault_access);

    if (error == -ENOMEM && want_memory(thread, 1, why))
        return true;
    thread->resume = RESUME_USER;
    if (error == -EFAULT)
        signal_force(thread, SIGSEGV,
                     region_at(&process->space, thread->fault_address) ? SEGV_ACCERR : SEGV_MAPERR,
                     thread->fault_address);
    else if (error != 0)
        process_die(process, SK_DEATH_MEMORY, 0, SIGKILL, thread->fault_address);
    return false;
}

/* What VTL0 is to do stands until VTL0 has been told of what there is. If a signal came while it
 * was made ready, it does not last long. */
static enum sk_run ask(struct thread *thread, enum syscall_action action)
{
    bool request = action == SYSCALL_MARSHAL;

    thread->resume = RESUME_COMPLETE;
    if (signal_waiting(thread) && action == SYSCALL_ACCEPT)
        thread->run_result[0] = 0;
    if (signal_waiting(thread) && request && thread->channel->interrupt != thread->syscall.sequence)
        signal_interrupt(thread);
    if (thread->process->tell.what != 0 && (request || action == SYSCALL_WAIT))
        return SK_RUN_WAKE;
    return (enum sk_run)action;
}

/* What a system call wants done next. True: leave VTL1 with *why. */
static inline bool take_action(struct thread *thread, enum syscall_action action, enum sk_run *why)
{
    uint64_t pages = thread->run_result[0];

    *why = (enum sk_run)action;
    switch (action) {
    case SYSCALL_RETURN:
        thread->resume = RESUME_USER;
        return thread->process->tell.what != 0;
    case SYSCALL_EXIT:
        return false; /* the process is dead: the loop sees it */
    case SYSCALL_AGAIN:
        return true;
    case SYSCALL_NEED_MEMORY:
        /* When VTL0 does not give, the call is made again and answers ENOMEM by itself. */
        *why = SK_RUN_PREEMPTED;
        want_memory(thread, pages == 0 ? 1 : pages, why);
        return true;
    case SYSCALL_THREAD_EXIT:
        trustlet_call_abort(thread);
        return true;
    default:
        *why = ask(thread, action);
        return true;
    }
}

static enum sk_run thread_loop(struct cpu *cpu, struct thread *thread)
{
    enum sk_run why = SK_RUN_PREEMPTED;
    bool leave = false;

    while (!leave && !thread->process->dead) {
        why = SK_RUN_PREEMPTED; /* not what an action said that did not leave */
        switch (thread->resume) {
        case RESUME_USER:
            leave = signal_waiting(thread) || thread->mask_saved || thread->interrupted != 0
                        ? take_action(thread, signal_deliver(thread), &why)
                        : run_user(cpu, thread);
            break;
        case RESUME_DISPATCH:
            leave = take_action(thread, syscall_dispatch(thread), &why);
            break;
        case RESUME_COMPLETE:
            leave = take_action(thread, syscall_complete(thread), &why);
            break;
        case RESUME_FAULT:
            leave = run_fault(thread, &why);
            break;
        }
        if (!leave && call_must_yield()) {
            why = SK_RUN_PREEMPTED;
            leave = true;
        }
    }
    return thread->process->dead ? SK_RUN_EXIT : why;
}

enum sk_run thread_enter(struct thread *thread)
{
    struct cpu *cpu = this_cpu();

    thread->running = true;
    thread->asked_memory = thread->asked_memory && !frame_available();
    thread->process->space.cpus |= 1ull << cpu->index;
    write_cr3(thread->process->space.root);
    cpu_set_registers(cpu, &thread->registers);
    fpu_enter_thread(thread);
    enum sk_run why = thread_loop(cpu, thread);

    fpu_leave_thread(thread);
    cpu_set_registers(cpu, NULL);
    write_cr2(0);
    write_cr3(kernel_cr3);
    thread->process->space.cpus &= ~(1ull << cpu->index);
    thread->running = false;
    return why;
}

static void tell(struct call *call, struct process *process)
{
    memcpy(&call->result[1], &process->tell, sizeof(process->tell));
    process->tell = (struct process_tell){0};
}

enum sk_status sk_call_process_ring(struct call *call)
{
    struct process *process = process_find(call->argument[0]);

    if (process == NULL)
        return SK_NOT_FOUND;
    call->result[0] = signal_ring(process);
    tell(call, process);
    process_unlock(process);
    return SK_OK;
}

/* A thread that has ended is gone with the answer that says so. */
static void set_results(struct call *call, struct thread *thread, enum sk_run why)
{
    struct process *process = thread->process;

    call->result[0] = why;
    if (why == SK_RUN_EXIT) {
        call->result[1] = process->death_status;
        call->result[2] = process->death_signal;
        call->result[3] = process->death_address;
        call->result[4] = process->death;
        return;
    }
    for (unsigned i = 0; i < 4; i++)
        call->result[1 + i] = thread->run_result[i];
    if (why == SK_RUN_WAKE || why == SK_RUN_THREAD_EXIT)
        tell(call, process);
    if (why == SK_RUN_THREAD_EXIT)
        thread_free(thread);
}

enum sk_status sk_call_thread_run(struct call *call)
{
    struct process *process = process_find(call->argument[0]);

    if (process == NULL)
        return SK_NOT_FOUND;
    struct thread *thread = thread_find(process, call->argument[1]);
    enum sk_status status = SK_OK;
    enum sk_run why = SK_RUN_PREEMPTED;

    if (thread != NULL && trustlet_call_left(thread, &why))
        set_results(call, thread, why);
    else if (thread == NULL)
        status = SK_NOT_FOUND;
    else if (thread->running)
        status = SK_BUSY;
    else if (process->building || thread->channel == NULL)
        status = SK_BAD_STATE;
    else
        set_results(call, thread, process->dead ? SK_RUN_EXIT : thread_enter(thread));
    process_unlock(process);
    return status;
}
