/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every Linux system call that a trustlet can make, one line each: its classes, what VTL0 may
 * answer, and its arguments. docs/syscalls.md is printed from this table.
 */
#include "syscall.h"

#include "linux_abi.h"
#include "local.h"

/* Classes that the call needs one of. */
#define BASIC          TRUSTLET_CLASS_BASIC
#define FREAD          TRUSTLET_CLASS_FILE_READ
#define FWRITE         TRUSTLET_CLASS_FILE_WRITE
#define TERM           TRUSTLET_CLASS_TERMINAL
#define CLIENT         TRUSTLET_CLASS_NET_CLIENT
#define SERVER         TRUSTLET_CLASS_NET_SERVER
#define UNIX           TRUSTLET_CLASS_UNIX_SOCKET
#define FILES          (FREAD | FWRITE)
#define SOCKETS        (CLIENT | SERVER | UNIX)

/* Results. */
#define ZERO           .result = {.kind = RESULT_ZERO}
#define FD             .result = {.kind = RESULT_FD}
#define COUNT(n)       .result = {.kind = RESULT_COUNT, .argument = (n)}
#define UNITS(n)       .result = {.kind = RESULT_UNITS, .argument = (n)}
#define UNITS_OR(n, m) .result = {.kind = RESULT_UNITS, .argument = (n), .max = (m)}
#define RANGE(m)       .result = {.kind = RESULT_RANGE, .max = (m)}
#define OFFSET         .result = {.kind = RESULT_OFFSET}
#define PID_MAX        (4u << 20)
#define INT_TOP        0x7fffffffu

/* Arguments. IN(bytes), and IN_N(n, unit): as many units as argument n says. */
#define ARGS(...)      .argument = {__VA_ARGS__}
#define INT                                                                                        \
    {                                                                                              \
        .kind = ARGUMENT_INT                                                                       \
    }
#define WORD                                                                                       \
    {                                                                                              \
        .kind = ARGUMENT_WORD                                                                      \
    }
#define NONE                                                                                       \
    {                                                                                              \
        .kind = ARGUMENT_NONE                                                                      \
    }
#define PATH                                                                                       \
    {                                                                                              \
        .kind = ARGUMENT_PATH                                                                      \
    }
#define PATH_NULL                                                                                  \
    {                                                                                              \
        .kind = ARGUMENT_PATH, .flags = ARGUMENT_NULLABLE                                          \
    }
#define LENGTH                                                                                     \
    {                                                                                              \
        .kind = ARGUMENT_LENGTH                                                                    \
    }
#define IN(b)                                                                                      \
    {                                                                                              \
        .kind = ARGUMENT_IN, .unit = (b)                                                           \
    }
#define IN_NULL(b)                                                                                 \
    {                                                                                              \
        .kind = ARGUMENT_IN, .unit = (b), .flags = ARGUMENT_NULLABLE                               \
    }
#define OUT(b)                                                                                     \
    {                                                                                              \
        .kind = ARGUMENT_OUT, .unit = (b)                                                          \
    }
#define OUT_NULL(b)                                                                                \
    {                                                                                              \
        .kind = ARGUMENT_OUT, .unit = (b), .flags = ARGUMENT_NULLABLE                              \
    }
#define INOUT_NULL(b)                                                                              \
    {                                                                                              \
        .kind = ARGUMENT_INOUT, .unit = (b), .flags = ARGUMENT_NULLABLE                            \
    }
#define IN_N(n, b)                                                                                 \
    {                                                                                              \
        .kind = ARGUMENT_IN, .length = (n), .unit = (b)                                            \
    }
#define OUT_N(n, b)                                                                                \
    {                                                                                              \
        .kind = ARGUMENT_OUT, .length = (n), .unit = (b)                                           \
    }
#define INOUT_N(n, b)                                                                              \
    {                                                                                              \
        .kind = ARGUMENT_INOUT, .length = (n), .unit = (b)                                         \
    }
#define IN_CLIP(n)                                                                                 \
    {                                                                                              \
        .kind = ARGUMENT_IN, .length = (n), .unit = 1, .flags = ARGUMENT_CLIP                      \
    }
