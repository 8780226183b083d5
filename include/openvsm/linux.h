/* SPDX-License-Identifier: BSD-2-Clause */
/* What openvsm.ko offers to other modules of VTL0's kernel; see also include/nt/. */
#ifndef OPENVSM_LINUX_H
#define OPENVSM_LINUX_H

#include <openvsm/types.h>

struct pid;

/*
 * Is this the host process of a live trustlet? 0 with *secure, or -ESRCH for a process that is
 * gone: "could not tell" is not "no". May sleep. Source: the driver's own list, so this is the word
 * of VTL0's kernel; proof is a report signed in VTL1.
 */
int openvsm_is_secure(struct pid *pid, bool *secure);

#endif
