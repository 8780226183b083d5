/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial log (COM1), and stopping the machine with one sentence. */
#ifndef HYPERVISOR_LOG_H
#define HYPERVISOR_LOG_H

#include "types.h"

void log_init(void);
/* From now on fatal() writes on VGA's text screen too. */
void log_on_screen(void);
/* Prints text as it is. Callers end lines with \n. */
void log_text(const char *text);
/* As many bytes as given, whatever they are. */
void log_bytes(const char *bytes, uint64_t length);
/* Conversions: %s, %lu, %lx (no width); anything else is printed as it stands. */
void log_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "hypervisor: fatal: SENTENCE" and the machine restarts after 30 seconds, or waits if a key is
 * pressed meanwhile. Used before VTL0 runs. */
_Noreturn void fatal(const char *sentence);
/* Same with a word of detail, which log_format prints in place of %s. */
_Noreturn void fatal_with(const char *format, const char *detail);

#endif
