// SPDX-License-Identifier: GPL-2.0-only
/* Work queued to a process, run by it on its way back to user space, with its memory at hand. */
#include <linux/completion.h>
#include <linux/kprobes.h>
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include "attacker.h"

typedef int add_function(struct task_struct *task, struct callback_head *work,
                         enum task_work_notify_mode mode);

struct visit {
    struct callback_head work;
    struct completion done;
    struct attack_visit *request;
};

/* Not exported: an attacker finds it all the same. */
static add_function *find_task_work_add(void)
{
    struct kprobe probe = {.symbol_name = "task_work_add"};
    void *found = NULL;

    if (register_kprobe(&probe))
        return NULL;
    found = probe.addr;
    unregister_kprobe(&probe);
    return found;
}

static void look_around(struct callback_head *work)
{
    struct visit *visit = container_of(work, struct visit, work);
    u64 word = 0;

    visit->request->error = get_user(word, (u64 __user *)visit->request->address) ? EFAULT : 0;
    visit->request->word = word;
    complete(&visit->done);
}

long attack_visit(struct attack_visit *request)
{
    add_function *add = find_task_work_add();
    struct pid *pid = find_get_pid(request->pid);
    struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
    struct visit visit = {.request = request};
    long error = -ESRCH;

    init_completion(&visit.done);
    init_task_work(&visit.work, look_around);
    if (task && add)
        error = add(task, &visit.work, TWA_SIGNAL);
    if (!error)
        wait_for_completion(&visit.done);
    if (task)
        put_task_struct(task);
    put_pid(pid);
    return error;
}
