/* SPDX-License-Identifier: BSD-2-Clause */
#include "apic.h"
#include "../cpu.h"

#define APIC_BASE        0xfee00000ull /* kept there: see msr.c */
#define MSR_APIC_BASE    0x1bu
#define APIC_BASE_X2APIC (1u << 10)
#define MSR_X2APIC_ID    0x802u
#define DELIVERY_SHIFT   8
#define BUSY_LIMIT       1000000u

uint32_t apic_read_window(uint64_t address)
{
    return *(volatile uint32_t *)hpa_pointer(hpa(address));
}

void apic_write_window(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)hpa_pointer(hpa(address)) = value;
}

uint32_t apic_read(uint32_t offset)
{
    return apic_read_window(APIC_BASE + offset);
}

void apic_write(uint32_t offset, uint32_t value)
{
    apic_write_window(APIC_BASE + offset, value);
}

static bool is_x2apic(void)
{
    return cpu_rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
}

uint32_t apic_own_id(void)
{
    return is_x2apic() ? (uint32_t)cpu_rdmsr(MSR_X2APIC_ID) : apic_read(APIC_ID) >> 24;
}

static void wait_idle(void)
{
    for (unsigned i = 0; i < BUSY_LIMIT && (apic_read(APIC_ICR_LOW) & APIC_ICR_BUSY); i++)
        cpu_pause();
}

void apic_send(uint32_t target, enum apic_delivery mode, uint8_t vector)
{
    uint32_t command = APIC_ICR_ASSERT | (uint32_t)mode << DELIVERY_SHIFT | vector;
    if (is_x2apic()) {
        cpu_wrmsr(APIC_MSR_X2APIC_ICR, (uint64_t)target << 32 | command);
        return;
    }
    /* VTL0 may be between its two writes. */
    uint32_t high = apic_read(APIC_ICR_HIGH);
    wait_idle();
    apic_write(APIC_ICR_HIGH, target << 24);
    apic_write(APIC_ICR_LOW, command);
    wait_idle();
    apic_write(APIC_ICR_HIGH, high);
}
