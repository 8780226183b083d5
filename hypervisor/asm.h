/* SPDX-License-Identifier: BSD-2-Clause */
/* What assembly must know of struct cpu and of the image; checked in cpu.c. */
#ifndef HYPERVISOR_ASM_H
#define HYPERVISOR_ASM_H

#define CPU_ASM_ALIGNMENT 16384
#define CPU_ASM_REGISTERS 12288
/* From struct guest_registers on: the exit path addresses these by the stack pointer. */
#define CPU_ASM_VMCB      112
#define CPU_ASM_NMI_TAKEN 120            /* relative to registers, too */
#define CPU_ASM_VMRUNS    (128 + 8 * 14) /* cpu.exits[HV_EXIT_VMRUN] */

#define SELECTOR_CODE64   0x08
#define SELECTOR_DATA     0x10
#define SELECTOR_CODE32   0x18

#define TRAMPOLINE_PAGE   0x8000

#define VMCB_ASM_TLB      0x5c
#define VMCB_ASM_CLEAN    0xc0
#define VMCB_ALL_CLEAN    0x7ff

#endif
