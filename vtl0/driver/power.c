// SPDX-License-Identifier: GPL-2.0-only
/* Before the machine reboots, starts another kernel or writes itself to disk. */
#include "driver.h"

#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

/* Also before kexec: the next kernel must find all of its memory its own. */
static int before_reboot(struct notifier_block *block, unsigned long action, void *unused)
{
    unsigned long kept;

    trustlets_end_all(true);
    kept = memory_take_back();
    if (kept)
        pr_warn("VTL1 keeps %lu pages over the restart\n", kept);
    return NOTIFY_DONE;
}

/* VTL1's memory would be lost: it can be neither written to disk nor read back. */
static int before_sleep(struct notifier_block *block, unsigned long action, void *unused)
{
    if (action != PM_HIBERNATION_PREPARE && action != PM_SUSPEND_PREPARE)
        return NOTIFY_DONE;
    if (trustlets_any()) {
        pr_notice("no hibernation or suspend while trustlets live\n");
        return NOTIFY_BAD;
    }
    return memory_take_back() ? NOTIFY_BAD : NOTIFY_DONE;
}

static struct notifier_block reboot_block = {.notifier_call = before_reboot};
static struct notifier_block sleep_block = {.notifier_call = before_sleep};

int power_init(void)
{
    int error = register_reboot_notifier(&reboot_block);

    if (error)
        return error;
    error = register_pm_notifier(&sleep_block);
    if (error)
        unregister_reboot_notifier(&reboot_block);
    return error;
}

void power_exit(void)
{
    unregister_pm_notifier(&sleep_block);
    unregister_reboot_notifier(&reboot_block);
}