#define OUT_CLIP(n)                                                                                \
    {                                                                                              \
        .kind = ARGUMENT_OUT, .length = (n), .unit = 1, .flags = ARGUMENT_CLIP                     \
    }
#define MOVE (ARGUMENT_CLIP | ARGUMENT_CHUNK)
#define IN_CHUNK(n)                                                                                \
    {                                                                                              \
        .kind = ARGUMENT_IN, .length = (n), .unit = 1, .flags = MOVE                               \
    }
#define OUT_CHUNK(n)                                                                               \
    {                                                                                              \
        .kind = ARGUMENT_OUT, .length = (n), .unit = 1, .flags = MOVE                              \
    }
#define OUT_READY(n)                                                                               \
    {                                                                                              \
        .kind = ARGUMENT_OUT, .length = (n), .unit = 1, .flags = MOVE | ARGUMENT_READY             \
    }
#define VECTOR_IN                                                                                  \
    {                                                                                              \
        .kind = ARGUMENT_VECTOR_IN, .flags = MOVE                                                  \
    }
#define VECTOR_OUT                                                                                 \
    {                                                                                              \
        .kind = ARGUMENT_VECTOR_OUT, .flags = MOVE                                                 \
    }
#define VECTOR_READY                                                                               \
    {                                                                                              \
        .kind = ARGUMENT_VECTOR_OUT, .flags = MOVE | ARGUMENT_READY                                \
    }
#define SIZED(max)                                                                                 \
    {                                                                                              \
        .kind = ARGUMENT_SIZED_OUT, .unit = (max)                                                  \
    }
#define ADDRESS                                                                                    \
    {                                                                                              \
        .kind = ARGUMENT_SIZED_OUT, .unit = ADDRESS_MAX, .flags = ARGUMENT_LONGER                  \
    }
#define ADDRESS_NULL                                                                               \
    {                                                                                              \
        .kind = ARGUMENT_SIZED_OUT, .unit = ADDRESS_MAX,                                           \
        .flags = ARGUMENT_LONGER | ARGUMENT_NULLABLE                                               \
    }
#define SIZE                                                                                       \
    {                                                                                              \
        .kind = ARGUMENT_SIZE                                                                      \
    }
#define BITS                                                                                       \
    {                                                                                              \
        .kind = ARGUMENT_BITS, .flags = ARGUMENT_NULLABLE                                          \
    }
#define MESSAGE_IN                                                                                 \
    {                                                                                              \
        .kind = ARGUMENT_MESSAGE_IN, .flags = ARGUMENT_CLIP                                        \
    }
#define MESSAGE_OUT                                                                                \
    {                                                                                              \
        .kind = ARGUMENT_MESSAGE_OUT, .flags = ARGUMENT_CLIP                                       \
    }

/* Kinds. */
#define NAMED(n)          .name = #n, .number = __NR_##n
#define HOST(n, c, ...)   [__NR_##n] = HOST_ROW(n, n, c, __VA_ARGS__)
#define AS(n, as, c, ...) [__NR_##n] = HOST_ROW(n, as, c, __VA_ARGS__)
#define HOST_ROW(n, as, c, ...)                                                                    \
    {                                                                                              \
        NAMED(n), .kind = SYSCALL_HOST, .host = __NR_##as, .classes = (c), __VA_ARGS__             \
    }
#define LOCAL(n) [__NR_##n] = {NAMED(n), .kind = SYSCALL_LOCAL, .local = local_##n},
#define LOCAL_ROW(n, v, f)                                                                         \
    {                                                                                              \
        NAMED(n), .kind = SYSCALL_LOCAL, .local = (f), .value = (v)                                \
    }
#define FIXED(n, v) [__NR_##n] = {NAMED(n), .kind = SYSCALL_CONSTANT, .constant = (v)}
#define REFUSED(n)  [__NR_##n] = {NAMED(n), .kind = SYSCALL_REFUSED, .constant = -EPERM},
#define CHOICE(n, arg, table, otherwise)                                                           \
    [__NR_##n] = {NAMED(n),        .kind = SYSCALL_CHOICE,                                         \
                  .choice = (arg), .constant = (otherwise),                                        \
                  .rows = (table), .row_count = sizeof(table) / sizeof((table)[0])}

