// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that would like to look into processes, and asks first. Write a process id to its
 * parameter `look_at`: it reads one word at the start of that process's stack, unless the process
 * is secure, which it leaves alone. `verdict` says what it did.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#include "is_secure_process.h"

static char *verdict = "nothing asked yet";

static int read_word(int pid)
{
    struct pid *process = find_get_pid(pid);
    struct task_struct *task = get_pid_task(process, PIDTYPE_TGID);
    struct mm_struct *mm = task ? get_task_mm(task) : NULL;
    unsigned long word;
    int got = 0;

    if (mm) {
        got = access_process_vm(task, mm->start_stack, &word, sizeof(word), 0);
        mmput(mm);
    }
    if (task)
        put_task_struct(task);
    put_pid(process);
    return got == sizeof(word) ? 0 : -EIO;
}

static char *look(int pid)
{
    OBJECT_ATTRIBUTES attributes;
    CLIENT_ID client = {.UniqueProcess = (HANDLE)(ULONG_PTR)pid};
    BOOLEAN secure = FALSE;
    HANDLE handle;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    if (!NT_SUCCESS(
            ZwOpenProcess(&handle, PROCESS_QUERY_LIMITED_INFORMATION, &attributes, &client)))
        return "no such process";
    status = IsSecureProcess(handle, &secure);
    ZwClose(handle);
    if (!NT_SUCCESS(status))
        return "could not tell";
    if (secure)
        return "secure: left alone";
    return read_word(pid) ? "ordinary: not readable" : "ordinary: read";
}

static int set_look_at(const char *text, const struct kernel_param *parameter)
{
    int pid, error = kstrtoint(text, 10, &pid);

    if (!error)
        verdict = look(pid);
    return error;
}

static const struct kernel_param_ops look_at_ops = {.set = set_look_at};
module_param_cb(look_at, &look_at_ops, NULL, 0200);
module_param(verdict, charp, 0400);

static int __init nt_sample_init(void)
{
    BOOLEAN secure = TRUE;

    /* The module loader is an ordinary process. */
    return NT_SUCCESS(IsSecureProcess(ZwCurrentProcess(), &secure)) && !secure ? 0 : -EIO;
}

static void __exit nt_sample_exit(void)
{
}

module_init(nt_sample_init);
module_exit(nt_sample_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Asks whether a process is secure before it looks into it");
