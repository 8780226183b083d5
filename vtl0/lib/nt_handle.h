/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handle table behind NtOpenProcess: a handle is a pidfd, so that it goes
 * on naming the process it was opened on when Linux gives the number away again.
 */
#ifndef OPENVSM_NT_HANDLE_H
#define OPENVSM_NT_HANDLE_H

#include <sys/types.h>
#include "nt/winternl.h"

struct nt_process {
    pid_t pid;
    ACCESS_MASK access;
};

/*
 * Takes over the pidfd. Returns a handle (a multiple of four), or NULL where the table is full; the
 * pidfd is then still the caller's.
 */
HANDLE nt_handle_new(int pidfd, pid_t pid, ACCESS_MASK access);

/* STATUS_INVALID_HANDLE where there is none; a pseudo-handle is left alone and succeeds. */
NTSTATUS nt_handle_close(HANDLE handle);

/*
 * Fills *process for a handle or the pseudo-handle -1.
 * STATUS_INVALID_HANDLE: not open. STATUS_INVALID_CID: the process is gone and reaped.
 * STATUS_ACCESS_DENIED: opened without any of the rights in `needed`.
 */
NTSTATUS nt_handle_process(HANDLE handle, ACCESS_MASK needed, struct nt_process *process);

/* Linux's errno in NT's words; what has no word of its own is STATUS_UNSUCCESSFUL. */
NTSTATUS nt_status_of_errno(int error);

#endif
