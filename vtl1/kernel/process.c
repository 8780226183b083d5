/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of processes. A slot's lock guards the process in it and is the one that is held while
 * anything is done to it; the slots themselves never go away, so a stale handle can always be
 * looked up safely.
 */
#include "process.h"
#include "epoll.h"
#include "audit.h"
#include "call.h"
#include "hypercall.h"
#include "image.h"
#include "normal_memory.h"
#include "spinlock.h"
#include "start.h"
#include "string.h"
#include "thread.h"
#include "time.h"

struct slot {
    struct spinlock lock;
    bool taken;        /* between table.lock's choice and the process's end */
    uint64_t sequence; /* of the last process here; handle = sequence * PROCESS_MAX + index */
    struct process *process;
};

static struct {
    struct spinlock lock; /* taken flags, counts */
    struct slot slots[PROCESS_MAX];
    uint32_t next; /* where the search for a free slot begins */
    uint64_t live, ever;
} table;

static struct slot *slot_of(uint64_t handle)
{
    return &table.slots[handle % PROCESS_MAX];
}

struct process *process_find(uint64_t handle)
{
    struct slot *slot = slot_of(handle);

    spin_lock(&slot->lock);
    if (slot->process != NULL && slot->process->handle == handle)
        return slot->process;
    spin_unlock(&slot->lock);
    return NULL;
}

void process_lock(const struct process *process)
{
    spin_lock(&slot_of(process->handle)->lock);
}

void process_unlock(const struct process *process)
{
    spin_unlock(&slot_of(process->handle)->lock);
}

uint64_t process_live_count(void)
{
    return table.live;
}

uint64_t process_ever_count(void)
{
    return table.ever;
}

bool process_is_running(const struct process *process)
{
    for (uint32_t i = 0; i < process->thread_slots; i++)
        if (process->threads[i] != NULL && process->threads[i]->running)
            return true;
    return false;
}

void process_die(struct process *process, enum sk_death death, int exit_status, int signal,
                 uint64_t address)
{
    if (process->dead)
        return;
    process->dead = true;
    process->death = death;
    process->death_status = (uint8_t)exit_status;
    process->death_signal = (uint8_t)signal;
    process->death_address = address;
    if (death == SK_DEATH_FAULT) {
        audit_write(&(struct sk_audit_record){.kind = SK_AUDIT_FAULT,
                                              .cpl = 3,
                                              .address = address,
                                              .value = (uint64_t)signal,
                                              .process = process->handle});
    }
}

/* A hardware watchdog would reset the machine with their memory in it (docs/threat-model.md, B). */
static bool trustlets_may_live(bool live)
{
    return hypercall_set_register(1, HV_REGISTER_OPENVSM_TRUSTLETS, live) == HV_STATUS_SUCCESS;
}

static enum sk_status slot_take(struct slot **taken)
{
    WITH_LOCK(&table.lock);
    if (table.live == 0 && !trustlets_may_live(true))
        return SK_WATCHDOG;
    for (uint32_t i = 0; i < PROCESS_MAX; i++) {
        struct slot *slot = &table.slots[(table.next + i) % PROCESS_MAX];

        if (slot->taken)
            continue;
        slot->taken = true;
        slot->sequence++;
        table.next = (table.next + i + 1) % PROCESS_MAX;
        table.live++;
        table.ever++;
        *taken = slot;
        return SK_OK;
    }
    return SK_LIMIT;
}

static void slot_give(struct slot *slot)
{
    WITH_LOCK(&table.lock);
    slot->taken = false;
    if (--table.live == 0)
        trustlets_may_live(false);
}

/* Called with the slot's lock, which goes with it. The address space is gone. */
static void process_free(struct process *process)
{
    struct slot *slot = slot_of(process->handle);

    for (uint32_t i = 0; i < process->thread_slots; i++)
        if (process->threads[i] != NULL)
            thread_free(process->threads[i]);
    if (process->image != NULL)
        image_release(process->image);
    slot->process = NULL;
    spin_unlock(&slot->lock);
    frame_put(frame_address(process));
    slot_give(slot);
}

/* Takes all of it back, in steps. The process is locked; unlocked or gone afterwards. */
static enum sk_status process_teardown(struct process *process)
{
    process->dead = true;
    if (process_is_running(process)) {
        process_unlock(process);
        return SK_BUSY;
    }
    epoll_free(process);
    if (address_space_destroy(&process->space) == ADDRESS_SPACE_AGAIN) {
        process_unlock(process);
        return SK_AGAIN;
    }
    process_free(process);
    return SK_OK;
}

/* What cannot be finished. Few pages so far: not worth a cursor. VTL0 may have named the handle
 * itself meanwhile. */
static void process_drop(struct process *process)
{
    uint64_t handle = process->handle;

    while (process != NULL && process_teardown(process) == SK_AGAIN)
        process = process_find(handle);
}

/* A new process with its slot's lock held. */
static enum sk_status process_new(struct process **made)
{
    uint64_t frame = frame_alloc();

