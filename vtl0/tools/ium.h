/* SPDX-License-Identifier: BSD-2-Clause */
/* What the subcommands of ium share. */
#ifndef IUM_H
#define IUM_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>
#include <popt.h>

#define IUM_VERSION "0.1"

/* Exit codes of all subcommands but `run`, whose code is the trustlet's own. */
enum ium_exit {
    IUM_OK = 0,
    IUM_FAILED = 1,        /* said on stderr */
    IUM_USAGE = 2,         /* wrong options or operands */
    IUM_UNPROTECTED = 3,   /* status --strict: OpenVSM is up, something is not protected */
    IUM_RUN_BROKEN = 125,  /* run: ium itself failed, or wrong options */
    IUM_RUN_REFUSED = 126, /* run: found, but may not run */
    IUM_RUN_MISSING = 127, /* run: no such file */
};

/* Each takes its own argv (argv[0] is the subcommand's name) and returns the exit code. */
int ium_run(int argc, const char **argv);
int ium_sign(int argc, const char **argv);
int ium_keygen(int argc, const char **argv);
int ium_provision(int argc, const char **argv);
int ium_inspect(int argc, const char **argv);
int ium_ps(int argc, const char **argv);
int ium_is_secure(int argc, const char **argv);
int ium_status(int argc, const char **argv);
int ium_stats(int argc, const char **argv);
int ium_map(int argc, const char **argv);
int ium_audit(int argc, const char **argv);

/* "ium: " and a line on stderr; the format has no newline. */
__attribute__((format(printf, 1, 2))) void ium_error(const char *format, ...);
/* The same with ": " and errno's text. */
__attribute__((format(printf, 1, 2))) void ium_errno(const char *format, ...);

/*
 * Reads all options. A wrong one is named on stderr and NULL comes back (exit with IUM_USAGE). The
 * operands are then taken with poptGetArg; free with poptFreeContext.
 * usage: operands, for --help: "[OPTION...] FILE".
 */
poptContext ium_options(const char *name, int argc, const char **argv,
                        const struct poptOption *options, const char *usage);

/* The same for a subcommand with no operands. False: what is wrong was said, exit with IUM_USAGE.
 */
bool ium_only_options(const char *name, int argc, const char **argv,
                      const struct poptOption *options, const char *usage);

/* A subcommand with no operands and the one option --json: reads them, calls `command`. */
int ium_json_command(const char *name, int argc, const char **argv, int (*command)(bool json));

/* Adds to an object. */
void ium_add_number(struct json_object *o, const char *key, uint64_t value);
void ium_add_string(struct json_object *o, const char *key, const char *value);
void ium_add_bool(struct json_object *o, const char *key, bool value);

/* Prints the object, pretty, and a newline; takes the reference. */
void ium_print_json(struct json_object *object);

/* A whole file in memory, read-only and page-aligned. */
struct ium_file {
    const uint8_t *bytes;
    uint64_t size;
};
/* -> false with errno; an empty file is EINVAL. */
bool ium_map_file(const char *path, struct ium_file *file);
void ium_unmap_file(struct ium_file *file);

#endif
