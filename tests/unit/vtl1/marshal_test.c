/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The marshalling engine with a VTL0 of ours: honest in some tests, lying in others. The user
 * memory is the real address space code on a made-up machine.
 */
#include "marshal_machine.h"

#include <linux/sched.h>
#include <signal.h>

/* ---- an honest VTL0: a file that is read and written ---- */

static uint8_t file[USER_SIZE];
static uint64_t file_at, file_end;

static int64_t open_flags = O_RDONLY;
static int64_t file_host(void)
{
    if (channel.number == __NR_fcntl) {
        assert_int_equal(channel.arguments[1], F_GETFL);
        return open_flags;
    }
    uint64_t left = file_end - file_at, size = channel.arguments[2];
    uint64_t part = size < left ? size : left;
    /* The first request of a read may wait, no further one. */
    bool further = requests > 1 && (uint32_t)channel.number == __NR_read;
    assert_int_equal(channel.number & SK_REQUEST_PART, further ? SK_REQUEST_PART : 0);
    switch ((uint32_t)channel.number) {
    case __NR_read:
        memcpy(host_pointer(channel.arguments[1]), file + file_at, part);
        break;
    case __NR_write:
        memcpy(file + file_at, host_pointer(channel.arguments[1]), part);
        break;
    case __NR_pread64:
        memcpy(host_pointer(channel.arguments[1]), file + channel.arguments[3], size);
        return (int64_t)size;
    case __NR_poll:
        ((struct pollfd *)host_pointer(channel.arguments[0]))->revents = left ? POLLIN : 0;
        return left != 0;
    default:
        return -ENOSYS;
    }
    file_at += part;
    return (int64_t)part;
}

