/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carrying threads: enter VTL1, make the system call it asks for, enter it again. VTL0 schedules
 * the carrier, and with it the trustlet's thread.
 */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CHANNEL_SIZE  (OPENVSM_CHANNEL_PAGES * (size_t)OPENVSM_PAGE_SIZE)
#define CARRIER_STACK (64u << 10)
#define MAP_TRIES     5000
#define MAP_PAUSE_US  1000
#define KICK_EVERY_NS 2000000

static int run_thread(struct openvsm *host, uint32_t index, struct sk_channel *channel);

/* ---- The end: the first carrier that learns of it tells the others. ---- */

static void ignore(int signal)
{
    (void)signal;
}

/* Without SA_RESTART, and with a handler at all, the signal ends a blocking call by EINTR. To be
 * called before another thread or the driver may send it. */
static void make_kickable(struct openvsm *host)
{
    struct sigaction action = {.sa_handler = ignore};
    if (!host->kickable)
        sigaction(KICK_SIGNAL, &action, NULL);
    host->kickable = true;
}

void openvsm_kick(struct openvsm *host)
{
    for (struct carrier *c = host->carriers; c; c = c->next)
        if (!pthread_equal(c->thread, pthread_self()))
            pthread_kill(c->thread, KICK_SIGNAL);
}

static void finish(struct openvsm *host, const struct openvsm_end *end, int error)
{
    pthread_mutex_lock(&host->lock);
    if (!host->ended) {
        host->finisher = pthread_self();
        host->error = error;
        host->end = *end;
        __atomic_store_n(&host->ended, true, __ATOMIC_RELEASE);
    }
    pthread_cond_broadcast(&host->changed);
    openvsm_kick(host);
    pthread_mutex_unlock(&host->lock);
}

static void fail(struct openvsm *host, int error)
{
    finish(host, &(struct openvsm_end){0}, error);
}

/* A kick may come just before the call that it should interrupt: so again, after a while. */
static void wait_a_while(struct openvsm *host)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += KICK_EVERY_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&host->changed, &host->lock, &until);
}

/* ---- Carriers ---- */

/* The other carriers inherit that the kick is not blocked. */
static void enlist(struct carrier *c)
{
    sigset_t kick;
    sigemptyset(&kick);
    sigaddset(&kick, KICK_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
    pthread_mutex_lock(&c->host->lock);
    make_kickable(c->host);
    c->thread = pthread_self();
    c->next = c->host->carriers;
    c->host->carriers = c;
    pthread_mutex_unlock(&c->host->lock);
}

static void delist(struct carrier *c)
{
    pthread_mutex_lock(&c->host->lock);
    struct carrier **at = &c->host->carriers;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    pthread_cond_broadcast(&c->host->changed);
    pthread_mutex_unlock(&c->host->lock);
}

/* Whoever learned of the end first stays until all others have seen it, openvsm_carry's first. */
static void see_others_off(struct openvsm *host)
{
    pthread_mutex_lock(&host->lock);
    while (host->ended && pthread_equal(host->finisher, pthread_self()) && host->carriers->next) {
        openvsm_kick(host);
        wait_a_while(host);
    }
    pthread_mutex_unlock(&host->lock);
}

/* Busy: the thread that had the index before has left VTL1, but its carrier not yet the driver. */
static struct sk_channel *map_channel(struct openvsm *host, uint32_t index)
{
    struct sk_channel *channel = MAP_FAILED;
    for (int try = 0; channel == MAP_FAILED && try < MAP_TRIES; try++) {
        if (try > 0)
            usleep(MAP_PAUSE_US);
        channel = mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, host->fd,
                       (off_t)OPENVSM_CHANNEL_OFFSET(index));
        if (channel == MAP_FAILED && errno != EBUSY)
            break;
    }
    return channel;
}

static void tell_starter(const struct carrier *c, bool ready)
{
    pthread_mutex_lock(&c->host->lock);
    *c->start = ready ? CARRIER_READY : CARRIER_FAILED;
    pthread_cond_broadcast(&c->host->changed);
    pthread_mutex_unlock(&c->host->lock);
}

static void *carrier_main(void *argument)
{
    struct carrier *c = argument;
    struct sk_channel *channel = map_channel(c->host, c->index);
    tell_starter(c, channel != MAP_FAILED);
    if (channel != MAP_FAILED && run_thread(c->host, c->index, channel))
        fail(c->host, errno);
    see_others_off(c->host);
    delist(c);
    free(c);
    return NULL;
}

/* Host's lock held. Listed before it runs, so that openvsm_close waits for it from now on. */
static int create_carrier(struct carrier *c)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, CARRIER_STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&c->thread, &attributes, carrier_main, c);
    pthread_attr_destroy(&attributes);
    if (error)
        return error;
    c->next = c->host->carriers;
    c->host->carriers = c;
    return 0;
}

/* -> is there one that can carry the thread? */
static bool start_carrier(struct openvsm *host, uint32_t index)
{
    enum carrier_start start = CARRIER_STARTS;
    struct carrier *c = calloc(1, sizeof(*c));
    if (!c)
        return false;
    *c = (struct carrier){.host = host, .index = index, .start = &start};
    pthread_mutex_lock(&host->lock);
    if (create_carrier(c)) {
        start = CARRIER_FAILED;
        free(c);
    }
    while (start == CARRIER_STARTS)
        pthread_cond_wait(&host->changed, &host->lock);
    pthread_mutex_unlock(&host->lock);
    return start == CARRIER_READY;
}

