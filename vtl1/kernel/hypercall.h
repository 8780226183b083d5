/* SPDX-License-Identifier: BSD-2-Clause */
/* What the Secure Kernel asks of the hypervisor (openvsm/hypercall.h). Statuses are hv_status. */
#ifndef SK_HYPERCALL_H
#define SK_HYPERCALL_H

#include <openvsm/hypercall.h>

struct cpu;

/* VP assist page, VINA. The first CPU also sets the partition's protection. NULL or a sentence. */
const char *hypercall_init_cpu(struct cpu *cpu);

/* Sets what VTL0 may still do with `count` (<= HV_MODIFY_MAX_REPS) frames; *done of them were
 * changed, in order, before the status arose. */
uint16_t hypercall_protect(const uint64_t *frames, uint32_t count, uint32_t map_flags,
                           uint32_t *done);
/* Hands frames to the hypervisor as nested page tables. */
uint16_t hypercall_deposit(const uint64_t *frames, uint32_t count, uint32_t *done);
/* Takes spare ones back: at most `count`; frames[] gets their GPAs. */
uint16_t hypercall_withdraw(uint64_t *frames, uint32_t count, uint32_t *done);
/* Every CPU of the mask (bit n = VP n) forgets what it had cached of VTL1's translations. */
uint16_t hypercall_flush(uint64_t root, uint64_t cpus);
uint16_t hypercall_set_register(uint8_t vtl, uint32_t name, uint64_t value);
uint16_t hypercall_get_register(uint8_t vtl, uint32_t name, uint64_t *value);

#endif
