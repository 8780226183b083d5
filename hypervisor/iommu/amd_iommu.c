/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD I/O Virtualization Technology (IOMMU) Specification, 48882. One device table for all units:
 * every device gets the same entry, so nothing here depends on which devices there are, or on what
 * VTL0 does to the buses.
 */
#include "iommu.h"

#define DEVICES                65536u
#define DTE_WORDS              4u
#define DEVICE_TABLE_BYTES     (DEVICES * DTE_WORDS * 8u)

/* Registers, as indices of 64-bit words (3.4). */
#define REG_DEVICE_TABLE       (0x0000 / 8)
#define REG_COMMAND_BASE       (0x0008 / 8)
#define REG_CONTROL            (0x0018 / 8)
#define REG_EXTENDED_FEATURES  (0x0030 / 8)
#define REG_COMMAND_HEAD       (0x2000 / 8)
#define REG_COMMAND_TAIL       (0x2008 / 8)

#define CONTROL_IOMMU_ENABLE   (1ull << 0)
#define CONTROL_COHERENT       (1ull << 10)
#define CONTROL_COMMANDS       (1ull << 12)
/* 256 commands of 16 bytes fill a page: ComLen = 8 (3.4.2). */
#define COMMAND_LENGTH_256     (8ull << 56)
#define COMMAND_RING_BYTES     4096u

/* Device table entry (2.2.2.1), by 64-bit word. */
#define DTE0_VALID             (1ull << 0)
#define DTE0_TRANSLATE         (1ull << 1)
#define DTE0_LEVELS(n)         ((uint64_t)(n) << 9)
#define DTE0_READ              (1ull << 61)
#define DTE0_WRITE             (1ull << 62)
#define DTE1_DOMAIN            1ull /* device port I/O and system management: aborted (0) */
#define DTE2_INTERRUPTS_VALID  (1ull << 0)
/* Fixed and arbitrated interrupts pass unmapped; INIT, ExtInt and NMI are not let through (0). */
#define DTE2_INTERRUPTS_PASS   (1ull << 60)

/* Commands (2.4): opcode in bits 63:60 of the first word. */
#define COMMAND_WAIT           (1ull << 60)
#define COMMAND_WAIT_STORE     (1ull << 0)
#define COMMAND_PAGES          (3ull << 60)
#define COMMAND_ALL            (8ull << 60)
#define FEATURE_INVALIDATE_ALL (1ull << 6) /* 3.4.8: since 2011 every unit has it */
/* Size bit and an address of all ones: the whole domain, directories included (2.4.3). */
#define PAGES_DOMAIN(n)        ((uint64_t)(n) << 32)
#define PAGES_ALL              (0x7ffffffffffff000ull | 3u)

#define WAIT_SPINS             50000000u

static void issue(struct iommu_unit *unit, uint64_t first, uint64_t second)
{
    unit->commands[unit->tail / 8] = first;
    unit->commands[unit->tail / 8 + 1] = second;
    unit->tail = (unit->tail + 16) % COMMAND_RING_BYTES;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    unit->registers[REG_COMMAND_TAIL] = unit->tail;
}

/* Every command before the wait is done, and the transactions it concerns, when the store shows. */
static bool wait(struct iommu_unit *unit)
{
    uint64_t sequence = ++unit->completions;
    issue(unit, COMMAND_WAIT | COMMAND_WAIT_STORE | unit->completion_page.value, sequence);
    for (uint32_t i = 0; i < WAIT_SPINS; i++) {
        if (*unit->completion == sequence)
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

static bool flush_unit(struct iommu_unit *unit)
{
    issue(unit, COMMAND_PAGES | PAGES_DOMAIN(DTE1_DOMAIN), PAGES_ALL);
    return wait(unit);
}

bool iommu_flush(struct iommu *iommu)
{
    bool done = true;

    spin_lock(&iommu->lock);
    for (uint32_t i = 0; i < iommu->count; i++)
        done = flush_unit(&iommu->units[i]) && done;
    spin_unlock(&iommu->lock);
    return done;
}

/* QEMU's unit (7.2) loses every interrupt that is to pass unmapped, so below another hypervisor
 * interrupts are left out of it, INIT and NMI from devices with them. */
static uint64_t interrupt_rules(bool emulated)
{
    return emulated ? 0 : DTE2_INTERRUPTS_VALID | DTE2_INTERRUPTS_PASS;
}

static void fill_device_table(uint64_t *table, hpa_t root, bool emulated)
{
    const uint64_t entry[DTE_WORDS] = {
        DTE0_VALID | DTE0_TRANSLATE | DTE0_LEVELS(4) | root.value | DTE0_READ | DTE0_WRITE,
        DTE1_DOMAIN,
        interrupt_rules(emulated),
        0,
    };
    for (uint32_t device = 0; device < DEVICES; device++)
        __builtin_memcpy(&table[device * DTE_WORDS], entry, sizeof(entry));
}

/* Firmware may have left a unit running: it is stopped first, then set up from nothing. */
static bool start_unit(struct iommu_unit *unit, hpa_t device_table)
{
    if (!(unit->registers[REG_EXTENDED_FEATURES] & FEATURE_INVALIDATE_ALL))
        return false;
    unit->registers[REG_CONTROL] = 0;
    unit->registers[REG_DEVICE_TABLE] = device_table.value | (DEVICE_TABLE_BYTES / PAGE_SIZE - 1);
    unit->registers[REG_COMMAND_BASE] = unit->command_page.value | COMMAND_LENGTH_256;
    unit->registers[REG_COMMAND_HEAD] = 0;
    unit->registers[REG_COMMAND_TAIL] = 0;
    unit->registers[REG_CONTROL] = CONTROL_IOMMU_ENABLE | CONTROL_COHERENT | CONTROL_COMMANDS;
    issue(unit, COMMAND_ALL, 0);
    return wait(unit) && flush_unit(unit);
}

bool iommu_start(struct iommu *iommu, struct memory_pool *pool, hpa_t vtl0_root, bool emulated)
{
    hpa_t table = memory_take(pool, DEVICE_TABLE_BYTES / PAGE_SIZE);
    if (!table.value)
        return false;
    fill_device_table(hpa_pointer(table), vtl0_root, emulated);
    for (uint32_t i = 0; i < iommu->count; i++) {
        struct iommu_unit *unit = &iommu->units[i];
        hpa_t pages = memory_take(pool, 2);
        if (!pages.value)
            return false;
        unit->command_page = pages;
        unit->completion_page = hpa(pages.value + COMMAND_RING_BYTES);
        unit->registers = hpa_pointer(hpa(iommu->bases[i].value));
        unit->commands = hpa_pointer(unit->command_page);
        unit->completion = hpa_pointer(unit->completion_page);
        if (!start_unit(unit, table))
            return false;
    }
    return true;
}
