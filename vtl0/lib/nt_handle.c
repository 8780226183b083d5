/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nt_handle.h"

#define HANDLE_MAX 1024u

struct slot {
    int pidfd_plus_one; /* 0 = free, so that the table needs no set-up */
    struct nt_process process;
};

/* Handles belong to the process, as they do on Windows: one table, one lock. */
static struct {
    pthread_mutex_t lock;
    struct slot slots[HANDLE_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static HANDLE handle_of_slot(size_t index)
{
    return (HANDLE)(ULONG_PTR)((index + 1) * 4);
}

/* The open slot of a handle, or NULL. The caller holds the lock. */
static struct slot *slot_of_handle(HANDLE handle)
{
    ULONG_PTR value = (ULONG_PTR)handle;

    if (value == 0 || value % 4 != 0 || value / 4 > HANDLE_MAX)
        return NULL;
    struct slot *slot = &table.slots[value / 4 - 1];
    return slot->pidfd_plus_one != 0 ? slot : NULL;
}

HANDLE nt_handle_new(int pidfd, pid_t pid, ACCESS_MASK access)
{
    HANDLE handle = NULL;

    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < HANDLE_MAX && handle == NULL; i++) {
        if (table.slots[i].pidfd_plus_one == 0) {
            table.slots[i] = (struct slot){.pidfd_plus_one = pidfd + 1, .process = {pid, access}};
            handle = handle_of_slot(i);
        }
    }
    pthread_mutex_unlock(&table.lock);
    return handle;
}

NTSTATUS nt_handle_close(HANDLE handle)
{
    NTSTATUS status = STATUS_INVALID_HANDLE;

    if (handle == NtCurrentProcess())
        return STATUS_SUCCESS;
    pthread_mutex_lock(&table.lock);
    struct slot *slot = slot_of_handle(handle);
    if (slot != NULL) {
        close(slot->pidfd_plus_one - 1);
        *slot = (struct slot){0};
        status = STATUS_SUCCESS;
    }
    pthread_mutex_unlock(&table.lock);
    return status;
}

/* Signal 0 to the pidfd: ESRCH once the process is reaped, whoever has its number now. */
static NTSTATUS slot_state(const struct slot *slot)
{
    if (syscall(SYS_pidfd_send_signal, slot->pidfd_plus_one - 1, 0, NULL, 0) < 0 && errno == ESRCH)
        return STATUS_INVALID_CID;
    return STATUS_SUCCESS;
}

NTSTATUS nt_handle_process(HANDLE handle, ACCESS_MASK needed, struct nt_process *process)
{
    NTSTATUS status = STATUS_INVALID_HANDLE;

    if (handle == NtCurrentProcess()) {
        *process = (struct nt_process){getpid(), PROCESS_ALL_ACCESS};
        return STATUS_SUCCESS;
    }
    pthread_mutex_lock(&table.lock);
    const struct slot *slot = slot_of_handle(handle);
    if (slot != NULL && (slot->process.access & needed) == 0) {
        status = STATUS_ACCESS_DENIED;
    } else if (slot != NULL) {
        *process = slot->process;
        status = slot_state(slot);
    }
    pthread_mutex_unlock(&table.lock);
    return status;
}
