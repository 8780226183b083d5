/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one seam to the CPU vendor. svm.c and its neighbours implement all of it; nothing outside
 * this folder knows a VMCB. The implementation is chosen at link time.
 *
 * A vcpu is one VTL of one CPU. All calls are made on its own CPU, between VM exits.
 */
#ifndef HYPERVISOR_VCPU_VCPU_H
#define HYPERVISOR_VCPU_VCPU_H

#include "../types.h"
#include <openvsm/hypercall.h>

struct cpu;
struct partition;
struct vmcb;

struct vcpu {
    struct vmcb *vmcb; /* the vendor's control block: opaque outside vcpu/ */
    uint64_t vmcb_hpa; /* what the run loop hands to the CPU */
    uint64_t event;    /* event whose delivery the last exit broke off (vendor's format); 0 none */
    uint32_t vtl;
    uint32_t nmi_blocked; /* an NMI was injected and its IRET has not been seen */
};

/* --- the machine ------------------------------------------------------------------------------ */

/* NULL if this CPU can carry us; else one sentence that names what is missing. */
const char *vcpu_unsupported(void);
/* Switches virtualization on for the calling CPU; host_save is one zeroed page for its use. */
void vcpu_cpu_enable(hpa_t host_save);
/* Builds what all vcpus share (permission maps) from the pool; once. False: pool used up. */
bool vcpu_machine_init(struct partition *partition);
/* Gives the vcpu its control block, in the state that a CPU has after INIT. False: pool used up. */
bool vcpu_init(struct cpu *cpu, unsigned vtl);

/* --- one vcpu --------------------------------------------------------------------------------- */

/* VTL0 as a CPU is after INIT and a SIPI with this vector (APM 2, 14.1.3, 16.5). */
void vcpu_start_at(struct vcpu *vcpu, uint8_t sipi_vector);

/* Runs cpu->current and handles its exits, for ever. */
_Noreturn void vcpu_run(struct cpu *cpu);

/* RAX, RIP, RFLAGS are not in struct guest_registers. */
uint64_t vcpu_rax(const struct vcpu *vcpu);
void vcpu_set_rax(struct vcpu *vcpu, uint64_t value);
uint64_t vcpu_rip(const struct vcpu *vcpu);
void vcpu_set_rip(struct vcpu *vcpu, uint64_t value);
uint64_t vcpu_rflags(const struct vcpu *vcpu);
unsigned vcpu_cpl(const struct vcpu *vcpu);
/* True in 64-bit code: EFER.LMA and CS.L. */
bool vcpu_is_64bit(const struct vcpu *vcpu);

/*
 * Any register by its TLFS name (0x2xxxx general, 0x4xxxx control, 0x5xxxx debug, 0x6xxxx segments,
 * 0x7xxxx tables, 0x8xxxx MSRs), of either VTL of this CPU, as that VTL's software sees it
 * (EFER.SVME is hidden). Segments and tables use struct hv_segment / struct hv_table_register as
 * the 128-bit value.
 *   HV_STATUS_SUCCESS
 *   HV_STATUS_INVALID_PARAMETER       no such register
 *   HV_STATUS_INVALID_REGISTER_VALUE  (set) the CPU would not accept the value; nothing changed
 */
enum hv_status vcpu_get_register(struct cpu *cpu, unsigned vtl, uint32_t name,
                                 struct hv_register_value *value);
enum hv_status vcpu_set_register(struct cpu *cpu, unsigned vtl, uint32_t name,
                                 struct hv_register_value value);
/* Takes over a TLFS initial context (EnableVpVtl). INVALID_REGISTER_VALUE as above. */
enum hv_status vcpu_set_context(struct cpu *cpu, unsigned vtl,
                                const struct hv_initial_vp_context *context);

/*
 * Queues an exception for the vcpu's next entry. If the last exit broke off the delivery of another
 * one, they combine as the CPU would (APM 2, 8.2.9): to #DF, and from #DF to shutdown. Returns
 * false for shutdown: the caller stops the machine.
 */
bool vcpu_inject_exception(struct vcpu *vcpu, unsigned vector, bool has_error_code,
                           uint32_t error_code);

/* The vcpu's next entry flushes all guest translations of this CPU. */
void vcpu_request_flush(struct vcpu *vcpu);

#endif
