/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes and system information in the shapes of the NT native API. In user
 * space libopenvsm implements the functions, in the kernel openvsm.ko does.
 *
 * What these functions say is the word of VTL0's kernel: a hostile kernel can
 * forge it. Proof that a process runs in VTL1 is a report signed in VTL1.
 */
#ifndef OPENVSM_NT_WINTERNL_H
#define OPENVSM_NT_WINTERNL_H

#include "ntdef.h"
#include "ntstatus.h"

#define PROCESS_TERMINATE                 0x0001
#define PROCESS_CREATE_THREAD             0x0002
#define PROCESS_VM_OPERATION              0x0008
#define PROCESS_VM_READ                   0x0010
#define PROCESS_VM_WRITE                  0x0020
#define PROCESS_QUERY_INFORMATION         0x0400
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000
#define PROCESS_ALL_ACCESS                0x1fffff

#define NtCurrentProcess()                ((HANDLE)(LONG_PTR)-1)
#define ZwCurrentProcess()                NtCurrentProcess()

typedef enum _PROCESSINFOCLASS {
    ProcessBasicInformation = 0,
} PROCESSINFOCLASS;

typedef struct _PEB *PPEB;

typedef struct _PROCESS_BASIC_INFORMATION {
    NTSTATUS ExitStatus; /* STATUS_PENDING while it lives */
    PPEB PebBaseAddress; /* NULL: a Linux process has none */
    KAFFINITY AffinityMask;
    KPRIORITY BasePriority;
    ULONG_PTR UniqueProcessId;
    ULONG_PTR InheritedFromUniqueProcessId;
} PROCESS_BASIC_INFORMATION, *PPROCESS_BASIC_INFORMATION;
static_assert(sizeof(PROCESS_BASIC_INFORMATION) == 48, "winternl.h, 64-bit");
static_assert(offsetof(PROCESS_BASIC_INFORMATION, UniqueProcessId) == 32, "winternl.h, 64-bit");

typedef struct _PROCESS_EXTENDED_BASIC_INFORMATION {
    SIZE_T Size; /* the caller sets 64; any other value is STATUS_INVALID_PARAMETER */
    PROCESS_BASIC_INFORMATION BasicInfo;
    union {
        ULONG Flags;
        struct {
            ULONG IsProtectedProcess : 1;
            ULONG IsWow64Process : 1;
            ULONG IsProcessDeleting : 1;
            ULONG IsCrossSessionCreate : 1;
            ULONG IsFrozen : 1;
            ULONG IsBackground : 1;
            ULONG IsStronglyNamed : 1;
            ULONG IsSecureProcess : 1;
            ULONG IsSubsystemProcess : 1;
            ULONG IsTrustedApp : 1;
            ULONG SpareBits : 22;
        };
    };
} PROCESS_EXTENDED_BASIC_INFORMATION, *PPROCESS_EXTENDED_BASIC_INFORMATION;
static_assert(sizeof(PROCESS_EXTENDED_BASIC_INFORMATION) == 64, "ntddk.h, 64-bit");
static_assert(offsetof(PROCESS_EXTENDED_BASIC_INFORMATION, Flags) == 56, "ntddk.h, 64-bit");
#define PROCESS_EXTENDED_SECURE 0x80u /* IsSecureProcess within Flags */

typedef enum _SYSTEM_INFORMATION_CLASS {
    SystemIsolatedUserModeInformation = 0xa5,
} SYSTEM_INFORMATION_CLASS;

typedef struct _SYSTEM_ISOLATED_USER_MODE_INFORMATION {
    BOOLEAN SecureKernelRunning : 1;
    BOOLEAN HvciEnabled : 1;
    BOOLEAN HvciStrictMode : 1;
    BOOLEAN DebugEnabled : 1;
    BOOLEAN FirmwarePageProtection : 1;
    BOOLEAN EncryptionKeyAvailable : 1;
    BOOLEAN SpareFlags : 2;
    BOOLEAN TrustletRunning : 1;
    BOOLEAN HvciDisableAllowed : 1;
    BOOLEAN HardwareEnforcedVbs : 1;
    BOOLEAN NoSecrets : 1;
    BOOLEAN EncryptionKeyPersistent : 1;
    BOOLEAN HardwareEnforcedHvpt : 1;
    BOOLEAN HardwareHvptAvailable : 1;
    BOOLEAN SpareFlags2 : 1;
    BOOLEAN EncryptionKeyTPMBound : 1;
    BOOLEAN SpareFlags3 : 7;
    BOOLEAN Spare0[5];
    ULONGLONG Spare1;
} SYSTEM_ISOLATED_USER_MODE_INFORMATION, *PSYSTEM_ISOLATED_USER_MODE_INFORMATION;
static_assert(sizeof(SYSTEM_ISOLATED_USER_MODE_INFORMATION) == 16, "ntexapi.h");

