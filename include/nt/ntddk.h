/* SPDX-License-Identifier: BSD-2-Clause */
/* What a Windows driver includes: the native API and the kernel's own macros. */
#ifndef OPENVSM_NT_NTDDK_H
#define OPENVSM_NT_NTDDK_H

#include "winternl.h"

/* Code that may sleep. In the kernel the debug build of Linux checks it. */
#ifdef __KERNEL__
#include <linux/kernel.h>
#define PAGED_CODE() might_sleep()
#else
#define PAGED_CODE() ((void)0)
#endif

#endif
