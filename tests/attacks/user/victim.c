// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attacker.h"
#include "victim.h"
#include "../trustlets/canary.h"

static void become(const struct victim *victim, bool secure, int in, int out)
{
    char seed[24] = "";

    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)victim->seed);
    dup2(in, 0);
    dup2(out, 1);
    if (secure)
        execl("/bin/ium", "ium", "run", VICTIM_SIGNED, seed, (char *)NULL);
    else
        execl(VICTIM_PLAIN, "attack-marked", seed, (char *)NULL);
    _exit(127);
}

void victim_start(struct victim *victim, bool secure)
{
    char line[6] = "";
    int in[2], out[2];
    uint64_t state = 0;

    *victim = (struct victim){.name = secure ? "the trustlet's host" : "an ordinary process"};
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) ||
        getrandom(&victim->seed, sizeof(victim->seed), 0) != sizeof(victim->seed))
        bail("no pipes or no seed");
    victim->seed |= 1;
    state = canary_start(victim->seed);
    victim->word = canary_next(&state);
    victim->pid = fork();
    if (victim->pid == 0)
        become(victim, secure, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    victim->in = in[1];
    if (read(out[0], line, sizeof(line)) != sizeof(line) || memcmp(line, "ready\n", sizeof(line)))
        bail("%s is not ready", victim->name);
    close(out[0]);
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
