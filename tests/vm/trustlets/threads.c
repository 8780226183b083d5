/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, run plainly and as a trustlet: what it prints must be the same. The first argument says
 * what to do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MANY  64
#define STACK (128u << 10)

static void say(const char *what, long value)
{
    printf("%s: %ld\n", what, value);
    fflush(stdout);
}

static pthread_t start(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK);
    int error = pthread_create(&thread, &small, function, argument);
    if (error) {
        say("pthread_create", error);
        exit(1);
    }
    return thread;
}

static long join(pthread_t thread)
{
    void *result = NULL;
    pthread_join(thread, &result);
    return (long)(intptr_t)result;
}

/* ---- life ---- */

static __thread long own = 7;
static pthread_key_t key;
static atomic_long destroyed;

static void destroy(void *value)
{
    atomic_fetch_add(&destroyed, (long)(intptr_t)value);
}

static void *live(void *argument)
{
    long number = (long)(intptr_t)argument;
    double x = (double)number;
    pthread_setspecific(key, (void *)(intptr_t)number);
    own += number;
    for (int i = 0; i < 10; i++) {
        sched_yield();
        x = x * 0.5 + 1;
    }
    return (void *)(intptr_t)(own + (x > 1.9 && x < 2.1 ? 1000 : 0));
}

static void lives(void)
{
    pthread_t threads[16];
    long sum = 0;
    pthread_key_create(&key, destroy);
    for (long i = 0; i < 16; i++)
        threads[i] = start(live, (void *)(intptr_t)i);
    for (int i = 0; i < 16; i++)
        sum += join(threads[i]);
    say("sum of 16", sum);
    say("destroyed", destroyed);
    for (long i = 0; i < 140; i++)
        sum += join(start(live, (void *)(intptr_t)i));
    say("and 140 more", sum);
    say("own", own);
}

static void *number_of(void *argument)
{
    *(pid_t *)argument = gettid();
    return NULL;
}

static void numbers(void)
{
    pid_t tids[2] = {0};
    pthread_t a = start(number_of, &tids[0]), b = start(number_of, &tids[1]);
    join(a);
    join(b);
    say("the first thread's number is the process's", gettid() == getpid());
    say("each has its own", tids[0] > 0 && tids[1] > 0 && tids[0] != tids[1] &&
                                tids[0] != getpid() && tids[1] != getpid());
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    cpu_set_t set;
    CPU_ZERO(&set);
    say("affinity", sched_getaffinity(0, sizeof(set), &set));
    say("as many CPUs as there are", CPU_COUNT(&set) == cpus);
    say("CPUs", cpus);
}

/* ---- locks ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *argument)
{
    int me = (int)(intptr_t)argument;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 50; i++) {
        while (turn % 4 != me)
            pthread_cond_wait(&cond, &mutex);
        turn++;
        pthread_cond_broadcast(&cond);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void turns(void)
{
    pthread_t threads[4];
    for (intptr_t i = 0; i < 4; i++)
        threads[i] = start(take_turns, (void *)i);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    say("turns", turn);
}

static struct timespec in_20_ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += 20000000;
    if (t.tv_nsec >= 1000000000)
        t = (struct timespec){t.tv_sec + 1, t.tv_nsec - 1000000000};
    return t;
}

static bool has_passed(clockid_t clock, const struct timespec *t)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec > t->tv_sec || (now.tv_sec == t->tv_sec && now.tv_nsec >= t->tv_nsec);
}

static void timeouts(void)
{
    pthread_mutex_lock(&mutex);
    struct timespec t = in_20_ms(CLOCK_REALTIME);
    say("condition, real time", pthread_cond_timedwait(&cond, &mutex, &t));
    say("passed", has_passed(CLOCK_REALTIME, &t));
    t = in_20_ms(CLOCK_MONOTONIC);
    say("condition, monotonic", pthread_cond_clockwait(&cond, &mutex, CLOCK_MONOTONIC, &t));
    say("passed", has_passed(CLOCK_MONOTONIC, &t));
    t = (struct timespec){1, 0};
    say("condition, long past", pthread_cond_timedwait(&cond, &mutex, &t));
    pthread_mutex_unlock(&mutex);
    sem_t semaphore;
    sem_init(&semaphore, 0, 1);
    t = in_20_ms(CLOCK_REALTIME);
    say("semaphore", sem_timedwait(&semaphore, &t));
    say("empty semaphore", sem_timedwait(&semaphore, &t));
    say("errno", errno);
}

static pthread_mutex_t robust;

static void *die_with_it(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&robust);
    return NULL;
}

static void *want_it(void *argument)
{
    (void)argument;
    int error = pthread_mutex_lock(&robust);
    pthread_mutex_consistent(&robust);
    pthread_mutex_unlock(&robust);
    return (void *)(intptr_t)error;
}

static void robustness(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    join(start(die_with_it, NULL));
    say("the owner died", join(start(want_it, NULL)));
    say("it is consistent again", join(start(want_it, NULL)));
}

/* ---- the calls themselves ---- */

static uint32_t word[2];