/*
 * Opens the process with the id in ClientId->UniqueProcess. ClientId->UniqueThread and
 * ObjectAttributes->ObjectName must be NULL.
 * STATUS_INVALID_CID: no such process. STATUS_ACCESS_DENIED: the caller may not have that access.
 */
NTSTATUS NTAPI NtOpenProcess(_Out_ PHANDLE ProcessHandle, _In_ ACCESS_MASK DesiredAccess,
                             _In_ POBJECT_ATTRIBUTES ObjectAttributes,
                             _In_opt_ PCLIENT_ID ClientId);

/* STATUS_INVALID_HANDLE: not an open handle. Closing a pseudo-handle does nothing and succeeds. */
NTSTATUS NTAPI NtClose(_In_ HANDLE Handle);

/*
 * ProcessBasicInformation: length 48 fills PROCESS_BASIC_INFORMATION, length 64
 * PROCESS_EXTENDED_BASIC_INFORMATION; any other is STATUS_INFO_LENGTH_MISMATCH with *ReturnLength
 * untouched. Checked in this order: class, length, alignment, buffer, handle, access.
 */
NTSTATUS NTAPI NtQueryInformationProcess(_In_ HANDLE ProcessHandle,
                                         _In_ PROCESSINFOCLASS ProcessInformationClass,
                                         _Out_writes_bytes_(ProcessInformationLength)
                                             PVOID ProcessInformation,
                                         _In_ ULONG ProcessInformationLength,
                                         _Out_opt_ PULONG ReturnLength);

/* SystemIsolatedUserModeInformation: 16 bytes. Without OpenVSM every flag is 0. */
NTSTATUS NTAPI NtQuerySystemInformation(_In_ SYSTEM_INFORMATION_CLASS SystemInformationClass,
                                        _Out_writes_bytes_(SystemInformationLength)
                                            PVOID SystemInformation,
                                        _In_ ULONG SystemInformationLength,
                                        _Out_opt_ PULONG ReturnLength);

#define ZwOpenProcess             NtOpenProcess
#define ZwClose                   NtClose
#define ZwQueryInformationProcess NtQueryInformationProcess
#define ZwQuerySystemInformation  NtQuerySystemInformation

#ifndef __KERNEL__
/*
 * What acts on another process's inside. On a trustlet each ends in STATUS_PROCESS_IS_PROTECTED and
 * an audit record: its memory and threads are in VTL1, and nothing in VTL0 can reach them.
 */
NTSTATUS NTAPI NtReadVirtualMemory(_In_ HANDLE ProcessHandle, _In_ PVOID BaseAddress,
                                   _Out_writes_bytes_(Size) PVOID Buffer, _In_ SIZE_T Size,
                                   _Out_opt_ PSIZE_T BytesRead);
NTSTATUS NTAPI NtWriteVirtualMemory(_In_ HANDLE ProcessHandle, _In_ PVOID BaseAddress,
                                    _In_reads_bytes_(Size) PVOID Buffer, _In_ SIZE_T Size,
                                    _Out_opt_ PSIZE_T BytesWritten);
/* Own process only, by mmap; another process of VTL0 gets STATUS_NOT_SUPPORTED: Linux has no such
 * call. */
NTSTATUS NTAPI NtAllocateVirtualMemory(_In_ HANDLE ProcessHandle, _Inout_ PVOID *BaseAddress,
                                       _In_ ULONG_PTR ZeroBits, _Inout_ PSIZE_T RegionSize,
                                       _In_ ULONG AllocationType, _In_ ULONG Protect);
#define MEM_COMMIT     0x1000u
#define MEM_RESERVE    0x2000u
#define PAGE_NOACCESS  0x01u
#define PAGE_READONLY  0x02u
#define PAGE_READWRITE 0x04u
/* Likewise another process's threads cannot be made or queued to by anyone on Linux. */
NTSTATUS NTAPI NtCreateThreadEx(_Out_ PHANDLE ThreadHandle, _In_ ACCESS_MASK DesiredAccess,
                                _In_opt_ POBJECT_ATTRIBUTES ObjectAttributes,
                                _In_ HANDLE ProcessHandle, _In_ PVOID StartRoutine,
                                _In_opt_ PVOID Argument, _In_ ULONG CreateFlags,
                                _In_ SIZE_T ZeroBits, _In_ SIZE_T StackSize,
                                _In_ SIZE_T MaximumStackSize, _In_opt_ PVOID AttributeList);
/* ThreadHandle: a process handle stands for its first thread. */
NTSTATUS NTAPI NtQueueApcThread(_In_ HANDLE ThreadHandle, _In_ PVOID ApcRoutine,
                                _In_opt_ PVOID Argument1, _In_opt_ PVOID Argument2,
                                _In_opt_ PVOID Argument3);
#endif

#endif
