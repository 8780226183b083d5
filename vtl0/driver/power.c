// SPDX-License-Identifier: GPL-2.0-only
/* Before the machine reboots, starts another kernel, writes itself to disk or grows. */
#include "driver.h"

#include <asm/e820/api.h>
#include <linux/cpuhotplug.h>
#include <linux/memory.h>
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

/* Memory that was plugged in since the start: the hypervisor does not know it, so that it could be
 * neither lent nor reached by devices behind the IOMMU. What went off-line may come back. */
static int before_memory(struct notifier_block *block, unsigned long action, void *argument)
{
    const struct memory_notify *change = argument;
    u64 start = PFN_PHYS(change->start_pfn), size = PFN_PHYS(change->nr_pages);

    if (action != MEM_GOING_ONLINE || e820__mapped_raw_any(start, start + size, E820_TYPE_RAM))
        return NOTIFY_OK;
    pr_notice("memory added to the running machine stays off; restart the machine to use it\n");
    return NOTIFY_BAD;
}

/* The hypervisor keeps the INIT and SIPI from a CPU that it did not start itself. Linux would wait
 * ten seconds for such a CPU, and not say why it does not come. */
static int before_cpu(unsigned int cpu)
{
    int error = query_cpu(cpu);

    if (error == -ENODEV)
        pr_notice("CPU %u was added to the running machine and stays off; restart the machine to "
                  "use it\n",
                  cpu);
    return error;
}

static int cpu_state;
static struct notifier_block memory_block = {.notifier_call = before_memory};
static struct notifier_block reboot_block = {.notifier_call = before_reboot};
static struct notifier_block sleep_block = {.notifier_call = before_sleep};

int power_init(void)
{
    int error = register_reboot_notifier(&reboot_block);

    if (error)
        return error;
    error = register_pm_notifier(&sleep_block);
    if (error)
        goto no_sleep;
    error = register_memory_notifier(&memory_block);
    if (error)
        goto no_memory;
    cpu_state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "openvsm:before", before_cpu, NULL);
    if (cpu_state >= 0)
        return 0;
    error = cpu_state;
    unregister_memory_notifier(&memory_block);
no_memory:
    unregister_pm_notifier(&sleep_block);
no_sleep:
    unregister_reboot_notifier(&reboot_block);
    return error;
}

void power_exit(void)
{
    cpuhp_remove_state_nocalls(cpu_state);
    unregister_memory_notifier(&memory_block);
    unregister_pm_notifier(&sleep_block);
    unregister_reboot_notifier(&reboot_block);
}