static long futex(uint32_t *address, int op, uint32_t value, uintptr_t four, uint32_t *second,
                  uint32_t third)
{
    long result = syscall(SYS_futex, address, op | FUTEX_PRIVATE_FLAG, value, four, second, third);
    return result < 0 ? -errno : result;
}

static void *wait_on(void *argument)
{
    uint32_t bits = (uint32_t)(uintptr_t)argument;
    return (void *)(intptr_t)futex(&word[0], FUTEX_WAIT_BITSET, 0, 0, NULL, bits);
}

/* Until so many wait there: REQUEUE to where they are counts them. */
static void until_waiting(uint32_t *address, long count)
{
    while (futex(address, FUTEX_REQUEUE, 0, 1000, address, 0) != count)
        usleep(1000);
}

static void futexes(void)
{
    struct timespec none = {0, 0};
    pthread_t threads[6];
    say("changed", futex(word, FUTEX_WAIT, 1, 0, NULL, 0));
    say("timed out", futex(word, FUTEX_WAIT, 0, (uintptr_t)&none, NULL, 0));
    say("unaligned", futex((uint32_t *)((char *)word + 1), FUTEX_WAIT, 0, 0, NULL, 0));
    say("no such page", futex((uint32_t *)4096, FUTEX_WAIT, 0, 0, NULL, 0));
    say("no bits", futex(word, FUTEX_WAIT_BITSET, 0, 0, NULL, 0));
    say("bad time", futex(word, FUTEX_WAIT, 0, (uintptr_t) & (struct timespec){0, -1}, NULL, 0));
    say("nobody", futex(word, FUTEX_WAKE, 1, 0, NULL, 0));
    say("negative", futex(word, FUTEX_REQUEUE, 1, (uintptr_t)-1, &word[1], 0));
    say("another word", futex(word, FUTEX_CMP_REQUEUE, 1, 1, &word[1], 5));
    for (uintptr_t i = 0; i < 6; i++)
        threads[i] = start(wait_on, (void *)(i < 2 ? 1 : (uintptr_t)6));
    until_waiting(word, 6);
    say("woken of bit 1", futex(word, FUTEX_WAKE_BITSET, 10, 0, NULL, 1));
    join(threads[0]);
    join(threads[1]);
    say("woken and moved", futex(word, FUTEX_CMP_REQUEUE, 1, 2, &word[1], 0));
    say("woken there", futex(&word[1], FUTEX_WAKE, 1, 0, NULL, 0));
    say("woken here", futex(word, FUTEX_WAKE, 10, 0, NULL, 0));
    say("the last", futex(&word[1], FUTEX_WAKE_BITSET, 10, 0, NULL, 4));
    for (int i = 2; i < 6; i++)
        say("result", join(threads[i]));
}

static long raw_clone(unsigned long flags)
{
    long result = syscall(SYS_clone, flags, 0, 0, 0, 0);
    return result < 0 ? -errno : result;
}

static void refusals(void)
{
    char args[64] = {0};
    say("THREAD without SIGHAND", raw_clone(0x10000));
    say("SIGHAND without VM", raw_clone(0x800));
    say("clone3 too small", syscall(SYS_clone3, args, 8) < 0 ? -errno : 0);
    say("robust list of another size", syscall(SYS_set_robust_list, args, 8) < 0 ? -errno : 0);
    say("membarrier with flags", syscall(SYS_membarrier, 0, 77) < 0 ? -errno : 0);
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0);
    say("membarrier", syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
}

/* ---- memory that other threads use ---- */

static struct {
    _Atomic(uint32_t) go, done;
    volatile uint32_t *page;
} writer;

/* Never leaves ring 3 by itself: what its CPU knows of the page is what it was told. */
static void *write_always(void *argument)
{
    uint32_t rounds = (uint32_t)(uintptr_t)argument;
    for (uint32_t round = 1; round <= rounds; round++) {
        while (atomic_load(&writer.go) < round)
            writer.page[1]++;
        writer.page[0] = round;
        atomic_store(&writer.done, round);
    }
    return NULL;
}

/* A page is given up while another CPU writes to it: what is written afterwards is in the new
 * one.*/
static void discarded(uint32_t rounds)
{
    long lost = 0;
    writer.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t thread = start(write_always, (void *)(uintptr_t)rounds);
    for (uint32_t round = 1; round <= rounds; round++) {
        while (writer.page[1] == 0)
            sched_yield();
        madvise((void *)writer.page, 4096, MADV_DONTNEED);
        atomic_store(&writer.go, round);
        while (atomic_load(&writer.done) < round)
            sched_yield();
        lost += writer.page[0] != round;
    }
    join(thread);
    say("writes lost", lost);
}

/* Several threads map, use and unmap at once; a page that somebody else got shows. */
static void *churn(void *argument)
{
    uint32_t me = (uint32_t)(uintptr_t)argument;
    long wrong = 0;
    for (uint32_t round = 1; round <= 5; round++) {
        size_t pages = 1 + (round * 23 * me) % 90;
        uint32_t *at =
            mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
            return (void *)-1;
        for (size_t i = 0; i < pages; i++)
            at[i * 1024] = wrong += at[i * 1024] != 0, at[i * 1024 + 1] = me * 1000 + round;
        for (size_t i = 0; i < pages; i++)
            wrong += at[i * 1024 + 1] != me * 1000 + round;
        munmap(at, pages * 4096);
    }
    return (void *)(intptr_t)wrong;
}