    if (frame == FRAME_NONE)
        return SK_NO_MEMORY;
    struct slot *slot = NULL;
    enum sk_status status = slot_take(&slot);

    if (status != SK_OK) {
        frame_put(frame);
        return status;
    }
    struct process *process = frame_pointer(frame);

    process->handle = slot->sequence * PROCESS_MAX + (uint64_t)(slot - table.slots);
    process->building = true;
    process->start_ns = time_monotonic_ns();
    spin_lock(&slot->lock);
    slot->process = process;
    *made = process;
    return SK_OK;
}

/* What an earlier call has begun, locked. */
static enum sk_status process_unfinished(uint64_t handle, struct process **found)
{
    *found = process_find(handle);
    if (*found == NULL || ((*found)->building && !(*found)->dead))
        return *found == NULL ? SK_NOT_FOUND : SK_OK;
    process_unlock(*found);
    return SK_BAD_STATE;
}

static enum sk_status process_fill(struct process *process, uint64_t image, uint64_t gpa,
                                   uint64_t bytes)
{
    enum sk_status status = image_acquire(image, &process->image);

    if (status != SK_OK)
        return status;
    process->manifest = &image_trailer(process->image)->manifest;
    uint64_t limit = process->manifest->max_memory / PAGE_SIZE;
    if (address_space_create(&process->space, limit == 0 ? UINT64_MAX : limit) != 0)
        return SK_NO_MEMORY;
    return start_begin(process, gpa, bytes);
}

/* SK_OK: it is locked. */
static enum sk_status process_begin(struct process **made, uint64_t image, uint64_t gpa,
                                    uint64_t bytes)
{
    enum sk_status status = process_new(made);

    if (status != SK_OK)
        return status;
    status = process_fill(*made, image, gpa, bytes);
    if (status != SK_OK)
        process_drop(*made);
    return status;
}

static enum sk_status process_finish(struct process *process, uint64_t *thread)
{
    struct thread *first = NULL;
    enum sk_status status = start_continue(process);

    if (status == SK_OK)
        status = thread_create(process, &first);
    /* Last, when nothing else can keep it from running. */
    if (status == SK_OK)
        status = image_runs(process->image);
    if (status == SK_OK) {
        first->registers.rip = process->start.entry;
        first->registers.rsp = start_stack_pointer(process);
        process->building = false;
        *thread = first->index;
    }
    return status;
}

enum sk_status sk_call_process_create(struct call *call)
{
    uint64_t image = call->argument[0], gpa = call->argument[1], bytes = call->argument[2];
    uint64_t unfinished = call->argument[3];
    struct process *process = NULL;
    enum sk_status status = unfinished != 0 ? process_unfinished(unfinished, &process)
                                            : process_begin(&process, image, gpa, bytes);

    call->result[0] = call->result[1] = 0;
    if (status == SK_OK) {
        call->result[0] = call->result[1] = process->handle;
        status = process_finish(process, &call->result[1]);
        if (status == SK_OK || status == SK_AGAIN || status == SK_NO_MEMORY)
            process_unlock(process);
        else
            process_drop(process);
    }
    if (status == SK_NO_MEMORY)
        call->result[0] = frame_wanted(1);
    return status;
}

enum sk_status sk_call_process_destroy(struct call *call)
{
    struct process *process = process_find(call->argument[0]);

    if (process == NULL)
        return SK_NOT_FOUND;
    return process_teardown(process);
}

static void process_describe(const struct process *process, struct sk_process_info *info)
{
    *info = (struct sk_process_info){
        .process = process->handle,
        .host_pid = process->host_pid,
        .threads = process->thread_count,
        .pages = process->space.pages + process->thread_count + 1,
        .syscalls_local = process->syscalls_local,
        .syscalls_marshalled = process->syscalls_marshalled,
        .preemptions = process->preemptions,
        .user_entries = process->user_entries,
        .start_ns = process->start_ns,
    };
    if (process->manifest != NULL) {
        info->trustlet_id = process->manifest->trustlet_id;
        memcpy(info->name, process->manifest->name, sizeof(info->name));
        info->security_version = process->manifest->security_version;
        info->flags = process->manifest->flags;
        info->classes = process->manifest->classes;
    }
}

enum sk_status sk_call_process_info(struct call *call)
{
    uint64_t wanted = call->argument[0], gpa = call->argument[1];
    struct sk_process_info info = {0};
    uint64_t index = 0;

    for (uint32_t i = 0; i < PROCESS_MAX; i++) {
        struct slot *slot = &table.slots[i];

        if (!slot->taken || index++ != wanted)
            continue;
        spin_lock(&slot->lock);
        bool alive = slot->process != NULL;

        if (alive)
            process_describe(slot->process, &info);
        spin_unlock(&slot->lock);
        return alive ? normal_memory_write(gpa, &info, sizeof(info)) : SK_NOT_FOUND;
    }
    return SK_NOT_FOUND;
}
