/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world switch. Every instruction here is paid on every exit, so: no MSR, no VMSAVE (that is
 * done on a VTL switch only), and the registers go straight to their place in struct cpu, at the top
 * of the stack. #VMEXIT has restored RSP, RAX (= the VMCB), CR3, the segments and IDTR for us.
 */
#include "../asm.h"

    .text
    .globl vcpu_run
vcpu_run:
    lea CPU_ASM_REGISTERS(%rdi), %rsp
    jmp enter
    .balign 16
exit:
    mov %rsp, %rdi
    sub $CPU_ASM_REGISTERS, %rdi
    call svm_exit
enter:
    mov CPU_ASM_VMCB(%rsp), %rax
    incq CPU_ASM_VMRUNS(%rsp)
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    vmrun %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    /* What was asked of this entry is done: no flush, and the CPU's cached state is the VMCB's. */
    movb $0, VMCB_ASM_TLB(%rax)
    movl $VMCB_ALL_CLEAN, VMCB_ASM_CLEAN(%rax)
    jmp exit

/* void vcpu_idle(void): nmi_entry (exceptions.S) moves the return address from between the labels to
 * idle_end, so that an NMI before the HLT is not slept over. */
    .globl vcpu_idle, idle_begin, idle_end
    .balign 16
vcpu_idle:
    cli
    stgi
idle_begin:
    hlt
idle_end:
    clgi
    ret

/* void vcpu_take_nmi(void): an intercepted NMI stays pending; let it in, and an intercepted SMI. A
 * handler of SMIs may take orders in RBX, RCX and RDX (SeaBIOS), and finds none of VTL0's. */
    .globl vcpu_take_nmi
    .balign 16
vcpu_take_nmi:
    pushfq
    push %rbx
    xor %ebx, %ebx
    xor %ecx, %ecx
    xor %edx, %edx
    cli
    stgi
    nop
    clgi
    pop %rbx
    popfq
    ret

    .section .note.GNU-stack, "", @progbits
