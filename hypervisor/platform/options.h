/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's command line: words NAME=VALUE. Needs no CPU. */
#ifndef HYPERVISOR_PLATFORM_OPTIONS_H
#define HYPERVISOR_PLATFORM_OPTIONS_H

#include "../types.h"

/* NAME=SIZE with K, M or G behind the number; `otherwise` if it is not there; 0 if it is no size.
 */
uint64_t option_size(const char *line, const char *name, uint64_t otherwise);
/* NAME=… is there. */
bool option_given(const char *line, const char *name);
/* NAME=WORD is there. */
bool option_is(const char *line, const char *name, const char *word);

#endif
