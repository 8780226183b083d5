/* SPDX-License-Identifier: BSD-2-Clause */
/* Going from one VTL to the other, and telling VTL1 what VTL0 did (TLFS, VSM chapter). */
#ifndef HYPERVISOR_VTL_H
#define HYPERVISOR_VTL_H

#include "cpu.h"

/* VMMCALL with RCX = HV_CALL_VTL_CALL / HV_CALL_VTL_RETURN, and the control input in RAX; RIP is
 * past it already. An illegal one raises #UD at the instruction. */
void vtl_call(struct cpu *cpu, uint64_t control);
void vtl_return(struct cpu *cpu, uint64_t control);

/*
 * VTL0 touched a page or an MSR it may not. With HV_PARTITION_CONFIG_INTERCEPT_PAGE the current CPU
 * goes on in VTL1 with a message in its assist page (entry reason 3); before VTL1 is ready, VTL0
 * gets #GP(0) at that instruction. access is enum hv_access_type.
 */
void vtl_memory_intercept(struct cpu *cpu, gpa_t address, enum hv_access_type access);
void vtl_msr_intercept(struct cpu *cpu, uint32_t msr, enum hv_access_type access,
                       unsigned instruction_length);
void vtl_port_intercept(struct cpu *cpu, uint16_t port, unsigned size, unsigned instruction_length);

/* A hypercall of VTL0 was refused, and VTL0 has its result already: VTL1 is told, for its audit
 * log, and has nothing to decide. */
void vtl_hypercall_refused(struct cpu *cpu, uint64_t control, enum hv_status status);

/* Something in VTL0 waits (interrupt, NMI, INIT) while VTL1 runs: raises VINA once, if enabled. */
void vtl_notify(struct cpu *cpu);

#endif
