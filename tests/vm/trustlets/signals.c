/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals of the program itself, run plainly and as a trustlet: what it prints must be the same.
 * With an argument it ends by a signal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define HEADER_COMPACT 520 /* in an XSAVE area: XCOMP_BV, which the standard form has as 0 */

static sigjmp_buf back;
static volatile sig_atomic_t count, last, code;
static void *volatile address;
static volatile char *volatile nowhere = (volatile char *)16;
static volatile char *volatile wild = (volatile char *)(1ull << 63);
static volatile bool on_stack;
static char other_stack[64 << 10];

static void say(const char *what, long value)
{
    printf("%s: %ld\n", what, value);
    fflush(stdout);
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    if (sigaction(number, &action, NULL) != 0)
        say("sigaction", errno);
}

static void note(int number, siginfo_t *info, void *context)
{
    char here;
    (void)context;
    count++;
    last = number;
    code = info->si_code;
    address = info->si_addr;
    on_stack = &here >= other_stack && &here < other_stack + sizeof(other_stack);
}

static void leap(int number, siginfo_t *info, void *context)
{
    note(number, info, context);
    siglongjmp(back, 1);
}

/* ---- faults ---- */

static void report(const char *what, const void *expected)
{
    printf("%s: signal %d code %d, address %s, own stack %d\n", what, last, code,
           address == expected ? "right" : "wrong", on_stack);
}

static void faults(void)
{
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle(SIGSEGV, leap, SA_ONSTACK);
    handle(SIGILL, leap, 0);
    handle(SIGFPE, leap, 0);
    handle(SIGBUS, leap, 0);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)page = 1;
    report("read-only", page);
    munmap(page, 4096);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)page = 1;
    report("nothing there", page);
    if (sigsetjmp(back, 1) == 0)
        *wild = 1;
    report("not canonical", NULL);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("hlt");
    report("privileged", NULL);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("ud2");
    say("ud2", last * 100 + code);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::
                             : "eax", "ecx", "edx");
    say("divide", last * 100 + code);
}

/* The handler makes the page writable: the instruction is done again. */
static void mend(int number, siginfo_t *info, void *context)
{
    note(number, info, context);
    mprotect(info->si_addr, 4096, PROT_READ | PROT_WRITE);
}

static void again(void)
{
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle(SIGSEGV, mend, 0);
    page[0] = 5;
    say("mended", page[0]);
}

/* ---- registers ---- */

static void trample(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    note(number, info, context);
    __asm__ volatile("pxor %%xmm0, %%xmm0; pxor %%xmm7, %%xmm7; fninit; fldz; std; cld" ::
                         : "xmm0", "xmm7");
    u->uc_mcontext.gregs[REG_R12] += 1;
    u->uc_mcontext.gregs[REG_RIP] += 1; /* behind the int3's neighbour, a NOP */
}

static void registers(void)
{
    uint64_t r12 = 41, low = 0x1122334455667788, out = 0, rbx = 77;
    double pi = 0;
    handle(SIGTRAP, trample, 0);
    __asm__ volatile(
        "movq %[low], %%xmm7\n\tfldpi\n\tmovq %[r12], %%r12\n\tmovl $77, %%ebx\n\t"
        "int3\n\tnop\n\t"
        "movq %%xmm7, %[out]\n\tfstpl %[pi]\n\tmovq %%r12, %[r12]\n\tmovq %%rbx, %[rbx]"
        : [out] "=&r"(out), [pi] "=m"(pi), [r12] "+&r"(r12), [rbx] "=&r"(rbx)
        : [low] "r"(low)
        : "r12", "rbx", "xmm7", "memory");
    say("r12", (long)r12);
    say("rbx", (long)rbx);
    say("xmm7", out == low);
    say("x87", pi > 3.14159 && pi < 3.1416);
}

/* A frame that the CPU would not load, one that leads nowhere, and flags that are not its own. */
static void spoil_frame(int number, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    note(number, info, context);
    if (number == SIGUSR1)
        *(uint64_t *)((char *)u->uc_mcontext.fpregs + HEADER_COMPACT) = 1;
    if (number == SIGUSR2)
        u->uc_mcontext.fpregs = (void *)0x1000;
    if (number == SIGTERM)
        u->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x20000; /* IOPL, VM */
}

static void hostile(void)
{
    handle(SIGSEGV, leap, 0);
    handle(SIGUSR1, spoil_frame, 0);
    handle(SIGUSR2, spoil_frame, 0);
    handle(SIGTERM, spoil_frame, 0);
    if (sigsetjmp(back, 1) == 0)
        raise(SIGUSR1);
    say("bad vector state", last);
    if (sigsetjmp(back, 1) == 0)
        raise(SIGUSR2);
    say("no vector state", last);
    raise(SIGTERM);
    uint64_t flags = 0;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    say("flags", (long)(flags & 0x23000));
    say("bad frame", last);
}

/* ---- sent ---- */

