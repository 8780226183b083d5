// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "attacker.h"
#include "victim.h"
#include "../trustlets/canary.h"

/* The words, in which SEED stands for the seed. */
static void become(const struct victim *victim, const char *const *words, int in, int out)
{
    char seed[24] = "";
    const char *argv[VICTIM_WORDS_MAX + 1] = {NULL};

    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)victim->seed);
    for (unsigned int i = 0; i < VICTIM_WORDS_MAX && words[i]; i++)
        argv[i] = strcmp(words[i], "SEED") ? words[i] : seed;
    dup2(in, 0);
    dup2(out, 1);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

void victim_start(struct victim *victim, bool secure)
{
    static const char *const plain[] = {VICTIM_PLAIN, "SEED", NULL};
    static const char *const host[] = {"/bin/ium", "run", VICTIM_SIGNED, "SEED", NULL};

    victim_run(victim, secure ? "the trustlet's host" : "an ordinary process",
               secure ? host : plain);
}

void victim_run(struct victim *victim, const char *name, const char *const *words)
{
    char line[6] = "";
    int in[2], out[2];
    uint64_t state = 0;

    *victim = (struct victim){.name = name};
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
        getrandom(&victim->seed, sizeof(victim->seed), 0) != sizeof(victim->seed))
        bail("no pipes or no seed");
    victim->seed |= 1;
    state = canary_start(victim->seed);
    victim->word = canary_next(&state);
    victim->pid = fork();
    if (victim->pid == 0)
        become(victim, words, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    victim->in = in[1];
    if (read(out[0], line, sizeof(line)) != sizeof(line) || memcmp(line, "ready\n", sizeof(line)))
        bail("%s is not ready", victim->name);
    close(out[0]);
}

bool file_has(const char *path, uint64_t word)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about = {0};
    const char *bytes = NULL;
    bool found = false;

    if (file < 0 || fstat(file, &about) || !about.st_size)
        bail("%s: %s", path, strerror(errno));
    bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED)
        bail("%s: %s", path, strerror(errno));
    found = memmem(bytes, (size_t)about.st_size, &word, sizeof(word));
    munmap((void *)bytes, (size_t)about.st_size);
    return found;
}

/* The driver records a moment later. */
bool attach_is_recorded(uint64_t *who)
{
    struct timespec pause = {.tv_nsec = 10000000};
    struct sk_audit_record record = {0};

    for (unsigned int i = 0; i < 200; i++) {
        if (audit_find(SK_AUDIT_ATTEMPT, SK_ATTEMPT_ATTACH, &record)) {
            *who = record.value;
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

int victim_end(struct victim *victim)
{
    int status = -1;

    if (write(victim->in, "\n", 1) != 1)
        note("%s: its standard input is gone", victim->name);
    close(victim->in);
    waitpid(victim->pid, &status, 0);
    return status;
}
