/* SPDX-License-Identifier: BSD-2-Clause */
/* What the subcommands that talk to the machine share. */
#ifndef IUM_DEVICE_H
#define IUM_DEVICE_H

#include "openvsm.h"

/* Opens the device, or says on stderr which of the three things is missing and what to do. */
struct openvsm *ium_open(void);

/* A trustlet's or a file's name, for the terminal: unprintable bytes become '?'. */
void ium_copy_name(char out[33], const char name[32]);

#endif
