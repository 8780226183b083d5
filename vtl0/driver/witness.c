// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which process it was. VTL1 sees that a refused access came from ring 3, its CPU and its RIP;
 * processes are something of Linux's. The refusal is a #GP, and Linux sends SIGSEGV for one before
 * the process runs on (most end there), while the record of it stands in the ring already: so a
 * kprobe on that signal notes who got it. This is VTL0's word beside VTL1's record, and is shown
 * as such.
 */
#include "driver.h"

#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <asm/trapnr.h>

#define WITNESSES 256u /* records whose process is known: a hash by sequence, the newest stays */

static struct openvsm_who seen[WITNESSES];
static DEFINE_RAW_SPINLOCK(seen_lock);

static void note_current(u64 sequence)
{
    struct openvsm_who who = {.sequence = sequence, .pid = task_tgid_nr(current)};
    unsigned long flags;

    static_assert(sizeof(who.name) == TASK_COMM_LEN);
    get_task_comm(who.name, current);
    raw_spin_lock_irqsave(&seen_lock, flags);
    seen[sequence % WITNESSES] = who;
    raw_spin_unlock_irqrestore(&seen_lock, flags);
}

bool witness_find(u64 sequence, struct openvsm_who *who)
{
    unsigned long flags;

    raw_spin_lock_irqsave(&seen_lock, flags);
    *who = seen[sequence % WITNESSES];
    raw_spin_unlock_irqrestore(&seen_lock, flags);
    if (who->sequence == sequence)
        return true;
    *who = (struct openvsm_who){.sequence = sequence};
    return false;
}

long witness_query(struct openvsm_who __user *argument)
{
    struct openvsm_who who;
    u64 sequence;

    if (get_user(sequence, &argument->sequence))
        return -EFAULT;
    witness_find(sequence, &who);
    return copy_to_user(argument, &who, sizeof(who)) ? -EFAULT : 0;
}

/* force_sig(signal), to the current process and in its context. */
static int on_signal(struct kprobe *probe, struct pt_regs *regs)
{
    u64 sequence;

    if (regs_get_kernel_argument(regs, 0) != SIGSEGV || current->thread.trap_nr != X86_TRAP_GP)
        return 0;
    sequence = audit_newest_at(task_pt_regs(current)->ip);
    if (sequence)
        note_current(sequence);
    return 0;
}

static struct kprobe probe = {.symbol_name = "force_sig", .pre_handler = on_signal};
static bool placed;

void witness_init(void)
{
    int error = register_kprobe(&probe);

    placed = !error;
    if (error)
        pr_notice("the audit log will not name processes in ring 3 (%d)\n", error);
}

void witness_exit(void)
{
    if (placed)
        unregister_kprobe(&probe);
}
