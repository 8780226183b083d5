/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NtOpenProcess, NtClose, NtQueryInformationProcess and NtQuerySystemInformation
 * over Linux: the fields come from /proc and the scheduler, whether the process is
 * secure from the driver.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nt/winternl.h"
#include "nt_handle.h"
#include "openvsm.h"
#include <openvsm/device.h>

#define QUERY_RIGHTS (PROCESS_QUERY_INFORMATION | PROCESS_QUERY_LIMITED_INFORMATION)
#define INSIDE_RIGHTS                                                                              \
    (PROCESS_VM_READ | PROCESS_VM_WRITE | PROCESS_VM_OPERATION | PROCESS_CREATE_THREAD)

/* What /proc/PID/stat says (proc(5)); -1 and errno where it cannot be read. */
struct process_stat {
    char state;
    pid_t parent;
    long priority;
};

static int read_stat(pid_t pid, struct process_stat *stat)
{
    char path[32];
    char line[1024];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, line, sizeof(line) - 1);
    close(fd);
    if (length <= 0)
        return -1;
    line[length] = '\0';
    /* The name may hold anything, parentheses too: the fields start after the last one. */
    const char *rest = strrchr(line, ')');
    if (rest == NULL ||
        sscanf(rest + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %ld",
               &stat->state, &stat->parent, &stat->priority) != 3) {
        errno = EPROTO;
        return -1;
    }
    return 0;
}

/* The first 64 CPUs, which is all that KAFFINITY has room for. */
static KAFFINITY affinity_of(pid_t pid)
{
    cpu_set_t set;
    KAFFINITY mask = 0;

    if (sched_getaffinity(pid, sizeof(set), &set) != 0)
        return 0;
    for (int cpu = 0; cpu < 64; cpu++)
        mask |= CPU_ISSET(cpu, &set) ? 1ull << cpu : 0;
    return mask;
}

static void fill_basic(pid_t pid, const struct process_stat *stat, PROCESS_BASIC_INFORMATION *basic)
{
    bool ended = stat->state == 'Z' || stat->state == 'X';

    *basic = (PROCESS_BASIC_INFORMATION){
        .ExitStatus = ended ? STATUS_PROCESS_IS_TERMINATING : STATUS_PENDING,
        .PebBaseAddress = NULL,
        .AffinityMask = affinity_of(pid),
        .BasePriority = (KPRIORITY)stat->priority,
        .UniqueProcessId = (ULONG_PTR)pid,
        .InheritedFromUniqueProcessId = (ULONG_PTR)stat->parent,
    };
}

NTSTATUS nt_status_of_errno(int error)
{
    switch (error) {
    case ESRCH:
    case ENOENT:
        return STATUS_INVALID_CID;
    case EACCES:
    case EPERM:
        return STATUS_ACCESS_DENIED;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return STATUS_INSUFFICIENT_RESOURCES;
    default:
        return STATUS_UNSUCCESSFUL;
    }
}

static NTSTATUS fill_extended(pid_t pid, const struct process_stat *stat,
                              PROCESS_EXTENDED_BASIC_INFORMATION *extended)
{
    bool secure = false;

    /* "Could not tell" must not look like "not secure". */
    if (openvsm_is_secure_process(pid, &secure) != 0)
        return nt_status_of_errno(errno);
    extended->Size = sizeof(*extended);
    extended->Flags = 0;
    extended->IsProcessDeleting = stat->state == 'Z' || stat->state == 'X';
    extended->IsFrozen = stat->state == 'T';
    extended->IsBackground = sched_getscheduler(pid) == SCHED_IDLE;
    extended->IsSecureProcess = secure;
    fill_basic(pid, stat, &extended->BasicInfo);
    return STATUS_SUCCESS;
}

/* Whether the buffer can be written to: what the kernel's copy would find, without a signal. */
static NTSTATUS probe_for_write(PVOID buffer, ULONG length)
{
    unsigned char bytes[sizeof(PROCESS_EXTENDED_BASIC_INFORMATION)];
    int pipes[2];
    NTSTATUS status = STATUS_ACCESS_VIOLATION;

    if (buffer == NULL || length > sizeof(bytes) || pipe2(pipes, O_CLOEXEC) != 0)
        return STATUS_ACCESS_VIOLATION;
    /* Its own bytes go through a pipe and back, so a good buffer keeps what it holds. */
    if (write(pipes[1], buffer, length) == (ssize_t)length &&
        read(pipes[0], buffer, length) == (ssize_t)length)
        status = STATUS_SUCCESS;
    close(pipes[0]);
    close(pipes[1]);
    return status;
}

