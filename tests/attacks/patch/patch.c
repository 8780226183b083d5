// SPDX-License-Identifier: GPL-2.0-only
/*
 * A live patch of openvsm.ko: its guard no longer knows who the host of a trustlet is. What VTL0's
 * kernel may do to VTL0's driver at any time; for tests only.
 */
#include <linux/livepatch.h>
#include <linux/module.h>

static u64 blind_process_of(struct pid *host)
{
    return 0;
}

static struct klp_func functions[] = {
    {.old_name = "trustlet_process_of", .new_func = blind_process_of},
    {},
};
static struct klp_object objects[] = {
    {.name = "openvsm", .funcs = functions},
    {},
};
static struct klp_patch patch = {.mod = THIS_MODULE, .objs = objects};

static int __init patch_init(void)
{
    return klp_enable_patch(&patch);
}

static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("Blinds openvsm.ko's guard, for OpenVSM's tests");
