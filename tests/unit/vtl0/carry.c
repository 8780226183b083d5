/* SPDX-License-Identifier: BSD-2-Clause */
/* Carriers against a device that plays a script in place of VTL1. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "host.h"

#define CHANNEL_SIZE (OPENVSM_CHANNEL_PAGES * (size_t)OPENVSM_PAGE_SIZE)
#define THREADS      3u
#define STEPS        6u

/* One answer of RUN. */
struct step {
    enum sk_run reason;
    uint64_t result[4]; /* of SYSCALL: number, then the first three arguments */
    int error;
};

static struct {
    struct step steps[THREADS][STEPS];
    unsigned at[THREADS];
    struct sk_channel *channels[THREADS];
    int64_t answers[THREADS]; /* to the last call */
    bool killed;
    bool no_threads;  /* the system makes no more */
    bool no_channel;  /* for any but the first */
    unsigned refused; /* new threads that the host said it cannot carry */
} device;

int __wrap_ioctl(int fd, unsigned long request, void *argument);
off_t __wrap_lseek(int fd, off_t thread, int whence);
void *__wrap_mmap(void *address, size_t size, int rights, int flags, int fd, off_t offset);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument);
void *__real_mmap(void *address, size_t size, int rights, int flags, int fd, off_t offset);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*function)(void *), void *argument)
{
    return device.no_threads ? EAGAIN
                             : __real_pthread_create(thread, attributes, function, argument);
}

static void ask(uint32_t thread, const struct step *step)
{
    struct sk_channel *c = device.channels[thread];
    c->number = step->result[0];
    memcpy(c->arguments, &step->result[1], 3 * sizeof(uint64_t));
    c->sequence++;
}

static const struct step killed = {SK_RUN_EXIT, {0, SIGKILL}, 0};

static const struct step *step_of(uint32_t thread)
{
    return device.killed ? &killed : &device.steps[thread][device.at[thread] - 1];
}

/* RUN in its short form. */
off_t __wrap_lseek(int fd, off_t thread, int whence)
{
    struct sk_channel *c = device.channels[thread];
    assert_int_equal(fd, 1000);
    assert_int_equal(whence, SEEK_SET);
    bool spawned = device.at[thread] && step_of((uint32_t)thread)->reason == SK_RUN_SPAWN;
    if (c->answered == c->sequence)
        device.answers[thread] = c->result;
    device.refused += spawned && c->answered == c->sequence && c->result == -EAGAIN;
    device.at[thread]++;
    const struct step *step = step_of((uint32_t)thread);
    if (step->error) {
        errno = step->error;
        return -1;
    }
    if (step->reason == SK_RUN_SYSCALL || step->reason == SK_RUN_SPAWN)
        ask((uint32_t)thread, step);
    return step->reason;
}

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
    struct openvsm_run *run = argument;
    assert_int_equal(fd, 1000);
    if (request == OPENVSM_KILL) {
        device.killed = true;
        return 0;
    }
    assert_int_equal(request, OPENVSM_RUN_RESULTS);
    run->reason = step_of(run->thread)->reason;
    memcpy(run->result, step_of(run->thread)->result, sizeof(run->result));
    return 0;
}

void *__wrap_mmap(void *address, size_t size, int rights, int flags, int fd, off_t offset)
{
    if (fd != 1000)
        return __real_mmap(address, size, rights, flags, fd, offset);
    if (device.no_channel && offset != 0) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *pages = __real_mmap(NULL, size, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    device.channels[(uint64_t)offset / CHANNEL_SIZE] = pages;
    return pages;
}

static struct openvsm *new_host(void)
{
    struct openvsm *host = calloc(1, sizeof(*host));
    memset(&device, 0, sizeof(device));
    host->fd = 1000;
    pthread_mutex_init(&host->lock, NULL);
    pthread_cond_init(&host->changed, NULL);
    return host;
}

static void one_thread_lives_and_ends(void **state)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    const struct step script[] = {
        {SK_RUN_SYSCALL, {SYS_getppid}, 0},
        {.error = EINTR},
        {SK_RUN_EXIT, {7, SIGSEGV, 0x1234, SK_DEATH_FAULT}, 0},
    };
    (void)state;
    memcpy(device.steps[0], script, sizeof(script));
    assert_int_equal(openvsm_carry(host, &end), 0);
    assert_int_equal(device.answers[0], getppid());
    assert_int_equal(end.status, 7);
    assert_int_equal(end.signal, SIGSEGV);
    assert_int_equal(end.address, 0x1234);
    assert_int_equal(end.death, SK_DEATH_FAULT);
    openvsm_close(host);
}

