/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MACHINERY_H
#define MACHINERY_H

#include <linux/mutex.h>
#include <asm/desc_defs.h>

/* Of all open files: the assembly keeps one safe stack. */
extern struct mutex machinery_lock;

/* Gates that end an experiment: each leads to its raw_trap, on the stack that the TSS keeps for
 * #DF. #UD uses the current stack, and NMIs stay Linux's. */
void machinery_gates(gate_desc *gates, unsigned int count);

#endif