static uint8_t *pattern(uint64_t size)
{
    static uint8_t bytes[USER_SIZE];
    for (uint64_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    return bytes;
}

static void test_long_write(void **state)
{
    uint64_t size = 200000;
    (void)state;
    put(USER + 5, pattern(size), size);
    file_at = 0, file_end = sizeof(file);
    assert_int_equal(CALL3(file_host, __NR_write, 1, USER + 5, size), size);
    assert_memory_equal(file, pattern(size), size);
    assert_int_equal(requests, 4);
    assert_int_equal(thread.syscall.done, 0);
    /* What was in the bounce buffer is wiped. */
    for (unsigned i = 0; i < size % BOUNCE_SIZE; i++)
        assert_int_equal(bounce[i], 0);
    /* A disk that fills up in the middle of the second part. */
    file_at = 0, file_end = BOUNCE_SIZE + 10;
    assert_int_equal(CALL3(file_host, __NR_write, 1, USER, size), BOUNCE_SIZE + 10);
}

static int64_t interrupting_host(void)
{
    return -EINTR;
}

/* signal(7): what may be made again behind a handler, and what not. */
static void test_interrupted(void **state)
{
    (void)state;
    thread.interrupted = 0;
    assert_int_equal(CALL3(interrupting_host, __NR_read, 1, USER, 10), -EINTR);
    assert_int_equal(thread.interrupted, __NR_read + 1);
    thread.interrupted = 0;
    assert_int_equal(CALL3(interrupting_host, __NR_poll, USER, 1, -1), -EINTR);
    assert_int_equal(thread.interrupted, 0);
}

/* The mask is the trustlet's affair: VTL0 does not learn it, and no other thread's signal is lost.
 */
static void test_mask(void **state)
{
    const uint64_t mask = SIGNAL_BIT(SIGALRM) | SIGNAL_BIT(SIGKILL);
    (void)state;
    put(USER, &mask, sizeof(mask));
    thread.signal_mask = SIGNAL_BIT(SIGUSR1);
    assert_int_equal(CALL5(interrupting_host, __NR_ppoll, USER + 64, 1, 0, USER, 8), -EINTR);
    assert_int_equal(channel.arguments[3], 0);
    assert_true(thread.mask_saved);
    assert_int_equal(thread.signal_mask, SIGNAL_BIT(SIGALRM));
    assert_int_equal(thread.saved_mask, SIGNAL_BIT(SIGUSR1));
    thread.mask_saved = false;
    thread.signal_mask = 0;
    assert_int_equal(CALL5(interrupting_host, __NR_ppoll, USER + 64, 1, 0, USER, 4), -EINVAL);
    assert_int_equal(CALL5(interrupting_host, __NR_ppoll, USER + 64, 1, 0, 8, 8), -EFAULT);
    assert_false(thread.mask_saved);
}

static void test_long_read(void **state)
{
    static uint8_t back[USER_SIZE];
    uint64_t size = 300000;
    (void)state;
    memcpy(file, pattern(size), size);
    file_at = 0, file_end = size;
    assert_int_equal(CALL3(file_host, __NR_read, 3, USER + 1, size + 99), size);
    get(back, USER + 1, size);
    assert_memory_equal(back, file, size);
    /* A pipe that holds exactly one part: no second read may block. */
    file_at = 0, file_end = BOUNCE_SIZE;
    assert_int_equal(CALL3(file_host, __NR_read, 3, USER, size), BOUNCE_SIZE);
    assert_int_equal(requests, 2);
    assert_int_equal(CALL4(file_host, __NR_pread64, 3, USER, size, 1000), size);
    get(back, USER, size);
    assert_memory_equal(back, file + 1000, size - 1000);
}

static void test_vectors(void **state)
{
    struct iovec parts[3] = {
        {(void *)USER, 10}, {(void *)(USER + 100), 0}, {(void *)(USER + 5000), 100000}};
    uint8_t back[10];
    (void)state;
    put(USER + 900000, parts, sizeof(parts));
    put(USER, "0123456789", 10);
    put(USER + 5000, pattern(100000), 100000);
    file_at = 0, file_end = sizeof(file);
    assert_int_equal(CALL3(file_host, __NR_writev, 1, USER + 900000, 3), 100010);
    assert_memory_equal(file, "0123456789", 10);
    assert_memory_equal(file + 10, pattern(100000), 100000);
    put(USER, "xxxxxxxxxx", 10);
    file_at = 0, file_end = 12;
    assert_int_equal(CALL3(file_host, __NR_readv, 1, USER + 900000, 3), 12);
    get(back, USER, 10);
    assert_memory_equal(back, "0123456789", 10);
    assert_int_equal(CALL3(file_host, __NR_writev, 1, USER + 900000, 1025), -EINVAL);
    parts[0].iov_len = parts[2].iov_len = SIZE_MAX / 2 + 1;
    put(USER + 900000, parts, sizeof(parts));
    assert_int_equal(CALL3(file_host, __NR_writev, 1, USER + 900000, 3), -EINVAL);
}

/* A thousand pieces go in requests of 256, a thousand descriptors in one. */
static void test_many_pieces(void **state)
{
    struct iovec parts[1000];
    struct pollfd set[1000];
    uint8_t back[3000];
    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        parts[i] = (struct iovec){(void *)(USER + 3 * (999 - i)), 3};
    put(USER + 900000, parts, sizeof(parts));
    put(USER, pattern(3000), 3000);
    file_at = 0, file_end = sizeof(file);
    assert_int_equal(CALL3(file_host, __NR_writev, 1, USER + 900000, 1000), 3000);
    assert_int_equal(requests, 4);
    for (unsigned i = 0; i < 1000; i++)
        assert_memory_equal(file + 3 * i, pattern(3000) + 3 * (999 - i), 3);
    put(USER, file + 5000, 3000);
    file_at = 0, file_end = 3000;
    assert_int_equal(CALL3(file_host, __NR_readv, 1, USER + 900000, 1000), 3000);
    get(back, USER, 3000);
    assert_memory_equal(back, pattern(3000), 3000);
    for (unsigned i = 0; i < 1000; i++)
        set[i] = (struct pollfd){.fd = (int)i, .events = POLLIN};
    put(USER, set, sizeof(set));
    assert_int_equal(CALL3(file_host, __NR_poll, USER, 1000, 0), 0);
    assert_int_equal(CALL3(file_host, __NR_poll, USER, 1025, 0), -EINVAL);
}

/* ---- requests ---- */

static int64_t answer_value;
static int64_t fixed_host(void)
{
    return answer_value;
}

static void test_what_vtl0_sees(void **state)
{
    (void)state;
    answer_value = 3;
    put(USER, "/etc/passwd", 12);
    assert_int_equal(
        call(fixed_host, __NR_openat, 0xffffff9c, USER, 0x80000, 0, 0x5ec2e7, 0x5ec2e7), 3);
    assert_int_equal(channel.number, __NR_openat);
    assert_int_equal((int64_t)channel.arguments[0], -100); /* AT_FDCWD, sign-extended */
    assert_int_equal(channel.arguments[4], 0);             /* registers that are no arguments */
    assert_int_equal(channel.arguments[5], 0);
    assert_int_equal(call(fixed_host, __NR_getppid, 1, 2, 3, 4, 5, 6), 3);
    for (int i = 0; i < 6; i++)
        assert_int_equal(channel.arguments[i], 0);
}

static void test_bad_pointers(void **state)
{
    uint64_t end = USER + USER_SIZE;
    static const uint64_t bad[] = {0,        0xdead000,          USER_END - 8,
                                   USER_END, 0xffffffff80000000, UINT64_MAX - 7};
    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(CALL3(fixed_host, __NR_write, 1, bad[i], 16), -EFAULT);
        assert_int_equal(CALL3(fixed_host, __NR_read, 0, bad[i], 16), -EFAULT);
        assert_int_equal(CALL2(fixed_host, __NR_mkdir, bad[i], 0), -EFAULT);
        assert_int_equal(CALL1(fixed_host, __NR_uname, bad[i]), -EFAULT);
        assert_int_equal(CALL3(fixed_host, __NR_writev, 1, bad[i], 1), -EFAULT);
        assert_int_equal(CALL3(fixed_host, __NR_connect, 1, bad[i], 16), -EFAULT);
        assert_int_equal(CALL3(fixed_host, __NR_poll, bad[i], 1, 0), -EFAULT);
        assert_int_equal(CALL3(fixed_host, __NR_sendmsg, 1, bad[i], 0), -EFAULT);
    }
    put(end - 3, "abc", 3); /* a path that runs out of memory */
    assert_int_equal(CALL2(fixed_host, __NR_mkdir, end - 3, 0), -EFAULT);
    memset(file, 'a', 5000);
    put(USER, file, 5000);
    assert_int_equal(CALL2(fixed_host, __NR_mkdir, USER, 0), -ENAMETOOLONG);
    assert_int_equal(CALL5(fixed_host, __NR_setsockopt, 1, 1, 1, USER, UINT32_MAX), -EINVAL);
    assert_int_equal(CALL3(fixed_host, __NR_poll, USER, 1u << 20, 0), -EINVAL);
    assert_int_equal(requests, 0);
}

