/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the trustlet that fills its registers and the attacker who looks for them. */
#ifndef PATTERN_H
#define PATTERN_H

/* Every pattern is PATTERN + n, n < 4096: 52 bits that nothing else on the machine has. Bit 63 is
 * set, so that an x87 mantissa of it is a normal number. */
#define PATTERN             0xc5e3a917d24b6000ull
#define PATTERN_MASK        0xfffffffffffff000ull
#define PATTERN_GPR         0x100ull /* + register number */
#define PATTERN_X87         0x200ull /* + 0..7 */
#define PATTERN_YMM         0x400ull /* + 4 * register + quadword */
/* Round toward zero and flush to zero: nobody in VTL0 sets these. */
#define PATTERN_MXCSR       0xff80u
#define PATTERN_X87_CONTROL 0x0f7fu

#endif
