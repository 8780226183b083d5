/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flood: does without end what the hypervisor refuses, and VTL1 records: it tries to write a
 * guarded PCI register, the host bridge's shadow RAM control. Each time the CPU raises #GP, which
 * is SIGSEGV here. Prints "flooding" when the first was refused.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/io.h>

#define ADDRESS 0xcf8
#define DATA    0xcfd       /* byte 1 of the dword */
#define PAM     0x80000058u /* 0x59 on an i440fx; 0x58 to 0x5b on any are above the header */

static sigjmp_buf refusal;

static void on_fault(int signal)
{
    (void)signal;
    siglongjmp(refusal, 1);
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_fault};
    volatile uint64_t refused = 0;
    unsigned char now;

    if (iopl(3) != 0) {
        perror("iopl");
        return 1;
    }
    sigaction(SIGSEGV, &action, NULL);
    outl(PAM, ADDRESS);
    now = inb(DATA);
    if (sigsetjmp(refusal, 1) != 0 && refused++ == 0) {
        puts("flooding");
        fflush(stdout);
    }
    outb(now ^ 1, DATA);
    fputs("what must be refused was not\n", stderr);
    return 1;
}
