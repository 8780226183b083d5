/* SPDX-License-Identifier: BSD-2-Clause */
/* The same without any C library: two system calls. */
    .section .rodata
text:
    .ascii "hello from VTL1\n"
    .set size, . - text

    .text
    .globl _start
_start:
    mov $1, %eax /* write(1, text, size) */
    mov $1, %edi
    lea text(%rip), %rsi
    mov $size, %edx
    syscall
    mov $231, %eax /* exit_group(0) */
    xor %edi, %edi
    syscall

    .section .note.GNU-stack, "", @progbits
