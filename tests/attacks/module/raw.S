/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>

/*
 * void raw_vmmcall(u64 registers[ATTACK_REGISTERS], u32 *trap)
 * All general registers but RSP come from the array and go back into it.
 */
SYM_FUNC_START(raw_vmmcall)
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rsi
	push	%rdi
	mov	0(%rdi), %rax
	mov	8(%rdi), %rcx
	mov	16(%rdi), %rdx
	mov	24(%rdi), %rbx
	mov	32(%rdi), %rbp
	mov	40(%rdi), %rsi
	mov	56(%rdi), %r8
	mov	64(%rdi), %r9
	mov	72(%rdi), %r10
	mov	80(%rdi), %r11
	mov	88(%rdi), %r12
	mov	96(%rdi), %r13
	mov	104(%rdi), %r14
	mov	112(%rdi), %r15
	mov	48(%rdi), %rdi
1:	vmmcall
.Lstore:
	/* XCHG and MOV leave the flags as the call left them. */
	xchg	%rax, (%rsp)
	mov	%rcx, 8(%rax)
	mov	%rdx, 16(%rax)
	mov	%rbx, 24(%rax)
	mov	%rbp, 32(%rax)
	mov	%rsi, 40(%rax)
	mov	%rdi, 48(%rax)
	mov	%r8, 56(%rax)
	mov	%r9, 64(%rax)
	mov	%r10, 72(%rax)
	mov	%r11, 80(%rax)
	mov	%r12, 88(%rax)
	mov	%r13, 96(%rax)
	mov	%r14, 104(%rax)
	mov	%r15, 112(%rax)
	pushfq
	pop	%rcx
	mov	%rcx, 120(%rax)
	pop	%rcx
	mov	%rcx, 0(%rax)
	pop	%rsi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	cld
	RET
.Lrefused:
	/* EX_TYPE_FAULT put the vector into RAX. */
	push	%rcx
	mov	16(%rsp), %rcx
	mov	%eax, (%rcx)
	pop	%rcx
	jmp	.Lstore
	_ASM_EXTABLE_TYPE(1b, .Lrefused, EX_TYPE_FAULT)
SYM_FUNC_END(raw_vmmcall)

/* u32 raw_execute(void *target): calls it. The die notifier returns for it, vector in RAX. */
SYM_FUNC_START(raw_execute)
	ANNOTATE_RETPOLINE_SAFE
	call	*%rdi
	RET
SYM_FUNC_END(raw_execute)

/*
 * Experiments with the CPU's machinery. While one runs, interrupts are off, the IDT is ours, and
 * every exception ends in .Lcaught on a stack that the TSS supplies: no frame of the exception is
 * ever returned through.
 */
	.macro	EXPERIMENT_BEGIN
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, safe_stack(%rip)
	sidt	linux_idt(%rip)
	sgdt	linux_gdt(%rip)
	lidt	(%rsi)
	.endm

.Lnothing_happened:
	xor	%eax, %eax
.Lcaught:
	mov	safe_stack(%rip), %rsp
	lgdt	linux_gdt(%rip)
	lidt	linux_idt(%rip)
	cld
	xor	%ecx, %ecx
	mov	%ecx, %es
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	RET

/* u32 raw_push(void *stack, const struct desc_ptr *idt) */
SYM_FUNC_START(raw_push)
	EXPERIMENT_BEGIN
	mov	%rdi, %rsp
	push	%rax
	jmp	.Lnothing_happened
SYM_FUNC_END(raw_push)

/* u32 raw_exception(void *stack, const struct desc_ptr *idt): #UD has no stack of its own */
SYM_FUNC_START(raw_exception)
	EXPERIMENT_BEGIN
	mov	%rdi, %rsp
	ud2
SYM_FUNC_END(raw_exception)

/* u32 raw_software_interrupt(void *unused, const struct desc_ptr *idt) */
SYM_FUNC_START(raw_software_interrupt)
	EXPERIMENT_BEGIN
	int	$0x81
	jmp	.Lnothing_happened
SYM_FUNC_END(raw_software_interrupt)

