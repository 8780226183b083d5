// SPDX-License-Identifier: BSD-2-Clause
/*
 * A library that somebody puts into a process by LD_PRELOAD. It waits, in a thread of its own,
 * until the program is at work, and then loads the intruder by dlopen.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>
#include "inject.h"

static void *wait_and_load(void *unused)
{
    struct timespec pause = {.tv_nsec = 10000000};

    while (access(INTRUDER_GO, F_OK))
        nanosleep(&pause, NULL);
    dlopen(INTRUDER_FILE, RTLD_NOW);
    return unused;
}

__attribute__((constructor)) static void come_in(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, wait_and_load, NULL);
}