#define STAT_SIZE        144
#define STATX_SIZE       256
#define STATFS_SIZE      120
#define RUSAGE_SIZE      144
#define SYSINFO_SIZE     112
#define TERMIOS_SIZE     36
#define TERMIOS2_SIZE    44
#define UTSNAME_SIZE     390
#define TIMES_SIZE       32
#define ADDRESS_MAX      128 /* struct sockaddr_storage */
#define OPTION_MAX       4096

#define IOCTL(v, c, ...) HOST_ROW(ioctl, ioctl, c, .value = (v), ZERO, ARGS(INT, INT, __VA_ARGS__))
#define FCNTL(v, r, ...) HOST_ROW(fcntl, fcntl, BASIC, .value = (v), r, ARGS(INT, INT, __VA_ARGS__))
#define CLOCK(n, v, ...) HOST_ROW(n, n, BASIC, .value = (v), ZERO, ARGS(INT, OUT(16)), __VA_ARGS__)

/* Terminal, and what every descriptor has. TCSETS copies a struct termios in, TCGETS out. */
static const struct syscall_entry ioctl_rows[] = {
    IOCTL(TCGETS, TERM, OUT(TERMIOS_SIZE)),
    IOCTL(TCSETS, TERM, IN(TERMIOS_SIZE)),
    IOCTL(TCSETSW, TERM, IN(TERMIOS_SIZE)),
    IOCTL(TCSETSF, TERM, IN(TERMIOS_SIZE)),
    IOCTL(TCGETS2, TERM, OUT(TERMIOS2_SIZE)),
    IOCTL(TCSETS2, TERM, IN(TERMIOS2_SIZE)),
    IOCTL(TCSETSW2, TERM, IN(TERMIOS2_SIZE)),
    IOCTL(TCSETSF2, TERM, IN(TERMIOS2_SIZE)),
    IOCTL(TCSBRK, TERM, INT),
    IOCTL(TCXONC, TERM, INT),
    IOCTL(TCFLSH, TERM, INT),
    IOCTL(TIOCGPGRP, TERM, OUT(4)),
    IOCTL(TIOCSPGRP, TERM, IN(4)),
    IOCTL(TIOCGSID, TERM, OUT(4)),
    IOCTL(TIOCGWINSZ, TERM, OUT(8)),
    IOCTL(TIOCSWINSZ, TERM, IN(8)),
    IOCTL(TIOCOUTQ, BASIC, OUT(4)),
    IOCTL(FIONREAD, BASIC, OUT(4)),
    IOCTL(FIONBIO, BASIC, IN(4)),
    IOCTL(FIOCLEX, BASIC, NONE),
    IOCTL(FIONCLEX, BASIC, NONE),
};

#define LINUX_F_DUPFD_CLOEXEC 1030
#define LINUX_F_SETPIPE_SZ    1031
#define LINUX_F_GETPIPE_SZ    1032
static const struct syscall_entry fcntl_rows[] = {
    FCNTL(F_DUPFD, FD, INT),
    FCNTL(LINUX_F_DUPFD_CLOEXEC, FD, INT),
    FCNTL(F_GETFD, RANGE(1), NONE),
    FCNTL(F_SETFD, ZERO, INT),
    FCNTL(F_GETFL, RANGE(INT_TOP), NONE),
    FCNTL(F_SETFL, ZERO, INT),
    FCNTL(F_GETLK, ZERO, INOUT_N(0, 32)),
    FCNTL(F_SETLK, ZERO, IN(32)),
    FCNTL(F_SETLKW, ZERO, IN(32)),
    FCNTL(F_OFD_GETLK, ZERO, INOUT_N(0, 32)),
    FCNTL(F_OFD_SETLK, ZERO, IN(32)),
    FCNTL(F_OFD_SETLKW, ZERO, IN(32)),
    FCNTL(LINUX_F_SETPIPE_SZ, RANGE(INT_TOP), INT),
    FCNTL(LINUX_F_GETPIPE_SZ, RANGE(INT_TOP), NONE),
};

