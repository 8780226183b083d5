/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The idiom as a Windows driver's author writes it, word for word the same in user code and in a
 * kernel module: it is the proof that such source compiles unchanged.
 */
#ifndef IS_SECURE_PROCESS_H
#define IS_SECURE_PROCESS_H

#include <ntddk.h>

static inline NTSTATUS IsSecureProcess(_In_ HANDLE ProcessHandle, _Out_ BOOLEAN *SecureProcess)
{
    NTSTATUS status;
    PROCESS_EXTENDED_BASIC_INFORMATION extendedInfo = {0};

    PAGED_CODE();

    extendedInfo.Size = sizeof(extendedInfo);
    status = ZwQueryInformationProcess(ProcessHandle, ProcessBasicInformation, &extendedInfo,
                                       sizeof(extendedInfo), NULL);
    if (NT_SUCCESS(status))
        *SecureProcess = (BOOLEAN)(extendedInfo.IsSecureProcess != 0);
    return status;
}

#endif
