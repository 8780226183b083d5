/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest did that the CPU left to us. Called by vcpu/ after it decoded the exit. */
#ifndef HYPERVISOR_EXITS_H
#define HYPERVISOR_EXITS_H

#include "cpu.h"

/* VMMCALL, other than VtlCall and VtlReturn (vtl.h). Implemented in hypercall.c: decode, commit,
 * and the result word in RAX. RIP is past the instruction already; a rep call that wants to be
 * repeated sets it back. CPL is 0 and the caller is in 64-bit mode. */
void hypercall_handle(struct cpu *cpu);
/* CPUID as the guest sees it. */
struct cpuid exits_cpuid(struct cpu *cpu, uint32_t leaf, uint32_t subleaf);
/* A VTL shut down: an exception came while it was delivering #DF (APM 2, 8.2.9). Resets the
 * machine, as hardware does. */
_Noreturn void exits_shutdown(struct cpu *cpu, unsigned vtl);
/* An exception for the running VTL; one that makes it shut down resets the machine. */
void exits_inject(struct cpu *cpu, unsigned vector, bool has_error_code, uint32_t error_code);
/* A VMMCALL that the running VTL may not make: #UD at the instruction (RIP stands on it). */
void exits_refuse_call(struct cpu *cpu);
/* The SLAT refused an access of the running VTL. */
void exits_memory_fault(struct cpu *cpu, gpa_t address, enum hv_access_type access);
/* An NMI came: a kick of ours, or VTL0's. */
void exits_nmi(struct cpu *cpu);
/* VTL0 is current and an exception of it is about to be delivered, whose delivery may exit again:
 * as VMRUN delivers before it looks at NMIs (APM Vol.2 15.20), what other CPUs want is done here.
 */
void exits_between_events(struct cpu *cpu);
/* VTL0 is current: does what waited for that (CPU_WORK_VTL0). */
void exits_vtl0_work(struct cpu *cpu);

#endif
