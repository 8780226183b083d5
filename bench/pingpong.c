/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pingpong NAME: prints "NAME-pingpong COUNT", the median price of a round of two threads: one
 * wakes the other by futex and waits until that one has woken it. Runs natively and as a trustlet.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tsc.h"

#define ROUNDS 1001

static uint64_t samples[ROUNDS];
static uint32_t turn; /* 0 or 1: whose it is */

static void wait_for(uint32_t mine)
{
    while (__atomic_load_n(&turn, __ATOMIC_ACQUIRE) != mine)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1 - mine, NULL, NULL, 0);
}

static void pass_to(uint32_t other)
{
    __atomic_store_n(&turn, other, __ATOMIC_RELEASE);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *partner(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        wait_for(1);
        pass_to(0);
    }
    return argument;
}

int main(int argc, char **argv)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, partner, NULL) != 0)
        return 1;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = tsc();

        pass_to(1);
        wait_for(0);
        samples[i] = tsc() - start;
    }
    pthread_join(thread, NULL);
    printf("%s-pingpong %llu\n", argc > 1 ? argv[1] : "futex",
           (unsigned long long)tsc_median(samples, ROUNDS));
    return 0;
}