static void a_lost_trustlet_is_an_error(void **state)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    (void)state;
    device.steps[0][0] = (struct step){.error = ESRCH};
    assert_int_equal(openvsm_carry(host, &end), -1);
    assert_int_equal(errno, ESRCH);
    openvsm_close(host);
}

/* The first thread waits in a read that nobody will answer when the second one ends it all. */
static void the_end_reaches_a_waiting_carrier(void **state)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    char byte;
    int idle[2];
    (void)state;
    assert_int_equal(pipe(idle), 0);
    device.steps[0][0] = (struct step){SK_RUN_SPAWN, {1}, 0};
    device.steps[0][1] = (struct step){
        SK_RUN_SYSCALL, {SYS_read, (uint64_t)idle[0], (uint64_t)(uintptr_t)&byte, 1}, 0};
    device.steps[0][2] = (struct step){SK_RUN_EXIT, {5}, 0};
    device.steps[1][0] = (struct step){SK_RUN_SYSCALL, {SYS_sched_yield}, 0};
    device.steps[1][1] = (struct step){SK_RUN_EXIT, {5}, 0};
    assert_int_equal(openvsm_carry(host, &end), 0);
    assert_int_equal(end.status, 5);
    openvsm_close(host);
    close(idle[0]);
    close(idle[1]);
}

/* The first thread ends before the others: its carrier waits for the process's end. */
static void the_process_outlives_its_first_thread(void **state)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    (void)state;
    device.steps[0][0] = (struct step){SK_RUN_SPAWN, {1}, 0};
    device.steps[0][1] = (struct step){SK_RUN_SPAWN, {2}, 0};
    device.steps[0][2] = (struct step){SK_RUN_THREAD_EXIT, {0}, 0};
    device.steps[1][0] = (struct step){SK_RUN_THREAD_EXIT, {0}, 0};
    device.steps[2][0] = (struct step){SK_RUN_SYSCALL, {SYS_getpid}, 0};
    device.steps[2][1] = (struct step){SK_RUN_EXIT, {9}, 0};
    assert_int_equal(openvsm_carry(host, &end), 0);
    assert_int_equal(end.status, 9);
    assert_int_equal(device.answers[2], getpid());
    openvsm_close(host);
}

/* Again and again, as it may come before it is asked for. */
static void *send_signals(void *over)
{
    while (!__atomic_load_n((bool *)over, __ATOMIC_ACQUIRE)) {
        kill(getpid(), SIGUSR1);
        usleep(2000);
    }
    return NULL;
}

/* The first thread asks for the signal after the second one, which has not blocked it, began. */
static void a_signal_asked_for_is_read(void **state)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    struct signalfd_siginfo info = {0};
    uint64_t set = 1u << (SIGUSR1 - 1);
    pthread_t sender;
    bool over = false;
    int next = dup(0);
    (void)state;
    close(next); /* the number that signalfd gives */
    device.steps[0][0] = (struct step){SK_RUN_SPAWN, {1}, 0};
    device.steps[0][1] = (struct step){
        SK_RUN_SYSCALL, {SYS_signalfd, (uint64_t)-1, (uint64_t)(uintptr_t)&set, sizeof(set)}, 0};
    device.steps[0][2] = (struct step){
        SK_RUN_SYSCALL, {SYS_read, (uint64_t)next, (uint64_t)(uintptr_t)&info, sizeof(info)}, 0};
    device.steps[0][3] = (struct step){SK_RUN_EXIT, {3}, 0};
    device.steps[1][0] = (struct step){SK_RUN_SYSCALL, {SYS_pause}, 0};
    device.steps[1][1] = (struct step){SK_RUN_EXIT, {3}, 0};
    signal(SIGUSR1, SIG_IGN);
    pthread_create(&sender, NULL, send_signals, &over);
    assert_int_equal(openvsm_carry(host, &end), 0);
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
    pthread_join(sender, NULL);
    assert_int_equal(device.answers[0], sizeof(info));
    assert_int_equal(info.ssi_signo, SIGUSR1);
    assert_int_equal(info.ssi_pid, getpid());
    openvsm_close(host);
    close(next);
}

struct kicks {
    pthread_t whom;
    unsigned count;
    bool over;
};

