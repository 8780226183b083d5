/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls, family by family: what the manual pages promise, printed line by line as
 * "family.case answer". The program runs natively and as a trustlet in the same machine, in a fresh
 * directory each time, and both must print the same. So nothing is printed that two native runs
 * would not have in common.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <stddef.h>
#include <sys/types.h>

/* "case 5" or "case -EINVAL": what a system call's wrapper returned, with errno if it is negative.
 */
void show(const char *name, long result);
/* "case 5": a number that is no call's result. */
void show_value(const char *name, long long value);
/* "case text": `size` bytes, those that are no printable characters as \xx. */
void show_bytes(const char *name, const void *bytes, size_t size);
/* A file of that content in the working directory. */
void make_file(const char *path, const char *content);
/* Bytes of an anonymous mapping, or the end of the program. */
void *some_memory(size_t bytes);

/* Wrong arguments that no compiler sees through. */
extern void *volatile nowhere;
extern volatile int minus_one;

void files(void);
void vectors(void);
void opening(void);
void descriptors(void);
void names(void);
void attributes(void);
void directories(void);
void memory(void);
void mappings(void);
void polling(void);
void events(void);
void timers(void);
void sockets(void);
void messages(void);
void servers(void);
void clocks(void);
void waiting(void);
void identity(void);
void limits(void);
void twins(void);
void others(void);
void interrupts(void);

#endif
