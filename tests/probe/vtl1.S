/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest VTL1, to try the hypervisor without a Secure Kernel: it asks for notifications, says
 * that it is ready, and then serves VtlCalls by RDI (probe.h).
 */
#include "probe.h"

#define HV_CALL_VTL_RETURN   0x12
#define SET_VINA_CONTROL      (0x51 | 1 << 32) /* SetVpRegisters, one repetition */
#define STACK_SIZE           4096
#define VTL1_KERNEL_BASE     0xffffffff80000000
#define BOOT_INFO_POOL       32 /* vtl1_boot.h */

    .section .text
    .globl _start
_start:
    mov %rsi, %rax
    shl $12, %rax
    lea stacks + STACK_SIZE(%rip), %rsp
    add %rax, %rsp
    lea vina(%rip), %rax
    lea idt + 16 * PROBE_VECTOR(%rip), %rcx
    mov %ax, (%rcx)
    movl $0x8e000008, 2(%rcx) /* selector; an interrupt gate */
    shr $16, %rax
    mov %ax, 6(%rcx)
    shr $16, %rax
    mov %eax, 8(%rcx)
    lidt idt_pointer(%rip)
    lgdt gdt_pointer(%rip)
    /* The call's input must not cross a page, and is given by its GPA: the image lies at the pool's
     * start, which boot information names. */
    movabs $SET_VINA_CONTROL, %rcx
    lea set_vina(%rip), %rdx
    movabs $VTL1_KERNEL_BASE, %rax
    sub %rax, %rdx
    add BOOT_INFO_POOL(%rdi), %rdx
    xor %r8d, %r8d
    vmmcall
    mov %eax, %eax
    xor %edi, %edi
    cmp $0, %ax
    je ready
    lea refusal(%rip), %rdi
ready:
    mov $1, %eax
    mov $HV_CALL_VTL_RETURN, %ecx
    vmmcall
    test %rdi, %rdi
    jz ready
    cmp $PROBE_COUNT, %rdi
    je count
    xor %edi, %edi
    jmp ready

count:
    xor %r9d, %r9d
    sti
1:  test %r9, %r9
    jnz 2f
    dec %rsi
    jnz 1b
2:  cli
    mov %rsi, %rdi
    jmp ready

/* The notification: stop counting. */
vina:
    mov $1, %r9d
    iretq

fault:
    ud2

    .section .rodata
refusal:
    .asciz "the probe cannot set its notification vector"
    .balign 64
set_vina:
    .quad -1                 /* this partition */
    .long 0xfffffffe, 0      /* this VP, this VTL */
    .long 0xd0005, 0, 0, 0   /* VsmVina */
    .quad PROBE_VECTOR | 1 << 8 | 1 << 9, 0
    .balign 8
gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    .short 23
    .quad gdt
idt_pointer:
    .short 256 * 16 - 1
    .quad idt

    .bss
    .balign 4096
idt:
    .skip 256 * 16
stacks:
    .skip 64 * STACK_SIZE

    .section .note.GNU-stack, "", @progbits
