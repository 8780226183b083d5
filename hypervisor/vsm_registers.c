/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GET_VP_REGISTERS and SET_VP_REGISTERS (TLFS 0x0050, 0x0051).
 *
 * A VTL may look at its own VSM registers and its synthetic MSRs; VTL1 may read and write
 * everything of the VTL0 on the same CPU. Another CPU's registers are on that CPU, and nobody needs
 * them.
 */
#include "exits.h"
#include "hypercall.h"

#define NAME_SYNTHETIC      0x90000u /* synthetic MSRs and the VP index by their register names */
#define NAME_HYPERCALL      0x90001u
#define NAME_GUEST_OS_ID    0x90002u
#define NAME_VP_INDEX       0x90003u
#define NAME_VP_ASSIST_PAGE 0x90013u

#define VINA_KNOWN          0x7ffull
#define VSM_CAPABILITIES    (1ull << 27) /* intercept page; LSB-first layout */
#define MAXIMUM_VTL         1ull

/* The hypervisor protects VTL1's memory from the first instruction of VTL0: protection is on for
 * good, and what VTL1 has not named stays open to VTL0. */
#define PARTITION_CONFIG_FIXED                                                                     \
    (HV_PARTITION_CONFIG_ENABLE_PROTECTION | HV_PARTITION_CONFIG_DEFAULT_MASK(HV_MAP_ALL))

struct register_access {
    struct cpu *cpu;
    unsigned caller, vtl;
    uint32_t name;
};

static bool is_architectural(uint32_t name)
{
    return name >= HV_REGISTER_RAX && name < NAME_SYNTHETIC;
}

/* 0: it is no synthetic MSR's. */
static uint32_t msr_of(uint32_t name)
{
    static const uint32_t msrs[][2] = {{NAME_HYPERCALL, HV_MSR_HYPERCALL},
                                       {NAME_GUEST_OS_ID, HV_MSR_GUEST_OS_ID},
                                       {NAME_VP_INDEX, HV_MSR_VP_INDEX},
                                       {NAME_VP_ASSIST_PAGE, HV_MSR_VP_ASSIST_PAGE}};
    for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++)
        if (msrs[i][0] == name)
            return msrs[i][1];
    return 0;
}

static uint64_t enabled_vtls_of(const struct cpu *cpu)
{
    return 1 | (cpu->vtl1_enabled ? 2 : 0);
}

/* ---- Reading ---- */

/* VTL1's own; VTL0 has none of them. */
static enum hv_status get_vtl1_register(const struct register_access *access, uint64_t *value)
{
    if (access->vtl != 1)
        return HV_STATUS_INVALID_PARAMETER;
    if (access->name == HV_REGISTER_VSM_VINA)
        *value = access->cpu->state[1].vina;
    else
        *value = READ_ONCE(access->cpu->partition->vsm_config) | PARTITION_CONFIG_FIXED;
    return HV_STATUS_SUCCESS;
}

static enum hv_status get_vsm_register(const struct register_access *access, uint64_t *value)
{
    struct cpu *cpu = access->cpu;
    switch (access->name) {
    case HV_REGISTER_VSM_CODE_PAGE_OFFSETS:
        *value = HYPERCALL_PAGE_VTL_CALL | HYPERCALL_PAGE_VTL_RETURN << 12;
        return HV_STATUS_SUCCESS;
    case HV_REGISTER_VSM_VP_STATUS:
        *value = cpu->vtl | enabled_vtls_of(cpu) << 16;
        return HV_STATUS_SUCCESS;
    case HV_REGISTER_VSM_PARTITION_STATUS:
        *value = cpu->partition->enabled_vtls | MAXIMUM_VTL << 16;
        return HV_STATUS_SUCCESS;
    case HV_REGISTER_VSM_CAPABILITIES:
        *value = VSM_CAPABILITIES;
        return HV_STATUS_SUCCESS;
    case HV_REGISTER_VSM_VP_SECURE_CONFIG_VTL0:
        *value = 0;
        return access->caller == 1 ? HV_STATUS_SUCCESS : HV_STATUS_ACCESS_DENIED;
    case HV_REGISTER_VSM_VINA:
    case HV_REGISTER_VSM_PARTITION_CONFIG:
        return get_vtl1_register(access, value);
    default:
        return HV_STATUS_INVALID_PARAMETER;
    }
}

