// SPDX-License-Identifier: BSD-2-Clause
/*
 * A foreign library in the host process of a trustlet, by LD_PRELOAD and then by dlopen: its code
 * runs in VTL0's half of that process, where it finds nothing, and the trustlet never comes to it.
 * In the same program as an ordinary process it finds the secret, and is called.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../inject/inject.h"
#include "attacker.h"
#include "victim.h"

#define PLAIN_FILE "/bin/attack-marked-dynamic"
#define HOST_FILE  "/bin/ium-dynamic"
/* Both want a C library, which the guest has not. */
#define FETCH                                                                                      \
    "cd / && size=$(host dynamic /lib64/ld-linux-x86-64.so.2 /lib/x86_64-linux-gnu/libc.so.6) && " \
    "dd if=/dev/nvme0n1 of=/tmp/archive bs=1M count=$size iflag=direct 2>/dev/null && "            \
    "tar xf /tmp/archive && rm /tmp/archive"

struct report {
    int pid, answer, error;
    unsigned long long word;
};

/* Has the intruder act; -> what it wrote down, all zero if it never did. */
static struct report intrude(void)
{
    struct timespec pause = {.tv_nsec = 20000000};
    struct report report = {0};
    FILE *file = fopen(INTRUDER_GO, "we");

    if (file)
        fclose(file);
    for (unsigned int i = 0; i < 500 && !(file = fopen(INTRUDER_REPORT, "re")); i++)
        nanosleep(&pause, NULL);
    if (file && fscanf(file, "%d %d %d %llx", &report.pid, &report.answer, &report.error,
                       &report.word) != 4)
        memset(&report, 0, sizeof(report));
    if (file)
        fclose(file);
    unlink(INTRUDER_GO);
    unlink(INTRUDER_REPORT);
    return report;
}

/* Starts the victim and has the intruder act in it, which must succeed. -> its report. */
static struct report comes_into(struct victim *victim, const char *name, const char *const *words,
                                const char *sentence)
{
    victim_run(victim, name, words);
    struct report report = intrude();
    ok(report.pid == victim->pid && report.answer == INTRUDER_ANSWER, "%s", sentence);
    return report;
}

static void ordinary(void)
{
    static const char *const words[] = {PLAIN_FILE, "SEED", "visit", NULL};
    struct victim victim;
    int status = 0;
    struct report report =
        comes_into(&victim, "an ordinary process", words,
                   "control: a library comes into an ordinary process, and runs there");

    ok(report.error == 0 && report.word == victim.word, "control: it reads the process's secret");
    status = victim_end(&victim);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == INTRUDER_ANSWER,
       "control: the program comes to the code that was laid in its way (status %#x)", status);
}

static void host_of_a_trustlet(void)
{
    static const char *const visiting[] = {HOST_FILE, "run", VICTIM_SIGNED, "SEED", "visit", NULL};
    static const char *const words[] = {HOST_FILE, "run", VICTIM_SIGNED, "SEED", NULL};
    struct victim victim;
    int status = 0;
    struct report report =
        comes_into(&victim, "the trustlet's host", words,
                   "it comes into the host of a trustlet, which is VTL0's, and runs there");

    ok(report.error == EFAULT && report.word == 0, "it finds nothing where the secret is (%s)",
       strerror(report.error));
    status = victim_end(&victim);
    ok(status == 0, "the trustlet ends well, its secret whole (status %#x)", status);

    comes_into(&victim, "the trustlet's host", visiting,
               "it lays its code where a trustlet is going to call");
    status = victim_end(&victim);
    ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
       "of which the trustlet has nothing: it dies of its own jump (status %#x)", status);
}

int main(void)
{
    attacker_start();
    if (!under_openvsm()) {
        puts("1..0 # SKIP there are no trustlets here");
        return 0;
    }
    if (system(FETCH))
        bail("no C library comes over the scratch disk");
    unlink(INTRUDER_GO);
    unlink(INTRUDER_REPORT);
    setenv("LD_PRELOAD", PRELOAD_FILE, 1);
    ordinary();
    host_of_a_trustlet();
    return done_testing();
}
