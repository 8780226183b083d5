/* SPDX-License-Identifier: BSD-2-Clause */
#include "pci_guard.h"
#include "../partition.h"
#include "../string.h"
#include "acpi.h"

#define FUNCTION_BITS              0xffff00u /* bus, device, function of a configuration address */
#define HEADER_END                 0x40u     /* above it, registers are the device's own */
#define WINDOW_FUNCTION            4096u
/* MCFG (PCI Firmware 3.3, 4.1.2): entries of base u64, segment u16, first and last bus u8. */
#define MCFG_BASE                  44u
#define MCFG_LAST_BUS              55u
#define MCFG_END                   60u

#define FUNCTION(device, function) ((uint32_t)(device) << 11 | (uint32_t)(function) << 8)

/* First register and one past the last, of a function of bus 0. */
static const struct rule {
    uint32_t function, first, end;
} rules[] = {
    {FUNCTION(0, 0), HEADER_END, 4096}, /* host bridge: PAM, SMRAM, TSEG, PCIEXBAR, remapping */
    {FUNCTION(1, 3), 0x40, 0x44},       /* PIIX4: power-management base */
    {FUNCTION(1, 3), 0x80, 0x81},       /* PIIX4: its enable bit */
    {FUNCTION(0x1f, 0), 0x40, 0x48},    /* ICH9: power-management base and control */
    {FUNCTION(0x1f, 0), 0xf0, 0xf4},    /* ICH9: root complex base */
};

bool pci_is_guarded(uint32_t address, uint32_t reg, unsigned size)
{
    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        const struct rule *rule = &rules[i];
        if ((address & FUNCTION_BITS) == rule->function && reg < rule->end &&
            reg + size > rule->first)
            return true;
    }
    return false;
}

bool pci_changes(uint32_t now, uint32_t value, unsigned size)
{
    uint32_t mask = size < 4 ? (1u << 8 * size) - 1 : ~0u;
    return (now ^ value) & mask;
}

/* The page of the window that is this function's. */
static gpa_t window_page(const struct partition *partition, uint32_t function)
{
    return gpa(partition->pci.window.base + ((uint64_t)function << 4));
}

bool pci_guard_init(struct partition *partition, uint64_t rsdp, uint64_t limit)
{
    struct range mcfg = acpi_table(rsdp, limit, "MCFG");
    if (mcfg.size < MCFG_END)
        return true;
    const uint8_t *bytes = hpa_pointer(hpa(mcfg.base));
    memcpy(&partition->pci.window.base, bytes + MCFG_BASE, sizeof(uint64_t));
    partition->pci.window.size = ((uint64_t)bytes[MCFG_LAST_BUS] + 1) << 20;
    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++)
        if (slat_trap_device_writes(&partition->slat, window_page(partition, rules[i].function),
                                    true) != HV_STATUS_SUCCESS)
            return false;
    uint32_t watchdog = partition->ports.watchdog.esb;
    return !watchdog || slat_trap_device_writes(&partition->slat, window_page(partition, watchdog),
                                                true) == HV_STATUS_SUCCESS;
}

bool pci_guard_covers(const struct partition *partition, gpa_t address)
{
    return range_contains(partition->pci.window, address.value);
}

static void store(volatile void *to, unsigned size, uint32_t value)
{
    if (size == 1)
        *(volatile uint8_t *)to = (uint8_t)value;
    else if (size == 2)
        *(volatile uint16_t *)to = (uint16_t)value;
    else
        *(volatile uint32_t *)to = value;
}

static bool store_checked(const struct partition *partition, gpa_t address, unsigned size,
                          uint32_t value)
{
    uint64_t offset = address.value - partition->pci.window.base;
    uint32_t function = (uint32_t)(offset >> 4), reg = (uint32_t)(offset % WINDOW_FUNCTION);
    const volatile uint32_t *word = hpa_pointer(hpa(address.value & ~3ull));
    if (pci_is_guarded(function, reg, size))
        return !pci_changes(*word >> 8 * (address.value & 3), value, size);
    if (watchdog_config_starts(&partition->ports.watchdog, function, reg, size, value))
        return false;
    store(hpa_pointer(hpa(address.value)), size, value);
    return true;
}

bool pci_store(struct partition *partition, gpa_t address, unsigned size, uint32_t value)
{
    spin_lock(&partition->ports.config_lock);
    bool allowed = store_checked(partition, address, size, value);
    spin_unlock(&partition->ports.config_lock);
    return allowed;
}
