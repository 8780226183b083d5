// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two CPUs at once: inputs that change while they are read, two carriers of one thread, a trustlet
 * that is killed or destroyed while it runs, a CPU that answers to nobody while pages change owner,
 * NMIs without end.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "host.h"

#define PATTERN_FILE "/usr/lib/openvsm/trustlets/attack-pattern"
#define CANARY_FILE  "attack-canary"
#define INPUT        10u /* arena pages */
#define OUTPUT       11u
#define ROUNDS       4000u

static const struct attack_call plainly;

/* ---- A word of an input page that is one of two things at any time ---- */

struct flipper {
    volatile uint64_t *word;
    uint64_t values[2];
    volatile bool stop;
};

static void *flip(void *argument)
{
    struct flipper *flipper = argument;

    run_on(1);
    for (unsigned int i = 0; !flipper->stop; i++)
        *flipper->word = flipper->values[i & 1];
    return NULL;
}

static pthread_t start_flipping(struct flipper *flipper)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, flip, flipper))
        bail("no thread");
    return thread;
}

/* GetVpRegisters, whose header says VTL0 at one moment and VTL1 at the next. Every success must be
 * VTL0's value. */
static void register_header(void)
{
    uint64_t *input = arena_page(INPUT);
    const uint64_t *output = arena_page(OUTPUT);
    uint64_t control = HV_CALL_GET_VP_REGISTERS | HV_CONTROL_REP_COUNT(1), right = 0, wrong = 0;
    struct flipper flipper = {.word = input + 1,
                              .values = {HV_VP_SELF, HV_VP_SELF | 0x11ull << 32}};
    pthread_t thread;
    uint64_t successes = 0;

    memset(input, 0, OPENVSM_PAGE_SIZE);
    input[0] = HV_PARTITION_SELF;
    input[1] = HV_VP_SELF;
    input[2] = HV_REGISTER_VSM_VP_STATUS;
    hypercall(control, arena_gpa(INPUT), arena_gpa(OUTPUT));
    right = output[0];
    thread = start_flipping(&flipper);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        uint64_t result = hypercall(control, arena_gpa(INPUT), arena_gpa(OUTPUT));

        successes += HV_RESULT_STATUS(result) == 0;
        wrong += HV_RESULT_STATUS(result) == 0 && output[0] != right;
    }
    flipper.stop = true;
    pthread_join(thread, NULL);
    ok(wrong == 0 && successes > 0,
       "a hypercall's header that changes while it is read: %llu of %u succeeded, none for VTL1",
       (unsigned long long)successes, ROUNDS);
}

/* A donation list that names VTL1's frame at one moment and no RAM at the next. */
static void donation_list(uint64_t closed)
{
    uint64_t *list = arena_page(INPUT);
    struct flipper flipper = {.word = list, .values = {closed / OPENVSM_PAGE_SIZE, 0xfee00}};
    pthread_t thread;
    uint64_t accepted = 0;

    list[0] = 0xfee00;
    thread = start_flipping(&flipper);
    for (unsigned int i = 0; i < ROUNDS; i++)
        accepted += skcall(SK_CALL_MEMORY_DONATE, arena_gpa(INPUT), 1, 0, 0, 0).status == SK_OK;
    flipper.stop = true;
    pthread_join(thread, NULL);
    ok(accepted == 0, "a donation list that changes while it is read: nothing is taken");
}

/* ---- A page that goes to VTL1 and comes back while another CPU uses it ---- */

#define GIVEN   12u /* arena page */
#define CHANGES 40u

struct user {
    volatile bool gone, stop; /* gone: VTL1 has said that it has the page */
    volatile uint64_t looks, used, refused, leaked;
};

/* Writes to it all the time. What succeeds must have begun before VTL1 had the page. */
static void *use_page(void *argument)
{
    struct user *user = argument;

    run_on(1);
    attacker_thread();
    while (!user->stop) {
        bool gone = user->gone;
        uint64_t word = 0x6b63617474610a0aull;
        uint32_t trap = touch(arena_gpa(GIVEN), ATTACK_WRITE8, ATTACK_VIA_FRESH, &word, NULL);

        user->used += trap == 0;
        user->refused += trap != 0;
        user->leaked += gone && user->gone && trap == 0;
        user->looks++;
    }
    return NULL;
}

