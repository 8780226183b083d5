/* SPDX-License-Identifier: BSD-2-Clause */
#include "shootdown.h"
#include "partition.h"
#include "platform/apic.h"

/* After this long a CPU is taken for dead to us (its VTL0 may have switched its APIC off): the
 * caller quarantines the pages. Under an emulator a CPU may simply not be scheduled for some time.
 */
#define TIMEOUT_MS 10000u
/* A kick that coalesced with another NMI is sent again after this long. */
#define RETRY_MS   5u

void shootdown_kick(struct cpu *target)
{
    if (__atomic_exchange_n(&target->shared.nmi_on_way, 1, __ATOMIC_SEQ_CST))
        return;
    struct cpu *cpu = cpu_self();
    cpu_count(cpu, HV_EXIT_REMOTE_KICK);
    apic_send(target->apic_id, APIC_DELIVERY_NMI, 0);
}

void shootdown_serve(struct cpu *cpu)
{
    uint64_t newest = __atomic_load_n(&cpu->partition->flush_generation, __ATOMIC_SEQ_CST);
    if (cpu->shared.flushed == newest)
        return;
    for (unsigned vtl = 0; vtl < VTL_COUNT; vtl++)
        vcpu_request_flush(&cpu->vcpu[vtl]);
    cpu_count(cpu, HV_EXIT_TLB_FLUSH);
    __atomic_store_n(&cpu->shared.flushed, newest, __ATOMIC_SEQ_CST);
}

/* A parked CPU is outside guest mode and serves all requests when it leaves. */
static bool obeys(const struct cpu *target, uint64_t generation)
{
    return !__atomic_load_n(&target->shared.online, __ATOMIC_SEQ_CST) ||
           __atomic_load_n(&target->shared.flushed, __ATOMIC_SEQ_CST) >= generation ||
           __atomic_load_n(&target->shared.parked, __ATOMIC_SEQ_CST);
}

/* One request: which CPUs must obey it (bit n = VP n). */
struct request {
    struct partition *partition;
    uint64_t generation;
    uint64_t cpus;
};

static bool all_obey(const struct request *request, void (*remind)(struct cpu *))
{
    bool all = true;
    for (uint32_t i = 0; i < request->partition->cpu_count; i++) {
        struct cpu *target = request->partition->cpus[i];
        if (!(request->cpus >> i & 1) || obeys(target, request->generation))
            continue;
        all = false;
        if (remind)
            remind(target);
    }
    return all;
}

/* The NMI of a CPU that still does not answer may have been lost in one of VTL0's. */
static void kick_again(struct cpu *target)
{
    /* It may just have taken the first, which cleared nmi_on_way: this one is ours as well. */
    __atomic_store_n(&target->shared.retried, cpu_rdtsc(), __ATOMIC_SEQ_CST);
    apic_send(target->apic_id, APIC_DELIVERY_NMI, 0);
}

static bool wait_for_all(struct cpu *cpu, const struct request *request)
{
    uint64_t per_ms = cpu->partition->tsc_hz / 1000;
    uint64_t start = cpu_rdtsc(), retry = start + RETRY_MS * per_ms;
    while (!all_obey(request, NULL)) {
        uint64_t now = cpu_rdtsc();
        if (now - start > TIMEOUT_MS * per_ms)
            return false;
        if (now > retry) {
            all_obey(request, kick_again);
            retry = now + 10 * RETRY_MS * per_ms;
        }
        shootdown_serve(cpu); /* who we wait for may wait for us */
        cpu_pause();
    }
    return true;
}

bool slat_flush_cpus(uint64_t cpus)
{
    struct cpu *cpu = cpu_self();
    struct request request = {.partition = cpu->partition, .cpus = cpus};
    request.generation =
        __atomic_add_fetch(&request.partition->flush_generation, 1, __ATOMIC_SEQ_CST);
    shootdown_serve(cpu);
    if (all_obey(&request, shootdown_kick))
        return true;
    return wait_for_all(cpu, &request);
}

/* Devices walk VTL0's tree too (iommu/): what they cached of it goes with what the CPUs did. */
bool slat_flush_all_cpus(void)
{
    return iommu_flush(&cpu_self()->partition->iommu) && slat_flush_cpus(SLAT_ALL_CPUS);
}

void slat_serve_flush(void)
{
    shootdown_serve(cpu_self());
}
