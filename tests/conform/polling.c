/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for descriptors: poll, select, epoll; and those that are made to be waited for. */
#define _GNU_SOURCE
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SOON ((struct timespec){0, 1000000})

static void by_poll(const int p[2])
{
    struct pollfd fds[4] = {
        {p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {-1, POLLIN, 7}, {99, POLLIN, 0}};
    show("poll", poll(fds, 4, 0));
    show_value("poll.reader", fds[0].revents);
    show_value("poll.writer", fds[1].revents);
    show_value("poll.negative", fds[2].revents);
    show_value("poll.closed", fds[3].revents);
    show("poll.none", poll(fds, 1, 0));
    show("poll.timeout", poll(fds, 1, 2));
    show("poll.nothing", poll(NULL, 0, 1));
    show("poll.bad-pointer", (int)syscall(SYS_poll, 8, 1, 0));
    show("poll.too-many", (int)syscall(SYS_poll, fds, 1 << 21, 0));
    show("ppoll", ppoll(fds, 2, &SOON, NULL));
    show("ppoll.bad-time", ppoll(fds, 1, &(struct timespec){0, -1}, NULL));
    show("write", write(p[1], "x", 1));
    show("poll.ready", poll(fds, 1, -1));
    show_value("poll.ready-reader", fds[0].revents);
}

static void by_select(const int p[2])
{
    fd_set in, out;
    struct timeval none = {0, 0};
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(p[0], &in);
    FD_SET(p[1], &out);
    show("select", select(p[1] + 1, &in, &out, NULL, &none));
    show_value("select.in", FD_ISSET(p[0], &in) != 0);
    show_value("select.out", FD_ISSET(p[1], &out) != 0);
    show("select.negative", select(-1, &in, NULL, NULL, &none));
    FD_ZERO(&in);
    FD_SET(40, &in);
    show("select.bad-fd", select(41, &in, NULL, NULL, &none));
    FD_ZERO(&in);
    show("select.sleep", select(0, NULL, NULL, NULL, &(struct timeval){0, 1000}));
    show("pselect", pselect(1, &in, NULL, NULL, &SOON, NULL));
    show("pselect.bad-time", pselect(1, &in, NULL, NULL, &(struct timespec){-1, 0}, NULL));
}

void polling(void)
{
    int p[2];
    char bytes[4];
    show("pipe", pipe(p));
    by_poll(p);
    by_select(p);
    show("read", read(p[0], bytes, 4));
    close(p[1]);
    struct pollfd end = {p[0], POLLIN, 0};
    show("poll.end", poll(&end, 1, -1));
    show_value("poll.end-revents", end.revents);
    close(p[0]);
}

static void changes(int epoll, const int p[2])
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0x1122334455667788}, got[4];
    show("ctl.add", epoll_ctl(epoll, EPOLL_CTL_ADD, p[0], &e));
    show("ctl.add-again", epoll_ctl(epoll, EPOLL_CTL_ADD, p[0], &e));
    show("ctl.itself", epoll_ctl(epoll, EPOLL_CTL_ADD, epoll, &e));
    show("ctl.bad-fd", epoll_ctl(epoll, EPOLL_CTL_ADD, 99, &e));
    show("ctl.no-epoll", epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &e));
    show("ctl.missing", epoll_ctl(epoll, EPOLL_CTL_DEL, p[1], NULL));
    show("ctl.bad", epoll_ctl(epoll, 9, p[1], &e));
    show("ctl.bad-pointer", epoll_ctl(epoll, EPOLL_CTL_ADD, p[1], nowhere));
    show("wait.nothing", epoll_wait(epoll, got, 4, 0));
    show("write", write(p[1], "abc", 3));
    show("wait", epoll_wait(epoll, got, 4, -1));
    show_value("wait.events", got[0].events);
    show_value("wait.data", (long long)got[0].data.u64);
    e.events = EPOLLIN | EPOLLET;
    e.data.u64 = 7;
    show("ctl.mod", epoll_ctl(epoll, EPOLL_CTL_MOD, p[0], &e));
    show("wait.edge", epoll_wait(epoll, got, 4, 0));
    show_value("wait.edge-data", (long long)got[0].data.u64);
    show("wait.edge-again", epoll_wait(epoll, got, 4, 0));
    e.events = EPOLLIN | EPOLLONESHOT;
    show("ctl.oneshot", epoll_ctl(epoll, EPOLL_CTL_MOD, p[0], &e));
    show("wait.oneshot", epoll_wait(epoll, got, 4, 0));
    show("wait.oneshot-again", epoll_wait(epoll, got, 4, 0));
    show("ctl.rearm", epoll_ctl(epoll, EPOLL_CTL_MOD, p[0], &e));
    show("wait.rearmed", epoll_pwait(epoll, got, 4, 0, NULL));
    show("wait.zero-events", epoll_wait(epoll, got, 0, 0));
    show("wait.negative", epoll_wait(epoll, got, minus_one, 0));
    show("wait.bad-fd", epoll_wait(99, got, 4, 0));
    show("wait.no-epoll", epoll_wait(p[0], got, 4, 0));
    show("ctl.del", epoll_ctl(epoll, EPOLL_CTL_DEL, p[0], NULL));
    show("wait.deleted", epoll_wait(epoll, got, 4, 0));
}