static void churning(void)
{
    pthread_t threads[4];
    long wrong = 0;
    for (uintptr_t i = 0; i < 4; i++)
        threads[i] = start(churn, (void *)(i + 1));
    for (int i = 0; i < 4; i++)
        wrong += join(threads[i]);
    say("pages that were another's", wrong);
}

/* ---- stress ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_barrier_t barrier;
    long shared, tokens, rounds, wrong;
} stress = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *suffer(void *argument)
{
    (void)argument;
    for (long round = 1; round <= stress.rounds; round++) {
        for (int i = 0; i < 20; i++) {
            pthread_mutex_lock(&stress.lock);
            stress.shared++;
            pthread_mutex_unlock(&stress.lock);
        }
        bool last = pthread_barrier_wait(&stress.barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
        pthread_mutex_lock(&stress.lock);
        stress.wrong += stress.shared != round * 20 * MANY;
        stress.tokens += last ? MANY - 1 : 0; /* one thread lets the others pass, each once */
        if (last)
            pthread_cond_broadcast(&stress.changed);
        while (!last && stress.tokens == 0)
            pthread_cond_wait(&stress.changed, &stress.lock);
        stress.tokens -= !last;
        pthread_mutex_unlock(&stress.lock);
        pthread_barrier_wait(&stress.barrier);
    }
    return NULL;
}

static void stresses(long rounds)
{
    pthread_t threads[MANY];
    stress.rounds = rounds;
    pthread_barrier_init(&stress.barrier, NULL, MANY);
    threads[0] = pthread_self();
    for (int i = 1; i < MANY; i++)
        threads[i] = start(suffer, NULL);
    suffer(NULL);
    for (int i = 1; i < MANY; i++)
        join(threads[i]);
    say("shared", stress.shared);
    say("tokens left", stress.tokens);
    say("wrong sums", stress.wrong);
}

/* ---- ends ---- */

static void *end_all(void *argument)
{
    usleep(20000);
    _exit((int)(intptr_t)argument);
}

static void *linger(void *argument)
{
    (void)argument;
    usleep(20000);
    puts("the last one");
    fflush(stdout);
    return NULL;
}

static void *block(void *argument)
{
    char byte;
    return (void *)(intptr_t)(argument ? pause() : read(0, &byte, 1));
}

static _Noreturn void *spin(void *argument)
{
    for (volatile unsigned long i = 0;; i++)
        if (argument)
            sched_yield();
}

/* Threads in all kinds of trouble, of which exit() makes an end. */
static int ends_with(int status)
{
    start(block, NULL);
    start(block, (void *)1);
    start(spin, NULL);
    start(spin, (void *)1);
    start(end_all, (void *)(intptr_t)status);
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex); /* for ever */
    return 1;
}

static long create_too_many(void)
{
    pthread_t thread;
    pthread_attr_t small;
    long made = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK);
    while (pthread_create(&thread, &small, block, (void *)1) == 0)
        made++;
    return made;
}

static void *read_byte(void *fd)
{
    char byte = 0;
    return (void *)(intptr_t)(read((int)(intptr_t)fd, &byte, 1) == 1 ? byte : -errno);
}

/* Says which of two signals come from outside, while another thread waits; all others end it. */
static void reads_signals(void)
{
    int wake[2];
    struct signalfd_siginfo info[2] = {{0}};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (pipe(wake))
        return;
    pthread_t waiting = start(read_byte, (void *)(intptr_t)wake[0]);
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    say("ready", fd >= 0);
    while (read(fd, info, sizeof(info)) == sizeof(info[0])) {
        say("signal", info[0].ssi_signo);
        say("code", info[0].ssi_code);
        if (info[0].ssi_signo != SIGTERM)
            continue;
        say("wakes", write(wake[1], "w", 1));
        say("the other thread read", join(waiting));
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int number = argc > 2 ? atoi(argv[2]) : 0;
    if (!strcmp(what, "basics")) {
        lives();
        numbers();
        turns();
        timeouts();
        robustness();
        futexes();
        refusals();
        churning();
    } else if (!strcmp(what, "discard")) {
        discarded((uint32_t)number);
    } else if (!strcmp(what, "stress")) {
        stresses(number);
    } else if (!strcmp(what, "many")) {
        say("threads beside the first", create_too_many());
        say("errno", EAGAIN);
        _exit(0);
    } else if (!strcmp(what, "exit")) {
        return ends_with(number);
    } else if (!strcmp(what, "signals")) {
        reads_signals();
    } else if (!strcmp(what, "leave")) {
        start(linger, NULL);
        pthread_exit(NULL);
    } else {
        fprintf(stderr, "threads: what is '%s'?\n", what);
        return 2;
    }
    return 0;
}
