/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * carry COUNT FILE: a live host process starts the signed trustlet COUNT times and carries each to
 * its end. Prints "trustlet-cold" (the first start, the image new), "trustlet-warm" (the median of
 * the others) in ticks, and "trustlet-bytes", the size of the file.
 *
 * carry COUNT FILE CROWD WAITING: the same while CROWD processes carry the trustlet WAITING, which
 * says a word and then waits; prints "trustlet-crowded", the median, only.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../vtl0/lib/openvsm.h"
#include "tsc.h"

#define COUNT_MAX 1000

static uint64_t samples[COUNT_MAX];

static uint64_t run_once(const char *file, const void *bytes, uint64_t size)
{
    const char *const argv[] = {file, NULL};
    const char *const envp[] = {NULL};
    struct openvsm_refusal refusal = {0};
    struct openvsm_end end = {0};
    struct openvsm *host = NULL;
    uint64_t start = tsc();

    if (openvsm_open(&host) != 0)
        err(1, "/dev/openvsm");
    if (openvsm_image(host, bytes, size, &refusal) != 0 ||
        openvsm_start(host, 1, argv, envp, &refusal) != 0)
        err(1, "%s: refused with status %d", file, refusal.status);
    if (openvsm_carry(host, &end) != 0 || end.status != 0 || end.signal != 0)
        errx(1, "%s: ended with status %d, signal %d", file, end.status, end.signal);
    openvsm_close(host);
    return tsc() - start;
}

static const void *map_file(const char *path, uint64_t *size)
{
    struct stat file;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &file) != 0)
        err(1, "%s", path);
    const void *bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (bytes == MAP_FAILED)
        err(1, "%s", path);
    close(fd);
    *size = (uint64_t)file.st_size;
    return bytes;
}

/* A process that carries the trustlet, which lives when this returns. */
static pid_t start_waiting(const char *file)
{
    char word;
    int said[2];

    if (pipe(said) != 0)
        err(1, "pipe");
    pid_t child = fork();

    if (child == 0) {
        uint64_t size;
        const void *bytes = map_file(file, &size);

        dup2(said[1], STDOUT_FILENO);
        close(said[0]);
        close(said[1]);
        run_once(file, bytes, size);
        _exit(0);
    }
    close(said[1]);
    if (child < 0 || read(said[0], &word, 1) != 1)
        errx(1, "%s does not wait", file);
    close(said[0]);
    return child;
}

static void start_crowd(int count, const char *file, pid_t *crowd)
{
    for (int i = 0; i < count; i++)
        crowd[i] = start_waiting(file);
}

static void end_crowd(int count, const pid_t *crowd)
{
    for (int i = 0; i < count; i++) {
        kill(crowd[i], SIGKILL);
        waitpid(crowd[i], NULL, 0);
    }
}

int main(int argc, char **argv)
{
    static pid_t crowd[COUNT_MAX];
    int count = argc == 3 || argc == 5 ? atoi(argv[1]) : 0;
    int others = argc == 5 ? atoi(argv[3]) : 0;
    int output = dup(STDOUT_FILENO);
    uint64_t size;

    if (count < 2 || count > COUNT_MAX || others < 0 || others > COUNT_MAX)
        errx(2, "usage: carry COUNT FILE [CROWD WAITING]");
    const void *bytes = map_file(argv[2], &size);

    start_crowd(others, argv[4], crowd);
    /* The trustlet's output is this process's; it is not what is measured. */
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    for (int i = 0; i < count; i++)
        samples[i] = run_once(argv[2], bytes, size);
    end_crowd(others, crowd);
    if (others > 0) {
        dprintf(output, "trustlet-crowded %llu\n",
                (unsigned long long)tsc_median(samples + 1, (size_t)count - 1));
        return 0;
    }
    dprintf(output, "trustlet-cold %llu\n", (unsigned long long)samples[0]);
    dprintf(output, "trustlet-warm %llu\n",
            (unsigned long long)tsc_median(samples + 1, (size_t)count - 1));
    dprintf(output, "trustlet-bytes %llu\n", (unsigned long long)size);
    return 0;
}