static void many_at_once(int epoll)
{
    struct epoll_event e = {.events = EPOLLIN}, got[64];
    int fds[40];
    uint64_t sum = 0;
    for (unsigned i = 0; i < 40; i++) {
        fds[i] = eventfd(1, 0);
        e.data.u64 = 1000 + i;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &e);
    }
    int count = epoll_wait(epoll, got, 64, 0);
    show("many", count);
    for (int i = 0; i < count; i++)
        sum += got[i].data.u64;
    show_value("many.sum", (long long)sum);
    for (unsigned i = 0; i < 40; i++)
        close(fds[i]);
    show("many.closed", epoll_wait(epoll, got, 64, 0));
}

static void event_counters(void)
{
    uint64_t word = 5;
    int fd = eventfd(3, EFD_NONBLOCK), semaphore = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    show("eventfd.write", write(fd, &word, 8));
    show("eventfd.read", read(fd, &word, 8));
    show_value("eventfd.sum", (long long)word);
    show("eventfd.empty", read(fd, &word, 8));
    show("eventfd.short", read(semaphore, &word, 4));
    show("eventfd.semaphore", read(semaphore, &word, 8));
    show_value("eventfd.one", (long long)word);
    word = UINT64_MAX;
    show("eventfd.too-much", write(fd, &word, 8));
    show("eventfd.bad", eventfd(0, 12345));
    close(fd);
    close(semaphore);
}

void events(void)
{
    int p[2], epoll = epoll_create1(EPOLL_CLOEXEC);
    show("create.flag", fcntl(epoll, F_GETFD));
    show("create.bad", epoll_create(0));
    show("create1.bad", epoll_create1(1));
    show("pipe", pipe(p));
    changes(epoll, p);
    many_at_once(epoll);
    event_counters();
    close(p[0]);
    close(p[1]);
    close(epoll);
}

void timers(void)
{
    struct itimerspec soon = {.it_value = SOON}, old, bad = {.it_value = {0, -1}};
    uint64_t count = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    show("timerfd.settime", timerfd_settime(fd, 0, &soon, &old));
    show_value("timerfd.old", old.it_value.tv_nsec);
    show("timerfd.read", read(fd, &count, 8));
    show_value("timerfd.count", (long long)count);
    show("timerfd.gettime", timerfd_gettime(fd, &old));
    show_value("timerfd.over", old.it_value.tv_nsec);
    show("timerfd.bad-time", timerfd_settime(fd, 0, &bad, NULL));
    show("timerfd.bad-fd", timerfd_settime(99, 0, &soon, NULL));
    show("timerfd.bad-clock", timerfd_create(99, 0));
    close(fd);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    int signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    show("signalfd.flag", fcntl(signals, F_GETFD));
    show("signalfd.none", read(signals, &count, 8));
    show("signalfd.bad", signalfd(99, &set, 0));
    close(signals);
}
