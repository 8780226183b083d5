/* SPDX-License-Identifier: BSD-2-Clause */
#include "startup.h"
#include "partition.h"
#include "platform/reset.h"
#include "shootdown.h"

#define SIPI_PENDING 0x100u /* beside the vector: vector 0 is a legal one */

void startup_send_init(struct cpu *target)
{
    cpu_count(cpu_self(), HV_EXIT_INIT_SIPI);
    __atomic_store_n(&target->shared.sipi, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&target->shared.wait_sipi, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&target->shared.init, 1, __ATOMIC_SEQ_CST);
    shootdown_kick(target);
}

void startup_send_sipi(struct cpu *target, uint8_t vector)
{
    cpu_count(cpu_self(), HV_EXIT_INIT_SIPI);
    /* A CPU that waits for none ignores it: Linux sends two. */
    if (!__atomic_load_n(&target->shared.wait_sipi, __ATOMIC_SEQ_CST))
        return;
    __atomic_store_n(&target->shared.sipi, SIPI_PENDING | vector, __ATOMIC_SEQ_CST);
    shootdown_kick(target);
}

/* One sleep; an NMI that woke us was a kick, as VTL0's own NMIs do not reach a CPU in reset. */
static void sleep_once(struct cpu *cpu)
{
    uint32_t taken = (uint32_t)READ_ONCE(cpu->nmi_taken);
    vcpu_idle();
    if ((uint32_t)READ_ONCE(cpu->nmi_taken) != taken)
        __atomic_store_n(&cpu->shared.nmi_on_way, 0, __ATOMIC_SEQ_CST);
}

void startup_park(struct cpu *cpu, const uint32_t *word)
{
    __atomic_store_n(&cpu->shared.parked, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(word, __ATOMIC_SEQ_CST)) {
        if (READ_ONCE(cpu->partition->stopping))
            reset_join(cpu);
        sleep_once(cpu);
    }
    /* In this order: who saw us parked asked before we look at the generation. */
    __atomic_store_n(&cpu->shared.parked, 0, __ATOMIC_SEQ_CST);
    shootdown_serve(cpu);
    for (unsigned vtl = 0; vtl < VTL_COUNT; vtl++)
        vcpu_request_flush(&cpu->vcpu[vtl]);
}

void startup_wait(struct cpu *cpu)
{
    __atomic_store_n(&cpu->shared.wait_sipi, 1, __ATOMIC_SEQ_CST);
    startup_park(cpu, &cpu->shared.sipi);
    uint32_t sipi = __atomic_load_n(&cpu->shared.sipi, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cpu->shared.wait_sipi, 0, __ATOMIC_SEQ_CST);
    /* An INIT that came while we waited is done: we had not started. */
    __atomic_store_n(&cpu->shared.init, 0, __ATOMIC_SEQ_CST);
    vcpu_start_at(cpu, (uint8_t)sipi);
}

void startup_serve_init(struct cpu *cpu)
{
    if (cpu->index == 0)
        reset_machine(cpu);
    startup_wait(cpu);
}
