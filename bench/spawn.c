/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spawn NAME COUNT FILE ARG…: runs the program COUNT times, one after the other, its output thrown
 * away; prints "NAME TICKS", the median from fork to the end of wait, and "NAME-ns NANOSECONDS",
 * the time of all of them.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tsc.h"

#define COUNT_MAX 1000

static uint64_t samples[COUNT_MAX];

static uint64_t nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t run_once(char **argv, int output)
{
    uint64_t start = tsc();
    pid_t child = fork();
    int status = 0;

    if (child < 0)
        err(1, "fork");
    if (child == 0) {
        dup2(output, STDOUT_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        errx(1, "%s ended with status %#x", argv[0], status);
    return tsc() - start;
}

int main(int argc, char **argv)
{
    int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    uint64_t start_ns = nanoseconds();
    int count;

    if (argc < 4 || (count = atoi(argv[2])) < 1 || count > COUNT_MAX)
        errx(2, "usage: spawn NAME COUNT FILE ARG...");
    for (int i = 0; i < count; i++)
        samples[i] = run_once(argv + 3, output);
    printf("%s %llu\n%s-ns %llu\n", argv[1], (unsigned long long)tsc_median(samples, (size_t)count),
           argv[1], (unsigned long long)(nanoseconds() - start_ns));
    return 0;
}
