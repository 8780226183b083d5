/* SPDX-License-Identifier: BSD-2-Clause */
/* What entry.S must know of C's structures; cpu.c asserts each. */
#ifndef SK_CPU_LAYOUT_H
#define SK_CPU_LAYOUT_H

#define CPU_SELF             0
#define CPU_ASSIST           8
#define CPU_USER_RSP         16
#define CPU_KERNEL_RSP       24
#define CPU_REGISTERS_END    32
#define CPU_JOB              40

#define ASSIST_ENTRY_REASON  8
#define ASSIST_RAX           16
#define ASSIST_RCX           24

#define CALL_FRAME_RDI       40
#define CALL_FRAME_RAX       48
#define CALL_FRAME_RCX       56

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_BASE   0x18 /* SYSRET adds 16 for CS, 8 for SS (APM Vol.2 6.1.1) */
#define SELECTOR_USER_DATA   0x23
#define SELECTOR_USER_CODE   0x2b
#define SELECTOR_TSS         0x30

#define VECTOR_MACHINE_CHECK 18
#define VECTOR_VINA          0x20 /* an interrupt waits for VTL0 */
#define VECTOR_JOB_OVER      0x21
#define CALL_COUNT           22 /* = SK_CALL_COUNT */
#define ENTRY_USER_SYSCALL   0x100

#endif
