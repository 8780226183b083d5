/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lowest security version of a trustlet that may run at all: a line here, and a new build of
 * the Secure Kernel, is how a trustlet with a known hole is taken out of service.
 */
#ifndef SK_VERSION_FLOORS_H
#define SK_VERSION_FLOORS_H

#include "manifest.h"

static const struct version_floor version_floors[] = {
    /* No real trustlet: the tests sign one with this ID to see it refused. */
    {.trustlet_id = 0x7e57f1004, .version = 2},
};

#endif