static NTSTATUS check_query(PROCESSINFOCLASS class, PVOID information, ULONG length)
{
    if (class != ProcessBasicInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (length != sizeof(PROCESS_BASIC_INFORMATION) &&
        length != sizeof(PROCESS_EXTENDED_BASIC_INFORMATION))
        return STATUS_INFO_LENGTH_MISMATCH;
    if ((ULONG_PTR)information % sizeof(ULONG) != 0)
        return STATUS_DATATYPE_MISALIGNMENT;
    return probe_for_write(information, length);
}

static NTSTATUS query_process(pid_t pid, PVOID information, ULONG length)
{
    PROCESS_EXTENDED_BASIC_INFORMATION extended = {0};
    struct process_stat stat = {0};

    if (read_stat(pid, &stat) != 0)
        return nt_status_of_errno(errno);
    if (length == sizeof(PROCESS_BASIC_INFORMATION)) {
        fill_basic(pid, &stat, &extended.BasicInfo);
        memcpy(information, &extended.BasicInfo, sizeof(extended.BasicInfo));
        return STATUS_SUCCESS;
    }
    memcpy(&extended, information, sizeof(extended));
    if (extended.Size != sizeof(extended))
        return STATUS_INVALID_PARAMETER;
    NTSTATUS status = fill_extended(pid, &stat, &extended);
    if (NT_SUCCESS(status))
        memcpy(information, &extended, sizeof(extended));
    return status;
}

NTSTATUS NtQueryInformationProcess(HANDLE handle, PROCESSINFOCLASS class, PVOID information,
                                   ULONG length, PULONG returned)
{
    struct nt_process process = {0};
    NTSTATUS status = check_query(class, information, length);

    if (NT_SUCCESS(status))
        status = nt_handle_process(handle, QUERY_RIGHTS, &process);
    if (NT_SUCCESS(status))
        status = query_process(process.pid, information, length);
    if (NT_SUCCESS(status) && returned != NULL)
        *returned = length;
    return status;
}

/* The right to look inside is Linux's right to open /proc/PID/mem (ptrace(2), access mode). A
 * trustlet's host can be opened: what is then done with the handle is refused and recorded, each by
 * its own name. */
static NTSTATUS check_inside_rights(pid_t pid, ACCESS_MASK access)
{
    bool secure = false;
    char path[32];

    if ((access & INSIDE_RIGHTS) == 0 || (openvsm_is_secure_process(pid, &secure) == 0 && secure))
        return STATUS_SUCCESS;
    snprintf(path, sizeof(path), "/proc/%d/mem", pid);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return nt_status_of_errno(errno);
    close(fd);
    return STATUS_SUCCESS;
}

static NTSTATUS open_process(pid_t pid, ACCESS_MASK access, PHANDLE handle)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

    if (pidfd < 0)
        return errno == EINVAL ? STATUS_INVALID_CID : nt_status_of_errno(errno);
    NTSTATUS status = check_inside_rights(pid, access);
    if (NT_SUCCESS(status)) {
        *handle = nt_handle_new(pidfd, pid, access);
        status = *handle != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!NT_SUCCESS(status))
        close(pidfd);
    return status;
}

NTSTATUS NtOpenProcess(PHANDLE handle, ACCESS_MASK access, POBJECT_ATTRIBUTES attributes,
                       PCLIENT_ID client)
{
    if (handle == NULL)
        return STATUS_ACCESS_VIOLATION;
    if (client == NULL || client->UniqueThread != NULL || attributes == NULL ||
        attributes->Length != sizeof(*attributes) || attributes->ObjectName != NULL)
        return STATUS_INVALID_PARAMETER;
    ULONG_PTR pid = (ULONG_PTR)client->UniqueProcess;
    if (pid == 0 || pid > INT32_MAX)
        return STATUS_INVALID_CID;
    return open_process((pid_t)pid, access, handle);
}

NTSTATUS NtClose(HANDLE handle)
{
    return nt_handle_close(handle);
}

/* Without the driver nothing runs in VTL1 that this machine knows of: every flag is 0. */
static NTSTATUS query_isolated_user_mode(SYSTEM_ISOLATED_USER_MODE_INFORMATION *information)
{
    struct openvsm_skcall info = {.number = SK_CALL_INFO};
    int fd = open(OPENVSM_DEVICE, O_RDONLY | O_CLOEXEC);

    *information = (SYSTEM_ISOLATED_USER_MODE_INFORMATION){0};
    if (fd < 0)
        return errno == ENOENT ? STATUS_SUCCESS : nt_status_of_errno(errno);
    int result = ioctl(fd, OPENVSM_QUERY, &info);
    int error = errno;
    close(fd);
    if (result != 0)
        return nt_status_of_errno(error);
    information->SecureKernelRunning = 1;
    information->TrustletRunning = info.results[3] != 0;
    return STATUS_SUCCESS;
}

NTSTATUS NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS class, PVOID information, ULONG length,
                                  PULONG returned)
{
    SYSTEM_ISOLATED_USER_MODE_INFORMATION answer;

    if (class != SystemIsolatedUserModeInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (length != sizeof(answer))
        return STATUS_INFO_LENGTH_MISMATCH;
    NTSTATUS status = probe_for_write(information, length);
    if (NT_SUCCESS(status))
        status = query_isolated_user_mode(&answer);
    if (NT_SUCCESS(status))
        memcpy(information, &answer, sizeof(answer));
    if (NT_SUCCESS(status) && returned != NULL)
        *returned = length;
    return status;
}