/* Monotonic time is VTL1's own. Real time is VTL0's word; processor time is the carrier's. */
static const struct syscall_entry clock_gettime_rows[] = {
    CLOCK(clock_gettime, 0 /* REALTIME */, .check = CHECK_REAL_SPEC),
    LOCAL_ROW(clock_gettime, 1 /* MONOTONIC */, local_clock_gettime),
    CLOCK(clock_gettime, 2 /* PROCESS_CPUTIME_ID */, .check = CHECK_TIMESPEC),
    CLOCK(clock_gettime, 3 /* THREAD_CPUTIME_ID */, .check = CHECK_TIMESPEC),
    LOCAL_ROW(clock_gettime, 4 /* MONOTONIC_RAW */, local_clock_gettime),
    CLOCK(clock_gettime, 5 /* REALTIME_COARSE */, .check = CHECK_REAL_SPEC),
    LOCAL_ROW(clock_gettime, 6 /* MONOTONIC_COARSE */, local_clock_gettime),
    LOCAL_ROW(clock_gettime, 7 /* BOOTTIME */, local_clock_gettime),
};

/* A trustlet is one process, nobody's debugger, and no administrator. */
/* clang-format off */
#define REFUSED_LIST(X)                                                                            \
    X(clone) X(fork) X(vfork) X(execve) X(execveat) X(ptrace) X(process_vm_readv)                  \
    X(process_vm_writev) X(process_madvise) X(pidfd_open) X(pidfd_getfd) X(pidfd_send_signal)      \
    X(kcmp) X(io_uring_setup) X(io_uring_enter) X(io_uring_register) X(io_setup) X(init_module)    \
    X(finit_module) X(delete_module) X(kexec_load) X(kexec_file_load) X(reboot) X(bpf)             \
    X(perf_event_open) X(userfaultfd) X(unshare) X(setns) X(chroot) X(pivot_root) X(mount)         \
    X(umount2) X(swapon) X(swapoff) X(iopl) X(ioperm) X(modify_ldt) X(settimeofday)                \
    X(clock_settime) X(adjtimex) X(clock_adjtime) X(sethostname) X(setdomainname) X(setuid)        \
    X(setgid) X(setreuid) X(setregid) X(setresuid) X(setresgid) X(setgroups) X(capset) X(seccomp)  \
    X(shmget) X(shmat) X(shmctl) X(shmdt) X(syslog) X(acct) X(quotactl) X(keyctl) X(add_key)       \
    X(request_key)
/* clang-format on */