static enum hv_status get_register(const struct register_access *access,
                                   struct hv_register_value *value)
{
    *value = (struct hv_register_value){0};
    if (is_architectural(access->name)) {
        if (access->vtl >= access->caller)
            return HV_STATUS_ACCESS_DENIED;
        return vcpu_get_register(access->cpu, access->vtl, access->name, value);
    }
    uint32_t msr = msr_of(access->name);
    if (msr)
        return synthetic_msr_read(access->cpu, access->vtl, msr, &value->low)
                   ? HV_STATUS_SUCCESS
                   : HV_STATUS_INVALID_PARAMETER;
    return get_vsm_register(access, &value->low);
}

/* ---- Writing ---- */

/* TLFS, HvRegisterPendingEvent0: an exception that VTL0 meets at its next instruction. Where it was
 * already delivering #DF, that is a shutdown, as on hardware. */
static enum hv_status set_pending_event(const struct register_access *access, uint64_t event)
{
    unsigned vector = event >> 16 & 0xffff;
    if (access->caller != 1 || access->vtl != 0)
        return HV_STATUS_ACCESS_DENIED;
    if (!(event & HV_PENDING_EVENT_PENDING))
        return HV_STATUS_SUCCESS;
    if (event & 0xfe00 || event & 0xfe || vector > 31 || vector == 2)
        return HV_STATUS_INVALID_REGISTER_VALUE;
    bool has_error = event & HV_PENDING_EVENT_DELIVER_ERROR;
    if (!vcpu_inject_exception(&access->cpu->vcpu[0], vector, has_error, (uint32_t)(event >> 32)))
        exits_shutdown(access->cpu, 0);
    return HV_STATUS_SUCCESS;
}

static enum hv_status set_vina(const struct register_access *access, uint64_t value)
{
    if (access->vtl != 1)
        return HV_STATUS_INVALID_PARAMETER;
    if (value & ~VINA_KNOWN || (value & HV_VINA_ENABLED && (value & 0xff) < 16))
        return HV_STATUS_INVALID_REGISTER_VALUE;
    access->cpu->state[1].vina = value;
    return HV_STATUS_SUCCESS;
}

/* Later changes of the default mask are ignored, as VSM software expects; protection cannot be
 * switched off. */
static enum hv_status set_partition_config(const struct register_access *access, uint64_t value)
{
    struct partition *partition = access->cpu->partition;
    uint64_t known = PARTITION_CONFIG_FIXED | HV_PARTITION_CONFIG_INTERCEPT_PAGE;
    if (access->vtl != 1)
        return HV_STATUS_INVALID_PARAMETER;
    if (value & ~known || !(value & HV_PARTITION_CONFIG_ENABLE_PROTECTION))
        return HV_STATUS_INVALID_REGISTER_VALUE;
    spin_lock(&partition->config_lock);
    WRITE_ONCE(partition->vsm_config, value | PARTITION_CONFIG_FIXED);
    spin_unlock(&partition->config_lock);
    return HV_STATUS_SUCCESS;
}

/* Our own: VTL1 says whether it has trustlets. */
static enum hv_status set_trustlets(const struct register_access *access, uint64_t value)
{
    if (access->vtl != 1)
        return HV_STATUS_INVALID_PARAMETER;
    return ports_hold_watchdog(&access->cpu->partition->ports, value) ? HV_STATUS_SUCCESS
                                                                      : HV_STATUS_OPERATION_DENIED;
}

