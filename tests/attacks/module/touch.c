// SPDX-License-Identifier: GPL-2.0-only
/* Reads, writes and executes frames, surviving every refusal at the instruction that met it. */
#include <linux/kdebug.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <asm/asm.h>
#include <asm/traps.h>
#include "attacker.h"

u32 raw_execute(void *target);

/* Copies a page; -> 0 or the exception's vector. */
static u32 copy_page_nofault(void *to, const void *from)
{
    u64 count = PAGE_SIZE / 8;
    u32 trap = 0;

    asm volatile("xor %%eax, %%eax\n"
                 "1: rep movsq\n"
                 "2:\n" _ASM_EXTABLE_FAULT(1b, 2b)
                 : "=&a"(trap), "+c"(count), "+D"(to), "+S"(from)
                 :
                 : "memory", "cc");
    return trap;
}

static u32 read_batch(struct attacker *attacker, u64 gpa, unsigned int pages, u32 via, u8 *traps)
{
    unsigned int i = 0;
    u32 refused = 0;

    for (i = 0; i < pages; i++) {
        void *to = (char *)attacker->bounce + i * PAGE_SIZE;

        preempt_disable();
        traps[i] = copy_page_nofault(to, reach(attacker, gpa + i * PAGE_SIZE, via, false));
        preempt_enable();
        if (traps[i]) {
            memset(to, 0, PAGE_SIZE);
            refused++;
        }
    }
    return refused;
}

long attack_read(struct attacker *attacker, struct attack_read *request)
{
    u8 traps[WINDOW_PAGES] = {};
    u64 done = 0;
    long error = 0;

    if (request->pages > ATTACK_READ_MAX || !PAGE_ALIGNED(request->gpa))
        return -EINVAL;
    request->refused_count = 0;
    mutex_lock(&attacker->lock);
    while (done < request->pages && !error) {
        unsigned int pages = min_t(u64, request->pages - done, WINDOW_PAGES);
        u64 gpa = request->gpa + done * PAGE_SIZE;

        request->refused_count += read_batch(attacker, gpa, pages, request->via, traps);
        if (copy_to_user((void __user *)(request->buffer + done * PAGE_SIZE), attacker->bounce,
                         pages * PAGE_SIZE) ||
            copy_to_user((void __user *)(request->refused + done), traps, pages))
            error = -EFAULT;
        done += pages;
        cond_resched();
    }
    mutex_unlock(&attacker->lock);
    return error;
}

/* One instruction at `at`, its address in rip, the exception's vector in trap. */
#define TOUCH(instruction, ...)                                                                    \
    asm volatile("lea 1f(%%rip), %[rip]\n"                                                         \
                 "xor %%eax, %%eax\n"                                                              \
                 "1: " instruction "\n"                                                            \
                 "2:\n" _ASM_EXTABLE_FAULT(1b, 2b)                                                 \
                 : "=&a"(request->trap), [rip] "=&r"(request->rip), [value] "+r"(value)            \
                 : [at] "r"(at)                                                                    \
                 : "memory", "cc", ##__VA_ARGS__)

static void touch_string(void *at, struct attack_touch *request)
{
    u64 count = 64;

    asm volatile("lea 1f(%%rip), %[rip]\n"
                 "xor %%eax, %%eax\n"
                 "1: rep stosb\n"
                 "2:\n" _ASM_EXTABLE_FAULT(1b, 2b)
                 : "=&a"(request->trap), [rip] "=&r"(request->rip), "+c"(count), "+D"(at)
                 :
                 : "memory", "cc");
}

/* Where an execution was tried, for the notifier. Executions are serialised by execute_lock. */
static DEFINE_MUTEX(execute_lock);
static unsigned long executed;

static void touch_execute(void *at, struct attack_touch *request)
{
    WRITE_ONCE(executed, (unsigned long)at);
    request->rip = (u64)at;
    request->trap = raw_execute(at);
    WRITE_ONCE(executed, 0);
}

static void touch(void *at, struct attack_touch *request)
{
    u64 value = request->value;

    switch (request->how) {
    case ATTACK_READ8:
        TOUCH("mov (%[at]), %[value]");
        break;
    case ATTACK_WRITE8:
        TOUCH("mov %[value], (%[at])");
        break;
    case ATTACK_EXCHANGE:
        TOUCH("xchg %[value], (%[at])");
        break;
    case ATTACK_MOVNTI:
        TOUCH("movnti %[value], (%[at])");
        break;
    case ATTACK_FXSAVE:
        TOUCH("fxsave64 (%[at])");
        break;
    case ATTACK_STRING:
        touch_string(at, request);
        break;
    case ATTACK_READ4:
        TOUCH("mov (%[at]), %k[value]");
        break;
    case ATTACK_WRITE4:
        TOUCH("mov %k[value], (%[at])");
        break;
    default:
        touch_execute(at, request);
        break;
    }
    request->value = value;
}

long attack_touch(struct attacker *attacker, struct attack_touch *request)
{
    if (request->how >= ATTACK_HOWS_ALL)
        return -EINVAL;
    mutex_lock(&attacker->lock);
    mutex_lock(&execute_lock);
    preempt_disable();
    touch(reach(attacker, request->gpa, request->via, request->how == ATTACK_EXECUTE), request);
    preempt_enable();
    mutex_unlock(&execute_lock);
    mutex_unlock(&attacker->lock);
    return 0;
}

/* A refused fetch faults at the target, where no exception table can help: return for it. */
static int catch_fetch(struct notifier_block *block, unsigned long event, void *data)
{
    struct die_args *die = data;
    unsigned long target = READ_ONCE(executed);

    if (event != DIE_GPF || !target || die->regs->ip != target)
        return NOTIFY_DONE;
    die->regs->ip = *(unsigned long *)die->regs->sp;
    die->regs->sp += sizeof(unsigned long);
    die->regs->ax = die->trapnr;
    return NOTIFY_STOP;
}
static struct notifier_block fetch_notifier = {.notifier_call = catch_fetch, .priority = INT_MAX};

int touch_init(void)
{
    return register_die_notifier(&fetch_notifier);
}

void touch_exit(void)
{
    unregister_die_notifier(&fetch_notifier);
}
