/* SPDX-License-Identifier: BSD-2-Clause */
/* From the boot loader (32-bit, Multiboot 1 or 2) or a SIPI (16-bit) into C in long mode. */
#include "asm.h"
#define __ASSEMBLY__ /* <linux/const.h> goes by it */
#include "registers.h"

#define MULTIBOOT1_MAGIC    0x1badb002
#define MULTIBOOT1_FLAGS    3 /* modules page aligned, memory map wanted */
#define MULTIBOOT2_MAGIC    0xe85250d6

#define MSR_EFER            0xc0000080

#define ENTRY_PRESENT_WRITE 3
#define ENTRY_LARGE         0x83

    .section .multiboot, "a"
    .balign 8
    .long MULTIBOOT1_MAGIC, MULTIBOOT1_FLAGS, -(MULTIBOOT1_MAGIC + MULTIBOOT1_FLAGS)
    .balign 8
multiboot2_header:
    .long MULTIBOOT2_MAGIC, 0, multiboot2_end - multiboot2_header
    .long 0x100000000 - (MULTIBOOT2_MAGIC + (multiboot2_end - multiboot2_header))
    .short 6, 0             /* page-align modules */
    .long 8
    .short 4, 0             /* VGA text will do */
    .long 12, 2
    .balign 8
    .short 5, 1             /* so will a frame buffer, of any size */
    .long 20, 0, 0, 0
    .balign 8
    .short 0, 0
    .long 8
multiboot2_end:

    .text
    .code32
    .globl entry32
entry32:
    cli
    cld
    mov %eax, %esi
    rdtsc
    mov %eax, boot_tsc
    mov %edx, boot_tsc + 4

    /* The first 4 GiB one to one with 2 MiB pages; main.c maps the rest. */
    movl $(boot_directory_pointers + ENTRY_PRESENT_WRITE), boot_page_table
    mov $boot_directories + ENTRY_PRESENT_WRITE, %eax
    mov $boot_directory_pointers, %edi
    mov $4, %ecx
1:  mov %eax, (%edi)
    add $4096, %eax
    add $8, %edi
    loop 1b
    mov $ENTRY_LARGE, %eax
    mov $boot_directories, %edi
    mov $2048, %ecx
2:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 2b

    mov $entry64, %ebp
    jmp enable_long_mode

/* Every CPU: paging and long mode on, then to %ebp. Keeps %esi and %ebx. */
enable_long_mode:
    /* digest.c uses SSE. A machine check is an exception here, which says so and stops the machine:
     * without MCE it would be a shutdown, and a reset with everything still in memory. */
    mov $(X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_MCE), %eax
    mov %eax, %cr4
    mov $boot_page_table, %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $(EFER_LME | EFER_NXE), %eax
    wrmsr
    mov %cr0, %eax
    and $0x9ffffff3, %eax   /* caches and FPU on */
    or $(X86_CR0_PG | X86_CR0_WP | X86_CR0_PE), %eax
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $SELECTOR_CODE64, $long_mode
    .code64
long_mode:
    mov $SELECTOR_DATA, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov %ebp, %ebp
    jmp *%rbp

entry64:
    mov $boot_cpu + CPU_ASM_REGISTERS, %rsp
    mov %esi, %edi          /* magic */
    mov %ebx, %esi          /* information */
    xor %ebp, %ebp
    call boot_main
    ud2

/* An application processor; smp.c says which struct cpu is its. */
ap_entry64:
    mov ap_starting, %rdi
    lea CPU_ASM_REGISTERS(%rdi), %rsp
    xor %ebp, %ebp
    call ap_main
    ud2

    .code32
ap_entry32:
    mov $SELECTOR_DATA, %eax
    mov %eax, %ds
    mov $ap_entry64, %ebp
    jmp enable_long_mode

/* Copied to TRAMPOLINE_PAGE, where a SIPI starts it in real mode. */
    .section .rodata
    .code16
    .globl ap_trampoline, ap_trampoline_end
ap_trampoline:
    cli
    mov %cs, %ax
    mov %ax, %ds
    lgdtl ap_gdt_pointer - ap_trampoline
    mov %cr0, %eax
    or $X86_CR0_PE, %eax
    mov %eax, %cr0
    ljmpl $SELECTOR_CODE32, $ap_entry32
ap_gdt_pointer:
    .short gdt_end - gdt - 1
    .long gdt
ap_trampoline_end:
    .code64

    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 64-bit code */
    .quad 0x00cf93000000ffff /* data */
    .quad 0x00cf9b000000ffff /* 32-bit code, on the way up */
gdt_end:
gdt_pointer:
    .short gdt_end - gdt - 1
    .quad gdt

    .bss
    .balign 4096
    .globl boot_page_table, boot_directory_pointers, boot_directories
boot_page_table:
    .skip 4096
boot_directory_pointers:
    .skip 4096
boot_directories:
    .skip 4 * 4096
    .globl boot_tsc
    .balign 8
boot_tsc:
    .skip 8

    .section .note.GNU-stack, "", @progbits
