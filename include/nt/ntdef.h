/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The base types, annotations and macros that source written for the Windows
 * API expects, for 64-bit Linux user code and for Linux kernel modules. The
 * widths are Windows' own (LLP64): ULONG has 32 bits.
 */
#ifndef OPENVSM_NT_NTDEF_H
#define OPENVSM_NT_NTDEF_H

#include <openvsm/types.h>

/* Source-code annotations (SAL): for readers and for Microsoft's analyser. */
#define _In_
#define _In_opt_
#define _Out_
#define _Out_opt_
#define _Inout_
#define _Inout_opt_
#define _In_reads_bytes_(size)
#define _Out_writes_bytes_(size)
#define _Out_writes_bytes_opt_(size)
#define _Use_decl_annotations_
#define _Must_inspect_result_
#define _IRQL_requires_max_(irql)
#define _Success_(expression)

#define NTAPI
#define NTSYSAPI
#define NTSYSCALLAPI
#define VOID                      void
#define UNREFERENCED_PARAMETER(x) ((void)(x))
#define ARGUMENT_PRESENT(x)       ((x) != NULL)
#ifndef TRUE
#define TRUE  1
#define FALSE 0
#endif

typedef void *PVOID;
typedef PVOID HANDLE;
typedef HANDLE *PHANDLE;
typedef char CHAR;
typedef unsigned char UCHAR;
typedef UCHAR BOOLEAN;
typedef BOOLEAN *PBOOLEAN;
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef uint16_t WCHAR;
typedef WCHAR *PWSTR;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef ULONG *PULONG;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef uint64_t ULONG64;
typedef int64_t LONG_PTR;
typedef uint64_t ULONG_PTR;
typedef ULONG_PTR SIZE_T;
typedef SIZE_T *PSIZE_T;
typedef ULONG_PTR KAFFINITY;
typedef LONG KPRIORITY;
typedef ULONG ACCESS_MASK;
typedef LONG NTSTATUS;

/* Success and information severities are not negative. */
#define NT_SUCCESS(status)     (((NTSTATUS)(status)) >= 0)
#define NT_INFORMATION(status) ((((ULONG)(status)) >> 30) == 1)
#define NT_WARNING(status)     ((((ULONG)(status)) >> 30) == 2)
#define NT_ERROR(status)       ((((ULONG)(status)) >> 30) == 3)

typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;
static_assert(sizeof(OBJECT_ATTRIBUTES) == 48, "ntdef.h, 64-bit");

#define InitializeObjectAttributes(p, name, attributes, root, descriptor)                          \
    do {                                                                                           \
        (p)->Length = sizeof(OBJECT_ATTRIBUTES);                                                   \
        (p)->RootDirectory = (root);                                                               \
        (p)->ObjectName = (name);                                                                  \
        (p)->Attributes = (attributes);                                                            \
        (p)->SecurityDescriptor = (descriptor);                                                    \
        (p)->SecurityQualityOfService = NULL;                                                      \
    } while (0)

typedef struct _CLIENT_ID {
    HANDLE UniqueProcess;
    HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

#endif
