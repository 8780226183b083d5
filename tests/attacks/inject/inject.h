/* SPDX-License-Identifier: BSD-2-Clause */
/* A foreign library in a process: where it lies, when it acts, what it leaves behind. */
#ifndef INJECT_H
#define INJECT_H

#include "../trustlets/marked.h"

#define PRELOAD_FILE    "/lib/attack-preload.so"
#define INTRUDER_FILE   "/lib/attack-intruder.so"
#define INTRUDER_GO     "/tmp/intruder-go"     /* it acts once this is there */
#define INTRUDER_REPORT "/tmp/intruder-report" /* "PID ANSWER ERRNO WORD" */
#define INTRUDER_ANSWER 42                     /* of the code that it lays at VISIT_ADDRESS */

#endif
