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

#define VICTIM_WORDS_MAX 8u

/* Starts it and waits until it has its secret; dies if it does not. */
void victim_start(struct victim *victim, bool secure);
/* The same for any command of at most VICTIM_WORDS_MAX words and a NULL, which ends in
 * attack-marked and has the word SEED where its seed is to stand. The name is for messages, and
 * stays the caller's. */
void victim_run(struct victim *victim, const char *name, const char *const *words);
/* Lets it look whether its secret is whole, and end. -> its wait status. */
int victim_end(struct victim *victim);

/* Has the file that word, anywhere? Dies if there is no such file, or nothing in it. */
bool file_has(const char *path, uint64_t word);
/* Within two seconds there is a record, made since audit_mark(), of somebody who wanted to attach
 * to a trustlet's host. -> his process's id in who. */
bool attach_is_recorded(uint64_t *who);

#endif