static void test_refused_and_unknown(void **state)
{
    (void)state;
    assert_int_equal(CALL1(fixed_host, __NR_fork, 0), -EPERM);
    assert_int_equal(CALL1(fixed_host, __NR_fork, 0), -EPERM);
    assert_int_equal(audits, 1);
    assert_int_equal(CALL1(fixed_host, 500, 0), -ENOSYS);
    assert_int_equal(CALL1(fixed_host, 500, 0), -ENOSYS);
    assert_int_equal(audits, 2);
    assert_int_equal(CALL1(fixed_host, UINT64_MAX, 0), -ENOSYS);
    assert_int_equal(CALL2(fixed_host, __NR_ioctl, 0, 0x1234), -ENOTTY);
    assert_int_equal(CALL2(fixed_host, __NR_fcntl, 0, 0x1234), -EINVAL);
}

/* The call was refused, named, and that is what its manifest lacks. */
static void assert_lacks(int64_t result, uint64_t number, uint64_t lacks)
{
    assert_int_equal(result, -EPERM);
    assert_int_equal(audited.kind, SK_AUDIT_SYSCALL);
    assert_int_equal(audited.address, number);
    assert_int_equal(audited.value, lacks);
    memset(process.unknown_syscalls, 0, sizeof(process.unknown_syscalls));
}

