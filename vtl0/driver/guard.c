// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who wants to take hold of a trustlet's host process, be it a debugger (ptrace), /proc/PID/mem,
 * process_vm_writev, pidfd_getfd or a core dump taken by gcore, gets EPERM or EACCES, root too, and
 * VTL1 an audit record. All of these ask the security modules first, which a driver cannot be: it
 * answers in their place, by a kretprobe on that question.
 *
 * This is a clear word to an honest tool. What protects the trustlet is that its memory is not
 * there to be had; a kernel that lifts this probe finds the shell, and no more.
 */
#include "driver.h"

#include <linux/kfifo.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/workqueue.h>

#define PLACES 64 /* attempts that wait to be recorded, or to be answered */

struct attempt {
    u64 process;
    u64 operation;
    pid_t who;
    char name[TASK_COMM_LEN];
};

static DEFINE_KFIFO(attempts, struct attempt, PLACES);
static DEFINE_RAW_SPINLOCK(attempts_lock);

static void record_attempts(struct work_struct *work)
{
    struct attempt attempt;

    while (kfifo_get(&attempts, &attempt)) {
        struct sk_words out,
            in = {{SK_CALL_AUDIT_REPORT, attempt.process, attempt.operation, (u64)attempt.who}};

        if (attempt.operation == SK_ATTEMPT_ATTACH)
            pr_notice_ratelimited("process %d (%s) may not attach to the host of trustlet %llu\n",
                                  attempt.who, attempt.name, attempt.process);
        sk_call(&in, &out, SK_TO_THE_END);
    }
}
static DECLARE_WORK(record_work, record_attempts);

void guard_note(u64 process, enum sk_attempt operation)
{
    struct attempt attempt = {
        .process = process, .operation = operation, .who = task_tgid_nr(current)};
    unsigned long flags;

    get_task_comm(attempt.name, current);
    raw_spin_lock_irqsave(&attempts_lock, flags);
    kfifo_put(&attempts, attempt); /* a flood beyond what fits is told of by what fitted */
    raw_spin_unlock_irqrestore(&attempts_lock, flags);
    schedule_work(&record_work);
}

/* security_ptrace_access_check(child, mode): non-zero lets the question go on to Linux. A process's
 * own threads are not asked about (ptrace(2), "Ptrace access mode checking"). */
static int on_question(struct kretprobe_instance *instance, struct pt_regs *regs)
{
    struct task_struct *child = (struct task_struct *)regs_get_kernel_argument(regs, 0);
    unsigned int mode = (unsigned int)regs_get_kernel_argument(regs, 1);
    u64 process;

    if (!(mode & PTRACE_MODE_ATTACH))
        return 1;
    process = trustlet_process_of(task_tgid(child));
    if (!process)
        return 1;
    guard_note(process, SK_ATTEMPT_ATTACH);
    return 0;
}

static int on_answer(struct kretprobe_instance *instance, struct pt_regs *regs)
{
    regs_set_return_value(regs, -EPERM);
    return 0;
}

static struct kretprobe question = {
    .kp.symbol_name = "security_ptrace_access_check",
    .entry_handler = on_question,
    .handler = on_answer,
    .maxactive = PLACES,
};
static bool asked;

void guard_init(void)
{
    int error = register_kretprobe(&question);

    asked = !error;
    if (error)
        pr_notice("debuggers are not turned away from hosts of trustlets here (%d); they find "
                  "nothing in them\n",
                  error);
}

void guard_exit(void)
{
    if (asked)
        unregister_kretprobe(&question);
    cancel_work_sync(&record_work);
}