static enum hv_status set_vsm_register(const struct register_access *access, uint64_t value)
{
    switch (access->name) {
    case HV_REGISTER_PENDING_EVENT0:
        return set_pending_event(access, value);
    case HV_REGISTER_VSM_VINA:
        return set_vina(access, value);
    case HV_REGISTER_VSM_PARTITION_CONFIG:
        return set_partition_config(access, value);
    case HV_REGISTER_OPENVSM_TRUSTLETS:
        return set_trustlets(access, value);
    case HV_REGISTER_VSM_VP_SECURE_CONFIG_VTL0: /* no MBEC, and no flush calls to lock out */
        if (access->caller != 1)
            return HV_STATUS_ACCESS_DENIED;
        return value ? HV_STATUS_INVALID_REGISTER_VALUE : HV_STATUS_SUCCESS;
    default:
        return HV_STATUS_INVALID_PARAMETER;
    }
}

static enum hv_status set_register(const struct register_access *access,
                                   struct hv_register_value value)
{
    if (is_architectural(access->name)) {
        if (access->vtl >= access->caller)
            return HV_STATUS_ACCESS_DENIED;
        return vcpu_set_register(access->cpu, access->vtl, access->name, value);
    }
    uint32_t msr = msr_of(access->name);
    if (msr)
        return synthetic_msr_write(access->cpu, access->vtl, msr, value.low)
                   ? HV_STATUS_SUCCESS
                   : HV_STATUS_INVALID_REGISTER_VALUE;
    return set_vsm_register(access, value.low);
}

/* ---- The calls ---- */

static enum hv_status decode_header(const struct hypercall *call, struct register_access *access)
{
    const struct hv_vp_registers_header *header = (const void *)call->input;
    bool self = header->vp_index == HV_VP_SELF || header->vp_index == call->cpu->index;
    if (!self && header->vp_index >= call->partition->cpu_count)
        return HV_STATUS_INVALID_VP_INDEX;
    if (header->reserved[0] | header->reserved[1] | header->reserved[2])
        return HV_STATUS_INVALID_PARAMETER;
    *access = (struct register_access){.cpu = call->cpu, .caller = call->vtl};
    enum hv_status status = hypercall_target_vtl(call->vtl, header->input_vtl, &access->vtl);
    if (status == HV_STATUS_SUCCESS && !self)
        status = HV_STATUS_ACCESS_DENIED;
    return status;
}

const struct hypercall_shape shape_get_vp_registers = {
    .header = sizeof(struct hv_vp_registers_header),
    .input = sizeof(uint32_t),
    .output = sizeof(struct hv_register_value),
    .rep = true,
    .partition = true,
};

enum hv_status call_get_vp_registers(struct hypercall *call)
{
    struct register_access access;
    enum hv_status status = decode_header(call, &access);
    while (status == HV_STATUS_SUCCESS && call->reps_done < call->rep_count) {
        const uint32_t *name = hypercall_element(call, &shape_get_vp_registers, call->reps_done);
        struct hv_register_value value;
        access.name = *name;
        status = get_register(&access, &value);
        if (status != HV_STATUS_SUCCESS)
            break;
        __builtin_memcpy((struct hv_register_value *)call->output + call->reps_done, &value,
                         sizeof(value));
        call->reps_done++;
    }
    return status;
}

const struct hypercall_shape shape_set_vp_registers = {
    .header = sizeof(struct hv_vp_registers_header),
    .input = sizeof(struct hv_set_register),
    .rep = true,
    .partition = true,
};

enum hv_status call_set_vp_registers(struct hypercall *call)
{
    struct register_access access;
    enum hv_status status = decode_header(call, &access);
    while (status == HV_STATUS_SUCCESS && call->reps_done < call->rep_count) {
        const struct hv_set_register *element =
            hypercall_element(call, &shape_set_vp_registers, call->reps_done);
        if (element->reserved[0] | element->reserved[1] | element->reserved[2])
            return HV_STATUS_INVALID_PARAMETER;
        access.name = element->name;
        status = set_register(&access, element->value);
        if (status == HV_STATUS_SUCCESS)
            call->reps_done++;
    }
    return status;
}