/* The other CPU has looked twice more: once at least from its beginning. */
static void wait_for_looks(const struct user *user)
{
    uint64_t now = user->looks;

    while (user->looks < now + 2)
        sched_yield();
}

static void protection_change(void)
{
    struct user user = {0};
    pthread_t thread;
    unsigned int changes = 0;

    if (!nothing_is_lent()) {
        skip("a page that changes its owner while another CPU uses it", "others' are with VTL1");
        return;
    }
    if (pthread_create(&thread, NULL, use_page, &user))
        bail("no thread");
    for (; changes < CHANGES && give_page(GIVEN); changes++) {
        user.gone = true;
        wait_for_looks(&user);
        user.gone = false;
        if (!get_page_back(GIVEN))
            break;
        wait_for_looks(&user);
    }
    user.stop = true;
    pthread_join(thread, NULL);
    ok(changes == CHANGES && user.used > 0 && user.refused > 0,
       "a page goes to VTL1 and comes back %u times while another CPU writes to it (%llu times, "
       "and %llu refused)",
       changes, (unsigned long long)user.used, (unsigned long long)user.refused);
    ok(user.leaked == 0, "never once VTL1 had it (%llu times)", (unsigned long long)user.leaked);
}

/* ---- Two CPUs, one trustlet ---- */

static void begin(struct host *host, const char *mode, const char *rounds)
{
    const char *const words[] = {"pattern", mode, rounds, NULL};
    uint32_t status = 0;

    if (!host_start(host, PATTERN_FILE, words, &status))
        bail("%s: status %u", PATTERN_FILE, status);
}

struct carrier {
    struct host *host;
    unsigned int cpu;
    uint64_t runs, busy;
    struct host_return last;
};

/* Whoever gets the request answers it. */
static void *carry(void *argument)
{
    struct carrier *carrier = argument;

    run_on(carrier->cpu);
    attacker_thread();
    for (;;) {
        struct attack_call request = plainly;
        struct host_return back = host_run_raw(carrier->host, &request);

        carrier->last = back;
        carrier->runs++;
        carrier->busy += back.status == SK_BUSY;
        if (back.status == SK_NO_MEMORY || (back.status == SK_OK && back.reason == SK_RUN_MEMORY))
            back = host_run(carrier->host);
        if (back.status == SK_OK && back.reason == SK_RUN_SYSCALL)
            host_answer(carrier->host, 1); /* getppid */
        else if (back.status != SK_BUSY && back.status != SK_AGAIN &&
                 !(back.status == SK_OK && back.reason == SK_RUN_PREEMPTED))
            return NULL;
    }
}

static bool ended_well(const struct carrier *carrier)
{
    return carrier->last.status == SK_OK && carrier->last.reason == SK_RUN_EXIT &&
           carrier->last.result[0] == 0 && carrier->last.result[1] == 0;
}

static void two_carriers(const char *mode, const char *rounds)
{
    struct host host = {0};
    struct carrier carriers[2] = {{.host = &host, .cpu = 0}, {.host = &host, .cpu = 1}};
    pthread_t threads[2];

    begin(&host, mode, rounds);
    for (unsigned int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, carry, &carriers[i]))
            bail("no thread");
    for (unsigned int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    note("%s: %llu and %llu runs, %llu and %llu of them found it busy", mode,
         (unsigned long long)carriers[0].runs, (unsigned long long)carriers[1].runs,
         (unsigned long long)carriers[0].busy, (unsigned long long)carriers[1].busy);
    ok(ended_well(&carriers[0]) || ended_well(&carriers[1]),
       "two CPUs carry one thread at once (%s): its registers stay its own", mode);
    host_stop(&host);
}

static void nap(unsigned int microseconds)
{
    struct timespec time = {.tv_nsec = (long)microseconds * 1000};

    nanosleep(&time, NULL);
}

