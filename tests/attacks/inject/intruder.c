// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a foreign library does in a process as soon as it is loaded: lays code at a place that the
 * program is going to call, runs it, looks for the program's secret, and writes down what it found.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "inject.h"

/* The word there, by way of a pipe: where nothing is, that is an error and no signal. */
static int read_word(uintptr_t address, uint64_t *word)
{
    int ends[2] = {-1, -1}, error = pipe(ends) ? errno : 0;

    if (!error && write(ends[1], (const void *)address, sizeof(*word)) != sizeof(*word))
        error = errno;
    if (!error && read(ends[0], word, sizeof(*word)) != sizeof(*word))
        error = EIO;
    close(ends[0]);
    close(ends[1]);
    return error;
}

static int lay_code(void)
{
    static const unsigned char code[] = {0xb8, INTRUDER_ANSWER, 0, 0, 0, 0xc3}; /* mov eax; ret */
    void *at = mmap((void *)VISIT_ADDRESS, 4096, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (at != (void *)VISIT_ADDRESS)
        return -1;
    memcpy(at, code, sizeof(code));
    return mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

__attribute__((constructor)) static void act(void)
{
    int ran = lay_code() ? -1 : ((int (*)(void))VISIT_ADDRESS)();
    uint64_t word = 0;
    int error = read_word(MARK_ADDRESS, &word);
    FILE *report = fopen(INTRUDER_REPORT ".new", "w");

    if (!report)
        return;
    fprintf(report, "%d %d %d %llx\n", getpid(), ran, error, (unsigned long long)word);
    fclose(report);
    rename(INTRUDER_REPORT ".new", INTRUDER_REPORT);
}
