/* SPDX-License-Identifier: BSD-2-Clause */
#include "io_apic.h"
#include "../partition.h"
#include "acpi.h"
#include "apic.h"

/* Intel 82093AA, 3.0: an index register and a window; entries are two dwords each, from 0x10 on. */
#define SELECT      0x00u
#define WINDOW      0x10u
#define END         0x40u /* end of interrupt, in later ones */
#define FIRST_ENTRY 0x10u
#define MODE(low)   ((low) >> 8 & 7u)
#define LOGICAL     (1u << 11)
#define INDEX_MASK  0xffu

static uint32_t find(const struct io_apics *io_apics, gpa_t address)
{
    uint32_t i = 0;
    while (i < io_apics->count && io_apics->bases[i].value != (address.value & ~PAGE_MASK))
        i++;
    return i;
}

bool io_apic_init(struct partition *partition, uint64_t rsdp, uint64_t limit)
{
    struct io_apics *io_apics = &partition->io_apics;
    uint32_t count = acpi_io_apics(rsdp, limit, io_apics->bases, IO_APIC_MAX);
    if (count > IO_APIC_MAX)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        io_apics->bases[i].value &= ~PAGE_MASK;
        if (slat_trap_device_writes(&partition->slat, io_apics->bases[i], true) !=
            HV_STATUS_SUCCESS)
            return false;
    }
    io_apics->count = count;
    return true;
}

bool io_apic_covers(const struct partition *partition, gpa_t address)
{
    return find(&partition->io_apics, address) < partition->io_apics.count;
}

/* No SMI (smm.h), and NMI to CPUs of ours only: see apic_trap.c. */
static bool is_allowed(const struct partition *partition, uint32_t low, uint32_t high)
{
    unsigned mode = MODE(low);
    if (mode == APIC_DELIVERY_INIT || mode == APIC_DELIVERY_STARTUP || mode == APIC_DELIVERY_SMI)
        return false;
    if (mode != APIC_DELIVERY_NMI)
        return true;
    uint32_t i = 0;
    while (i < partition->cpu_count && partition->cpus[i]->apic_id != high >> 24)
        i++;
    return i < partition->cpu_count && !(low & LOGICAL);
}

/* The low dword of an entry says how its interrupt is delivered, the high one to whom. VTL0's other
 * CPUs cannot have selected another: their stores come here too. */
static bool write_window(const struct partition *partition, uint64_t base, uint32_t selected,
                         uint32_t value)
{
    apic_write_window(base + SELECT, selected ^ 1);
    uint32_t other = apic_read_window(base + WINDOW);
    apic_write_window(base + SELECT, selected);
    bool ok =
        selected & 1 ? is_allowed(partition, other, value) : is_allowed(partition, value, other);
    if (selected >= FIRST_ENTRY && !ok)
        return false;
    apic_write_window(base + WINDOW, value);
    return true;
}

bool io_apic_write(struct partition *partition, gpa_t address, uint32_t value)
{
    struct io_apics *io_apics = &partition->io_apics;
    uint32_t i = find(io_apics, address);
    uint64_t base = io_apics->bases[i].value;
    bool ok = true;
    spin_lock(&io_apics->lock);
    switch (address.value - base) {
    case SELECT:
        io_apics->selected[i] = value & INDEX_MASK;
        apic_write_window(address.value, value);
        break;
    case WINDOW:
        ok = write_window(partition, base, io_apics->selected[i], value);
        break;
    case END:
        apic_write_window(address.value, value);
        break;
    default: /* may be another name for one of those above (QEMU) */
        ok = false;
        break;
    }
    spin_unlock(&io_apics->lock);
    return ok;
}
