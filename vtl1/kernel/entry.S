/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways into the Secure Kernel: from the hypervisor, and from ring 3.
 *
 * Kernel code runs with interrupts off. An exception in it is its own mistake and stops the
 * machine, so an entry from ring 3 is the only one that must come back.
 */
#include "cpu_layout.h"
#define HV_CALL_VTL_RETURN 0x12
#define HV_VTL_RETURN_FAST 1
#define ENTRY_REASON_CALL 1

/* struct call back into VTL0's registers. */
    .macro pop_call
    .irp register, rsi, rdx, r8, r9, r10, rdi, rax, rcx, rbx, rbp, r11, r12, r13, r14, r15
    popq %\register
    .endr
    .endm

/* The general registers of struct user_registers: each name once, in the order it is pushed. */
    .macro push_user
    .irp register, rdi, rsi, rdx, rcx, rax, r8, r9, r10, r11, rbx, rbp, r12, r13, r14, r15
    pushq %\register
    .endr
    .endm

/* What a C function keeps for its caller. */
    .macro pop_kept
    .irp register, r15, r14, r13, r12, rbp, rbx
    popq %\register
    .endr
    .endm

    .section .text.entry, "ax"

/* First entry of each CPU (openvsm/vtl1_boot.h): RDI = boot information, RSI = VP index. */
    .globl secure_kernel_entry
secure_kernel_entry:
    movl %esi, %eax
    movq cpu_stacks(, %rax, 8), %rsp
    xorl %ebp, %ebp
    call secure_kernel_start
    movq %rax, %rdi             /* NULL: ready; else the sentence */
    pushq $0                    /* keeps the stack aligned for C below 15 pushes */
    jmp vtl_return_fast

/*
 * The call loop. VTL0's call resumes behind VMMCALL with VTL0's general registers. They are pushed
 * as struct call; the handler's results are popped with the rest.
 */
    .balign 64
vtl_call_done:
    movq %rax, CALL_FRAME_RDI(%rsp)
    pop_call
vtl_return_fast:
    movl $HV_CALL_VTL_RETURN, %ecx
    movl $HV_VTL_RETURN_FAST, %eax
    vmmcall
vtl_entered:
    .irp register, r15, r14, r13, r12, r11, rbp, rbx, rcx, rax, rdi, r10, r9, r8, rdx, rsi
    pushq %\register
    .endr
    movq %gs:CPU_ASSIST, %rax
    cmpl $ENTRY_REASON_CALL, ASSIST_ENTRY_REASON(%rax)
    jne vtl_intercept
    cmpq $CALL_COUNT, %rdi
    jae vtl_unknown_call
    movq call_table(, %rdi, 8), %rax
    movq %rsp, %rdi
    call *%rax
    testl %eax, %eax
    jz vtl_call_done
    movq %rsp, %rdi
    movl %eax, %esi
    call call_refused           /* audits what deserves it; returns the status */
    jmp vtl_call_done
vtl_unknown_call:
    movq %rsp, %rdi
    movl $3, %esi               /* SK_INVALID_CALL */
    call call_refused
    jmp vtl_call_done

/* VTL0 did not call: it was caught at something. All its registers come back as they were, RAX and
 * RCX through the assist page (TLFS 15.6). */
vtl_intercept:
    movq %rsp, %rdi
    call intercept_handle
    movq %gs:CPU_ASSIST, %rax
    movq CALL_FRAME_RAX(%rsp), %rcx
    movq %rcx, ASSIST_RAX(%rax)
    movq CALL_FRAME_RCX(%rsp), %rcx
    movq %rcx, ASSIST_RCX(%rax)
    pop_call
    movl $HV_CALL_VTL_RETURN, %ecx
    xorl %eax, %eax
    vmmcall
    jmp vtl_entered

/* user_enter and job_enter: see cpu.h and job.h. The structure is popped in place; RIP and RFLAGS
 * were checked, the selectors are ours, so IRETQ cannot fault (APM Vol.3 IRET). */
    .macro leave_kernel
    .irp register, rbx, rbp, r12, r13, r14, r15
    pushq %\register
    .endr
    movq %rsp, %gs:CPU_KERNEL_RSP
    movq %rdi, %rsp
    pop_kept
    .irp register, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi
    popq %\register
    .endr
    addq $16, %rsp              /* vector, error code */
    .endm

    .globl user_enter
user_enter:
    leave_kernel
    swapgs
    iretq

/* A job stays in ring 0: GS is the kernel's already. */
    .globl job_enter
job_enter:
    leave_kernel
    iretq

/* Where a job's function returns to. */
    .globl job_over
job_over:
    int $VECTOR_JOB_OVER

/* SYSCALL from ring 3: RCX = RIP, R11 = RFLAGS, the user's stack. */
    .balign 64
    .globl user_syscall
user_syscall:
    swapgs
    movq %rsp, %gs:CPU_USER_RSP
    movq %gs:CPU_REGISTERS_END, %rsp
    pushq $SELECTOR_USER_DATA
    pushq %gs:CPU_USER_RSP
    pushq %r11
    pushq $SELECTOR_USER_CODE
    pushq %rcx
    pushq $0
    pushq $ENTRY_USER_SYSCALL
    push_user
user_left:
    movq %gs:CPU_KERNEL_RSP, %rsp
    pushq $2                    /* AC, DF, NT of the user must not reign here */
    popfq
    pop_kept
    ret

/* An exception or interrupt: the CPU has pushed SS RSP RFLAGS CS RIP (and the error code). */
vector_common:
    push_user
    testb $3, 144(%rsp)         /* CS */
    jz 1f
    swapgs
    jmp user_left
1:  cmpq $0, %gs:CPU_JOB        /* the registers are saved where the job's are kept */
    jne user_left
    movq %rsp, %rdi
    andq $-16, %rsp
    call kernel_exception       /* does not return */

/* #MC exits to the hypervisor, but not on the emulator. It may come at any instruction, also where
 * GS is still the trustlet's: so nothing is looked at, and nothing goes on. */
machine_check:
    leaq machine_check_sentence(%rip), %rdi
    cld
    andq $-16, %rsp
    call sk_panic               /* does not return */

    .section .rodata
machine_check_sentence:
    .asciz "a machine check"
    .section .text.entry, "ax"

/* One stub per vector, 16 bytes apart. Those of APM Vol.2 8.2 with an error code push none. */
    .balign 16
    .globl vector_stubs
vector_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if (vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30)
    .else
    pushq $0
    .endif
    pushq $vector
    .if vector == VECTOR_MACHINE_CHECK
    jmp machine_check
    .else
    jmp vector_common
    .endif
    .set vector, vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
