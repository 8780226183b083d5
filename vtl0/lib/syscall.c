/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <sys/syscall.h>

/* syscall(2) itself loses nothing but the error's number range; raw, errno is not touched. */
static int64_t raw(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                   uint64_t f)
{
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* close_range(2) around our own descriptor. */
static int64_t close_around(unsigned own, unsigned first, unsigned last, uint64_t flags)
{
    int64_t result = 0;
    if (first < own)
        result = raw(SYS_close_range, first, own - 1, flags, 0, 0, 0);
    if (result == 0 && last > own)
        result = raw(SYS_close_range, own + 1, last, flags, 0, 0, 0);
    return result;
}

int64_t openvsm_make_syscall(int device_fd, uint64_t number, const uint64_t a[6])
{
    unsigned own = (unsigned)device_fd; /* the kernel, too, takes 32 bits of a descriptor */
    switch (number) {
    case SYS_dup2:
    case SYS_dup3:
        if ((unsigned)a[1] == own)
            return -EBADF;
        /* fall through */
    case SYS_close:
    case SYS_dup:
    case SYS_fcntl:
    case SYS_ioctl:
        if ((unsigned)a[0] == own)
            return -EBADF;
        break;
    case SYS_close_range:
        if ((unsigned)a[0] <= own && own <= (unsigned)a[1])
            return close_around(own, (unsigned)a[0], (unsigned)a[1], a[2]);
        break;
    default:
        break;
    }
    return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
