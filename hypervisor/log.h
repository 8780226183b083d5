/* SPDX-License-Identifier: BSD-2-Clause */
/* The serial log (COM1), and stopping the machine with one sentence. */
#ifndef HYPERVISOR_LOG_H
#define HYPERVISOR_LOG_H

#include "types.h"

void log_init(void);
/* Prints text as it is. Callers end lines with \n. */
void log_text(const char *text);
/* As many bytes as given, whatever they are. */
void log_bytes(const char *bytes, uint64_t length);
/* Conversions: %s, %lu, %lx (no width); anything else is printed as it stands. */
void log_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "hypervisor: fatal: SENTENCE", on the screen too if it is known (screen.h), and the machine
 * restarts after 30 seconds, or waits if a key is pressed meanwhile. Used before VTL0 runs. */
_Noreturn void fatal(const char *sentence);
/* Same with a detail behind the sentence. Each has up to 160 characters on a screen. */
_Noreturn void fatal_with(const char *sentence, const char *detail);

#endif
