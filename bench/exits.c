/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exits NAME SECONDS: how often VTL0 came to the hypervisor while that time passed. Prints
 * "NAME-exits PER-SECOND", all CPUs and reasons together, and "NAME-exits-REASON PER-SECOND" for
 * each reason that occurred.
 *
 * exits NAME OPERATIONS COMMAND ARG…: runs the command, which does so many operations, and prints
 * what one of them took: "NAME-vmrun", "NAME-msr", "NAME-flush" and "NAME-xsave".
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../vtl0/lib/openvsm.h"

static const char *const names[] = {
#define NAME(symbol, name) [HV_EXIT_##symbol] = name,
    HV_EXIT_LIST(NAME)
#undef NAME
};

/* One more than the hypervisor's: VTL1's XSAVEs and XRSTORs. */
#define XSAVES HV_EXIT_COUNTERS
struct counters {
    uint64_t value[HV_EXIT_COUNTERS + 1];
};

/* All CPUs together. */
static struct counters count(struct openvsm *host)
{
    struct counters total = {0};
    struct hv_statistics cpu;

    for (uint32_t index = 0; openvsm_statistics(host, index, &cpu) == 0; index++)
        for (int i = 0; i < HV_EXIT_COUNTERS; i++)
            total.value[i] += cpu.exits[i];
    struct openvsm_skcall vectors = {.number = SK_CALL_STATISTICS};
    if (openvsm_query(host, &vectors) != 0)
        err(1, "the Secure Kernel's statistics");
    total.value[XSAVES] = vectors.results[0];
    return total;
}

/* The counters behind OTHER count what the hypervisor did, not why it was entered. */
static void print_exits(const char *name, const struct counters *passed, uint64_t seconds)
{
    uint64_t sum = 0;

    for (int i = 0; i <= HV_EXIT_OTHER; i++) {
        sum += passed->value[i];
        if (passed->value[i] >= seconds)
            printf("%s-exits-%s %llu\n", name, names[i],
                   (unsigned long long)(passed->value[i] / seconds));
    }
    printf("%s-exits %llu\n", name, (unsigned long long)(sum / seconds));
}

static void print_work(const char *name, const struct counters *passed, uint64_t operations)
{
    static const struct {
        const char *name;
        int counter;
    } kinds[] = {{"vmrun", HV_EXIT_VMRUN},
                 {"msr", HV_EXIT_MSR_ACCESS},
                 {"flush", HV_EXIT_TLB_FLUSH},
                 {"xsave", XSAVES}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        printf("%s-%s %llu\n", name, kinds[i].name,
               (unsigned long long)(passed->value[kinds[i].counter] / operations));
}

static void run(char **argv)
{
    pid_t child = fork();
    int status = 0;

    if (child < 0)
        err(1, "fork");
    if (child == 0) {
        execvp(argv[0], argv);
        err(127, "%s", argv[0]);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        errx(1, "%s ended with status %#x", argv[0], status);
}

int main(int argc, char **argv)
{
    unsigned int number = argc >= 3 ? (unsigned int)atoi(argv[2]) : 0;
    struct counters before, passed;
    struct openvsm *host = NULL;

    if (number == 0)
        errx(2, "usage: exits NAME SECONDS\n       exits NAME OPERATIONS COMMAND ARG...");
    if (openvsm_open(&host) != 0)
        err(1, "/dev/openvsm");
    before = count(host);
    if (argc > 3)
        run(argv + 3);
    else
        sleep(number);
    passed = count(host);
    for (int i = 0; i <= XSAVES; i++)
        passed.value[i] -= before.value[i];
    if (argc > 3)
        print_work(argv[1], &passed, number);
    else
        print_exits(argv[1], &passed, number);
    openvsm_close(host);
    return 0;
}
