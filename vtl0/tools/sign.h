/* SPDX-License-Identifier: BSD-2-Clause */
/* Signing one program, for the subcommands that do. */
#ifndef IUM_SIGN_H
#define IUM_SIGN_H

#include <stdbool.h>
#include <sys/types.h>

#include "signature.h"

/* Signs PROGRAM into OUT under the policy file (NULL: defaults, named after the file). Says on
 * stderr what is wrong. */
bool sign_program(const char *program, const char *policy, const char *out,
                  const struct signing_key *key);

/* The bytes, then `more` behind them, written beside OUT and renamed: OUT is never half written.
 * Says on stderr what is wrong. */
bool write_whole(const char *out, mode_t mode, const void *bytes, uint64_t size, const void *more,
                 uint64_t more_size);

#endif
