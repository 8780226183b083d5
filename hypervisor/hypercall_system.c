/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls about VTLs as a whole (TLFS 0x000d, 0x000f), and our own: counters and the log. */
#include "hypercall.h"
#include "log.h"

/* ---- ENABLE_PARTITION_VTL, ENABLE_VP_VTL ----
 *
 * The hypervisor starts VTL1 on every CPU before VTL0 runs, so there is nothing left to enable:
 * these calls exist so that VSM software finds the answers it is written for. */

struct enable_partition_vtl {
    uint64_t partition_id;
    uint8_t target_vtl;
    uint8_t flags;
    uint8_t reserved[6];
};
static_assert(sizeof(struct enable_partition_vtl) == 16, "TLFS 0x000d");
/* Accepted without effect where the CPU has no MBEC, as LVBS needs it; ActiveMbecEnabled says 0. */
#define ENABLE_MBEC 1u

struct enable_vp_vtl {
    uint64_t partition_id;
    uint32_t vp_index;
    uint8_t target_vtl;
    uint8_t reserved[3];
    struct hv_initial_vp_context context;
};
static_assert(sizeof(struct enable_vp_vtl) == 240, "TLFS 0x000f");

const struct hypercall_shape shape_enable_partition_vtl = {
    .header = sizeof(struct enable_partition_vtl),
    .partition = true,
};

static bool is_vtl1_enabled(const struct partition *partition)
{
    return partition->enabled_vtls & 1u << 1;
}

enum hv_status call_enable_partition_vtl(struct hypercall *call)
{
    const struct enable_partition_vtl *input = (const void *)call->input;
    if (input->target_vtl != 1 || input->flags & ~ENABLE_MBEC ||
        !is_zero(input->reserved, sizeof(input->reserved)))
        return HV_STATUS_INVALID_PARAMETER;
    return is_vtl1_enabled(call->partition) ? HV_STATUS_INVALID_VTL_STATE : HV_STATUS_ACCESS_DENIED;
}

const struct hypercall_shape shape_enable_vp_vtl = {
    .header = sizeof(struct enable_vp_vtl),
    .partition = true,
};

enum hv_status call_enable_vp_vtl(struct hypercall *call)
{
    const struct enable_vp_vtl *input = (const void *)call->input;
    const struct partition *partition = call->partition;
    uint32_t vp = input->vp_index == HV_VP_SELF ? call->cpu->index : input->vp_index;
    if (vp >= partition->cpu_count)
        return HV_STATUS_INVALID_VP_INDEX;
    if (input->target_vtl != 1 || input->reserved[0] | input->reserved[1] | input->reserved[2])
        return HV_STATUS_INVALID_PARAMETER;
    if (!is_vtl1_enabled(partition))
        return HV_STATUS_INVALID_VTL_STATE;
    return READ_ONCE(partition->cpus[vp]->vtl1_enabled) ? HV_STATUS_VTL_ALREADY_ENABLED
                                                        : HV_STATUS_ACCESS_DENIED;
}

/* ---- Our own ---- */

const struct hypercall_shape shape_openvsm_null = {0};

/* Reached only by control words that hypercall_handle() does not answer at once. */
enum hv_status call_openvsm_null(struct hypercall *call)
{
    (void)call;
    return HV_STATUS_SUCCESS;
}

const struct hypercall_shape shape_openvsm_get_statistics = {
    .header = sizeof(struct hv_statistics_input),
    .output = sizeof(struct hv_statistics),
};

static uint64_t all_refused(const struct partition *partition)
{
    uint64_t refused = 0;
    for (uint32_t i = 0; i < partition->cpu_count; i++)
        refused += READ_ONCE(partition->cpus[i]->refused);
    return refused;
}

enum hv_status call_openvsm_get_statistics(struct hypercall *call)
{
    const struct hv_statistics_input *input = (const void *)call->input;
    const struct partition *partition = call->partition;
    struct hv_statistics *output = call->output;
    if (input->reserved)
        return HV_STATUS_INVALID_PARAMETER;
    if (input->vp_index >= partition->cpu_count)
        return HV_STATUS_INVALID_VP_INDEX;
    __builtin_memset(output, 0, sizeof(*output));
    output->counter_count = HV_EXIT_COUNTERS;
    output->cpu_count = partition->cpu_count;
    output->features = partition->features;
    output->version = 0u << 16 | 1;
    for (unsigned i = 0; i < HV_EXIT_COUNTERS; i++)
        output->exits[i] = READ_ONCE(partition->cpus[input->vp_index]->exits[i]);
    slat_statistics(&call->partition->slat, output);
    output->tsc_hz = partition->tsc_hz;
    output->boot_tsc = partition->boot_tsc;
    output->linux_tsc = partition->linux_tsc;
    output->copied_tsc = partition->copied_tsc;
    output->refused = all_refused(partition);
    return HV_STATUS_SUCCESS;
}

struct console_write {
    uint64_t length;
    char bytes[8];
};

const struct hypercall_shape shape_openvsm_console_write = {
    .header = sizeof(struct console_write),
};

enum hv_status call_openvsm_console_write(struct hypercall *call)
{
    const struct console_write *input = (const void *)call->input;
    if (!input->length || input->length > sizeof(input->bytes))
        return HV_STATUS_INVALID_PARAMETER;
    log_bytes(input->bytes, input->length);
    return HV_STATUS_SUCCESS;
}
