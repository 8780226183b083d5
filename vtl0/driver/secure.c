// SPDX-License-Identifier: GPL-2.0-only
/* Is a process the host of a trustlet? Asked by programs and by other drivers. */
#include "driver.h"

#include <linux/export.h>
#include <linux/pid.h>
#include <linux/uaccess.h>
#include <openvsm/linux.h>

int openvsm_is_secure(struct pid *pid, bool *secure)
{
    bool alive;

    rcu_read_lock();
    alive = pid_task(pid, PIDTYPE_TGID);
    rcu_read_unlock();
    if (!alive)
        return -ESRCH;
    *secure = trustlet_process_of(pid) != 0;
    return 0;
}
EXPORT_SYMBOL_GPL(openvsm_is_secure);

long secure_query(struct openvsm_is_secure __user *argument)
{
    struct openvsm_is_secure q;
    struct pid *pid;
    bool secure = false;
    int error;

    if (copy_from_user(&q, argument, sizeof(q)))
        return -EFAULT;
    pid = find_get_pid(q.pid);
    if (!pid)
        return -ESRCH;
    error = openvsm_is_secure(pid, &secure);
    put_pid(pid);
    return error ?: put_user((u32)secure, &argument->secure);
}

long secure_report(struct openvsm_attempt_report __user *argument)
{
    struct sk_words out, in = {{SK_CALL_AUDIT_REPORT}};
    struct openvsm_attempt_report q;
    struct pid *pid;
    int error;

    if (copy_from_user(&q, argument, sizeof(q)))
        return -EFAULT;
    pid = find_get_pid(q.pid);
    if (!pid)
        return -ESRCH;
    in.w[1] = trustlet_process_of(pid);
    in.w[2] = q.operation;
    in.w[3] = task_tgid_nr(current);
    put_pid(pid);
    if (!in.w[1])
        return -ESRCH;
    error = sk_call(&in, &out, SK_KILLABLE);
    return error ?: sk_errno(out.w[0]);
}