static void answer(struct sk_channel *channel, int64_t result, uint64_t sequence)
{
    channel->result = result;
    channel->answered = sequence;
}

/* The set stands in the bounce buffer, by the request's second argument. */
static __attribute__((noinline)) void keep_signals(const struct sk_channel *channel)
{
    uint64_t set = 0;
    memcpy(&set, (const void *)(uintptr_t)channel->arguments[1], sizeof(set));
    openvsm_keep_signals(set);
}

/* Does nobody want that call interrupted? A kick for an earlier one came late. */
static __attribute__((noinline)) bool kicked_for_nothing(const struct openvsm *host,
                                                         const struct sk_channel *channel)
{
    return __atomic_load_n(&channel->interrupt, __ATOMIC_ACQUIRE) != channel->sequence &&
           !__atomic_load_n(&host->ended, __ATOMIC_ACQUIRE) &&
           !__atomic_load_n(&host->killed, __ATOMIC_ACQUIRE);
}

static void make_syscall(struct openvsm *host, struct sk_channel *channel)
{
    uint64_t sequence = channel->sequence, number = channel->number;
    int64_t result;
    do
        result = openvsm_make_syscall(host->fd, number, channel->arguments);
    while (__builtin_expect(result == -EINTR, 0) && kicked_for_nothing(host, channel));
    if (__builtin_expect(number == SYS_signalfd || number == SYS_signalfd4, 0) && result >= 0)
        keep_signals(channel);
    answer(channel, result, sequence);
}

static void note_end(struct openvsm *host, const struct openvsm_run *run)
{
    struct openvsm_end end = {
        .status = (int)run->result[0],
        .signal = (int)run->result[1],
        .address = run->result[2],
        .death = (enum sk_death)run->result[3],
    };
    finish(host, &end, 0);
}

static bool has_ended(struct openvsm *host)
{
    return __atomic_load_n(&host->ended, __ATOMIC_ACQUIRE);
}

/* What is not a system call. -> 1: run again, 0: over, -1 with errno. */
static int take_step(struct openvsm *host, uint32_t index, struct sk_channel *channel)
{
    struct openvsm_run run = {.thread = index};
    if (ioctl(host->fd, OPENVSM_RUN_RESULTS, &run) < 0)
        return -1;
    switch (run.reason) {
    case SK_RUN_SPAWN:
        /* No carrier, no thread: clone(2) says so to the trustlet. */
        answer(channel, start_carrier(host, (uint32_t)run.result[0]) ? 0 : -EAGAIN,
               channel->sequence);
        return 1;
    case SK_RUN_EXIT:
        note_end(host, &run);
        return 0;
    case SK_RUN_THREAD_EXIT:
        return 0;
    default:
        errno = EPROTO;
        return -1;
    }
}

/* -> 0 once the thread or the trustlet has ended, or -1 with errno. */
static int run_loop(struct openvsm *host, uint32_t index, struct sk_channel *channel)
{
    int step = 1;
    while (step > 0) {
        off_t reason = lseek(host->fd, index, SEEK_SET); /* runs it: openvsm/device.h */
        if (reason == SK_RUN_SYSCALL)
            make_syscall(host, channel);
        else if (reason > 0)
            step = take_step(host, index, channel);
        else if (has_ended(host))
            step = 0;
        else if (errno != EINTR)
            step = -1;
    }
    return step;
}

static int run_thread(struct openvsm *host, uint32_t index, struct sk_channel *channel)
{
    int result = run_loop(host, index, channel);
    int saved = errno;
    munmap(channel, CHANNEL_SIZE);
    errno = saved;
    return result;
}

int openvsm_carry(struct openvsm *host, struct openvsm_end *end)
{
    struct carrier self = {.host = host, .index = host->first_thread};
    /* The trustlet gets EPIPE, and makes its own SIGPIPE of it, or does not. */
    struct sigaction ours = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ours, &before);
    enlist(&self);
    struct sk_channel *channel = map_channel(host, self.index);
    if (channel == MAP_FAILED || run_thread(host, self.index, channel))
        fail(host, errno);
    delist(&self);
    pthread_mutex_lock(&host->lock);
    while (!host->ended)
        pthread_cond_wait(&host->changed, &host->lock);
    *end = host->end;
    sigaction(SIGPIPE, &before, NULL);
    errno = host->error;
    pthread_mutex_unlock(&host->lock);
    return errno ? -1 : 0;
}

int openvsm_kill(struct openvsm *host, int signal)
{
    uint32_t number = (uint32_t)signal;
    pthread_mutex_lock(&host->lock);
    make_kickable(host);
    __atomic_store_n(&host->killed, true, __ATOMIC_RELEASE);
    int result = ioctl(host->fd, OPENVSM_KILL, &number);
    openvsm_kick(host);
    pthread_mutex_unlock(&host->lock);
    return result;
}

void openvsm_close(struct openvsm *host)
{
    if (!host)
        return;
    if (!host->ended)
        openvsm_kill(host, SIGKILL);
    fail(host, ESRCH);
    pthread_mutex_lock(&host->lock);
    while (host->carriers) {
        openvsm_kick(host);
        wait_a_while(host);
    }
    pthread_mutex_unlock(&host->lock);
    close(host->fd); /* not earlier: a carrier must not meet another file under this number */
    pthread_cond_destroy(&host->changed);
    pthread_mutex_destroy(&host->lock);
    free(host);
}
