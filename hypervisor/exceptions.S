/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own exceptions. All run on the current stack: VTL0's TR is loaded, so there is no
 * IST to go to. */
#include "asm.h"

    .text
/* Vectors that push no error code get a zero, so that struct host_frame always fits. */
#define HAS_ERROR_CODE(n) (((n) == 8) | (((n) >= 10) & ((n) <= 14)) | ((n) == 17) | ((n) == 21) | \
                           ((n) == 29) | ((n) == 30))

    .balign 16
    .globl exception_vectors
exception_vectors:
    number = 0
    .rept 32
    .balign 16
    .if !HAS_ERROR_CODE(number)
    push $0
    .endif
    push $number
    jmp common
    number = number + 1
    .endr

common:
    push %rax
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    mov %rsp, %rdi
    cld
    call host_exception
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

/* An NMI while GIF is set in the hypervisor: in vcpu_idle() or in vcpu_take_nmi(). It is counted;
 * in vcpu_idle() it also ends the wait, even if it came before the HLT. */
    .globl nmi_entry
nmi_entry:
    push %rax
    push %rcx
    mov %rsp, %rax
    and $-CPU_ASM_ALIGNMENT, %rax
    incl (CPU_ASM_REGISTERS + CPU_ASM_NMI_TAKEN)(%rax)
    mov 16(%rsp), %rcx
    lea idle_begin(%rip), %rax
    cmp %rax, %rcx
    jb 1f
    lea idle_end(%rip), %rax
    cmp %rax, %rcx
    jae 1f
    mov %rax, 16(%rsp)
1:  pop %rcx
    pop %rax
    iretq

    .section .note.GNU-stack, "", @progbits
