/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's log. For a handful of sentences; never a secret. */
#ifndef SK_CONSOLE_H
#define SK_CONSOLE_H

#include <stdint.h>

/* No newline is added. */
void console_write(const char *text);
void console_write_hex(uint64_t value);

#endif
