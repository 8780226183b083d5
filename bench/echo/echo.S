/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VTL1 that answers every call at once: what is left is the price of the switch itself. Booted in
 * the Secure Kernel's place (openvsm/vtl1_boot.h) by the bench alone.
 */
#define HV_CALL_VTL_RETURN 0x12
#define HV_VTL_RETURN_FAST 1

    .section .text, "ax"
    .globl echo_entry
echo_entry:
    xorl %edi, %edi             /* ready */
answer:
    movl $HV_CALL_VTL_RETURN, %ecx
    movl $HV_VTL_RETURN_FAST, %eax
    vmmcall
    jmp answer

    .section .note.GNU-stack, "", @progbits