/* u32 raw_interrupt(u64 deadline, const struct desc_ptr *idt): waits for one until the TSC says */
SYM_FUNC_START(raw_interrupt)
	EXPERIMENT_BEGIN
	sti
2:	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	cmp	%rdi, %rax
	jb	2b
	cli
	jmp	.Lnothing_happened
SYM_FUNC_END(raw_interrupt)

/* u32 raw_await(u64 deadline, const struct desc_ptr *idt, u64 mark): waits with interrupts off, and with
 * the mark in R15 */
SYM_FUNC_START(raw_await)
	EXPERIMENT_BEGIN
	mov	%rdx, %r15
	jmp	2b
SYM_FUNC_END(raw_await)

/* u32 raw_segment(const struct desc_ptr *gdt, const struct desc_ptr *idt, u32 selector) */
SYM_FUNC_START(raw_segment)
	EXPERIMENT_BEGIN
	lgdt	(%rdi)
	mov	%edx, %es
	jmp	.Lnothing_happened
SYM_FUNC_END(raw_segment)

/* u32 raw_read(const void *at, const struct desc_ptr *idt) */
SYM_FUNC_START(raw_read)
	EXPERIMENT_BEGIN
	mov	(%rdi), %rax
	jmp	.Lnothing_happened
SYM_FUNC_END(raw_read)

/* u32 raw_debug(void *unused, const struct desc_ptr *idt): #DB's vector by an instruction */
SYM_FUNC_START(raw_debug)
	EXPERIMENT_BEGIN
	int	$1
	jmp	.Lnothing_happened
SYM_FUNC_END(raw_debug)

/* Two handlers whose addresses differ in one bit, 32; they say 1 and 2. */
	.balign	64
SYM_CODE_START(raw_pair)
	mov	$1, %eax
	jmp	.Lcaught
	.balign	32
	mov	$2, %eax
	jmp	.Lcaught
SYM_CODE_END(raw_pair)

/* void raw_handler(u64 handler): runs Linux's handler as if the CPU had come to it */
SYM_FUNC_START(raw_handler)
	mov	%rsp, %rax
	mov	%ss, %ecx
	push	%rcx
	push	%rax
	pushfq
	mov	%cs, %ecx
	push	%rcx
	lea	3f(%rip), %rcx
	push	%rcx
	ANNOTATE_RETPOLINE_SAFE
	jmp	*%rdi
3:	RET
SYM_FUNC_END(raw_handler)

/* The 256 entry points, 16 bytes each. */
	.balign 16
SYM_CODE_START(raw_traps)
	vector = 0
	.rept	256
	.balign	16
	mov	$vector, %eax
	jmp	.Lcaught
	vector = vector + 1
	.endr
SYM_CODE_END(raw_traps)

	.data
	.balign	8
safe_stack:
	.quad	0
SYM_DATA_START(linux_idt)
	.skip	16
SYM_DATA_END(linux_idt)
SYM_DATA_START(linux_gdt)
	.skip	16
SYM_DATA_END(linux_gdt)

	.text
/* u32 raw_task(u64 selector): far jump to a task state segment. -> the exception's vector, or 0 */
SYM_FUNC_START(raw_task)
	shl	$32, %rdi
	push	%rdi
	xor	%eax, %eax
3:	ljmpl	*(%rsp)
4:	pop	%rdi
	RET
	_ASM_EXTABLE_TYPE(3b, 4b, EX_TYPE_FAULT)
SYM_FUNC_END(raw_task)

/* u32 raw_mwait(void *at): waits for a write there, or for an interrupt. -> the exception's vector, or 0 */
SYM_FUNC_START(raw_mwait)
	mov	%rdi, %rax
	xor	%ecx, %ecx
	xor	%edx, %edx
5:	monitor	%rax, %ecx, %edx
	xor	%eax, %eax
	sti
6:	mwait	%eax, %ecx
	cli
	xor	%eax, %eax
7:	RET
	_ASM_EXTABLE_TYPE(5b, 7b, EX_TYPE_FAULT)
	_ASM_EXTABLE_TYPE(6b, 7b, EX_TYPE_FAULT)
SYM_FUNC_END(raw_mwait)
