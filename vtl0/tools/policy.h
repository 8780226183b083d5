/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy of a trustlet: what its author writes down and `ium sign` puts into the manifest.
 *
 * A policy file has lines `key = value`; `#` starts a comment. Keys: id, name, security-version,
 * classes, max-memory, max-threads, stack-size, debuggable, calls, environment, arguments.
 */
#ifndef IUM_POLICY_H
#define IUM_POLICY_H

#include <stdbool.h>
#include <stdio.h>

#include <openvsm/trustlet.h>

#define POLICY_MAX_THREADS 1024u
#define POLICY_MIN_STACK   (16ull << 10)
#define POLICY_MAX_STACK   (1ull << 30)
#define POLICY_MAX_MEMORY  (1ull << 40)

/* Where a policy is wrong: the caller prints it. */
struct policy_error {
    unsigned line; /* 0: not from a file */
    char text[160];
};

/* What a program gets that says nothing: every class, 256 MiB, 64 threads, 8 MiB of stack. */
void policy_defaults(struct trustlet_manifest *m);
/* Sets one key. -> false with error->text filled in; *m is then as before. */
bool policy_set(struct trustlet_manifest *m, const char *key, const char *value,
                struct policy_error *error);
/* Sets all keys of a file. -> false at the first wrong line. */
bool policy_read(struct trustlet_manifest *m, FILE *file, struct policy_error *error);
/* Do the values go together, and may the Secure Kernel accept them? */
bool policy_check(const struct trustlet_manifest *m, struct policy_error *error);

/* "64M" -> bytes; suffixes K, M, G. -> false if it is no number or overflows. */
bool policy_parse_size(const char *text, uint64_t *bytes);
/* Bytes as the shortest exact "64M" (or plain number). buffer: at least 24 bytes. */
const char *policy_format_size(uint64_t bytes, char *buffer);
/* Name of the class with that bit, or NULL. */
const char *policy_class_name(unsigned bit);
/* "basic,file-read"; buffer of `size` bytes (160 hold all classes). */
const char *policy_format_classes(uint32_t classes, char *buffer, size_t size);

#endif
