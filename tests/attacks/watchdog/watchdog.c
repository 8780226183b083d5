// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands for the core of Linux's watchdog drivers, which the test kernel's package has and the test
 * machine has not: a module of that name, a static function of that name, which opening
 * /dev/watchdog calls (drivers/watchdog/watchdog_dev.c).
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

static unsigned int started;
module_param(started, uint, 0444);

static __attribute__((noipa)) int watchdog_start(void *device)
{
    started++;
    return 0;
}

static int watchdog_open(struct inode *inode, struct file *file)
{
    return watchdog_start(file->private_data);
}

static const struct file_operations operations = {.owner = THIS_MODULE, .open = watchdog_open};
static struct miscdevice device = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "watchdog",
    .fops = &operations,
};
module_misc_device(device);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A watchdog that does nothing, for OpenVSM's tests");
