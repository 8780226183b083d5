/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exits NAME SECONDS: how often VTL0 came to the hypervisor while that time passed. Prints
 * "NAME-exits PER-SECOND", all CPUs and reasons together, and "NAME-exits-REASON PER-SECOND" for
 * each reason that occurred.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../vtl0/lib/openvsm.h"

/* Those that are exits; the counters after SHUTDOWN and OTHER count what the hypervisor did. */
static const char *const reasons[] = {
#define NAME(symbol, name) [HV_EXIT_##symbol] = name,
    HV_EXIT_LIST(NAME)
#undef NAME
};

static void add_up(struct openvsm *host, uint64_t total[HV_EXIT_COUNTERS])
{
    struct hv_statistics cpu;

    memset(total, 0, sizeof(uint64_t) * HV_EXIT_COUNTERS);
    for (uint32_t index = 0; openvsm_statistics(host, index, &cpu) == 0; index++) {
        for (int i = 0; i <= HV_EXIT_OTHER; i++)
            total[i] += cpu.exits[i];
    }
}

int main(int argc, char **argv)
{
    uint64_t before[HV_EXIT_COUNTERS], after[HV_EXIT_COUNTERS];
    unsigned int seconds = argc == 3 ? (unsigned int)atoi(argv[2]) : 0;
    struct openvsm *host = NULL;
    uint64_t sum = 0;

    if (seconds == 0)
        errx(2, "usage: exits NAME SECONDS");
    if (openvsm_open(&host) != 0)
        err(1, "/dev/openvsm");
    add_up(host, before);
    sleep(seconds);
    add_up(host, after);
    for (int i = 0; i <= HV_EXIT_OTHER; i++) {
        uint64_t count = after[i] - before[i];

        sum += count;
        if (count > 0)
            printf("%s-exits-%s %llu\n", argv[1], reasons[i], (unsigned long long)count / seconds);
    }
    printf("%s-exits %llu\n", argv[1], (unsigned long long)sum / seconds);
    openvsm_close(host);
    return 0;
}
