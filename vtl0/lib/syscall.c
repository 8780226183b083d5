/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <openvsm/skcall.h>
#include <poll.h>
#include <sys/socket.h>
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

static bool takes_descriptor(uint64_t number)
{
    return number == SYS_close || number == SYS_dup || number == SYS_dup2 || number == SYS_dup3 ||
           number == SYS_fcntl || number == SYS_ioctl || number == SYS_close_range;
}

/* Apart from the path of all other calls, which it would make longer. -> is it about our own? */
static __attribute__((noinline)) bool touches_own(unsigned own, uint64_t number,
                                                  const uint64_t a[6])
{
    /* The kernel, too, takes 32 bits of a descriptor. */
    if (number == SYS_close_range)
        return (unsigned)a[0] <= own && own <= (unsigned)a[1];
    return (unsigned)a[0] == own ||
           ((number == SYS_dup2 || number == SYS_dup3) && (unsigned)a[1] == own);
}

static bool sends(uint64_t number)
{
    return number == SYS_sendto || number == SYS_sendmsg;
}

/* Only a stream may be parted. A message that was cut is gone, but not silently. */
static int64_t part_of_message(uint64_t number, const uint64_t a[6])
{
    int type = 0;
    socklen_t size = sizeof(type);
    int64_t result =
        raw(SYS_getsockopt, a[0], SOL_SOCKET, SO_TYPE, (uintptr_t)&type, (uintptr_t)&size, 0);
    bool whole = type != SOCK_STREAM;
    if (result < 0 || (whole && sends(number)))
        return result < 0 ? result : -EMSGSIZE;
    result = raw(number, a[0], a[1], a[2], whole && !sends(number) ? a[3] | MSG_TRUNC : a[3], a[4],
                 a[5]);
    return whole && !sends(number) && result > (int64_t)a[2] ? -EMSGSIZE : result;
}

/* skcall.h, SK_REQUEST_PART. */
static __attribute__((noinline)) int64_t make_part(uint64_t number, const uint64_t a[6])
{
    struct pollfd ready = {.fd = (int)a[0], .events = POLLIN};
    if (sends(number) || number == SYS_recvfrom)
        return part_of_message(number, a);
    if (raw(SYS_poll, (uintptr_t)&ready, 1, 0, 0, 0, 0) != 1 || !(ready.revents & POLLIN))
        return 0;
    return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int64_t openvsm_make_syscall(int device_fd, uint64_t number, const uint64_t a[6])
{
    if (__builtin_expect(takes_descriptor(number), 0) &&
        touches_own((unsigned)device_fd, number, a))
        return number == SYS_close_range
                   ? close_around((unsigned)device_fd, (unsigned)a[0], (unsigned)a[1], a[2])
                   : -EBADF;
    if (__builtin_expect((number & SK_REQUEST_PART) != 0, 0))
        return make_part(number & ~SK_REQUEST_PART, a);
    return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
