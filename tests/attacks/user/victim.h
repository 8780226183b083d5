/* SPDX-License-Identifier: BSD-2-Clause */
/* attack-marked, as an ordinary process or as a trustlet, with a secret that this test knows. */
#ifndef VICTIM_H
#define VICTIM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "../trustlets/marked.h"

#define VICTIM_PLAIN  "/bin/attack-marked"
#define VICTIM_SIGNED "/usr/lib/openvsm/trustlets/attack-marked"

struct victim {
    const char *name;
    pid_t pid;     /* of the program, or of the trustlet's host */
    int in;        /* its standard input */
    uint64_t word; /* the first word at MARK_ADDRESS */
    uint64_t seed;
};

/* Starts it and waits until it has its secret; dies if it does not. */
void victim_start(struct victim *victim, bool secure);
/* Lets it look whether its secret is whole, and end. -> its wait status. */
int victim_end(struct victim *victim);

#endif
