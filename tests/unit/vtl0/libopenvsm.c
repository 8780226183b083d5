/* SPDX-License-Identifier: BSD-2-Clause */
/* The host makes exactly the call that VTL1 asked for, and keeps its own descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "host.h"

#include <openvsm/skcall.h>

static int64_t make(int own, uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t arguments[6] = {a, b, c, 0, 0, 0};
    return openvsm_make_syscall(own, number, arguments);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int high_descriptor(void)
{
    int low = open("/dev/null", O_RDWR);
    int high = fcntl(low, F_DUPFD_CLOEXEC, OPENVSM_FD_FLOOR);
    close(low);
    return high;
}

static void six_arguments_go_through(void **state)
{
    const uint64_t arguments[6] = {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1,
                                   0};
    (void)state;
    int64_t address = openvsm_make_syscall(-1, SYS_mmap, arguments);
    assert_true(address > 0);
    assert_int_equal(*(const char *)(uintptr_t)address, 0);
    assert_int_equal(munmap((void *)(uintptr_t)address, 4096), 0);
    assert_int_equal(make(-1, SYS_getppid, 0, 0, 0), getppid());
}

static void errors_come_back_raw(void **state)
{
    (void)state;
    errno = 0;
    assert_int_equal(make(-1, SYS_close, 99999, 0, 0), -EBADF);
    assert_int_equal(make(-1, 100000, 0, 0, 0), -ENOSYS);
    assert_int_equal(errno, 0);
}

static void the_own_descriptor_cannot_be_taken(void **state)
{
    int own = high_descriptor();
    (void)state;
    assert_int_equal(make(own, SYS_close, (uint64_t)own, 0, 0), -EBADF);
    /* The kernel looks at 32 bits only: so must we. */
    assert_int_equal(make(own, SYS_close, (uint64_t)own | 1ull << 32, 0, 0), -EBADF);
    assert_int_equal(make(own, SYS_dup, (uint64_t)own, 0, 0), -EBADF);
    assert_int_equal(make(own, SYS_dup2, 0, (uint64_t)own, 0), -EBADF);
    assert_int_equal(make(own, SYS_dup3, 0, (uint64_t)own, 0), -EBADF);
    assert_int_equal(make(own, SYS_fcntl, (uint64_t)own, F_GETFD, 0), -EBADF);
    assert_int_equal(make(own, SYS_ioctl, (uint64_t)own, 0, 0), -EBADF);
    assert_true(is_open(own));
    close(own);
}

static void close_range_goes_around_it(void **state)
{
    int own = high_descriptor();
    int above = fcntl(own, F_DUPFD, own + 1), below = dup2(own, own - 1);
    (void)state;
    assert_int_equal(make(own, SYS_close_range, OPENVSM_FD_FLOOR - 1, UINT32_MAX, 0), 0);
    assert_false(is_open(above));
    assert_false(is_open(below));
    assert_true(is_open(own));
    assert_int_equal(make(own, SYS_close_range, (uint64_t)own, (uint64_t)own, 0), 0);
    assert_true(is_open(own));
    close(own);
}

/* A pipe that has given all it had: a further part of a read would block. */
static void a_further_read_does_not_wait(void **state)
{
    int p[2];
    char bytes[8] = "";
    (void)state;
    assert_int_equal(pipe(p), 0);
    assert_int_equal(
        make(-1, SYS_read | SK_REQUEST_PART, (uint64_t)p[0], (uintptr_t)bytes, sizeof(bytes)), 0);
    assert_int_equal(write(p[1], "abc", 3), 3);
    assert_int_equal(
        make(-1, SYS_read | SK_REQUEST_PART, (uint64_t)p[0], (uintptr_t)bytes, sizeof(bytes)), 3);
    assert_memory_equal(bytes, "abc", 3);
    close(p[0]);
    close(p[1]);
}

/* -> the answer to a part of `bytes` bytes that is sent, then to one of 4 that is received */
static void part_of_message(int type, size_t bytes, int64_t sent, int64_t received)
{
    int p[2];
    char buffer[8] = "abcdefg";
    assert_int_equal(socketpair(AF_UNIX, type, 0, p), 0);
    assert_int_equal(
        make(-1, SYS_sendto | SK_REQUEST_PART, (uint64_t)p[0], (uintptr_t)buffer, bytes), sent);
    assert_int_equal(send(p[0], buffer, bytes, 0), bytes);
    assert_int_equal(make(-1, SYS_recvfrom | SK_REQUEST_PART, (uint64_t)p[1], (uintptr_t)buffer, 4),
                     received);
    close(p[0]);
    close(p[1]);
}

static void only_a_stream_is_parted(void **state)
{
    (void)state;
    part_of_message(SOCK_STREAM, 6, 6, 4);
    part_of_message(SOCK_DGRAM, 6, -EMSGSIZE, -EMSGSIZE);
    part_of_message(SOCK_DGRAM, 3, -EMSGSIZE, 3);
    part_of_message(SOCK_SEQPACKET, 6, -EMSGSIZE, -EMSGSIZE);
    assert_int_equal(make(-1, SYS_sendto | SK_REQUEST_PART, 99999, 0, 0), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_arguments_go_through),
        cmocka_unit_test(errors_come_back_raw),
        cmocka_unit_test(the_own_descriptor_cannot_be_taken),
        cmocka_unit_test(close_range_goes_around_it),
        cmocka_unit_test(a_further_read_does_not_wait),
        cmocka_unit_test(only_a_stream_is_parted),
    };
    return cmocka_run_group_tests_name("libopenvsm", tests, NULL, NULL);
}
