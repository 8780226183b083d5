/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_store.h"
#include "apic_trap.h"
#include "exits.h"
#include "guest_memory.h"
#include "instruction.h"
#include "partition.h"
#include "platform/apic.h"
#include "vtl.h"

#define VECTOR_GP 13u

bool device_store_covers(const struct cpu *cpu, gpa_t address)
{
    return apic_trap_covers(address) || pci_guard_covers(cpu->partition, address) ||
           io_apic_covers(cpu->partition, address);
}

static uint64_t register_value(struct cpu *cpu, unsigned reg)
{
    struct hv_register_value value = {0};
    vcpu_get_register(cpu, 0, HV_REGISTER_RAX + reg, &value);
    return value.low;
}

static void set_register(struct cpu *cpu, unsigned reg, uint32_t value)
{
    vcpu_set_register(cpu, 0, HV_REGISTER_RAX + reg, (struct hv_register_value){.low = value});
}

/* All kinds of device have registers of a dword; PCI's may be written in parts. */
static bool is_sane(const struct cpu *cpu, const struct store *store, gpa_t address)
{
    if (address.value % store->size || store->size > 4)
        return false;
    return store->size == 4 || (!store->exchanges && pci_guard_covers(cpu->partition, address));
}

static bool decode(struct cpu *cpu, struct store *store)
{
    uint8_t bytes[INSTRUCTION_MAX];
    unsigned address_size = vcpu_address_size(cpu->current);
    unsigned count = guest_fetch(cpu, bytes, sizeof(bytes));
    return address_size != 2 && instruction_decode_store(bytes, count, address_size, store);
}

/* False: refused, and nothing was done. The local APIC's comes later, see below. */
static bool store_guarded(struct cpu *cpu, const struct store *store, gpa_t address, uint32_t value)
{
    if (apic_trap_covers(address))
        return apic_trap_allows(address, value);
    if (io_apic_covers(cpu->partition, address))
        return io_apic_write(cpu->partition, address, value);
    return pci_store(cpu->partition, address, store->size, value);
}

void device_store(struct cpu *cpu, gpa_t address)
{
    struct store store = {0};
    if (!decode(cpu, &store) || !is_sane(cpu, &store, address)) {
        exits_inject(cpu, VECTOR_GP, true, 0);
        return;
    }
    uint32_t value = store.immediate;
    if (store.has_register)
        value = (uint32_t)register_value(cpu, store.reg);
    uint32_t before = store.exchanges ? apic_read_window(address.value) : 0;
    if (!store_guarded(cpu, &store, address, value)) {
        vtl_memory_intercept(cpu, address, HV_ACCESS_WRITE);
        return;
    }
    if (store.exchanges)
        set_register(cpu, store.reg, before);
    vcpu_advance(cpu->current, store.length);
    /* Last: it may be an INIT to this very CPU. */
    if (apic_trap_covers(address))
        apic_trap_write(cpu, address, value);
}
