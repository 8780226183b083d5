/* SPDX-License-Identifier: BSD-2-Clause */
#include "apic_trap.h"
#include "partition.h"
#include "platform/apic.h"
#include "startup.h"

#define ALL_CPUS 0xffu

/* What an ICR value or an interrupt message asks for. */
struct request {
    unsigned mode; /* enum apic_delivery */
    unsigned shorthand;
    bool logical, assert_level;
    uint8_t vector;
    uint32_t destination;
    bool wide; /* x2APIC: 32-bit destination */
};

static struct request decode_icr(uint32_t low, uint32_t destination, bool wide)
{
    return (struct request){
        .mode = low >> 8 & 7,
        .shorthand = low >> 18 & 3,
        .logical = low >> 11 & 1,
        .assert_level = (low & APIC_ICR_ASSERT) || !(low & APIC_ICR_LEVEL),
        .vector = (uint8_t)low,
        .destination = destination,
        .wide = wide,
    };
}

bool apic_trap_covers(gpa_t address)
{
    return address.value - APIC_WINDOW_BASE < APIC_WINDOW_SIZE;
}

/* xAPIC logical destinations (APM Vol.2 16.14): flat, or clusters of four. */
static bool matches_logical(const struct cpu *target, uint32_t destination)
{
    uint8_t id = (uint8_t)(target->apic_logical_id >> 24);
    if (target->apic_destination_format >> 28 == 0xf)
        return (id & destination) != 0;
    return id >> 4 == destination >> 4 && (id & destination & 0xf) != 0;
}

/* x2APIC logical IDs follow from the APIC ID: cluster in 31:16, one bit of 15:0. */
static bool matches_x2apic_logical(const struct cpu *target, uint32_t destination)
{
    return destination >> 16 == target->apic_id >> 4 &&
           (destination >> (target->apic_id & 0xf) & 1);
}

static bool is_addressed(const struct cpu *sender, const struct cpu *target,
                         const struct request *r)
{
    if (r->shorthand == APIC_SHORTHAND_SELF)
        return target == sender;
    if (r->shorthand == APIC_SHORTHAND_ALL)
        return true;
    if (r->shorthand == APIC_SHORTHAND_OTHERS)
        return target != sender;
    if (r->destination == (r->wide ? 0xffffffffu : ALL_CPUS))
        return true;
    if (!r->logical)
        return target->apic_id == r->destination;
    return r->wide ? matches_x2apic_logical(target, r->destination)
                   : matches_logical(target, r->destination);
}

/* What can make a CPU run that is not ours, plugged in since the start: a CPU that waits for a SIPI
 * ignores NMIs and SMIs, but QEMU's takes them, and runs VTL0's code outside the hypervisor. */
static bool is_guarded(unsigned mode)
{
    return mode == APIC_DELIVERY_SMI || mode == APIC_DELIVERY_NMI || mode == APIC_DELIVERY_INIT ||
           mode == APIC_DELIVERY_STARTUP;
}

static void deliver(struct cpu *target, const struct request *r)
{
    if (r->mode == APIC_DELIVERY_STARTUP)
        startup_send_sipi(target, r->vector);
    else if (r->mode == APIC_DELIVERY_NMI)
        apic_send(target->apic_id, APIC_DELIVERY_NMI, 0);
    else if (r->assert_level)
        startup_send_init(target);
}

/* True if the request is guarded, and is done: each of our CPUs that it names got its own, and the
 * hardware must not see it. */
static bool virtualise(struct cpu *cpu, const struct request *r)
{
    if (!is_guarded(r->mode))
        return false;
    struct partition *partition = cpu->partition;
    for (uint32_t i = 0; i < partition->cpu_count; i++)
        if (is_addressed(cpu, partition->cpus[i], r))
            deliver(partition->cpus[i], r);
    return true;
}

static bool is_message(gpa_t address)
{
    return address.value - APIC_WINDOW_BASE - APIC_ID >= PAGE_SIZE - APIC_ID;
}

/* An INIT would be no business of startup.c's; an SMI is the firmware's, see platform/smm.h. */
static bool is_lvt_allowed(uint64_t value)
{
    unsigned mode = value >> 8 & 7;
    return mode != APIC_DELIVERY_INIT && mode != APIC_DELIVERY_SMI;
}

bool apic_trap_allows(gpa_t address, uint32_t value)
{
    /* An interrupt message to the CPU named in address bits 19:12. What a device may send is VTL0's
     * business, but for what is guarded. */
    if (is_message(address))
        return !is_guarded(value >> 8 & 7);
    switch (address.value - APIC_WINDOW_BASE) {
    case APIC_LVT_CMCI:
    case APIC_LVT_TIMER ... APIC_LVT_ERROR:
        if (!is_lvt_allowed(value))
            return false;
        break;
    case APIC_ICR_LOW:
        if ((value >> 8 & 7) == APIC_DELIVERY_SMI)
            return false;
        break;
    default:
        break;
    }
    /* Registers are 16 bytes apart; some take all 16 for the one (QEMU). */
    return !(address.value & 0xf);
}

static void write_register(struct cpu *cpu, uint32_t offset, uint32_t value)
{
    struct request r;
    switch (offset) {
    case APIC_ID:
        return; /* read-only on today's CPUs; we find CPUs by it */
    case APIC_LOGICAL_ID:
        cpu->apic_logical_id = value;
        break;
    case APIC_DESTINATION_FORMAT:
        cpu->apic_destination_format = value;
        break;
    case APIC_ICR_LOW:
        r = decode_icr(value, apic_read(APIC_ICR_HIGH) >> 24, false);
        if (virtualise(cpu, &r))
            return;
        break;
    default:
        break;
    }
    apic_write(offset, value);
}

bool apic_trap_x2apic(struct cpu *cpu, uint32_t msr, uint64_t value)
{
    struct request r = decode_icr((uint32_t)value, (uint32_t)(value >> 32), true);
    bool icr = msr == APIC_MSR_X2APIC_ICR;
    if (icr ? r.mode == APIC_DELIVERY_SMI : !is_lvt_allowed(value))
        return false;
    return (icr && virtualise(cpu, &r)) || cpu_wrmsr_safe(msr, value);
}

void apic_trap_write(struct cpu *cpu, gpa_t address, uint32_t value)
{
    if (is_message(address))
        apic_write_window(address.value, value);
    else
        write_register(cpu, (uint32_t)(address.value - APIC_WINDOW_BASE), value);
}
