/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of Linux's x86-64 system-call interface, from the kernel's own exported headers:
 * constants only, no function of any C library.
 */
#ifndef SK_LINUX_ABI_H
#define SK_LINUX_ABI_H

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/mman.h>
#include <asm/prctl.h>
#include <asm/poll.h>
#include <asm/socket.h>
#include <asm/termbits.h>
#include <asm/unistd_64.h>
#include <linux/futex.h>
#include <linux/limits.h>
#include <linux/membarrier.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/uio.h>

#define LINUX_MAX_ERRNO 4095

#endif
