/* SPDX-License-Identifier: BSD-2-Clause */
/* The NT-style process API against an ordinary process and against a trustlet's host. TAP. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "is_secure_process.h"
#include "openvsm.h"

#define SAMPLE "/sys/module/nt_sample/parameters/"

static int tests, failures;

static void check(bool good, const char *text)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++tests, text);
    failures += !good;
    fflush(stdout);
}

static void is(NTSTATUS got, NTSTATUS wanted, const char *text)
{
    if (got != wanted)
        printf("# got %#x, expected %#x\n", (ULONG)got, (ULONG)wanted);
    check(got == wanted, text);
}

static HANDLE open_pid(pid_t pid, ACCESS_MASK access)
{
    OBJECT_ATTRIBUTES attributes;
    CLIENT_ID client = {.UniqueProcess = (HANDLE)(ULONG_PTR)pid};
    HANDLE handle = NULL;

    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    NTSTATUS status = NtOpenProcess(&handle, access, &attributes, &client);
    if (!NT_SUCCESS(status))
        printf("# NtOpenProcess(%d): %#x\n", pid, (ULONG)status);
    return handle;
}

static volatile uint64_t word = 0x1122334455667788;

/* A child with our own memory that waits to be killed. */
static pid_t start_ordinary(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

/* `ium run` of a program that never ends; returns once it is known to be secure. */
static pid_t start_trustlet(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/ium", "ium", "run", "busybox", "sleep", "1000", NULL);
        _exit(127);
    }
    for (int i = 0; i < 200; i++) {
        bool secure = false;
        if (openvsm_is_secure_process(pid, &secure) == 0 && secure)
            break;
        usleep(50000);
    }
    return pid;
}

static void test_lengths_and_handles(void)
{
    PROCESS_EXTENDED_BASIC_INFORMATION info = {.Size = sizeof(info)};
    HANDLE self = NtCurrentProcess();
    ULONG length = 0;

    is(NtQueryInformationProcess(self, (PROCESSINFOCLASS)999, &info, sizeof(info), NULL),
       STATUS_INVALID_INFO_CLASS, "an unknown class");
    is(NtQueryInformationProcess(self, ProcessBasicInformation, &info, 47, NULL),
       STATUS_INFO_LENGTH_MISMATCH, "length 47");
    is(NtQueryInformationProcess(self, ProcessBasicInformation, &info, 63, NULL),
       STATUS_INFO_LENGTH_MISMATCH, "length 63");
    is(NtQueryInformationProcess(self, ProcessBasicInformation, NULL, 48, NULL),
       STATUS_ACCESS_VIOLATION, "a NULL buffer");
    is(NtQueryInformationProcess(self, ProcessBasicInformation, (PVOID)0x1000, 48, NULL),
       STATUS_ACCESS_VIOLATION, "an unmapped buffer");
    is(NtQueryInformationProcess(self, ProcessBasicInformation, (char *)&info + 1, 48, NULL),
       STATUS_DATATYPE_MISALIGNMENT, "a misaligned buffer");
    is(NtQueryInformationProcess((HANDLE)4, ProcessBasicInformation, &info, sizeof(info), NULL),
       STATUS_INVALID_HANDLE, "a handle that was never open");
    info.Size = 63;
    is(NtQueryInformationProcess(self, ProcessBasicInformation, &info, sizeof(info), NULL),
       STATUS_INVALID_PARAMETER, "a Size that is not 64");
    info.Size = sizeof(info);
    is(NtQueryInformationProcess(self, ProcessBasicInformation, &info, sizeof(info), &length),
       STATUS_SUCCESS, "length 64");
    check(length == 64 && info.BasicInfo.UniqueProcessId == (ULONG_PTR)getpid() &&
              info.BasicInfo.InheritedFromUniqueProcessId == (ULONG_PTR)getppid() &&
              info.BasicInfo.ExitStatus == STATUS_PENDING && info.BasicInfo.AffinityMask != 0,
          "the fields are those of this process");
    is(NtClose((HANDLE)4), STATUS_INVALID_HANDLE, "closing what is not open");
}

static void test_ordinary(void)
{
    pid_t pid = start_ordinary();
    BOOLEAN secure = TRUE;
    uint64_t copy = 0;
    SIZE_T done = 0;
    HANDLE handle = open_pid(pid, PROCESS_ALL_ACCESS);
    HANDLE limited = open_pid(pid, PROCESS_TERMINATE);

    is(IsSecureProcess(handle, &secure), STATUS_SUCCESS, "an ordinary process can be asked");
    check(!secure, "it is not secure");
    is(NtReadVirtualMemory(handle, (PVOID)&word, &copy, sizeof(copy), &done), STATUS_SUCCESS,
       "its memory can be read");
    check(done == sizeof(copy) && copy == word, "and holds what it should");
    is(IsSecureProcess(limited, &secure), STATUS_ACCESS_DENIED, "a handle without query rights");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    is(IsSecureProcess(handle, &secure), STATUS_INVALID_CID, "a process that is gone: no answer");
    is(NtClose(handle), STATUS_SUCCESS, "close");
    is(IsSecureProcess(handle, &secure), STATUS_INVALID_HANDLE, "a closed handle");
    NtClose(limited);
}

