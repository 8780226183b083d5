// SPDX-License-Identifier: BSD-2-Clause
/*
 * A CPU of VTL0's that spins in the delivery of exceptions, with no instruction between at which it
 * could be interrupted (CVE-2015-5307, CVE-2015-8104). The hypervisor must still reach it, so that
 * pages change owner, and a trustlet on the other CPU must not notice. And debuggers go on working.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attacker.h"
#include "victim.h"

#define GIVEN         12u /* arena page */
#define ROUNDS        3u
#define TRIES         100u
#define STEPS         100u
#define TURNS         100u
#define WATCH_WRITE_4 (1ul | 1ul << 16 | 3ul << 18) /* DR7: DR0, in this process */

/* A gate that is gone makes #PF a #DF; the other handler of #DB says 2. */
static const uint32_t ends[ATTACK_LOOPS] = {8, 2};
static const char *const names[ATTACK_LOOPS] = {
    "a #PF whose handler cannot be fetched",
    "a #DB whose handler begins with a breakpoint",
};

struct spinner {
    struct attack_loop loop;
    volatile unsigned int loops;
    volatile bool stop;
};

static void *spin(void *argument)
{
    struct spinner *spinner = argument;

    run_on(1);
    attacker_thread();
    for (; !spinner->stop; spinner->loops++)
        exceptions_loop(&spinner->loop);
    return NULL;
}

/* A page that goes and comes while the other CPU is in one and the same loop. */
static bool page_within_a_loop(void)
{
    int before = exceptions_looping();
    bool good = give_page(GIVEN) && get_page_back(GIVEN);

    if (!good)
        bail("a page does not go to VTL1 and come back");
    return before && exceptions_looping() == before;
}

/* Exits of CPU 1 that have no name of their own, those of #DB among them. */
static uint64_t other_exits(void)
{
    struct hv_statistics page = {0};

    statistics(1, &page);
    return page.exits[HV_EXIT_OTHER];
}

/* The emulator lets an NMI in between two deliveries; a CPU may not. */
static bool each_turn_exits(void)
{
    uint64_t before = other_exits();

    for (unsigned int i = 0; i < TRIES && other_exits() - before < TURNS; i++)
        usleep(10000);
    return other_exits() - before >= TURNS;
}

static void while_it_spins(const char *name, const struct spinner *spinner, struct victim *trustlet)
{
    unsigned int rounds = 0;

    for (unsigned int i = 0; rounds < ROUNDS && i < TRIES; i++)
        rounds += page_within_a_loop();
    ok(rounds == ROUNDS, "beside %s, pages go to VTL1 and come back within one delivery", name);
    ok(victim_end(trustlet) == 0, "... and a trustlet works to its end");
    note("%u loops so far, the last ended by exception %u, %u", spinner->loops, spinner->loop.trap,
         spinner->loop.ended);
}

static void looping(enum attack_loop_kind kind)
{
    struct spinner spinner = {.loop.kind = kind};
    struct victim trustlet;
    pthread_t thread;

    if (!nothing_is_lent())
        bail("pages of trustlets that have ended do not come home");
    victim_start(&trustlet, true);
    if (pthread_create(&thread, NULL, spin, &spinner))
        bail("no thread");
    while (!spinner.loops && !exceptions_looping())
        usleep(1000);
    if (kind == ATTACK_LOOP_DEBUG)
        ok(each_turn_exits(), "%s: the hypervisor sees each turn", names[kind]);
    while_it_spins(names[kind], &spinner, &trustlet);
    spinner.stop = true;
    exceptions_end();
    pthread_join(thread, NULL);
    ok(spinner.loop.trap == ends[kind], "... and the CPU comes back when the loop is ended");
}

/* ---- What the hypervisor sees of #DB is still VTL0's ---- */

static volatile uint32_t watched;

static void be_debugged(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    for (;;)
        watched++;
}

/* -> si_code of the SIGTRAP that it stops by, or 0. */
static int stops_by(pid_t child)
{
    siginfo_t info = {0};
    int status = 0;

    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP ||
        ptrace(PTRACE_GETSIGINFO, child, NULL, &info))
        return 0;
    return info.si_code;
}

static void *debug_register(unsigned int number)
{
    return (void *)(offsetof(struct user, u_debugreg) + number * sizeof(long));
}

static void debuggers(void)
{
    unsigned int steps = 0;
    pid_t child = fork();

    if (!child)
        be_debugged();
    waitpid(child, NULL, 0);
    while (steps < STEPS && !ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) && stops_by(child))
        steps++;
    ok(steps == STEPS, "control: a debugger takes %u single steps", steps);
    ok(!ptrace(PTRACE_POKEUSER, child, debug_register(0), &watched) &&
           !ptrace(PTRACE_POKEUSER, child, debug_register(7), WATCH_WRITE_4) &&
           !ptrace(PTRACE_CONT, child, NULL, NULL) && stops_by(child) == TRAP_HWBKPT &&
           (ptrace(PTRACE_PEEKUSER, child, debug_register(6), NULL) & 15) == 1,
       "control: and has a data breakpoint");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

int main(void)
{
    attacker_start();
    run_only_if(under_openvsm() && cpu_count() >= 2, "one CPU spins, another does not");
    run_on(0);
    debuggers();
    for (unsigned int kind = 0; kind < ATTACK_LOOPS; kind++)
        looping(kind);
    return done_testing();
}
