/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake_cpu.h"

#include <stdlib.h>
#include <string.h>

#include "../../../hypervisor/exits.h"
#include "../../../hypervisor/log.h"
#include "../../../hypervisor/vtl.h"

struct fake_machine fake;

static void start_memory(struct partition *partition)
{
    fake_reset();
    memory_init(&partition->pool, hpa(FAKE_HV_BASE + (1ull << 20)), FAKE_POOL_SIZE);
    if (!slat_init(&partition->slat, &partition->pool) ||
        !slat_boot_assign(&partition->slat, gpa(0), FAKE_MEMORY, SLAT_VTL0) ||
        !slat_boot_assign(&partition->slat, gpa(FAKE_HV_BASE), 2ull << 20, SLAT_HYPERVISOR) ||
        !slat_boot_assign(&partition->slat, gpa(FAKE_VTL1_BASE), FAKE_VTL1_SIZE, SLAT_VTL1))
        abort();
}

static struct cpu *new_cpu(uint32_t index)
{
    struct cpu *cpu = aligned_alloc(CPU_ALIGNMENT, CPU_ALIGNMENT);
    if (!cpu)
        abort();
    memset(cpu, 0, sizeof(*cpu));
    cpu->index = index;
    cpu->partition = &fake.partition;
    cpu->vtl1_enabled = 1;
    cpu->vcpu[1].vtl = 1;
    cpu->current = &cpu->vcpu[0];
    return cpu;
}

void fake_machine_start(void)
{
    fake = (struct fake_machine){0};
    start_memory(&fake.partition);
    fake.partition.cpu_count = 2;
    fake.partition.enabled_vtls = 3;
    for (uint32_t i = 0; i < 2; i++)
        fake.partition.cpus[i] = new_cpu(i);
    fake.cpu = fake.partition.cpus[0];
}

void fake_machine_stop(void)
{
    for (uint32_t i = 0; i < 2; i++)
        free(fake.partition.cpus[i]);
}

uint64_t fake_call(unsigned vtl, uint64_t control, uint64_t rdx, uint64_t r8)
{
    struct cpu *cpu = fake.cpu;
    cpu->vtl = vtl;
    cpu->current = &cpu->vcpu[vtl];
    cpu->registers.rcx = control;
    cpu->registers.rdx = rdx;
    cpu->registers.r8 = r8;
    fake.vcpu[vtl].rax = ~0ull;
    fake.vcpu[vtl].rip = 0x1003;
    hypercall_handle(cpu);
    return fake.vcpu[vtl].rax;
}

/* ---- vcpu.h ---- */

uint64_t vcpu_rax(const struct vcpu *vcpu)
{
    return fake.vcpu[vcpu->vtl].rax;
}

void vcpu_set_rax(struct vcpu *vcpu, uint64_t value)
{
    fake.vcpu[vcpu->vtl].rax = value;
}

uint64_t vcpu_rip(const struct vcpu *vcpu)
{
    return fake.vcpu[vcpu->vtl].rip;
}

void vcpu_set_rip(struct vcpu *vcpu, uint64_t value)
{
    fake.vcpu[vcpu->vtl].rip = value;
}

unsigned vcpu_cpl(const struct vcpu *vcpu)
{
    return fake.vcpu[vcpu->vtl].cpl;
}

bool vcpu_is_64bit(const struct vcpu *vcpu)
{
    (void)vcpu;
    return true;
}

static struct hv_register_value *find_register(unsigned vtl, uint32_t name)
{
    static const uint32_t names[] = {HV_REGISTER_CR0, HV_REGISTER_CR3, HV_REGISTER_CR4,
                                     HV_REGISTER_EFER};
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i] == name)
            return &fake.vcpu[vtl].registers[i];
    return NULL;
}

enum hv_status vcpu_get_register(struct cpu *cpu, unsigned vtl, uint32_t name,
                                 struct hv_register_value *value)
{
    (void)cpu;
    const struct hv_register_value *found = find_register(vtl, name);
    if (!found)
        return HV_STATUS_INVALID_PARAMETER;
    *value = *found;
    return HV_STATUS_SUCCESS;
}

enum hv_status vcpu_set_register(struct cpu *cpu, unsigned vtl, uint32_t name,
                                 struct hv_register_value value)
{
    (void)cpu;
    struct hv_register_value *found = find_register(vtl, name);
    if (!found)
        return HV_STATUS_INVALID_PARAMETER;
    *found = value;
    fake.vcpu[vtl].written = name;
    return HV_STATUS_SUCCESS;
}

bool vcpu_inject_exception(struct vcpu *vcpu, unsigned vector, bool has_error_code,
                           uint32_t error_code)
{
    (void)has_error_code;
    (void)error_code;
    fake.vcpu[vcpu->vtl].injected = vector + 1;
    return true;
}

/* ---- vtl.h, log.h, guest_memory.h ---- */

void vtl_memory_intercept(struct cpu *cpu, gpa_t address, enum hv_access_type access)
{
    (void)cpu;
    (void)access;
    fake.intercepts++;
    fake.intercept_address = address.value;
}

void vtl_hypercall_refused(struct cpu *cpu, uint64_t control, enum hv_status status)
{
    (void)control;
    (void)status;
    cpu->refused++;
    fake.notices++;
}

void exits_shutdown(struct cpu *cpu, unsigned vtl)
{
    (void)vtl;
    (void)cpu;
    abort();
}

void log_bytes(const char *bytes, uint64_t length)
{
    memcpy(fake.log, bytes, length);
    fake.log_length = length;
}

bool ports_hold_watchdog(struct ports *ports, bool live)
{
    if (live && fake.watchdog_runs)
        return false;
    ports->watchdog.held = live;
    return true;
}
