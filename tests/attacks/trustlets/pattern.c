// SPDX-License-Identifier: BSD-2-Clause
/*
 * pattern spin|call ROUNDS: fills every register a program has with patterns, keeps them there
 * while it spins (to be preempted) or makes system calls, and then looks whether all are still
 * what they were. Exit status 0 if so; else it names the register and exits 1.
 */
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pattern.h"

#define GPRS 15 /* all but RSP, in the order of names[] */

struct registers {
    uint64_t ymm[16][4];
    uint64_t gpr[GPRS + 1];
    struct {
        uint64_t mantissa;
        uint16_t exponent;
    } __attribute__((packed)) x87[8];
    uint32_t mxcsr;
    uint16_t x87_control;
} __attribute__((aligned(64)));

struct registers wanted, found;
uint64_t rounds;
uint64_t safe_rsp;

void run_spinning(void);
void run_calling(void);

/* Offsets into struct registers, for the assembly. */
_Static_assert(offsetof(struct registers, gpr) == 512 && offsetof(struct registers, x87) == 640 &&
                   offsetof(struct registers, mxcsr) == 720 &&
                   offsetof(struct registers, x87_control) == 724,
               "the assembly below knows these");

/* RSP stays as it is; RBP, RBX and all others are filled. */
__asm__(".text\n"
        ".macro EACH_YMM op, base\n"
        ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
        "\\op \\n, \\base\n"
        ".endr\n"
        ".endm\n"
        ".macro LOAD_YMM n, base\n vmovdqu \\base+32*\\n(%rip), %ymm\\n\n .endm\n"
        ".macro STORE_YMM n, base\n vmovdqu %ymm\\n, \\base+32*\\n(%rip)\n .endm\n"
        ".macro LOAD_GPRS from\n"
        " mov \\from+0(%rip), %rax\n mov \\from+8(%rip), %rcx\n mov \\from+16(%rip), %rdx\n"
        " mov \\from+24(%rip), %rbx\n mov \\from+32(%rip), %rbp\n mov \\from+40(%rip), %rsi\n"
        " mov \\from+48(%rip), %rdi\n mov \\from+56(%rip), %r8\n mov \\from+64(%rip), %r9\n"
        " mov \\from+72(%rip), %r10\n mov \\from+80(%rip), %r11\n mov \\from+88(%rip), %r12\n"
        " mov \\from+96(%rip), %r13\n mov \\from+104(%rip), %r14\n mov \\from+112(%rip), %r15\n"
        ".endm\n"
        ".macro STORE_GPRS to\n"
        " mov %rax, \\to+0(%rip)\n mov %rcx, \\to+8(%rip)\n mov %rdx, \\to+16(%rip)\n"
        " mov %rbx, \\to+24(%rip)\n mov %rbp, \\to+32(%rip)\n mov %rsi, \\to+40(%rip)\n"
        " mov %rdi, \\to+48(%rip)\n mov %r8, \\to+56(%rip)\n mov %r9, \\to+64(%rip)\n"
        " mov %r10, \\to+72(%rip)\n mov %r11, \\to+80(%rip)\n mov %r12, \\to+88(%rip)\n"
        " mov %r13, \\to+96(%rip)\n mov %r14, \\to+104(%rip)\n mov %r15, \\to+112(%rip)\n"
        ".endm\n"
        ".macro FILL\n"
        " push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
        " mov %rsp, safe_rsp(%rip)\n"
        " EACH_YMM LOAD_YMM, wanted\n"
        " fninit\n"
        ".irp n, 7,6,5,4,3,2,1,0\n fldt wanted+640+10*\\n(%rip)\n .endr\n"
        " fldcw wanted+724(%rip)\n"
        " ldmxcsr wanted+720(%rip)\n"
        " LOAD_GPRS wanted+512\n"
        ".endm\n"
        ".macro LOOK\n"
        " STORE_GPRS found+512\n"
        " stmxcsr found+720(%rip)\n"
        " fnstcw found+724(%rip)\n"
        ".irp n, 0,1,2,3,4,5,6,7\n fstpt found+640+10*\\n(%rip)\n .endr\n"
        " EACH_YMM STORE_YMM, found\n"
        " fninit\n"
        " movl $0x1f80, -8(%rsp)\n ldmxcsr -8(%rsp)\n"
        " vzeroupper\n cld\n"
        " pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
        ".endm\n"
        ".globl run_spinning\n"
        "run_spinning:\n"
        " FILL\n"
        "1: decq rounds(%rip)\n"
        " jnz 1b\n"
        " LOOK\n"
        ".globl run_calling\n"
        "run_calling:\n"
        " FILL\n"
        "1: mov $110, %eax\n" /* getppid: marshalled */
        " syscall\n"
        " mov wanted+512(%rip), %rax\n" /* what the call itself changes */
        " mov wanted+520(%rip), %rcx\n"
        " mov wanted+592(%rip), %r11\n"
        " decq rounds(%rip)\n"
        " jnz 1b\n"
        " LOOK\n");

static void make_patterns(void)
{
    for (unsigned int i = 0; i < GPRS; i++)
        wanted.gpr[i] = PATTERN + PATTERN_GPR + i;
    for (unsigned int i = 0; i < 8; i++) {
        wanted.x87[i].mantissa = PATTERN + PATTERN_X87 + i;
        wanted.x87[i].exponent = 0x3fff;
    }
    for (unsigned int i = 0; i < 64; i++)
        wanted.ymm[i / 4][i % 4] = PATTERN + PATTERN_YMM + i;
    wanted.mxcsr = PATTERN_MXCSR;
    wanted.x87_control = PATTERN_X87_CONTROL;
}

static bool compare(void)
{
    static const char *const names[GPRS] = {"rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8",
                                            "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    bool good = true;

    for (unsigned int i = 0; i < GPRS; i++) {
        if (found.gpr[i] != wanted.gpr[i]) {
            printf("%s is %#llx\n", names[i], (unsigned long long)found.gpr[i]);
            good = false;
        }
    }
    for (unsigned int i = 0; i < 64; i++) {
        if (found.ymm[i / 4][i % 4] != wanted.ymm[i / 4][i % 4]) {
            printf("ymm%u quadword %u is %#llx\n", i / 4, i % 4,
                   (unsigned long long)found.ymm[i / 4][i % 4]);
            good = false;
        }
    }
    if (memcmp(found.x87, wanted.x87, sizeof(wanted.x87)) ||
        found.x87_control != wanted.x87_control) {
        printf("x87 state differs, control word %#x\n", found.x87_control);
        good = false;
    }
    /* The sticky exception flags are the program's own doing. */
    if ((found.mxcsr & ~0x3fu) != wanted.mxcsr) {
        printf("mxcsr is %#x\n", found.mxcsr);
        good = false;
    }
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    rounds = strtoull(argv[2], NULL, 0);
    make_patterns();
    if (!strcmp(argv[1], "spin"))
        run_spinning();
    else
        run_calling();
    return compare() ? 0 : 1;
}