/* Audit records of this kind for these operations. */
static unsigned attempts_recorded(void)
{
    struct sk_audit_record records[OPENVSM_AUDIT_RECORDS];
    struct openvsm *host = NULL;
    unsigned seen = 0;
    uint64_t after = 0;
    int count;

    if (openvsm_open(&host))
        return 0;
    while ((count = openvsm_audit(host, after, records)) > 0) {
        for (int i = 0; i < count; i++)
            if (records[i].kind == SK_AUDIT_ATTEMPT && records[i].value == (uint64_t)getpid())
                seen |= 1u << records[i].address;
        after = records[count - 1].sequence;
    }
    openvsm_close(host);
    return seen;
}

static void test_wrappers(HANDLE handle)
{
    uint64_t copy = 0;
    PVOID base = NULL;
    SIZE_T size = 4096;
    HANDLE thread = NULL;

    is(NtReadVirtualMemory(handle, (PVOID)0x400000, &copy, sizeof(copy), NULL),
       STATUS_PROCESS_IS_PROTECTED, "reading its memory");
    is(NtWriteVirtualMemory(handle, (PVOID)0x400000, &copy, sizeof(copy), NULL),
       STATUS_PROCESS_IS_PROTECTED, "writing its memory");
    is(NtAllocateVirtualMemory(handle, &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE),
       STATUS_PROCESS_IS_PROTECTED, "allocating in it");
    is(NtCreateThreadEx(&thread, 0, NULL, handle, (PVOID)0x400000, NULL, 0, 0, 0, 0, NULL),
       STATUS_PROCESS_IS_PROTECTED, "a thread in it");
    is(NtQueueApcThread(handle, (PVOID)0x400000, NULL, NULL, NULL), STATUS_PROCESS_IS_PROTECTED,
       "code queued to it");
    check(attempts_recorded() == 0x3e, "each of the five left an audit record with our id");
}

static void test_trustlet(pid_t pid)
{
    BOOLEAN secure = FALSE;
    HANDLE handle = open_pid(pid, PROCESS_ALL_ACCESS);

    is(IsSecureProcess(handle, &secure), STATUS_SUCCESS, "a trustlet's host can be asked");
    check(secure, "it is secure");
    test_wrappers(handle);
    NtClose(handle);
}

static void test_system(BOOLEAN running)
{
    SYSTEM_ISOLATED_USER_MODE_INFORMATION info;

    is(NtQuerySystemInformation(SystemIsolatedUserModeInformation, &info, 15, NULL),
       STATUS_INFO_LENGTH_MISMATCH, "system information of 15 bytes");
    is(NtQuerySystemInformation(SystemIsolatedUserModeInformation, &info, sizeof(info), NULL),
       STATUS_SUCCESS, "system information of 16 bytes");
    check(info.SecureKernelRunning && info.TrustletRunning == running && !info.HvciEnabled &&
              !info.EncryptionKeyTPMBound,
          running ? "it says that a trustlet runs" : "it says that none runs");
}

/* What the sample driver did with a process; the answer of the kernel's half of this API. */
static bool sample_says(pid_t pid, const char *wanted)
{
    char text[64] = "";
    FILE *file = fopen(SAMPLE "look_at", "w");
    if (file) {
        fprintf(file, "%d", pid);
        fclose(file);
    }
    file = fopen(SAMPLE "verdict", "r");
    if (!file || !fgets(text, sizeof(text), file))
        printf("# %s cannot be read\n", SAMPLE "verdict");
    if (file)
        fclose(file);
    text[strcspn(text, "\n")] = '\0';
    if (strcmp(text, wanted))
        printf("# the driver says: %s\n", text);
    return strcmp(text, wanted) == 0;
}

static void test_kernel(pid_t trustlet)
{
    pid_t ordinary = start_ordinary();
    int fd = open("/lib/nt_sample.ko", O_RDONLY | O_CLOEXEC);

    check(syscall(SYS_finit_module, fd, "", 0) == 0, "the sample driver loads");
    check(sample_says(ordinary, "ordinary: read"), "it looks into an ordinary process");
    check(sample_says(trustlet, "secure: left alone"), "it leaves a secure one alone");
    kill(ordinary, SIGKILL);
    waitpid(ordinary, NULL, 0);
    check(sample_says(ordinary, "no such process"), "and says when there is none");
    close(fd);
    syscall(SYS_delete_module, "nt_sample", O_NONBLOCK);
}

/* `ium is-secure` answers by exit status: 0 secure, 1 not, 2 could not tell. */
static int ium_is_secure(pid_t pid)
{
    char command[64];
    snprintf(command, sizeof(command), "ium is-secure %d 2>/dev/null >&2", pid);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
    test_lengths_and_handles();
    test_ordinary();
    test_system(FALSE);
    pid_t trustlet = start_trustlet();
    test_trustlet(trustlet);
    test_system(TRUE);
    test_kernel(trustlet);
    check(ium_is_secure(trustlet) == 0, "ium is-secure: 0 for a trustlet's host");
    check(ium_is_secure(getpid()) == 1, "1 for an ordinary process");
    kill(trustlet, SIGKILL);
    waitpid(trustlet, NULL, 0);
    check(ium_is_secure(trustlet) == 2, "2 where there is no such process");
    printf("1..%d\n", tests);
    return failures != 0;
}
