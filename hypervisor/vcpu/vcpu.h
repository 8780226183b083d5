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

/* Exceptions that are injected from outside this folder. */
#define VECTOR_UD      6u
#define VECTOR_GP      13u

/* Bytes of VMMCALL. */
#define VMMCALL_LENGTH 3u

struct cpu;
struct partition;
struct vmcb;

struct vcpu {
    struct vmcb *vmcb; /* the vendor's control block: opaque outside vcpu/ */
    uint64_t vmcb_hpa; /* what the run loop hands to the CPU */
    uint64_t event;    /* event whose delivery the last exit broke off (vendor's format); 0 none */
    uint32_t vtl;
    uint32_t has_next_rip; /* the CPU says where the next instruction is */
    uint32_t nmi_blocked;  /* an NMI was injected and its IRET has not been done */
    uint32_t step;         /* that IRET is single-stepped; the vendor's own */
    uint64_t step_dr6;     /* DR6 before it */
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

/* Makes a VTL the current one without leaving another: a CPU's first. */
void vcpu_select(struct cpu *cpu, unsigned vtl);
/*
 * Leaves the current VTL (from) for the other one (to, which is `vtl`). What belongs to a VTL and
 * what both share, and who sees to it:
 *
 *   one VMCB per (CPU, VTL) holds it: VMRUN and #VMEXIT switch it
 *       RIP, RSP, RFLAGS; CS, DS, ES, SS, GDTR, IDTR, CPL; CR0, CR3, CR4, EFER, PAT; DR6, DR7;
 *       CR2 (TLFS shares it; a VTL1 fault address is nobody's business);
 *       CR8 (VTL0's is the APIC's TPR, VTL1's is V_TPR); TSC (an offset per VTL, VTL1's is 0);
 *       S_CET, SSP, ISST_ADDR (VTL1 runs with CR4.CET = 0)
 *   this function stores the old VTL's and loads the new one's, by VMSAVE and VMLOAD
 *       FS, GS, TR, LDTR with their hidden parts;
 *       KERNEL_GS_BASE, STAR, LSTAR, CSTAR, SFMASK, SYSENTER_*
 *   in the VMCB, but shared: this function moves it
 *       RAX
 *   one for both VTLs (TLFS): VTL1 saves what is VTL0's, and wipes what is its own
 *       RCX, RDX, RBX, RBP, RSI, RDI, R8-R15; x87, SSE, AVX, MXCSR, PKRU
 *   the Secure Kernel loads its own on entry where VTL0's differs, and puts it back
 *       XCR0, XSS; SPEC_CTRL
 *   stopped while VTL1 runs, if VTL0 left it on (msr.c)
 *       DEBUGCTL and the last-branch records; performance counters, IBS
 *   VTL1 never writes it, so there is nothing of VTL1's in it
 *       DR0-DR3; TSC_AUX; U_CET, PL*_SSP; the local APIC, of which VTL1 has no mapping
 *   struct cpu_vtl, one for each VTL
 *       VP assist page, VSM registers, synthetic MSRs
 */
void vcpu_switch(struct cpu *cpu, struct vcpu *from, struct vcpu *to, unsigned vtl);
/* VTL0 as a CPU is after INIT and a SIPI with this vector (APM 2, 14.1.3, 16.5). */
void vcpu_start_at(struct cpu *cpu, uint8_t sipi_vector);

/* Runs cpu->current and handles its exits, for ever. */
_Noreturn void vcpu_run(struct cpu *cpu);

/* RAX, RIP, RFLAGS are not in struct guest_registers. */
uint64_t vcpu_rax(const struct vcpu *vcpu);
void vcpu_set_rax(struct vcpu *vcpu, uint64_t value);
uint64_t vcpu_rip(const struct vcpu *vcpu);
void vcpu_set_rip(struct vcpu *vcpu, uint64_t value);
uint64_t vcpu_rflags(const struct vcpu *vcpu);
uint64_t vcpu_cr4(const struct vcpu *vcpu);
unsigned vcpu_cpl(const struct vcpu *vcpu);
/* The vcpu was left with the calling CPU's own page tables: QEMU 7.2 does so when another CPU
 * undoes CPU 0's #VMEXIT (CAVEATS.md, "CPUs in parallel"), and nothing can be saved then. */
bool vcpu_holds_host(const struct vcpu *vcpu);
/* True in 64-bit code: EFER.LMA and CS.L. */
bool vcpu_is_64bit(const struct vcpu *vcpu);
/* 2, 4 or 8: of the code that runs, without prefixes. */
unsigned vcpu_address_size(const struct vcpu *vcpu);

/* Steps over an instruction that was done for the vcpu, as the CPU would have: the interrupt shadow
 * ends, and a single-stepped one is followed by #DB. */
void vcpu_advance(struct vcpu *vcpu, unsigned length);

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
/* One of 64 bits that there is. */
static inline uint64_t vcpu_register(struct cpu *cpu, unsigned vtl, uint32_t name)
{
    struct hv_register_value value = {0};
    vcpu_get_register(cpu, vtl, name, &value);
    return value.low;
}
enum hv_status vcpu_set_register(struct cpu *cpu, unsigned vtl, uint32_t name,
                                 struct hv_register_value value);
/* How a VTL begins, in 64-bit mode at CPL 0: the hypervisor's own choice (flat_context.h). */
void vcpu_set_context(struct cpu *cpu, unsigned vtl, const struct hv_initial_vp_context *context);

/*
 * Queues an exception for the vcpu's next entry. If the last exit broke off the delivery of another
 * one, they combine as the CPU would (APM 2, 8.2.9): to #DF, and from #DF to shutdown. Returns
 * false for shutdown: the caller stops the machine.
 */
bool vcpu_inject_exception(struct vcpu *vcpu, unsigned vector, bool has_error_code,
                           uint32_t error_code);

/* An exit broke off the delivery of an event, and nothing has come in its place: it is delivered
 * again. vcpu->event tells whether there is one. */
void vcpu_settle_event(struct vcpu *vcpu);

/* An NMI for VTL0's next entry; false if it must wait until VTL0 is done with the last one. */
bool vcpu_inject_nmi(struct vcpu *vcpu);
/* VTL0's NMI handler has returned, or its CPU was reset. */
void vcpu_unblock_nmi(struct vcpu *vcpu);

/* Physical interrupts while VTL1 runs: held off, or sent to the hypervisor (vtl_notify). */
static inline void vcpu_hold_interrupts(bool hold)
{
    if (hold)
        __asm__ volatile("cli" ::: "memory");
    else
        __asm__ volatile("sti" ::: "memory");
}
/* A virtual interrupt for VTL1, taken when its IF allows; lowering takes back one not yet taken. */
void vcpu_raise_interrupt(struct vcpu *vcpu, uint8_t vector);
void vcpu_lower_interrupt(struct vcpu *vcpu);

/* What the vcpu's RDTSC adds to the CPU's. */
uint64_t vcpu_tsc_offset(const struct vcpu *vcpu);
void vcpu_set_tsc_offset(struct vcpu *vcpu, uint64_t offset);

/* Outside guest mode: sleeps until an NMI comes; returns at once if one is pending. */
void vcpu_idle(void);
/* Takes an NMI or SMI that made a guest exit and is still pending. */
void vcpu_take_nmi(void);

/* The vcpu's next entry flushes all guest translations of this CPU. */
void vcpu_request_flush(struct vcpu *vcpu);

#endif
