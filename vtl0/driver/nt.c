// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NT native API's process queries for other modules of this kernel, so that a driver written
 * for Windows can ask IsSecureProcess first, as it would there. Fields come from the task.
 */
#include "driver.h"

#include <linux/export.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <ntddk.h>
#include <openvsm/linux.h>

#define QUERY_RIGHTS (PROCESS_QUERY_INFORMATION | PROCESS_QUERY_LIMITED_INFORMATION)
/* The access mask stands beside the pid, as on Windows the handle carries it. */
struct handle {
    struct pid *pid;
    ACCESS_MASK access;
};
static DEFINE_XARRAY_ALLOC1(handles);

static unsigned long index_of(HANDLE handle)
{
    return (ULONG_PTR)handle % 4 ? 0 : (ULONG_PTR)handle / 4;
}

static NTSTATUS add_handle(struct pid *pid, ACCESS_MASK access, PHANDLE out)
{
    struct handle *h = kmalloc(sizeof(*h), GFP_KERNEL);
    u32 index;

    if (!h)
        return STATUS_INSUFFICIENT_RESOURCES;
    *h = (struct handle){pid, access};
    if (xa_alloc(&handles, &index, h, xa_limit_31b, GFP_KERNEL)) {
        kfree(h);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *out = (HANDLE)((ULONG_PTR)index * 4);
    return STATUS_SUCCESS;
}

NTSTATUS NtOpenProcess(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                       PCLIENT_ID client)
{
    struct pid *pid;
    NTSTATUS status;

    if (!handle)
        return STATUS_ACCESS_VIOLATION;
    if (!client || client->UniqueThread || !attributes ||
        attributes->Length != sizeof(*attributes) || attributes->ObjectName)
        return STATUS_INVALID_PARAMETER;
    if ((ULONG_PTR)client->UniqueProcess > INT_MAX)
        return STATUS_INVALID_CID;
    pid = find_get_pid((int)(ULONG_PTR)client->UniqueProcess);
    if (!pid)
        return STATUS_INVALID_CID;
    status = add_handle(pid, access, handle);
    if (!NT_SUCCESS(status))
        put_pid(pid);
    return status;
}
EXPORT_SYMBOL_GPL(NtOpenProcess);

NTSTATUS NtClose(HANDLE handle)
{
    struct handle *h;

    if (handle == NtCurrentProcess())
        return STATUS_SUCCESS;
    h = xa_erase(&handles, index_of(handle));
    if (!h)
        return STATUS_INVALID_HANDLE;
    put_pid(h->pid);
    kfree(h);
    return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(NtClose);

/* A reference to the pid that a handle names. */
static NTSTATUS resolve(HANDLE handle, struct pid **pid)
{
    NTSTATUS status = STATUS_SUCCESS;
    struct handle *h;

    if (handle == NtCurrentProcess()) {
        *pid = get_pid(task_tgid(current));
        return STATUS_SUCCESS;
    }
    xa_lock(&handles);
    h = xa_load(&handles, index_of(handle));
    if (!h)
        status = STATUS_INVALID_HANDLE;
    else if (!(h->access & QUERY_RIGHTS))
        status = STATUS_ACCESS_DENIED;
    else
        *pid = get_pid(h->pid);
    xa_unlock(&handles);
    return status;
}

static void fill_basic(struct task_struct *task, PROCESS_BASIC_INFORMATION *basic)
{
    *basic = (PROCESS_BASIC_INFORMATION){
        .ExitStatus = task->exit_state ? STATUS_PROCESS_IS_TERMINATING : STATUS_PENDING,
        .AffinityMask = cpumask_bits(task->cpus_ptr)[0],
        .BasePriority = task_nice(task) + 20,
        .UniqueProcessId = task_tgid_vnr(task),
        .InheritedFromUniqueProcessId = task_ppid_nr(task),
    };
}

static void fill_extended(struct task_struct *task, bool secure,
                          PROCESS_EXTENDED_BASIC_INFORMATION *extended)
{
    extended->Size = sizeof(*extended);
    extended->Flags = 0;
    extended->IsProcessDeleting = task->exit_state != 0;
    extended->IsFrozen = task_is_stopped(task);
    extended->IsBackground = task->policy == SCHED_IDLE;
    extended->IsSecureProcess = secure;
    fill_basic(task, &extended->BasicInfo);
}

static NTSTATUS query(struct pid *pid, PVOID information, ULONG length)
{
    struct task_struct *task;
    bool secure = false;

    if (openvsm_is_secure(pid, &secure))
        return STATUS_INVALID_CID;
    task = get_pid_task(pid, PIDTYPE_TGID);
    if (!task)
        return STATUS_INVALID_CID;
    if (length == sizeof(PROCESS_BASIC_INFORMATION))
        fill_basic(task, information);
    else
        fill_extended(task, secure, information);
    put_task_struct(task);
    return STATUS_SUCCESS;
}

static NTSTATUS check(PROCESSINFOCLASS class, PVOID information, ULONG length)
{
    const PROCESS_EXTENDED_BASIC_INFORMATION *extended = information;

    if (class != ProcessBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (length != sizeof(PROCESS_BASIC_INFORMATION) && length != sizeof(*extended))
        return STATUS_INFO_LENGTH_MISMATCH;
    if ((ULONG_PTR)information % sizeof(ULONG))
        return STATUS_DATATYPE_MISALIGNMENT;
    if (!information)
        return STATUS_ACCESS_VIOLATION;
    if (length == sizeof(*extended) && extended->Size != sizeof(*extended))
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

NTSTATUS NtQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS class, PVOID information,
                                   ULONG length, PULONG returned)
{
    NTSTATUS status = check(class, information, length);
    struct pid *pid;

    if (NT_SUCCESS(status))
        status = resolve(handle, &pid);
    if (!NT_SUCCESS(status))
        return status;
    status = query(pid, information, length);
    put_pid(pid);
    if (NT_SUCCESS(status) && returned)
        *returned = length;
    return status;
}
EXPORT_SYMBOL_GPL(NtQueryInformationProcess);

NTSTATUS NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS class, PVOID information, ULONG length,
                                  PULONG returned)
{
    struct sk_words out, in = {{SK_CALL_INFO}};

    if (class != SystemIsolatedUserModeInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (length != sizeof(SYSTEM_ISOLATED_USER_MODE_INFORMATION))
        return STATUS_INFO_LENGTH_MISMATCH;
    if (!information)
        return STATUS_ACCESS_VIOLATION;
    if (sk_call(&in, &out, SK_TO_THE_END) || out.w[0] != SK_OK)
        return STATUS_UNSUCCESSFUL;
    *(SYSTEM_ISOLATED_USER_MODE_INFORMATION *)information = (SYSTEM_ISOLATED_USER_MODE_INFORMATION){
        .SecureKernelRunning = 1,
        .TrustletRunning = out.w[4] != 0,
    };
    if (returned)
        *returned = length;
    return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(NtQuerySystemInformation);
