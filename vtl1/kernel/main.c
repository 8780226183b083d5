/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of the Secure Kernel, and its end. */
#include "address_space.h"
#include "audit.h"
#include "console.h"
#include "cpu.h"
#include "crypto.h"
#include "frame.h"
#include "random.h"
#include "report.h"
#include "sk_assert.h"
#include "time.h"
#include <openvsm/vtl1_boot.h>

uint64_t kernel_cr3;

/* entry.S: NULL when this CPU is ready, else a sentence for the hypervisor to print. */
const char *secure_kernel_start(const struct vtl1_boot_info *info, uint64_t vp_index);

static const char *start_machine(const struct vtl1_boot_info *info)
{
    if (info->magic != VTL1_BOOT_MAGIC || info->tsc_hz == 0)
        return "Secure Kernel: the boot information is not what it was built for";
    kernel_cr3 = info->cr3;
    const char *wrong = frame_init(info);

    if (wrong == NULL)
        wrong = cpu_init_all(info->cpu_count);
    if (wrong == NULL)
        wrong = cpu_init(0);
    if (wrong == NULL) {
        time_init(info->tsc_hz);
        wrong = audit_init();
    }
    if (wrong == NULL) {
        crypto_init();
        random_init();
        report_init(info);
    }
    return wrong;
}

const char *secure_kernel_start(const struct vtl1_boot_info *info, uint64_t vp_index)
{
    return vp_index == 0 ? start_machine(info) : cpu_init((uint32_t)vp_index);
}

_Noreturn void sk_panic(const char *sentence)
{
    static const struct {
        uint8_t bytes[10];
    } no_idt;

    console_write("Secure Kernel: ");
    console_write(sentence);
    console_write("\nSecure Kernel: stopped\n");
    /* A triple fault: the hypervisor scrubs VTL1 and stops the machine. */
    for (;;)
        __asm__ volatile("lidt %0\n\tud2" ::"m"(no_idt));
}
