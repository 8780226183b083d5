// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page leaves VTL0 while another CPU goes on touching it.
 *
 * CPU 1 reads (or writes) a page in a loop with interrupts off, so that nothing but the
 * hypervisor's own flush can drop its translation. CPU 0 donates the page. From the moment the
 * donation returns, no further access may succeed. Then the page comes back, scrubbed. The result
 * is in the kernel log, one line a test.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <asm/asm.h>
#include <asm/tsc.h>
#include <openvsm/hypercall.h>
#include <openvsm/skcall.h>

#define ROUNDS   40u
#define PATTERN  0x5ec2e7ull
#define PATIENCE 2000000000ull /* TSC ticks that the other CPU goes on at most */

struct reader {
    u64 *at;
    bool writes;
    u64 count; /* accesses that succeeded */
    u64 last;  /* TSC right before the last of them */
    u32 trap;  /* the exception that ended it; 0: patience ran out */
    bool done;
};

/* -> 0 or the exception's vector. */
static u32 touch(u64 *at, bool write)
{
    u64 value = PATTERN;
    u32 trap = 0;

    if (write)
        asm volatile("xor %%eax, %%eax\n"
                     "1: mov %[value], (%[at])\n"
                     "2:\n" _ASM_EXTABLE_FAULT(1b, 2b)
                     : "=&a"(trap)
                     : [at] "r"(at), [value] "r"(value)
                     : "memory", "cc");
    else
        asm volatile("xor %%eax, %%eax\n"
                     "1: mov (%[at]), %[value]\n"
                     "2:\n" _ASM_EXTABLE_FAULT(1b, 2b)
                     : "=&a"(trap), [value] "=r"(value)
                     : [at] "r"(at)
                     : "memory", "cc");
    return trap;
}

static int read_on(void *argument)
{
    struct reader *reader = argument;
    unsigned long flags = 0;
    u64 start = rdtsc_ordered();

    local_irq_save(flags);
    for (;;) {
        u64 now = rdtsc_ordered();

        reader->trap = touch(reader->at, reader->writes);
        if (reader->trap || now - start > PATIENCE)
            break;
        reader->last = now;
        WRITE_ONCE(reader->count, reader->count + 1);
    }
    local_irq_restore(flags);
    smp_store_release(&reader->done, true);
    return 0;
}

static u64 sk_call(u64 number, u64 first, u64 second, u64 *result)
{
    u64 control = 0, code = HV_CALL_VTL_CALL, status = number;
    u64 rsi = first, rdx = second;
    register u64 r8 asm("r8") = 0;
    register u64 r9 asm("r9") = 0;
    register u64 r10 asm("r10") = 0;

    asm volatile("vmmcall"
                 : "+a"(control), "+c"(code), "+D"(status), "+S"(rsi), "+d"(rdx), "+r"(r8),
                   "+r"(r9), "+r"(r10)
                 :
                 : "memory", "cc");
    *result = rsi;
    return status;
}

/* One page to VTL1, or one back; the list is a page of ours. */
static u64 move_page(u64 number, u64 *list, u64 *moved)
{
    u64 status = SK_AGAIN;
    unsigned int tries = 0;

    while (status == SK_AGAIN && tries++ < 1000)
        status = sk_call(number, virt_to_phys(list), 1, moved);
    return status;
}

static bool is_zero(const u64 *page)
{
    unsigned int i = 0;

    for (i = 0; i < PAGE_SIZE / 8; i++)
        if (page[i])
            return false;
    return true;
}

static const char *await_reader(struct reader *reader, u64 returned)
{
    while (!smp_load_acquire(&reader->done))
        usleep_range(1000, 2000);
    if (!reader->trap)
        return "the other CPU was never stopped";
    if (reader->trap != 13) /* #GP */
        return "the other CPU got another exception than #GP";
    if (reader->last > returned)
        return "an access succeeded after the donation had returned";
    return NULL;
}

static const char *race(u64 *page, u64 *list, bool writes)
{
    struct reader reader = {.at = page, .writes = writes};
    struct task_struct *task = kthread_create(read_on, &reader, "slat-race");
    const char *wrong = NULL;
    u64 moved = 0, returned = 0, status = 0;

    if (IS_ERR(task))
        return "no thread";
    kthread_bind(task, 1);
    wake_up_process(task);
    while (READ_ONCE(reader.count) < 1000 && !smp_load_acquire(&reader.done))
        cpu_relax();
    list[0] = virt_to_phys(page) >> PAGE_SHIFT;
    status = move_page(SK_CALL_MEMORY_DONATE, list, &moved);
    returned = rdtsc_ordered();
    wrong = await_reader(&reader, returned);
    if (status != SK_OK || moved != 1)
        return "the donation was refused";
    list[0] = 0;
    status = move_page(SK_CALL_MEMORY_RECLAIM, list, &moved);
    if (status != SK_OK || moved != 1 || list[0] != virt_to_phys(page) >> PAGE_SHIFT)
        return "another page came back";
    return wrong ? wrong : is_zero(page) ? NULL : "the page came back unscrubbed";
}

static int __init slat_race_init(void)
{
    u64 *page = (u64 *)get_zeroed_page(GFP_KERNEL);
    u64 *list = (u64 *)get_zeroed_page(GFP_KERNEL);
    unsigned int round = 0;
    const char *wrong = NULL;

    if (!page || !list || num_online_cpus() < 2)
        return -ENODEV;
    for (round = 0; round < ROUNDS && !wrong; round++)
        wrong = race(page, list, round & 1);
    if (wrong)
        pr_err("slat-race: not ok: round %u: %s\n", round, wrong);
    else
        pr_info("slat-race: ok: %u rounds\n", round);
    free_page((unsigned long)list);
    if (!wrong)
        free_page((unsigned long)page); /* otherwise nobody knows whose it is */
    return wrong ? -EIO : -ECANCELED;   /* nothing stays loaded */
}
module_init(slat_race_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("OpenVSM test: remote flush of a donated page");
