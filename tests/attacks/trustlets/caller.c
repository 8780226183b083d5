// SPDX-License-Identifier: BSD-2-Clause
/*
 * Makes each marshalled system call once, in a fixed order, so that the host process can lie to
 * every one of them. The liar knows the order by the numbers that it is asked for. Exit status 0;
 * 3 when an answer came through that no kernel could have given.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static char buffer[4096];
static char canary[4096];

/* Raw, so that the C library corrects nothing. */
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    long result = 0;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Leaves with 3 when the answer is one that the caller must never see. */
static long expect(long result, long max)
{
    if (result < -4095 || result > max)
        raw(SYS_exit_group, 3, 0, 0, 0, 0, 0);
    return result;
}

static void files(void)
{
    struct stat status = {0};
    struct iovec vector = {.iov_base = buffer, .iov_len = 100};
    long fd = expect(raw(SYS_openat, AT_FDCWD, (long)"/proc/version", O_RDONLY, 0, 0, 0), INT_MAX);

    expect(raw(SYS_read, fd, (long)buffer, 16, 0, 0, 0), 16);
    expect(raw(SYS_pread64, fd, (long)buffer, 16, 0, 0, 0), 16);
    expect(raw(SYS_readv, fd, (long)&vector, 1, 0, 0, 0), 100);
    expect(raw(SYS_fstat, fd, (long)&status, 0, 0, 0, 0), 0);
    expect(raw(SYS_newfstatat, AT_FDCWD, (long)"/proc/version", (long)&status, 0, 0, 0), 0);
    expect(raw(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0), INT_MAX);
    expect(raw(SYS_close, fd, 0, 0, 0, 0, 0), 0);
    fd = expect(raw(SYS_openat, AT_FDCWD, (long)"/proc", O_RDONLY | O_DIRECTORY, 0, 0, 0), INT_MAX);
    expect(raw(SYS_getdents64, fd, (long)buffer, sizeof(buffer), 0, 0, 0), sizeof(buffer));
    expect(raw(SYS_close, fd, 0, 0, 0, 0, 0), 0);
    expect(raw(SYS_getcwd, (long)buffer, 64, 0, 0, 0, 0), 64);
    expect(raw(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)buffer, 64, 0, 0), 64);
    expect(raw(SYS_faccessat, AT_FDCWD, (long)"/", R_OK, 0, 0, 0), 0);
    expect(raw(SYS_write, 1, (long)"", 0, 0, 0, 0), 0);
    vector.iov_len = 0;
    expect(raw(SYS_writev, 1, (long)&vector, 1, 0, 0, 0), 0);
}

static void identity(void)
{
    struct utsname name = {0};
    struct timespec now = {0};

    expect(raw(SYS_uname, (long)&name, 0, 0, 0, 0, 0), 0);
    expect(raw(SYS_getppid, 0, 0, 0, 0, 0, 0), INT_MAX);
    expect(raw(SYS_clock_gettime, CLOCK_REALTIME, (long)&now, 0, 0, 0, 0), 0);
}

static void sockets(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/tmp/caller"};
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);
    struct pollfd poll = {.fd = 0, .events = POLLIN};
    long fd = expect(raw(SYS_socket, AF_UNIX, SOCK_DGRAM, 0, 0, 0, 0), INT_MAX);

    raw(SYS_unlink, (long)address.sun_path, 0, 0, 0, 0, 0);
    expect(raw(SYS_bind, fd, (long)&address, sizeof(address), 0, 0, 0), 0);
    expect(raw(SYS_getsockname, fd, (long)&name, (long)&length, 0, 0, 0), 0);
    expect(length, sizeof(name));
    expect(raw(SYS_sendto, fd, (long)buffer, 8, 0, (long)&address, sizeof(address)), 8);
    length = sizeof(name);
    expect(raw(SYS_recvfrom, fd, (long)buffer, 16, MSG_DONTWAIT, (long)&name, (long)&length), 16);
    expect(length, sizeof(name));
    expect(raw(SYS_poll, (long)&poll, 1, 0, 0, 0, 0), 1);
    expect(raw(SYS_close, fd, 0, 0, 0, 0, 0), 0);
}

int main(void)
{
    for (unsigned int i = 0; i < sizeof(canary); i++)
        canary[i] = (char)(i * 7);
    files();
    identity();
    sockets();
    for (unsigned int i = 0; i < sizeof(canary); i++)
        if (canary[i] != (char)(i * 7))
            return 3;
    return 0;
}
