/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that block, and the signals that end them: signal(7), "Interruption of system calls". */
#define _GNU_SOURCE
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define EVERY_US 10000
#define LONG     1000 /* seconds */

static volatile sig_atomic_t heard;
static volatile int done;

/* What the calls below wait for, and what the handler does so that they need not any more. */
static struct {
    int pipe[2], full[2], unix_pair[2], listening, connecting, epoll, timer, event;
    int lock, locked;
    unsigned word;
    pthread_t main;
} w;

static void note(int number)
{
    (void)number;
    heard++;
}

static void handle(int number, void (*handler)(int), int flags)
{
    const struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(number, &action, NULL);
}

static void every(long us)
{
    const struct itimerval timer = {{0, us}, {0, us}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static struct flock whole(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static struct sockaddr_un address(void)
{
    return (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "listening"};
}

static void prepare(void)
{
    static char much[4096];
    struct sockaddr_un name = address();
    struct epoll_event event = {.events = EPOLLIN};
    struct flock lock = whole(F_WRLCK);
    make_file("lock", "");
    mkfifo("fifo", 0600);
    w.lock = open("lock", O_RDWR);
    w.locked = open("lock", O_RDWR);
    flock(w.locked, LOCK_EX);
    fcntl(w.locked, F_OFD_SETLK, &lock);
    w.listening = socket(AF_UNIX, SOCK_STREAM, 0);
    bind(w.listening, (struct sockaddr *)&name, sizeof(name));
    listen(w.listening, 5);
    w.connecting = socket(AF_UNIX, SOCK_STREAM, 0);
    w.epoll = epoll_create1(0);
    w.timer = timerfd_create(CLOCK_MONOTONIC, 0);
    w.event = eventfd(0, 0);
    w.main = pthread_self();
    show("prepared", pipe(w.pipe) | pipe2(w.full, O_NONBLOCK) |
                         socketpair(AF_UNIX, SOCK_STREAM, 0, w.unix_pair) |
                         epoll_ctl(w.epoll, EPOLL_CTL_ADD, w.pipe[0], &event));
    while (write(w.full[1], much, sizeof(much)) > 0)
        ;
    fcntl(w.full[1], F_SETFL, 0);
}

/* ---- the calls: each blocks until release() ---- */

static char bytes[8192];

static long do_read(void)
{
    return read(w.pipe[0], bytes, 1);
}
static long do_readv(void)
{
    const struct iovec vector[2] = {{bytes, 1}, {bytes + 8, 1}};
    return readv(w.pipe[0], vector, 2);
}
static long do_write(void)
{
    return write(w.full[1], bytes, 1);
}
static long do_open(void)
{
    int fd = open("fifo", O_RDONLY);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : 0;
}
static long do_accept(void)
{
    int fd = accept(w.listening, NULL, NULL);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -1 : 0;
}
static long do_recv(void)
{
    return recv(w.unix_pair[0], bytes, 1, 0);
}
static long do_recvmsg(void)
{
    struct iovec piece = {bytes, 1};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    return recvmsg(w.unix_pair[0], &message, 0);
}
static long do_flock(void)
{
    return flock(w.lock, LOCK_EX);
}
static long do_lock(void)
{
    struct flock lock = whole(F_WRLCK);
    return fcntl(w.lock, F_OFD_SETLKW, &lock);
}
static long do_timer(void)
{
    uint64_t count = 0;
    return read(w.timer, &count, sizeof(count));
}
static long do_event(void)
{
    uint64_t count = 0;
    return read(w.event, &count, sizeof(count));
}
static long do_futex(void)
{
    return syscall(SYS_futex, &w.word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}
static long do_poll(void)
{
    struct pollfd fd = {w.pipe[0], POLLIN, 0};
    return poll(&fd, 1, -1);
}
static long do_ppoll(void)
{
    struct pollfd fd = {w.pipe[0], POLLIN, 0};
    return ppoll(&fd, 1, &(struct timespec){LONG, 0}, NULL);
}
static long do_select(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(w.pipe[0], &set);
    return select(w.pipe[0] + 1, &set, NULL, NULL, NULL);
}
static long do_epoll(void)
{
    struct epoll_event event;
    return epoll_wait(w.epoll, &event, 1, -1);
}
static long do_nanosleep(void)
{
    return nanosleep(&(struct timespec){LONG, 0}, NULL);
}
static long do_real_sleep(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LONG;
    errno = clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
    return errno ? -1 : 0;
}
static long do_pause(void)
{
    return pause();
}
static long do_suspend(void)
{
    sigset_t none;
    sigemptyset(&none);
    return sigsuspend(&none);
}

/* All that restart with SA_RESTART first. */
static const struct {
    const char *name;
    long (*call)(void);
} calls[] = {
    {"read", do_read},        {"readv", do_readv},         {"write", do_write},
    {"open", do_open},        {"accept", do_accept},       {"recv", do_recv},
    {"recvmsg", do_recvmsg},  {"flock", do_flock},         {"lock", do_lock},
    {"timerfd", do_timer},    {"eventfd", do_event},       {"futex", do_futex},
    {"poll", do_poll},        {"ppoll", do_ppoll},         {"select", do_select},
    {"epoll_wait", do_epoll}, {"nanosleep", do_nanosleep}, {"real-sleep", do_real_sleep},
    {"pause", do_pause},      {"sigsuspend", do_suspend},
};
#define CALLS   (sizeof(calls) / sizeof(calls[0]))
#define RESTART 12

/* From a handler, at the third signal: what was waited for is there. */
static void release(int number)
{
    struct sockaddr_un name = address();
    struct flock lock = whole(F_UNLCK);
    uint64_t one = 1;
    (void)number;
    if (++heard != 3)
        return;
    int fifo = open("fifo", O_RDWR | O_NONBLOCK);
    ssize_t wrote = write(w.pipe[1], "x", 1) + write(w.unix_pair[1], "y", 1) +
                    write(w.event, &one, sizeof(one));
    wrote += read(w.full[0], bytes, sizeof(bytes));
    connect(w.connecting, (struct sockaddr *)&name, sizeof(name));
    flock(w.locked, LOCK_UN);
    fcntl(w.locked, F_OFD_SETLK, &lock);
    timerfd_settime(w.timer, 0, &(struct itimerspec){.it_value = {0, 1}}, NULL);
    w.word = wrote > 0;
    done = fifo;
}

/* Each from the same beginning. */
static void again(void)
{
    heard = 0;
    done = 0;
    w.word = 0;
}

static void end_calls(void)
{
    const int all[] = {w.pipe[0],      w.pipe[1], w.full[0], w.full[1],   w.unix_pair[0],
                       w.unix_pair[1], w.locked,  w.lock,    w.listening, w.connecting,
                       w.epoll,        w.timer,   w.event};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        close(all[i]);
    unlink("listening");
    unlink("fifo");
}

static void by_alarm(void)
{
    char name[40];
    prepare();
    handle(SIGALRM, note, 0);
    every(EVERY_US);
    for (size_t i = 0; i < CALLS; i++) {
        again();
        strcat(strcpy(name, "alarm."), calls[i].name);
        show(name, calls[i].call());
        show_value("heard", heard > 0);
    }
    every(0);
    end_calls();
}

static void restarted(void)
{
    char name[40];
    for (size_t i = 0; i < CALLS; i++) {
        handle(SIGALRM, i < RESTART ? release : note, SA_RESTART);
        again();
        prepare();
        strcat(strcpy(name, "restart."), calls[i].name);
        every(EVERY_US);
        show(name, calls[i].call());
        every(0);
        show_value("three", i < RESTART ? heard >= 3 : heard > 0);
        if (done > 0)
            close(done);
        end_calls();
    }
}

/* ---- by another thread ---- */

static void *poke(void *unused)
{
    while (!done) {
        pthread_kill(w.main, SIGUSR1);
        usleep(EVERY_US);
    }
    return unused;
}

static void by_thread(void)
{
    char name[40];
    pthread_t thread;
    prepare();
    handle(SIGUSR1, note, 0);
    for (size_t i = 0; i < CALLS; i++) {
        again();
        pthread_create(&thread, NULL, poke, NULL);
        strcat(strcpy(name, "thread."), calls[i].name);
        show(name, calls[i].call());
        done = 1;
        pthread_join(thread, NULL);
    }
    end_calls();
}

static void *read_in_thread(void *unused)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    long result = do_read();
    return result == -1 ? (void *)(intptr_t)errno : unused;
}

/* The signal goes to a thread that has not blocked it, whichever that is. */
static void other_thread(void)
{
    pthread_t thread;
    void *result = NULL;
    sigset_t set;
    prepare();
    again();
    handle(SIGALRM, note, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_create(&thread, NULL, read_in_thread, NULL);
    every(EVERY_US);
    pthread_join(thread, &result);
    every(0);
    show_value("other-thread", (intptr_t)result == EINTR && heard > 0);
    heard = 0;
    kill(getpid(), SIGALRM);
    show_value("blocked", heard == 0);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    show_value("unblocked", heard == 1);
    end_calls();
}

/* ---- with a mask of their own: no signal is lost between looking and waiting ---- */

static void masked(void)
{
    struct pollfd fd = {w.pipe[0], POLLIN, 0};
    struct epoll_event event;
    sigset_t none, blocked, now;
    fd_set set;
    prepare();
    again();
    handle(SIGUSR1, note, SA_RESTART);
    fd.fd = w.pipe[0];
    FD_ZERO(&set);
    FD_SET(w.pipe[0], &set);
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGUSR1);
    show_value("mask.kept", heard);
    show("mask.ppoll", ppoll(&fd, 1, NULL, &none));
    raise(SIGUSR1);
    show("mask.pselect", pselect(w.pipe[0] + 1, &set, NULL, NULL, NULL, &none));
    raise(SIGUSR1);
    show("mask.epoll_pwait", epoll_pwait(w.epoll, &event, 1, -1, &none));
    show_value("mask.heard", heard);
    sigprocmask(SIG_BLOCK, NULL, &now);
    show_value("mask.restored", sigismember(&now, SIGUSR1));
    show("mask.timeout", ppoll(&fd, 1, &(struct timespec){0, 1}, &none));
    show("mask.bad-size", syscall(SYS_ppoll, &fd, 1, NULL, &none, 4));
    show("mask.bad-pointer", syscall(SYS_ppoll, &fd, 1, NULL, nowhere, 8));
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    end_calls();
}

/* ---- what does not wait is not disturbed ---- */

static void undisturbed(void)
{
    int sum = 0, p[2];
    char byte;
    handle(SIGALRM, note, SA_RESTART);
    show("pipe", pipe(p));
    again();
    every(1000);
    while (heard < 20)
        for (int i = 0; i < 10; i++)
            if (write(p[1], "x", 1) != 1 || read(p[0], &byte, 1) != 1)
                sum++;
    every(0);
    show_value("failed", sum);
    close(p[0]);
    close(p[1]);
}

void interrupts(void)
{
    by_alarm();
    restarted();
    by_thread();
    other_thread();
    masked();
    undisturbed();
    signal(SIGALRM, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
}
