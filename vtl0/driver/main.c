// SPDX-License-Identifier: GPL-2.0-only
/* openvsm.ko: VTL0's way to trustlets, /dev/openvsm. */
#include "driver.h"

#include <linux/crash_dump.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

static int device_open(struct inode *inode, struct file *file)
{
    if (!current->mm)
        return -EPERM;
    file->private_data = trustlet_new();
    return file->private_data ? 0 : -ENOMEM;
}

/* Each close(2) by the owner, and its death; the file itself may live on in another process or in
 * a mapping. */
static int device_flush(struct file *file, fl_owner_t id)
{
    struct trustlet *t = file->private_data;

    if (task_tgid(current) == t->owner)
        trustlet_end(t);
    return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
    trustlet_free(file->private_data);
    return 0;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
    struct trustlet *t = file->private_data;

    return trustlet_is_owner(t) ? trustlet_map_channel(t, vma) : -EPERM;
}

/* Not a position but a thread to run or a call to make: see openvsm/device.h. */
static loff_t device_llseek(struct file *file, loff_t offset, int whence)
{
    struct trustlet *t = file->private_data;

    if (unlikely(!trustlet_is_owner(t)))
        return -EPERM;
    if (likely(whence == SEEK_SET && file->f_mode & FMODE_WRITE))
        return run_thread(t, offset);
    return whence == OPENVSM_WHENCE_CALL ? call_make(t, (void __user *)offset) : -EINVAL;
}

static long kill_trustlet(struct trustlet *t, const u32 __user *argument)
{
    u32 signal;

    if (get_user(signal, argument))
        return -EFAULT;
    return signal >= 1 && signal <= _NSIG ? trustlet_kill(t, signal) : -EINVAL;
}

static long device_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
    struct trustlet *t = file->private_data;
    void __user *user = (void __user *)argument;

    if (!trustlet_is_owner(t))
        return -EPERM;
    if (command == OPENVSM_IS_SECURE)
        return secure_query(user);
    if (command == OPENVSM_REPORT)
        return secure_report(user);
    if (command == OPENVSM_QUERY)
        return query_skcall(user);
    if (command == OPENVSM_CONNECT)
        return call_connect(t, user);
    if (!(file->f_mode & FMODE_WRITE))
        return -EACCES;
    switch (command) {
    case OPENVSM_RUN:
        return run_with_results(t, user);
    case OPENVSM_RUN_RESULTS:
        return run_results(t, user);
    case OPENVSM_OPEN_IMAGE:
        return trustlet_open_image(t, user);
    case OPENVSM_START:
        return trustlet_start(t, user);
    case OPENVSM_KILL:
        return kill_trustlet(t, user);
    case OPENVSM_STATISTICS:
        return query_statistics(user);
    case OPENVSM_PROCESS_INFO:
        return query_process(user);
    case OPENVSM_MAP:
        return query_map(user);
    case OPENVSM_AUDIT:
        return audit_read(user);
    case OPENVSM_SYMBOL:
        return audit_symbol(user);
    case OPENVSM_WHO:
        return witness_query(user);
    default:
        return -ENOTTY;
    }
}

static const struct file_operations operations = {
    .owner = THIS_MODULE,
    .open = device_open,
    .flush = device_flush,
    .release = device_release,
    .mmap = device_mmap,
    .llseek = device_llseek,
    .unlocked_ioctl = device_ioctl,
};

/* To carry a trustlet: root, and whom the administrator puts into the device's group, as it takes
 * memory that Linux cannot take back by force. To ask whether a process is secure: anybody. */
static struct miscdevice device = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "openvsm",
    .fops = &operations,
    .mode = 0664,
};

static int check_secure_kernel(void)
{
    struct sk_words out, in = {{SK_CALL_INFO}};

    if (sk_call(&in, &out, SK_TO_THE_END) || out.w[0] != SK_OK) {
        pr_err("the Secure Kernel does not answer (status %llu)\n", out.w[0]);
        return -EIO;
    }
    if (out.w[1] == SK_ABI_VERSION)
        return 0;
    pr_err("the Secure Kernel speaks interface %llu, this driver %u: install them together\n",
           out.w[1], SK_ABI_VERSION);
    return -EPROTO;
}

/* Everything in the order of need; undone from the bottom up. */
static int normal_init(void)
{
    int error = check_secure_kernel() ?: memory_init();

    if (error)
        return error;
    error = audit_init();
    if (error)
        goto no_audit;
    error = power_init();
    if (error)
        goto no_power;
    guard_init();
    witness_init();
    watchdog_init();
    error = misc_register(&device);
    if (!error)
        return 0;
    watchdog_exit();
    witness_exit();
    guard_exit();
    power_exit();
no_power:
    audit_exit();
no_audit:
    memory_exit();
    return error;
}

static int __init openvsm_init(void)
{
    int error;

    if (!hv_present()) {
        pr_err("this kernel does not run under the OpenVSM hypervisor: boot the OpenVSM entry\n");
        return -ENODEV;
    }
    error = hv_init();
    if (error)
        return error;
    error = is_kdump_kernel() ? dump_init() : normal_init();
    if (error)
        hv_exit();
    return error;
}

static void __exit openvsm_exit(void)
{
    if (is_kdump_kernel()) {
        dump_exit();
    } else {
        misc_deregister(&device);
        watchdog_exit();
        witness_exit();
        guard_exit();
        power_exit();
        audit_exit();
        memory_exit();
    }
    hv_exit();
}

module_init(openvsm_init);
module_exit(openvsm_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("OpenVSM: Isolated User Mode for Linux");
MODULE_VERSION("0.1");
