/* SPDX-License-Identifier: BSD-2-Clause */
/* What the probe's two halves agree on. */
#ifndef TESTS_PROBE_H
#define TESTS_PROBE_H

#define PROBE_ECHO   0 /* RDI: answers at once */
#define PROBE_COUNT  2 /* RSI loops with interrupts on; RDI = loops left */
#define PROBE_VECTOR 0x20

#endif