/* The tenth is meant for the request under way, those before came late. The channel is there until
 * that request is over. */
static void *send_kicks(void *argument)
{
    struct kicks *kicks = argument;
    bool meant = false;
    while (!__atomic_load_n(&kicks->over, __ATOMIC_ACQUIRE)) {
        usleep(2000);
        struct sk_channel *c =
            meant ? NULL : __atomic_load_n(&device.channels[0], __ATOMIC_ACQUIRE);
        uint64_t sequence = c ? __atomic_load_n(&c->sequence, __ATOMIC_ACQUIRE) : 0;
        if (++kicks->count >= 10 && sequence) {
            __atomic_store_n(&c->interrupt, sequence, __ATOMIC_RELEASE);
            meant = true;
        }
        pthread_kill(kicks->whom, OPENVSM_KICK_SIGNAL);
    }
    return NULL;
}

static void only_what_is_meant_is_interrupted(void **state)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    struct kicks kicks = {.whom = pthread_self()};
    pthread_t sender;
    (void)state;
    device.steps[0][0] = (struct step){SK_RUN_SYSCALL, {SYS_pause}, 0};
    device.steps[0][1] = (struct step){SK_RUN_EXIT, {4}, 0};
    pthread_create(&sender, NULL, send_kicks, &kicks);
    assert_int_equal(openvsm_carry(host, &end), 0);
    __atomic_store_n(&kicks.over, true, __ATOMIC_RELEASE);
    pthread_join(sender, NULL);
    assert_int_equal(device.answers[0], -EINTR);
    assert_true(kicks.count >= 10);
    openvsm_close(host);
}

static void *kill_soon(void *host)
{
    usleep(20000);
    openvsm_kill(host, SIGKILL);
    return NULL;
}

static void kill_ends_a_waiting_carrier(void **state)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    pthread_t killer;
    (void)state;
    device.steps[0][0] = (struct step){SK_RUN_SYSCALL, {SYS_pause}, 0};
    pthread_create(&killer, NULL, kill_soon, host);
    assert_int_equal(openvsm_carry(host, &end), 0);
    assert_int_equal(end.signal, SIGKILL);
    pthread_join(killer, NULL);
    openvsm_close(host);
}

/* A second thread still waits when the host is closed: close returns, and it is gone. */
static void close_waits_for_all_carriers(void **state)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    (void)state;
    device.steps[0][0] = (struct step){SK_RUN_SPAWN, {1}, 0};
    device.steps[0][1] = (struct step){SK_RUN_EXIT, {0}, 0};
    device.steps[1][0] = (struct step){SK_RUN_SYSCALL, {SYS_pause}, 0};
    device.steps[1][1] = (struct step){SK_RUN_EXIT, {0}, 0};
    assert_int_equal(openvsm_carry(host, &end), 0);
    openvsm_close(host);
}

static void refuses_a_thread(bool channel)
{
    struct openvsm *host = new_host();
    struct openvsm_end end;
    device.steps[0][0] = (struct step){SK_RUN_SPAWN, {1}, 0};
    device.steps[0][1] = (struct step){SK_RUN_SYSCALL, {SYS_getppid}, 0};
    device.steps[0][2] = (struct step){SK_RUN_EXIT, {0}, 0};
    device.no_threads = channel;
    device.no_channel = !channel;
    assert_int_equal(openvsm_carry(host, &end), 0);
    assert_int_equal(device.refused, 1);
    assert_int_equal(device.answers[0], getppid());
    openvsm_close(host);
}

static void no_carrier_no_thread(void **state)
{
    (void)state;
    refuses_a_thread(true);
}

static void no_channel_no_thread(void **state)
{
    (void)state;
    refuses_a_thread(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_lives_and_ends),
        cmocka_unit_test(a_lost_trustlet_is_an_error),
        cmocka_unit_test(the_end_reaches_a_waiting_carrier),
        cmocka_unit_test(the_process_outlives_its_first_thread),
        cmocka_unit_test(kill_ends_a_waiting_carrier),
        cmocka_unit_test(a_signal_asked_for_is_read),
        cmocka_unit_test(close_waits_for_all_carriers),
        cmocka_unit_test(only_what_is_meant_is_interrupted),
        cmocka_unit_test(no_carrier_no_thread),
        cmocka_unit_test(no_channel_no_thread),
    };
    alarm(30);
    return cmocka_run_group_tests_name("carry", tests, NULL, NULL);
}