/* A trustlet has no children, looks into nobody, and is no administrator. */
static void test_never(void **state)
{
    static const uint16_t never[] = {
        __NR_fork,
        __NR_vfork,
        __NR_execve,
        __NR_execveat,
        __NR_ptrace,
        __NR_kcmp,
        __NR_process_vm_readv,
        __NR_process_vm_writev,
        __NR_pidfd_open,
        __NR_pidfd_getfd,
        __NR_io_uring_setup,
        __NR_io_uring_enter,
        __NR_io_setup,
        __NR_io_submit,
        __NR_io_uring_register,
        __NR_init_module,
        __NR_finit_module,
        __NR_delete_module,
        __NR_kexec_load,
        __NR_bpf,
        __NR_unshare,
        __NR_setns,
        __NR_chroot,
        __NR_pivot_root,
        __NR_mount,
        __NR_umount2,
        __NR_setuid,
        __NR_capset,
        __NR_userfaultfd,
        __NR_perf_event_open,
        __NR_seccomp,
        __NR_reboot,
    };
    const uint64_t a_child = SIGCHLD, namespaces = CLONE_NEWUSER | CLONE_NEWNET;
    (void)state;
    for (unsigned i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        assert_int_equal(CALL3(fixed_host, never[i], 0, 0, 0), -EPERM);
    assert_int_equal(CALL2(fixed_host, __NR_clone, a_child, 0), -EPERM);
    assert_int_equal(CALL2(fixed_host, __NR_clone, a_child | namespaces, 0), -EPERM);
    assert_int_equal(requests, 0);
}

static void test_classes(void **state)
{
    const uint32_t net = TRUSTLET_CLASS_NET_CLIENT | TRUSTLET_CLASS_NET_SERVER;
    uint16_t family = AF_INET;
    (void)state;
    answer_value = 0;
    manifest.classes = TRUSTLET_CLASS_FILE_READ | TRUSTLET_CLASS_NET_CLIENT;
    put(USER, "x", 2);
    put(USER + 100, &family, 2);
    assert_int_equal(CALL3(fixed_host, __NR_open, USER, O_RDONLY, 0), 0);
    assert_lacks(CALL3(fixed_host, __NR_open, USER, O_RDWR, 0), __NR_open,
                 TRUSTLET_CLASS_FILE_WRITE);
    assert_lacks(CALL3(fixed_host, __NR_open, USER, O_CREAT, 0), __NR_open,
                 TRUSTLET_CLASS_FILE_WRITE);
    assert_lacks(CALL1(fixed_host, __NR_unlink, USER), __NR_unlink, TRUSTLET_CLASS_FILE_WRITE);
    assert_int_equal(CALL3(fixed_host, __NR_socket, AF_INET, 1, 0), 0);
    assert_lacks(CALL3(fixed_host, __NR_socket, AF_UNIX, 1, 0), __NR_socket,
                 TRUSTLET_CLASS_UNIX_SOCKET);
    assert_lacks(CALL3(fixed_host, __NR_socket, AF_PACKET, 1, 0), __NR_socket, 0);
    assert_int_equal(CALL3(fixed_host, __NR_connect, 3, USER + 100, 16), 0);
    assert_lacks(CALL3(fixed_host, __NR_bind, 3, USER + 100, 16), __NR_bind,
                 TRUSTLET_CLASS_NET_SERVER);
    assert_lacks(CALL3(fixed_host, __NR_ioctl, 0, TCGETS, USER), __NR_ioctl,
                 TRUSTLET_CLASS_TERMINAL);
    manifest.classes = 0;
    assert_lacks(CALL3(fixed_host, __NR_open, USER, O_RDWR, 0), __NR_open,
                 TRUSTLET_CLASS_FILE_READ | TRUSTLET_CLASS_FILE_WRITE);
    assert_lacks(CALL3(fixed_host, __NR_socket, AF_INET, 1, 0), __NR_socket, net);
    assert_int_equal(CALL3(fixed_host, __NR_write, 1, USER, 0), 0); /* basic: always */
}

/* ---- lies ---- */

static void lie(int64_t value, uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    answer_value = value;
    CALL3(fixed_host, number, a, b, c);
    assert_lie();
}

static void test_lying_results(void **state)
{
    (void)state;
    put(USER, "x", 2);
    lie(17, __NR_read, 0, USER, 16);
    lie(-4096, __NR_read, 0, USER, 16);
    lie(INT64_MIN, __NR_read, 0, USER, 16);
    lie(INT64_MAX, __NR_write, 0, USER, 16);
    lie(1, __NR_close, 0, 0, 0);
    lie(1ll << 31, __NR_open, USER, 0, 0);
    lie(01000, __NR_umask, 0, 0, 0);
    lie(1 << 30, __NR_getppid, 0, 0, 0);
    lie(2, __NR_fcntl, 0, F_GETFD, 0);
    lie(1ll << 40, __NR_time, 0, 0, 0);
    lie(1, __NR_poll, USER + 64, 0, 0);
}

static int64_t poll_host(void)
{
    struct pollfd *p = host_pointer(channel.arguments[0]);
    p[0].revents = (short)answer_value;
    p[0].fd = 99; /* is not passed on */
    return 1;
}

static void test_poll(void **state)
{
    struct pollfd set[2] = {{.fd = 3, .events = POLLIN}, {.fd = -1, .events = POLLOUT}};
    (void)state;
    put(USER, set, sizeof(set));
    answer_value = POLLIN | POLLHUP;
    assert_int_equal(CALL3(poll_host, __NR_poll, USER, 2, 0), 1);
    get(set, USER, sizeof(set));
    assert_int_equal(set[0].fd, 3);
    assert_int_equal(set[0].revents, POLLIN | POLLHUP);
    answer_value = POLLOUT;
    CALL3(poll_host, __NR_poll, USER, 2, 0);
    assert_lie();
    answer_value = 0;
    CALL3(poll_host, __NR_poll, USER, 2, 0); /* one ready, but none shown */
    assert_lie();
}

static int64_t select_host(void)
{
    *(uint64_t *)host_pointer(channel.arguments[1]) = (uint64_t)answer_value;
    return 1;
}

static void test_select(void **state)
{
    uint64_t set = 6;
    (void)state;
    put(USER, &set, 8);
    answer_value = 4;
    assert_int_equal(CALL5(select_host, __NR_select, 3, USER, 0, 0, 0), 1);
    get(&set, USER, 8);
    assert_int_equal(set, 4);
    answer_value = 8;
    CALL5(select_host, __NR_select, 3, USER, 0, 0, 0);
    assert_lie();
    assert_int_equal(CALL5(select_host, __NR_select, (uint64_t)-1, USER, 0, 0, 0), -EINVAL);
}

static int64_t sized_host(void)
{
    memset(host_pointer(channel.arguments[1]), 0xcc, 16);
    *(int32_t *)host_pointer(channel.arguments[2]) = (int32_t)answer_value;
    return 5;
}

static void test_sizes_that_come_back(void **state)
{
    uint8_t address[32] = {0};
    int32_t size = 8;
    (void)state;
    put(USER, address, sizeof(address));
    put(USER + 64, &size, 4);
    answer_value = 16; /* an address longer than there is room for: cut, its length told */
    assert_int_equal(CALL3(sized_host, __NR_accept, 3, USER, USER + 64), 5);
    get(address, USER, sizeof(address));
    get(&size, USER + 64, 4);
    assert_int_equal(address[7], 0xcc);
    assert_int_equal(address[8], 0);
    assert_int_equal(size, 16);
    answer_value = 129;
    CALL3(sized_host, __NR_accept, 3, USER, USER + 64);
    assert_lie();
    answer_value = -1;
    CALL3(sized_host, __NR_accept, 3, USER, USER + 64);
    assert_lie();
    assert_int_equal(CALL3(fixed_host, __NR_getsockname, 3, USER, 0), -EFAULT);
}

static uint8_t dirents[512];
static int64_t dirent_host(void)
{
    memcpy(host_pointer(channel.arguments[1]), dirents, sizeof(dirents));
    return answer_value;
}

static void dirent(unsigned at, uint16_t length, const char *name)
{
    memset(dirents + at, 0x11, length);
    memcpy(dirents + at + 16, &length, 2);
    strcpy((char *)dirents + at + 19, name);
}

static void test_directories(void **state)
{
    (void)state;
    dirent(0, 24, ".");
    dirent(24, 32, "longer-name");
    answer_value = 56;
    assert_int_equal(CALL3(dirent_host, __NR_getdents64, 3, USER, 4096), 56);
    answer_value = 50; /* a record that is cut off */
    CALL3(dirent_host, __NR_getdents64, 3, USER, 4096);
    assert_lie();
    answer_value = 56;
    dirents[16] = 0; /* a length that would go round for ever */
    CALL3(dirent_host, __NR_getdents64, 3, USER, 4096);
    assert_lie();
    dirent(0, 24, ".");
    memset(dirents + 19, 'x', 5); /* a name that does not end in its record */
    CALL3(dirent_host, __NR_getdents64, 3, USER, 4096);
    assert_lie();
    CALL3(dirent_host, __NR_getdents, 3, USER, 4096);
    assert_lie();
}

/* The same records, but with the type behind the name. */
static void test_old_directories(void **state)
{
    uint8_t back[56];
    (void)state;
    dirent(0, 24, ".");
    dirent(24, 32, "longer-name");
    dirents[18] = 4;
    dirents[24 + 18] = 8;
    answer_value = 56;
    assert_int_equal(CALL3(dirent_host, __NR_getdents, 3, USER, 4096), 56);
    assert_int_equal(channel.number, __NR_getdents64);
    get(back, USER, sizeof(back));
    assert_string_equal((char *)back + 18, ".");
    assert_int_equal(back[23], 4);
    assert_string_equal((char *)back + 24 + 18, "longer-name");
    assert_int_equal(back[55], 8);
}

static struct linux_time {
    int64_t seconds, fraction;
} told;
static int64_t time_host(void)
{
    memcpy(host_pointer(channel.arguments[1]), &told, sizeof(told));
    return 0;
}

static void test_real_time(void **state)
{
    struct linux_time seen;
    (void)state;
    told.seconds = 1000, told.fraction = 5;
    assert_int_equal(CALL2(time_host, __NR_clock_gettime, 0, USER), 0);
    told.seconds = 900; /* backwards: it stands still */
    assert_int_equal(CALL2(time_host, __NR_clock_gettime, 0, USER), 0);
    get(&seen, USER, sizeof(seen));
    assert_int_equal(seen.seconds, 1000);
    assert_int_equal(seen.fraction, 5);
    answer_value = 10;
    assert_int_equal(CALL1(fixed_host, __NR_time, 0), 1000);
    told.fraction = 1000000000;
    CALL2(time_host, __NR_clock_gettime, 0, USER);
    assert_lie();
    told.fraction = 0, told.seconds = -1;
    CALL2(time_host, __NR_clock_gettime, 0, USER);
    assert_lie();
    assert_int_equal(CALL2(time_host, __NR_clock_gettime, 1, USER), 0); /* monotonic: ours */
    assert_int_equal(requests, 0);
}

static void test_sleep(void **state)
{
    struct linux_time want = {0, 500};
    (void)state;
    put(USER, &want, sizeof(want));
    thread.registers.rax = __NR_nanosleep;
    thread.registers.rdi = USER;
    thread.registers.rsi = 0;
    assert_int_equal(syscall_dispatch(&thread), SYSCALL_WAIT);
    assert_int_equal(thread.run_result[0], 500);
    clock_ns += 200; /* VTL0 comes back early */
    assert_int_equal(syscall_complete(&thread), SYSCALL_WAIT);
    assert_int_equal(thread.run_result[0], 300);
    clock_ns += 300;
    assert_int_equal(syscall_complete(&thread), SYSCALL_RETURN);
    assert_int_equal(thread.registers.rax, 0);
}

static int64_t flags_then_fixed_host(void)
{
    return channel.number == __NR_fcntl ? O_RDONLY : fixed_host();
}

static void test_file_mapping(void **state)
{
    static uint8_t back[150000];
    (void)state;
    memcpy(file, pattern(sizeof(back)), sizeof(back));
    int64_t at = call(file_host, __NR_mmap, 0, sizeof(back), ACCESS_READ, MAP_PRIVATE, 3, 0);
    assert_true(at > 0);
    get(back, (uint64_t)at, sizeof(back));
    assert_memory_equal(back, file, sizeof(back));
    assert_int_equal(user_copy_out(&process.space, (uint64_t)at, "x", 1), -EFAULT);
    answer_value = -EBADF;
    assert_int_equal(call(fixed_host, __NR_mmap, 0, 4096, ACCESS_READ, MAP_PRIVATE, 9, 0), -EBADF);
    open_flags = O_WRONLY;
    assert_int_equal(call(file_host, __NR_mmap, 0, 4096, ACCESS_READ, MAP_PRIVATE, 9, 0), -EACCES);
    open_flags = 1ll << 31;
    call(file_host, __NR_mmap, 0, 4096, ACCESS_READ, MAP_PRIVATE, 9, 0);
    assert_lie();
    open_flags = O_RDONLY;
    answer_value = 4097; /* one byte too many */
    call(flags_then_fixed_host, __NR_mmap, 0, 4096, ACCESS_READ, MAP_PRIVATE, 9, 0);
    assert_lie();
}

/* A socket with a message of `answer_value` bytes. */
static int64_t receive_host(void)
{
    assert_int_equal(channel.number, __NR_recvfrom | SK_REQUEST_PART);
    assert_true(channel.arguments[2] <= BOUNCE_SIZE);
    return answer_value;
}

/* A buffer longer than the bounce buffer: VTL0 is told, and more than it was asked for is a lie,
 * or, where the program wants to know a message's length, lost and said to be. */
static void test_long_datagrams(void **state)
{
    const uint64_t size = 200000;
    (void)state;
    answer_value = 100;
    assert_int_equal(CALL4(receive_host, __NR_recvfrom, 3, USER, size, 0), 100);
    assert_int_equal(requests, 1);
    answer_value = -EMSGSIZE;
    assert_int_equal(CALL4(receive_host, __NR_recvfrom, 3, USER, size, 0), -EMSGSIZE);
    answer_value = 100000;
    assert_int_equal(CALL4(receive_host, __NR_recvfrom, 3, USER, size, MSG_TRUNC), -EMSGSIZE);
    CALL4(receive_host, __NR_recvfrom, 3, USER, size, 0);
    assert_lie();
    answer_value = 100;
    assert_int_equal(CALL4(fixed_host, __NR_recvfrom, 3, USER, 100, 0), 100);
    assert_int_equal(channel.number, __NR_recvfrom);
}

/* VTL0 gets a list of one piece, and an offset that moves on, unless it is the file's own. */
static int64_t list_host(void)
{
    struct iovec *v = host_pointer(channel.arguments[1]);
    assert_int_equal(channel.arguments[2], 1);
    assert_int_equal(channel.arguments[5], 8);
    assert_int_equal(channel.arguments[3], answer_value < 0 ? answer_value : (int64_t)file_at);
    memcpy(file + file_at, host_pointer((uint64_t)v->iov_base), v->iov_len);
    file_at += v->iov_len;
    return (int64_t)v->iov_len;
}

static void test_lists_with_flags(void **state)
{
    const uint64_t size = 150000;
    struct iovec v = {(void *)USER, size};
    (void)state;
    put(USER, pattern(size), size);
    put(USER + size, &v, sizeof(v));
    file_at = 0, answer_value = 0;
    assert_int_equal(call(list_host, __NR_pwritev2, 3, USER + size, 1, 0, 0, 8), size);
    assert_memory_equal(file, pattern(size), size);
    file_at = 0, answer_value = -1;
    assert_int_equal(call(list_host, __NR_pwritev2, 3, USER + size, 1, ~0ull, 0, 8), size);
    assert_int_equal(file_at, size);
}

static int64_t message_host(void)
{
    struct msghdr *m = host_pointer(channel.arguments[1]);
    struct iovec *v = host_pointer((uint64_t)m->msg_iov);
    assert_int_equal(m->msg_iovlen, 1);
    if (channel.number == __NR_recvmsg) {
        struct cmsghdr c = {.cmsg_len = (size_t)answer_value, .cmsg_level = 1, .cmsg_type = 1};
        memcpy(host_pointer((uint64_t)v->iov_base), "abcdef", 6);
        memcpy(host_pointer((uint64_t)m->msg_control), &c, sizeof(c));
        m->msg_controllen = 24;
        m->msg_flags = MSG_CTRUNC;
        return 6;
    }
    assert_int_equal(v->iov_len, 6);
    assert_memory_equal(host_pointer((uint64_t)v->iov_base), "abcdef", 6);
    return 6;
}

static void test_messages(void **state)
{
    struct iovec v[2] = {{(void *)USER, 3}, {(void *)(USER + 10), 3}};
    struct msghdr m = {.msg_iov = (void *)(USER + 200),
                       .msg_iovlen = 2,
                       .msg_control = (void *)(USER + 300),
                       .msg_controllen = 24};
    char back[3];
    (void)state;
    put(USER + 200, v, sizeof(v));
    put(USER + 100, &m, sizeof(m));
    put(USER + 300, back, 3);
    answer_value = 20;
    assert_int_equal(CALL3(message_host, __NR_recvmsg, 3, USER + 100, 0), 6);
    get(back, USER + 10, 3);
    assert_memory_equal(back, "def", 3);
    get(&m, USER + 100, sizeof(m));
    assert_int_equal(m.msg_flags, MSG_CTRUNC);
    assert_int_equal(m.msg_controllen, 24);
    m.msg_controllen = 0;
    put(USER + 100, &m, sizeof(m));
    assert_int_equal(CALL3(message_host, __NR_sendmsg, 3, USER + 100, 0), 6);
    m.msg_controllen = 24;
    put(USER + 100, &m, sizeof(m));
    answer_value = 3; /* a control message shorter than its own header */
    CALL3(message_host, __NR_recvmsg, 3, USER + 100, 0);
    assert_lie();
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_long_write),
        TEST(test_interrupted),
        TEST(test_mask),
        TEST(test_long_read),
        TEST(test_vectors),
        TEST(test_bad_pointers),
        TEST(test_refused_and_unknown),
        TEST(test_never),
        TEST(test_classes),
        TEST(test_poll),
        TEST(test_what_vtl0_sees),
        TEST(test_lying_results),
        TEST(test_select),
        TEST(test_directories),
        TEST(test_old_directories),
        TEST(test_long_datagrams),
        TEST(test_lists_with_flags),
        TEST(test_sizes_that_come_back),
        TEST(test_real_time),
        TEST(test_file_mapping),
        TEST(test_sleep),
        TEST(test_many_pieces),
        TEST(test_messages),
    };
    return cmocka_run_group_tests(tests, machine, NULL);
}
