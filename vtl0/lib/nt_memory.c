/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native API's ways into another process. On an ordinary process they do what
 * Linux can do; on a trustlet they say so and leave a record, instead of failing
 * silently or pretending to have worked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "nt/winternl.h"
#include "nt_handle.h"
#include "openvsm.h"

/*
 * STATUS_SUCCESS: the process is an ordinary one that the caller may act on. A trustlet ends in
 * STATUS_PROCESS_IS_PROTECTED and an audit record that names the operation.
 */
static NTSTATUS admit(HANDLE handle, ACCESS_MASK needed, enum sk_attempt operation,
                      struct nt_process *process)
{
    bool secure = false;
    NTSTATUS status = nt_handle_process(handle, needed, process);

    if (!NT_SUCCESS(status))
        return status;
    if (openvsm_is_secure_process(process->pid, &secure) != 0)
        return nt_status_of_errno(errno);
    if (secure) {
        openvsm_report_attempt(process->pid, operation);
        return STATUS_PROCESS_IS_PROTECTED;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS status_of_copy(ssize_t copied, SIZE_T wanted, PSIZE_T done)
{
    if (done != NULL)
        *done = copied > 0 ? (SIZE_T)copied : 0;
    if (copied < 0)
        return errno == EFAULT ? STATUS_ACCESS_VIOLATION : nt_status_of_errno(errno);
    return (SIZE_T)copied == wanted ? STATUS_SUCCESS : STATUS_PARTIAL_COPY;
}

NTSTATUS NtReadVirtualMemory(HANDLE handle, PVOID address, PVOID buffer, SIZE_T size,
                             PSIZE_T bytes_read)
{
    struct nt_process process = {0};
    struct iovec local = {buffer, size};
    struct iovec remote = {address, size};
    NTSTATUS status = admit(handle, PROCESS_VM_READ, SK_ATTEMPT_READ_MEMORY, &process);

    if (!NT_SUCCESS(status))
        return status;
    return status_of_copy(process_vm_readv(process.pid, &local, 1, &remote, 1, 0), size,
                          bytes_read);
}

NTSTATUS NtWriteVirtualMemory(HANDLE handle, PVOID address, PVOID buffer, SIZE_T size,
                              PSIZE_T bytes_written)
{
    struct nt_process process = {0};
    struct iovec local = {buffer, size};
    struct iovec remote = {address, size};
    NTSTATUS status = admit(handle, PROCESS_VM_WRITE, SK_ATTEMPT_WRITE_MEMORY, &process);

    if (!NT_SUCCESS(status))
        return status;
    return status_of_copy(process_vm_writev(process.pid, &local, 1, &remote, 1, 0), size,
                          bytes_written);
}

/* PAGE_* to PROT_*, or -1: no protection of one page may be both writable and executable. */
static int protection_of(ULONG protect)
{
    switch (protect) {
    case PAGE_NOACCESS:
        return PROT_NONE;
    case PAGE_READONLY:
        return PROT_READ;
    case PAGE_READWRITE:
        return PROT_READ | PROT_WRITE;
    default:
        return -1;
    }
}

NTSTATUS NtAllocateVirtualMemory(HANDLE handle, PVOID *base, ULONG_PTR zero_bits, PSIZE_T size,
                                 ULONG type, ULONG protect)
{
    struct nt_process process = {0};
    int protection = protection_of(protect);

    if (base == NULL || size == NULL)
        return STATUS_ACCESS_VIOLATION;
    NTSTATUS status = admit(handle, PROCESS_VM_OPERATION, SK_ATTEMPT_ALLOCATE_MEMORY, &process);
    if (!NT_SUCCESS(status))
        return status;
    if (process.pid != getpid())
        return STATUS_NOT_SUPPORTED;
    if (zero_bits != 0 || *size == 0 || protection < 0 || (type & MEM_RESERVE) == 0)
        return STATUS_INVALID_PARAMETER;
    void *mapping =
        mmap(*base, *size, protection,
             MAP_PRIVATE | MAP_ANONYMOUS | (*base != NULL ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    if (mapping == MAP_FAILED)
        return errno == ENOMEM ? STATUS_NO_MEMORY : STATUS_INVALID_PARAMETER;
    *base = mapping;
    return STATUS_SUCCESS;
}

NTSTATUS NtCreateThreadEx(PHANDLE thread, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                          HANDLE handle, PVOID start, PVOID argument, ULONG flags, SIZE_T zero_bits,
                          SIZE_T stack, SIZE_T maximum_stack, PVOID list)
{
    struct nt_process process = {0};
    NTSTATUS status = admit(handle, PROCESS_CREATE_THREAD, SK_ATTEMPT_CREATE_THREAD, &process);

    UNREFERENCED_PARAMETER(thread);
    UNREFERENCED_PARAMETER(access);
    UNREFERENCED_PARAMETER(attributes);
    UNREFERENCED_PARAMETER(start);
    UNREFERENCED_PARAMETER(argument);
    UNREFERENCED_PARAMETER(flags);
    UNREFERENCED_PARAMETER(zero_bits);
    UNREFERENCED_PARAMETER(stack);
    UNREFERENCED_PARAMETER(maximum_stack);
    UNREFERENCED_PARAMETER(list);
    /* A Linux program makes threads of its own with pthread_create(3); no other can. */
    return NT_SUCCESS(status) ? STATUS_NOT_SUPPORTED : status;
}

NTSTATUS NtQueueApcThread(HANDLE handle, PVOID routine, PVOID a, PVOID b, PVOID c)
{
    struct nt_process process = {0};
    NTSTATUS status = admit(handle, PROCESS_CREATE_THREAD, SK_ATTEMPT_QUEUE_CODE, &process);

    UNREFERENCED_PARAMETER(routine);
    UNREFERENCED_PARAMETER(a);
    UNREFERENCED_PARAMETER(b);
    UNREFERENCED_PARAMETER(c);
    return NT_SUCCESS(status) ? STATUS_NOT_SUPPORTED : status;
}