static void sent(void)
{
    sigset_t set, old;
    handle(SIGUSR1, note, SA_ONSTACK);
    count = 0;
    raise(SIGUSR1);
    report("raise", (void *)(((uintptr_t)getuid() << 32) | (unsigned)getpid()));
    kill(getpid(), SIGUSR1);
    say("kill", count * 100 + code);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    raise(SIGUSR1);
    sigpending(&set);
    say("blocked", count * 10 + sigismember(&set, SIGUSR1));
    say("sigsuspend", sigsuspend(&old) == -1 && errno == EINTR);
    say("taken", count);
    raise(SIGUSR1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    say("unblocked", count);
    handle(SIGUSR1, note, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    say("reset", now.sa_handler == SIG_DFL);
    raise(SIGCHLD);
    raise(SIGWINCH);
    kill(getpid(), SIGURG);
    say("bad signal", syscall(SYS_tgkill, getpid(), gettid(), 65) == -1 ? errno : 0);
    say("no such thread", syscall(SYS_tkill, 1 << 22, SIGUSR1) == -1 ? errno : 0);
}

static void broken_pipe(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        return;
    close(ends[0]);
    handle(SIGPIPE, note, 0);
    last = 0;
    say("pipe", write(ends[1], "x", 1) == -1 ? errno : 0);
    say("pipe's signal", last);
    signal(SIGPIPE, SIG_IGN);
    say("pipe ignored", write(ends[1], "x", 1) == -1 ? errno : 0);
    close(ends[1]);
}

static void stacks(void)
{
    stack_t bad = {.ss_sp = other_stack, .ss_size = 100}, now;
    say("small stack", sigaltstack(&bad, NULL) == -1 ? errno : 0);
    bad.ss_flags = 77;
    say("bad stack", sigaltstack(&bad, NULL) == -1 ? errno : 0);
    sigaltstack(NULL, &now);
    say("stack",
        now.ss_sp == other_stack && now.ss_flags == 0 && now.ss_size == sizeof(other_stack));
}

/* ---- threads ---- */

static uint32_t word;
static volatile int waiting;

static void wake_all(int number, siginfo_t *info, void *context)
{
    note(number, info, context);
}

static void *wait_interrupted(void *unused)
{
    (void)unused;
    waiting = gettid();
    long result = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return (void *)(intptr_t)(result == -1 ? errno : 0);
}

static void *spin(void *unused)
{
    waiting = gettid();
    while (count == 0)
        ;
    return unused;
}

/* Again and again until it was heard: the signal may come before the thread sleeps. */
static long poke(void *(*function)(void *), int flags, bool until_over)
{
    pthread_t thread;
    void *result = NULL;
    handle(SIGUSR2, wake_all, flags);
    count = waiting = 0;
    pthread_create(&thread, NULL, function, NULL);
    while (waiting == 0)
        sched_yield();
    while (count == 0 || (until_over && pthread_tryjoin_np(thread, &result) == EBUSY)) {
        if (!until_over || count < 1000)
            pthread_kill(thread, SIGUSR2);
        usleep(1000);
    }
    if (!until_over) {
        word = 1;
        while (pthread_tryjoin_np(thread, &result) == EBUSY) {
            syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
            usleep(1000);
        }
        word = 0;
    }
    return (long)(intptr_t)result;
}

static void threads(void)
{
    say("wait ends", poke(wait_interrupted, 0, true));
    long restarted = poke(wait_interrupted, SA_RESTART, false);
    say("wait goes on", restarted == 0 || restarted == EAGAIN);
    say("running one", poke(spin, 0, false));
}

/* ---- timers ---- */

static void ring(int number, siginfo_t *info, void *context)
{
    note(number, info, context);
}

static void *until_it_rings(void *unused)
{
    while (count == 0)
        pause();
    return unused;
}

static void timers(void)
{
    const struct itimerval soon = {.it_value.tv_usec = 2000},
                           often = {{.tv_usec = 3000}, {.tv_usec = 1000}},
                           unsound = {.it_value.tv_usec = 1000000};
    struct itimerval left = {{1, 1}, {1, 1}};
    pthread_t thread;
    handle(SIGALRM, ring, 0);
    say("no alarm yet", alarm(100));
    long rest = alarm(0);
    say("the rest of it", rest > 10 && rest <= 100);
    count = 0;
    say("no timer", setitimer(ITIMER_REAL, &often, &left) == 0 && left.it_value.tv_usec == 0);
    say("sleep ends", usleep(600000000) == -1 ? errno : 0);
    while (count < 5)
        ;
    say("its interval", getitimer(ITIMER_REAL, &left) == 0 && left.it_interval.tv_usec == 3000);
    say("stopped", setitimer(ITIMER_REAL, NULL, NULL));
    say("none", getitimer(ITIMER_REAL, &left) == 0 && left.it_value.tv_usec == 0);
    say("bad time", setitimer(ITIMER_REAL, &unsound, NULL) == -1 ? errno : 0);
    say("bad timer", setitimer((enum __itimer_which)7, &soon, NULL) == -1 ? errno : 0);
    count = 0;
    pthread_create(&thread, NULL, until_it_rings, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    while (count == 0)
        ;
    while (pthread_tryjoin_np(thread, NULL) == EBUSY) {
        pthread_kill(thread, SIGALRM); /* it may have heard nothing: any thread takes the alarm */
        usleep(1000);
    }
    say("with threads", 1);
}

static int die(const char *how)
{
    if (strcmp(how, "alarm") == 0) {
        ualarm(1000, 0);
        for (;;)
            pause();
    }
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "blocked") == 0) {
        sigset_t all;
        handle(SIGSEGV, leap, 0);
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        *nowhere = 1;
    }
    if (strcmp(how, "ignored") == 0) {
        signal(SIGSEGV, SIG_IGN);
        *nowhere = 1;
    }
    if (strcmp(how, "stackless") == 0) {
        handle(SIGUSR1, note, 0);
        __asm__ volatile("movq $4096, %%rsp; syscall" ::"a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1));
    }
    kill(getpid(), SIGTERM);
    return 1;
}

int main(int argc, char **argv)
{
    const stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
    if (argc > 1)
        return die(argv[1]);
    sigaltstack(&stack, NULL);
    faults();
    again();
    registers();
    hostile();
    sent();
    broken_pipe();
    stacks();
    threads();
    timers();
    return 0;
}
