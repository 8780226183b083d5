/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fixed-width types for the contracts, in every place they are compiled:
 * freestanding (hypervisor, Secure Kernel), user space, and a Linux module.
 */
#ifndef OPENVSM_TYPES_H
#define OPENVSM_TYPES_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>
#else
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#define OPENVSM_PAGE_SIZE 4096u

#endif
