/* SPDX-License-Identifier: BSD-2-Clause */
#include "smp.h"
#include "../asm.h"
#include "../log.h"
#include "../string.h"
#include "apic.h"
#include "tsc.h"

#define INIT_DELAY_US  10000u
#define SIPI_DELAY_US  200u
#define START_LIMIT_US 1000000u

/* entry.S */
extern const uint8_t ap_trampoline[], ap_trampoline_end[];
/* Read by entry.S: whose stack the starting CPU takes. */
struct cpu *ap_starting;

static bool wait_online(const struct cpu *cpu, uint64_t tsc_hz, uint64_t microseconds)
{
    uint64_t start = cpu_rdtsc(), limit = tsc_hz / 1000000 * microseconds;
    while (!__atomic_load_n(&cpu->shared.online, __ATOMIC_SEQ_CST)) {
        if (cpu_rdtsc() - start > limit)
            return false;
        cpu_pause();
    }
    return true;
}

/* APM Vol.2 16.5: INIT, then SIPI, and once more if the first was missed. */
static void start_one(struct cpu *cpu, uint64_t tsc_hz)
{
    __atomic_store_n(&ap_starting, cpu, __ATOMIC_SEQ_CST);
    apic_send(cpu->apic_id, APIC_DELIVERY_INIT, 0);
    tsc_delay(tsc_hz, INIT_DELAY_US);
    apic_send(cpu->apic_id, APIC_DELIVERY_STARTUP, TRAMPOLINE_PAGE >> PAGE_SHIFT);
    if (wait_online(cpu, tsc_hz, SIPI_DELAY_US))
        return;
    apic_send(cpu->apic_id, APIC_DELIVERY_STARTUP, TRAMPOLINE_PAGE >> PAGE_SHIFT);
    if (!wait_online(cpu, tsc_hz, START_LIMIT_US))
        fatal("a CPU that the firmware lists does not start");
}

void smp_start(struct partition *partition)
{
    uint8_t saved[256];
    size_t size = (size_t)(ap_trampoline_end - ap_trampoline);
    uint8_t *page = hpa_pointer(hpa(TRAMPOLINE_PAGE));
    if (size > sizeof(saved))
        fatal("the trampoline is larger than what is saved for it");
    memcpy(saved, page, size);
    memcpy(page, ap_trampoline, size);
    for (uint32_t i = 1; i < partition->cpu_count; i++)
        start_one(partition->cpus[i], partition->tsc_hz);
    memcpy(page, saved, size);
}