/* Killed (by number 9) or destroyed while it runs on another CPU, at many moments of its life. */
static void ended_while_running(bool destroy)
{
    uint64_t ended = 0, good = 0;

    for (unsigned int i = 0; i < 40; i++) {
        struct host host = {0};
        struct carrier carrier = {.host = &host, .cpu = 1};
        struct sk_answer answer = {0};
        pthread_t thread;

        begin(&host, "spin", "2000000000");
        if (pthread_create(&thread, NULL, carry, &carrier))
            bail("no thread");
        nap(200 * i);
        do
            answer = destroy ? skcall(SK_CALL_PROCESS_DESTROY, host.process, 0, 0, 0, 0)
                             : skcall(SK_CALL_THREAD_KILL, host.process, 9, 0, 0, 0);
        while (answer.status == SK_AGAIN || answer.status == SK_BUSY);
        pthread_join(thread, NULL);
        ended++;
        good += answer.status == SK_OK &&
                (carrier.last.status == SK_NOT_FOUND ||
                 (carrier.last.status == SK_OK && carrier.last.reason == SK_RUN_EXIT));
        host_stop(&host);
    }
    ok(good == ended, "%s a trustlet while another CPU runs it (%llu of %llu times well)",
       destroy ? "destroying" : "killing", (unsigned long long)good, (unsigned long long)ended);
}

/* ---- A CPU that answers to nobody ---- */

static void *be_deaf(void *argument)
{
    const volatile bool *stop = argument;

    run_on(1);
    attacker_thread();
    while (!*stop)
        hold_cpu(300);
    return NULL;
}

/* Runs a trustlet of so many MiB. What VTL1's pool has not comes from VTL0 and goes back. */
static int run_large(const char *mebibytes)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        execlp("ium", "ium", "run", CANARY_FILE, "12345", mebibytes, (char *)NULL);
        _exit(127);
    }
    waitpid(child, &status, 0);
    return status;
}

static void *run_large_there(void *status)
{
    run_on(1);
    *(int *)status = run_large("56");
    return NULL;
}

/* Each CPU has the others flush for pages of its own, and is asked the same meanwhile. */
static void both_ways(void)
{
    int here = 0, there = 0;
    pthread_t thread;

    if (pthread_create(&thread, NULL, run_large_there, &there))
        bail("no thread");
    here = run_large("56");
    pthread_join(thread, NULL);
    ok(WIFEXITED(here) && WEXITSTATUS(here) == 0 && WIFEXITED(there) && WEXITSTATUS(there) == 0,
       "pages change owner on two CPUs at once (status %#x and %#x)", here, there);
}

static void deaf_cpu(void)
{
    volatile bool stop = false;
    pthread_t thread;
    int status = 0;

    if (pthread_create(&thread, NULL, be_deaf, (void *)&stop))
        bail("no thread");
    status = run_large("96");
    stop = true;
    pthread_join(thread, NULL);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
       "pages change owner while a CPU of VTL0's keeps its interrupts off (status %#x)", status);
}

static void counts(void)
{
    struct hv_statistics page = {0};

    /* A page on its way home is for a moment nobody's. */
    nothing_is_lent();
    statistics(0, &page);
    ok(page.vtl0_pages + page.vtl1_pages + page.hypervisor_pages == page.ram_pages,
       "every page of RAM still has one owner (%llu + %llu + %llu of %llu)",
       (unsigned long long)page.vtl0_pages, (unsigned long long)page.vtl1_pages,
       (unsigned long long)page.hypervisor_pages, (unsigned long long)page.ram_pages);
    ok(skcall_finish(SK_CALL_INFO, 0, 0, 0, 0, 0).results[3] == 0, "no process is left over");
}

/* So many that one comes while the handler of the last returns. */
static void storm_of_nmis(void)
{
    for (unsigned int i = 0; i < 10000; i++)
        send_icr(0, ICR_NMI | ICR_ALL_BUT_SELF);
    nap(50000);
    ok(skcall(SK_CALL_NULL, 0, 0, 0, 0, 0).status == SK_OK, "a storm of NMIs is survived");
}

int main(void)
{
    struct frames frames = {0};

    attacker_start();
    run_only_if(under_openvsm() && cpu_count() >= 2, "a race takes two CPUs");
    frames = survey();
    run_on(0);
    register_header();
    donation_list(find_frame(&frames, FRAME_CLOSED, 0));
    protection_change();
    both_ways();
    two_carriers("call", "2000");
    two_carriers("spin", "50000000");
    ended_while_running(false);
    ended_while_running(true);
    deaf_cpu();
    storm_of_nmis();
    counts();
    return done_testing();
}