const struct syscall_entry syscall_table[SYSCALL_TABLE_SIZE] = {
    /* clang-format off */
    LOCAL_CALL_LIST(LOCAL)
    REFUSED_LIST(REFUSED)
    /* clang-format on */

    /* Bytes. A long transfer is made of several requests. */
    HOST(read, BASIC, COUNT(2), ARGS(INT, OUT_READY(3), LENGTH)),
    HOST(write, BASIC, COUNT(2), ARGS(INT, IN_CHUNK(3), LENGTH)),
    HOST(pread64, BASIC, COUNT(2), ARGS(INT, OUT_CHUNK(3), LENGTH, WORD), .position = 4),
    HOST(pwrite64, BASIC, COUNT(2), ARGS(INT, IN_CHUNK(3), LENGTH, WORD), .position = 4),
    AS(readv, read, BASIC, COUNT(2), ARGS(INT, VECTOR_READY, LENGTH)),
    AS(writev, write, BASIC, COUNT(2), ARGS(INT, VECTOR_IN, LENGTH)),
    AS(preadv, pread64, BASIC, COUNT(2), ARGS(INT, VECTOR_OUT, LENGTH, WORD), .position = 4),
    AS(pwritev, pwrite64, BASIC, COUNT(2), ARGS(INT, VECTOR_IN, LENGTH, WORD), .position = 4),
    HOST(lseek, BASIC, OFFSET, ARGS(INT, WORD, INT)),
    HOST(sendfile, BASIC, COUNT(4), ARGS(INT, INT, INOUT_NULL(8), WORD)),
    HOST(copy_file_range, BASIC, COUNT(5), ARGS(INT, INOUT_NULL(8), INT, INOUT_NULL(8), WORD, INT)),
    HOST(fadvise64, BASIC, ZERO, ARGS(INT, WORD, WORD, INT)),
    HOST(readahead, BASIC, ZERO, ARGS(INT, WORD, WORD)),

    /* Descriptors. */
    HOST(open, FILES, FD, ARGS(PATH, INT, INT), .rule = RULE_OPEN, .rule_argument = 2),
    HOST(openat, FILES, FD, ARGS(INT, PATH, INT, INT), .rule = RULE_OPEN, .rule_argument = 3),
    HOST(creat, FWRITE, FD, ARGS(PATH, INT)),
    HOST(close, BASIC, ZERO, ARGS(INT)),
    HOST(dup, BASIC, FD, ARGS(INT)),
    HOST(dup2, BASIC, FD, ARGS(INT, INT)),
    HOST(dup3, BASIC, FD, ARGS(INT, INT, INT)),
    HOST(pipe, BASIC, ZERO, ARGS(OUT(8)), .check = CHECK_FD_PAIR),
    HOST(pipe2, BASIC, ZERO, ARGS(OUT(8), INT), .check = CHECK_FD_PAIR),
    CHOICE(fcntl, 2, fcntl_rows, -EINVAL),
    CHOICE(ioctl, 2, ioctl_rows, -ENOTTY),
    HOST(flock, BASIC, ZERO, ARGS(INT, INT)),
    HOST(fsync, BASIC, ZERO, ARGS(INT)),
    HOST(fdatasync, BASIC, ZERO, ARGS(INT)),
    HOST(syncfs, FWRITE, ZERO, ARGS(INT)),
    HOST(sync, FWRITE, ZERO),
    HOST(eventfd, BASIC, FD, ARGS(INT)),
    HOST(eventfd2, BASIC, FD, ARGS(INT, INT)),
    HOST(memfd_create, BASIC, FD, ARGS(PATH, INT)),
    HOST(timerfd_create, BASIC, FD, ARGS(INT, INT)),
    HOST(timerfd_settime, BASIC, ZERO, ARGS(INT, INT, IN(32), OUT_NULL(32))),
    HOST(timerfd_gettime, BASIC, ZERO, ARGS(INT, OUT(32))),

    /* Waiting. Signal masks are the Secure Kernel's own affair and stay here. */
    HOST(poll, BASIC, UNITS(2), ARGS(INOUT_N(2, 8), INT, INT), .check = CHECK_POLL),
    HOST(ppoll, BASIC, UNITS(2), ARGS(INOUT_N(2, 8), INT, INOUT_NULL(16)), .check = CHECK_POLL),
    HOST(select, BASIC, RANGE(3 * 1024), ARGS(INT, BITS, BITS, BITS, INOUT_NULL(16)),
         .check = CHECK_BITS),
    HOST(pselect6, BASIC, RANGE(3 * 1024), ARGS(INT, BITS, BITS, BITS, INOUT_NULL(16)),
         .check = CHECK_BITS),
    HOST(pause, BASIC, ZERO),

    /* Files by name. */
    HOST(stat, FILES, ZERO, ARGS(PATH, OUT(STAT_SIZE))),
    HOST(lstat, FILES, ZERO, ARGS(PATH, OUT(STAT_SIZE))),
    HOST(fstat, BASIC, ZERO, ARGS(INT, OUT(STAT_SIZE))),
    HOST(newfstatat, BASIC, ZERO, ARGS(INT, PATH, OUT(STAT_SIZE), INT)),
    HOST(statx, BASIC, ZERO, ARGS(INT, PATH, INT, INT, OUT(STATX_SIZE))),
    HOST(statfs, FILES, ZERO, ARGS(PATH, OUT(STATFS_SIZE))),
    HOST(fstatfs, BASIC, ZERO, ARGS(INT, OUT(STATFS_SIZE))),
    HOST(access, FILES, ZERO, ARGS(PATH, INT)),
    HOST(faccessat, FILES, ZERO, ARGS(INT, PATH, INT)),
    HOST(faccessat2, FILES, ZERO, ARGS(INT, PATH, INT, INT)),
    HOST(readlink, BASIC, COUNT(2), ARGS(PATH, OUT_CLIP(3), LENGTH)),
    HOST(readlinkat, BASIC, COUNT(3), ARGS(INT, PATH, OUT_CLIP(4), LENGTH)),
    HOST(getdents64, FREAD, COUNT(2), ARGS(INT, OUT_CLIP(3), LENGTH), .check = CHECK_DIRENTS),
    HOST(getcwd, BASIC, COUNT(1), ARGS(OUT_CLIP(2), LENGTH), .check = CHECK_STRING),
    HOST(chdir, FILES, ZERO, ARGS(PATH)),
    HOST(fchdir, FILES, ZERO, ARGS(INT)),
    HOST(umask, BASIC, RANGE(0777), ARGS(INT)),

    /* Changes. */
    HOST(mkdir, FWRITE, ZERO, ARGS(PATH, INT)),
    HOST(mkdirat, FWRITE, ZERO, ARGS(INT, PATH, INT)),
    HOST(rmdir, FWRITE, ZERO, ARGS(PATH)),
    HOST(unlink, FWRITE, ZERO, ARGS(PATH)),
    HOST(unlinkat, FWRITE, ZERO, ARGS(INT, PATH, INT)),
    HOST(rename, FWRITE, ZERO, ARGS(PATH, PATH)),
    HOST(renameat, FWRITE, ZERO, ARGS(INT, PATH, INT, PATH)),
    HOST(renameat2, FWRITE, ZERO, ARGS(INT, PATH, INT, PATH, INT)),
    HOST(link, FWRITE, ZERO, ARGS(PATH, PATH)),
    HOST(linkat, FWRITE, ZERO, ARGS(INT, PATH, INT, PATH, INT)),
    HOST(symlink, FWRITE, ZERO, ARGS(PATH, PATH)),
    HOST(symlinkat, FWRITE, ZERO, ARGS(PATH, INT, PATH)),
    HOST(mknod, FWRITE, ZERO, ARGS(PATH, INT, WORD)),
    HOST(mknodat, FWRITE, ZERO, ARGS(INT, PATH, INT, WORD)),
    HOST(chmod, FWRITE, ZERO, ARGS(PATH, INT)),
    HOST(fchmod, FWRITE, ZERO, ARGS(INT, INT)),
    HOST(fchmodat, FWRITE, ZERO, ARGS(INT, PATH, INT)),
    HOST(chown, FWRITE, ZERO, ARGS(PATH, INT, INT)),
    HOST(lchown, FWRITE, ZERO, ARGS(PATH, INT, INT)),
    HOST(fchown, FWRITE, ZERO, ARGS(INT, INT, INT)),
    HOST(fchownat, FWRITE, ZERO, ARGS(INT, PATH, INT, INT, INT)),
    HOST(truncate, FWRITE, ZERO, ARGS(PATH, WORD)),
    HOST(ftruncate, BASIC, ZERO, ARGS(INT, WORD)),
    HOST(fallocate, BASIC, ZERO, ARGS(INT, INT, WORD, WORD)),
    HOST(utime, FWRITE, ZERO, ARGS(PATH, IN_NULL(16))),
    HOST(utimes, FWRITE, ZERO, ARGS(PATH, IN_NULL(32))),
    HOST(futimesat, FWRITE, ZERO, ARGS(INT, PATH_NULL, IN_NULL(32))),
    HOST(utimensat, FWRITE, ZERO, ARGS(INT, PATH_NULL, IN_NULL(32), INT)),

    /* Sockets. */
    HOST(socket, SOCKETS, FD, ARGS(INT, INT, INT), .rule = RULE_SOCKET),
    HOST(socketpair, UNIX, ZERO, ARGS(INT, INT, INT, OUT(8)), .check = CHECK_FD_PAIR),
    HOST(connect, SOCKETS, ZERO, ARGS(INT, IN_N(3, 1), INT), .rule = RULE_CONNECT),
    HOST(bind, SOCKETS, ZERO, ARGS(INT, IN_N(3, 1), INT), .rule = RULE_BIND),
    HOST(listen, SERVER | UNIX, ZERO, ARGS(INT, INT)),
    HOST(accept, SERVER | UNIX, FD, ARGS(INT, ADDRESS_NULL, SIZE)),
    HOST(accept4, SERVER | UNIX, FD, ARGS(INT, ADDRESS_NULL, SIZE, INT)),
    HOST(sendto, SOCKETS, COUNT(2), ARGS(INT, IN_CLIP(3), LENGTH, INT, IN_N(6, 1), INT)),
    HOST(recvfrom, SOCKETS, COUNT(2), ARGS(INT, OUT_CLIP(3), LENGTH, INT, ADDRESS_NULL, SIZE),
         .check = CHECK_TRUNCATION, .rule_argument = 4),
    HOST(sendmsg, SOCKETS, COUNT(2), ARGS(INT, MESSAGE_IN, INT)),
    HOST(recvmsg, SOCKETS, COUNT(2), ARGS(INT, MESSAGE_OUT, INT), .check = CHECK_TRUNCATION,
         .rule_argument = 3),
    HOST(shutdown, SOCKETS, ZERO, ARGS(INT, INT)),
    HOST(getsockname, SOCKETS, ZERO, ARGS(INT, ADDRESS, SIZE)),
    HOST(getpeername, SOCKETS, ZERO, ARGS(INT, ADDRESS, SIZE)),
    HOST(setsockopt, SOCKETS, ZERO, ARGS(INT, INT, INT, IN_N(5, 1), INT)),
    HOST(getsockopt, SOCKETS, ZERO, ARGS(INT, INT, INT, SIZED(OPTION_MAX), SIZE)),

    /* Who and where: VTL0's word. The host process is what other processes see. */
    HOST(uname, BASIC, ZERO, ARGS(OUT(UTSNAME_SIZE))),
    HOST(getppid, BASIC, RANGE(PID_MAX)),
    HOST(getpgrp, BASIC, RANGE(PID_MAX)),
    HOST(getpgid, BASIC, RANGE(PID_MAX), ARGS(INT)),
    HOST(getsid, BASIC, RANGE(PID_MAX), ARGS(INT)),
    HOST(setsid, BASIC, RANGE(PID_MAX)),
    HOST(setpgid, BASIC, ZERO, ARGS(INT, INT)),
    HOST(getgroups, BASIC, UNITS_OR(1, 65536), ARGS(INT, OUT_N(1, 4))),
    HOST(getresuid, BASIC, ZERO, ARGS(OUT(4), OUT(4), OUT(4))),
    HOST(getresgid, BASIC, ZERO, ARGS(OUT(4), OUT(4), OUT(4))),
    HOST(getpriority, BASIC, RANGE(40), ARGS(INT, INT)),
    HOST(getrusage, BASIC, ZERO, ARGS(INT, OUT(RUSAGE_SIZE))),
    HOST(sysinfo, BASIC, ZERO, ARGS(OUT(SYSINFO_SIZE))),
    HOST(times, BASIC, OFFSET, ARGS(OUT_NULL(TIMES_SIZE))),
    FIXED(setrlimit, -EPERM),

    /* Time. */
    CHOICE(clock_gettime, 1, clock_gettime_rows, -EINVAL),
    HOST(gettimeofday, BASIC, ZERO, ARGS(OUT_NULL(16), OUT_NULL(8)), .check = CHECK_REAL_VAL),
    HOST(time, BASIC, OFFSET, ARGS(OUT_NULL(8)), .check = CHECK_REAL_SECONDS),

    /* Memory. */
    FIXED(msync, 0),
    FIXED(mlock, 0), /* VTL1's memory is never paged out */
    FIXED(mlock2, 0),
    FIXED(mlockall, 0),
    FIXED(munlock, 0),
    FIXED(munlockall, 0),

    /* Threads, signals, the processor. */
    FIXED(rseq, -ENOSYS),
    FIXED(membarrier, -ENOSYS),
    FIXED(clone3, -ENOSYS), /* the C library then tries clone */
    FIXED(close_range, -ENOSYS),
    FIXED(openat2, -ENOSYS),
    FIXED(wait4, -ECHILD),
    FIXED(waitid, -ECHILD),
};
