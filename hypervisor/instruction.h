/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding an instruction that stores a register or a constant in memory. Needs no CPU. */
#ifndef HYPERVISOR_INSTRUCTION_H
#define HYPERVISOR_INSTRUCTION_H

#include "types.h"

#define INSTRUCTION_MAX 15u

struct store {
    unsigned length; /* bytes of the instruction */
    unsigned size;   /* bytes stored: 1, 2, 4 or 8 */
    bool exchanges;  /* XCHG: the register gets what was there */
    bool has_register;
    unsigned reg;       /* 0..15, with has_register */
    uint32_t immediate; /* otherwise */
};

/* code_size 4 or 8: bytes of an address in the code that runs. False: not one of MOV r/m,r; MOV
 * r/m,imm; MOV moffs,eax; XCHG r/m,r, or it does not end within `count` bytes. */
bool instruction_decode_store(const uint8_t *bytes, unsigned count, unsigned code_size,
                              struct store *store);

#endif
