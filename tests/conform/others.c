/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that belong to no other family. */
#define _GNU_SOURCE
#include "conform.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void who(void)
{
    uid_t u[3] = {1, 1, 1}, same = geteuid();
    gid_t g[3] = {1, 1, 1};
    show("getresuid", getresuid(&u[0], &u[1], &u[2]));
    show_value("getresuid.same", u[1] == same && u[0] == getuid());
    show("getresgid", getresgid(&g[0], &g[1], &g[2]));
    show_value("getresgid.same", g[1] == getegid() && g[0] == getgid());
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    show("capget", syscall(SYS_capget, &head, data));
    head.version = 1;
    show("capget.bad", syscall(SYS_capget, &head, data));
    show_value("capget.version", head.version);
    show("setpgid.nobody", setpgid(0x3fffff, 0));
    show("setsid", setsid() > 0);
    show("setsid.again", setsid());
    show("personality", personality(0xffffffff));
    show("waitid", waitid(P_ALL, 0, NULL, WEXITED));
}

static void turns(void)
{
    unsigned cpu = ~0u, node = ~0u;
    struct sched_param p = {7};
    struct timespec t;
    uint32_t attributes[16] = {0};
    show("getcpu", syscall(SYS_getcpu, &cpu, &node, NULL));
    show_value("getcpu.cpu", cpu < 1024);
    show("sched_getparam", sched_getparam(0, &p));
    show_value("sched_getparam.priority", p.sched_priority);
    show("sched_getparam.bad", sched_getparam(minus_one, &p));
    show("sched_get_priority_min", sched_get_priority_min(SCHED_FIFO));
    show("sched_get_priority_min.bad", sched_get_priority_min(99));
    show("sched_rr_get_interval", sched_rr_get_interval(0, &t));
    show("sched_getattr", syscall(SYS_sched_getattr, 0, attributes, sizeof(attributes), 0));
    show_value("sched_getattr.size", attributes[0]);
    show_value("sched_getattr.policy", attributes[1]);
    show("sched_getattr.short", syscall(SYS_sched_getattr, 0, attributes, 8, 0));
    show("setpriority", setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0)));
    show("setpriority.bad", setpriority(99, 0, 0));
    show("ioprio_get", syscall(SYS_ioprio_get, 1, 0));
    show("ioprio_set", syscall(SYS_ioprio_set, 1, 0, syscall(SYS_ioprio_get, 1, 0)));
    show("ioprio_get.bad", syscall(SYS_ioprio_get, 99, 0));
}

static void own_signals(void)
{
    uint64_t none = ~0ull;
    sigset_t set, old;
    stack_t stack = {.ss_sp = some_memory(65536), .ss_size = 65536}, was;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    show("rt_sigprocmask", sigprocmask(SIG_BLOCK, &set, &old));
    show_value("rt_sigprocmask.old", sigismember(&old, SIGUSR2));
    show("rt_sigprocmask.back", sigprocmask(SIG_SETMASK, &old, &set));
    show_value("rt_sigprocmask.was", sigismember(&set, SIGUSR2));
    show("rt_sigprocmask.bad", syscall(SYS_rt_sigprocmask, 77, &set, NULL, 8));
    show("rt_sigpending", syscall(SYS_rt_sigpending, &none, sizeof(none)));
    show_value("rt_sigpending.none", (long long)none);
    show("sigaltstack", sigaltstack(&stack, NULL));
    show("sigaltstack.back", sigaltstack(NULL, &was));
    show_value("sigaltstack.size", (long long)was.ss_size);
    show("kill.none", kill(getpid(), 0));
    show("kill.bad", kill(getpid(), 999));
    show("tgkill.none", syscall(SYS_tgkill, getpid(), gettid(), 0));
    show("tkill.none", syscall(SYS_tkill, gettid(), 0));
    show("get_robust_list", syscall(SYS_get_robust_list, 0, &none, &set));
}

static void attributes_of(int fd)
{
    char text[64] = "";
    struct statfs fs;
    show("fsetxattr", fsetxattr(fd, "trusted.f", "value", 5, 0));
    show("fgetxattr", fgetxattr(fd, "trusted.f", text, sizeof(text)));
    show_bytes("fgetxattr.bytes", text, 5);
    show("flistxattr", flistxattr(fd, text, sizeof(text)));
    show("fremovexattr", fremovexattr(fd, "trusted.f"));
    show("fremovexattr.again", fremovexattr(fd, "trusted.f"));
    show("symlink", symlink("file", "soft"));
    show("lsetxattr", lsetxattr("soft", "trusted.l", "v", 1, 0));
    show("llistxattr", llistxattr("soft", text, sizeof(text)));
    show("lremovexattr", lremovexattr("soft", "trusted.l"));
    show("fstatfs", fstatfs(fd, &fs));
    show("fstatfs.bad", fstatfs(99, &fs));
}

static void locked(void)
{
    unsigned char there[4] = {7, 7, 7, 7};
    char *p = some_memory(4 * 4096);
    p[4096] = 1;
    show("mincore", mincore(p, 3 * 4096, there));
    show_value("mincore.untouched", there[0] & 1);
    show_value("mincore.touched", there[1] & 1);
    show_value("mincore.behind", there[3]);
    show("mincore.odd", mincore(p + 1, 4096, there));
    show("mincore.nothing", mincore(p, 0, there));
    show("mincore.bad-pointer", mincore(p, 4096, nowhere));
    munmap(p + 2 * 4096, 4096);
    show("mincore.hole", mincore(p, 4 * 4096, there));
    show("mlock2", syscall(SYS_mlock2, p, 4096, 0));
    show("mlockall", mlockall(MCL_CURRENT));
    show("munlockall", munlockall());
}

static void branches(void)
{
    int from[2], to[2];
    char bytes[8] = "";
    struct epoll_event got[2];
    if (pipe(from) != 0 || pipe(to) != 0)
        return;
    show("write", write(from[1], "abcd", 4));
    show("tee", tee(from[0], to[1], 3, 0));
    show("tee.read", read(to[0], bytes, sizeof(bytes)));
    show_bytes("tee.bytes", bytes, 3);
    show("tee.left", read(from[0], bytes, sizeof(bytes)));
    show("tee.same", tee(from[0], from[1], 3, 0));
    int epoll = epoll_create1(0);
    struct timespec none = {0, 0}, bad = {0, -1};
    show("epoll_pwait2", syscall(SYS_epoll_pwait2, epoll, got, 2, &none, NULL, 8));
    show("epoll_pwait2.bad", syscall(SYS_epoll_pwait2, epoll, got, 2, &bad, NULL, 8));
    close(epoll);
}

void others(void)
{
    make_file("file", "content");
    int fd = open("file", O_RDWR);
    turns();
    own_signals();
    attributes_of(fd);
    locked();
    branches();
    close(fd);
    who();
}
