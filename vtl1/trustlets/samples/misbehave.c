/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * misbehave HOW: a trustlet that goes wrong in one of the ways that programs do. Each of them must
 * end this trustlet, or be answered with an error, and touch nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HUGE_STEP (1u << 20)

static int fault(void)
{
    *(volatile int *)0xdead000 = 1;
    return 0;
}

/* A jump into nowhere. */
static int jump(void)
{
    ((void (*)(void))0xbad000)();
    return 0;
}

static int divide(void)
{
    /* Not in C: compilers turn 1 / x into comparisons. */
    __asm__ volatile("xorl %%ecx, %%ecx\n\txorl %%edx, %%edx\n\tdivl %%ecx" ::
                         : "eax", "ecx", "edx");
    return 0;
}

static int privileged(void)
{
    __asm__ volatile("hlt");
    return 0;
}

/* A stack pointer that no IRETQ can load. */
static int stack(void)
{
    __asm__ volatile("mov %0, %%rsp\n\tmov $39, %%eax\n\tsyscall\n\tint3" ::"r"(1ull << 63));
    return 0;
}

/* Calls itself until the stack is used up, long before depth says stop. */
static int deeper(volatile char *above, int depth)
{
    volatile char frame[4096];
    frame[0] = above ? above[0] : 0;
    return depth == 1000000 ? 0 : deeper(frame, depth + 1) + frame[0];
}

static int recurse(void)
{
    return deeper(NULL, 0);
}

static int spin(void)
{
    for (volatile int forever = 1; forever;)
        ;
    return 0;
}

/* Takes memory until there is no more: the limit is an error, not an end. */
static int hog(void)
{
    size_t taken = 0;
    for (;; taken += HUGE_STEP) {
        void *piece = mmap(NULL, HUGE_STEP, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        if (piece == MAP_FAILED)
            break;
        memset(piece, 0x5a, HUGE_STEP);
    }
    printf("took %zu MiB: %s\n", taken >> 20, strerror(errno));
    return errno == ENOMEM ? 0 : 1;
}

/* Memory that is writable and executable, by every way there is. */
static int write_and_execute(void)
{
    void *both =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int later = mprotect(page, 4096, PROT_READ | PROT_EXEC);
    int code = mprotect((void *)((size_t)&write_and_execute & ~4095ull), 4096,
                        PROT_READ | PROT_WRITE | PROT_EXEC);
    printf("mmap %s, mprotect %s, code %s\n", both == MAP_FAILED ? "refused" : "GRANTED",
           later ? "refused" : "GRANTED", code ? "refused" : "GRANTED");
    return both != MAP_FAILED || !later || !code;
}

/* Calls that are refused, unknown, or given nonsense: each an error, none an end. */
static int calls(void)
{
    static const long refused[] = {SYS_fork, SYS_ptrace, SYS_execve, SYS_bpf, SYS_init_module};
    int wrong = 0;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        wrong |= syscall(refused[i], 0, 0, 0, 0) != -1 || errno != EPERM;
    wrong |= syscall(511, 0) != -1 || errno != ENOSYS;
    wrong |= syscall(-1, 0) != -1 || errno != ENOSYS;
    wrong |= write(1, (void *)0xdead000, 10) != -1 || errno != EFAULT;
    wrong |= write(1, (void *)0xffffffff80000000, 10) != -1 || errno != EFAULT;
    wrong |= write(1, (void *)0x7ffffffff000, 1ul << 62) != -1 || errno != EFAULT;
    wrong |= read(0, (void *)0xffff888000000000, 4096) != -1 || errno != EFAULT;
    printf("%s\n", wrong ? "wrong" : "all refused");
    return wrong;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *how;
        int (*go)(void);
    } ways[] = {
        {"fault", fault},
        {"jump", jump},
        {"divide", divide},
        {"hlt", privileged},
        {"stack", stack},
        {"recurse", recurse},
        {"spin", spin},
        {"hog", hog},
        {"abort", (int (*)(void))(void (*)(void))abort},
        {"calls", calls},
        {"wx", write_and_execute},
    };
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (argc == 2 && !strcmp(argv[1], ways[i].how))
            return ways[i].go();
    fprintf(stderr,
            "usage: misbehave fault|jump|divide|hlt|stack|recurse|spin|hog|abort|calls|wx\n");
    return 2;
}
