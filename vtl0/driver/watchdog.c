// SPDX-License-Identifier: GPL-2.0-only
/*
 * No hardware watchdog is started while trustlets live: it would reset the machine with their
 * memory in it. The hypervisor refuses those that it knows, by #GP in the middle of a driver of
 * Linux's; whoever asks for one through Linux gets EBUSY before that, for whatever watchdog. The
 * core of Linux's watchdog drivers asks nobody, so a kprobe answers in its function's place.
 */
#include "driver.h"

#include <linux/kprobes.h>
#include <linux/module.h>

#define CORE "watchdog" /* the module, where it is one */

static int refuse(void)
{
    return -EBUSY;
}

/* watchdog_start(device): entered as refuse() is, it returns to its caller. */
static int on_start(struct kprobe *probe, struct pt_regs *regs)
{
    if (!trustlets_any())
        return 0;
    pr_notice_ratelimited("process %d (%s) may not start a watchdog: trustlets live\n",
                          task_tgid_nr(current), current->comm);
    guard_note(0, SK_ATTEMPT_START_WATCHDOG);
    instruction_pointer_set(regs, (unsigned long)refuse);
    return 1;
}

static struct kprobe probe;
static bool placed;

static void place(void)
{
    probe = (struct kprobe){.symbol_name = "watchdog_start", .pre_handler = on_start};
    placed = !register_kprobe(&probe);
}

static void lift(void)
{
    if (placed)
        unregister_kprobe(&probe);
    placed = false;
}

static int on_module(struct notifier_block *block, unsigned long state, void *module)
{
    if (strcmp(((struct module *)module)->name, CORE))
        return NOTIFY_DONE;
    if (state == MODULE_STATE_COMING && !placed)
        place();
    else if (state == MODULE_STATE_GOING)
        lift();
    return NOTIFY_DONE;
}

static struct notifier_block module_block = {.notifier_call = on_module};

void watchdog_init(void)
{
    place(); /* without a core there is nothing to guard yet */
    if (register_module_notifier(&module_block))
        pr_notice("watchdogs are refused by the hypervisor only\n");
}

void watchdog_exit(void)
{
    unregister_module_notifier(&module_block);
    lift();
}
