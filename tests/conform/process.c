/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, futexes, who the process is, and its limits. */
#define _GNU_SOURCE
#include "conform.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOON ((struct timespec){0, 1000000})

static long long now(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

void clocks(void)
{
    struct timespec t;
    struct timeval v;
    struct tms tms;
    const clockid_t all[] = {CLOCK_REALTIME,          CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
                             CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                             CLOCK_MONOTONIC_COARSE,  CLOCK_BOOTTIME};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        long long before = now(all[i]);
        show_value("forward", now(all[i]) >= before);
        show("getres", clock_getres(all[i], &t));
    }
    show("gettime.bad", clock_gettime(99, &t));
    show("gettime.bad-pointer", (int)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8));
    show("getres.bad", clock_getres(99, &t));
    show("gettimeofday", gettimeofday(&v, NULL));
    show_value("agree", llabs(now(CLOCK_REALTIME) / 1000000000 - v.tv_sec) <= 1);
    show_value("time", llabs(time(NULL) - v.tv_sec) <= 1);
    show_value("times", times(&tms) > 0);
    long long before = now(CLOCK_MONOTONIC);
    show("nanosleep", nanosleep(&SOON, NULL));
    show_value("nanosleep.long-enough", now(CLOCK_MONOTONIC) - before >= 1000000);
    show("nanosleep.bad", nanosleep(&(struct timespec){0, 1000000000}, NULL));
    show("nanosleep.negative", nanosleep(&(struct timespec){-1, 0}, NULL));
    show("nanosleep.bad-pointer", (int)syscall(SYS_nanosleep, 8, 0));
    clock_gettime(CLOCK_MONOTONIC, &t);
    show("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    show("clock_nanosleep.real", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    show("clock_nanosleep.bad", clock_nanosleep(99, 0, &t, NULL));
    show("settime", clock_settime(CLOCK_MONOTONIC, &t) < 0);
}

static long futex(unsigned *word, int operation, unsigned value, const struct timespec *time)
{
    return syscall(SYS_futex, word, operation, value, time, NULL, ~0u);
}

void waiting(void)
{
    unsigned word = 5;
    struct timespec past = {1, 0};
    show("wait.other-value", futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL));
    show("wait.timeout", futex(&word, FUTEX_WAIT_PRIVATE, 5, &SOON));
    show("wait.bad-time", futex(&word, FUTEX_WAIT_PRIVATE, 5, &(struct timespec){0, -1}));
    show("wait.bitset-past", futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, &past));
    show("wait.odd", futex((unsigned *)((char *)&word + 1), FUTEX_WAIT_PRIVATE, 5, NULL));
    show("wait.bad-pointer", futex((unsigned *)nowhere, FUTEX_WAIT_PRIVATE, 5, NULL));
    show("wake.nobody", futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL));
    show("wake.odd", futex((unsigned *)((char *)&word + 1), FUTEX_WAKE_PRIVATE, 1, NULL));
    show("bad", futex(&word, 99, 1, NULL));
}

void identity(void)
{
    struct utsname u;
    struct sysinfo info;
    struct rusage usage;
    char name[16] = "", random[32] = "";
    cpu_set_t cpus;
    show("uname", uname(&u));
    show_bytes("uname.system", u.sysname, strlen(u.sysname));
    show_bytes("uname.machine", u.machine, strlen(u.machine));
    show("getuid", getuid());
    show("getegid", getegid());
    show_value("getpid", getpid() > 1);
    show_value("gettid", gettid() == getpid());
    show_value("getppid", getppid() > 0);
    show_value("getpgrp", getpgrp() == getpgid(0));
    show_value("getsid", getsid(0) > 0);
    show("getgroups", getgroups(0, NULL) >= 0);
    show("getgroups.negative", getgroups(minus_one, NULL));
    show("sysinfo", sysinfo(&info));
    show_value("sysinfo.unit", info.mem_unit);
    show("getrusage", getrusage(RUSAGE_SELF, &usage));
    show("getrusage.bad", getrusage(99, &usage));
    show("getpriority", getpriority(PRIO_PROCESS, 0));
    show("prctl.name", prctl(PR_SET_NAME, "a name that is too long"));
    show("prctl.get-name", prctl(PR_GET_NAME, name));
    show_bytes("prctl.bytes", name, strlen(name));
    show("prctl.bad", prctl(9999, 0));
    show("getrandom", getrandom(random, sizeof(random), 0));
    show("getrandom.bad", getrandom(random, sizeof(random), 999));
    show("sched_getaffinity", sched_getaffinity(0, sizeof(cpus), &cpus));
    show("sched_yield", sched_yield());
    show("sched_getscheduler", sched_getscheduler(0));
    show("sched_get_priority_max", sched_get_priority_max(SCHED_FIFO));
    show("wait", waitpid(-1, NULL, 0));
    show("unknown", syscall(466));
}

void limits(void)
{
    struct rlimit l;
    show("getrlimit", getrlimit(RLIMIT_NOFILE, &l));
    show_value("soft-below-hard", l.rlim_cur <= l.rlim_max);
    show("getrlimit.bad", getrlimit(99, &l));
    show("setrlimit.same", setrlimit(RLIMIT_NOFILE, &l));
    show("setrlimit.bad", setrlimit(99, &l));
    show("setrlimit.above", setrlimit(RLIMIT_NOFILE, &(struct rlimit){2, 1}));
    show("prlimit", prlimit(0, RLIMIT_CORE, NULL, &l));
    show("setrlimit.core", setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}));
    show("getrlimit.core", getrlimit(RLIMIT_CORE, &l));
    show_value("core", (long long)l.rlim_cur);
}
