// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dump mode, in the kernel that kexec starts after a crash: /proc/vmcore reads the old kernel's
 * memory page by page and knows nothing of PageOffline, so it asks here, and we ask the hypervisor.
 */
#include "driver.h"

#include <linux/crash_dump.h>

static bool page_is_readable(struct vmcore_cb *callback, unsigned long pfn)
{
    return hv_page_is_ours(pfn);
}

static struct vmcore_cb callback = {.pfn_is_ram = page_is_readable};

int dump_init(void)
{
    register_vmcore_cb(&callback);
    pr_info("dump mode: /proc/vmcore leaves out the pages of VTL1 and the hypervisor\n");
    return 0;
}

void dump_exit(void)
{
    unregister_vmcore_cb(&callback);
}
