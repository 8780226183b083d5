/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What belongs to a VTL and what both share, and who sees to it: the one list that the switch code,
 * the documentation and the leak tests go by.
 *
 *   VMCB      one VMCB per (CPU, VTL) holds it: VMRUN and #VMEXIT switch it
 *   VMSAVE    vcpu_switch() stores the old VTL's and loads the new one's
 *   COPIED    lives in the VMCB, but is shared: vcpu_switch() moves it
 *   SHARED    one for both VTLs (TLFS); VTL1 saves what is VTL0's, and wipes what is its own
 *   VTL1      the Secure Kernel loads its own on entry where VTL0's differs, and puts it back
 *   STOPPED   the hypervisor stops it while VTL1 runs, if VTL0 left it on (msr.c)
 *   UNUSED    VTL1 never writes it, so there is nothing of VTL1's in it
 */
#ifndef HYPERVISOR_WORLD_SWITCH_H
#define HYPERVISOR_WORLD_SWITCH_H

#define WORLD_SWITCH_LIST(X)                                                                       \
    X("RIP, RSP, RFLAGS", VMCB)                                                                    \
    X("RAX", COPIED)                                                                               \
    X("RCX, RDX, RBX, RBP, RSI, RDI, R8-R15", SHARED)                                              \
    X("CS, DS, ES, SS, GDTR, IDTR, CPL", VMCB)                                                     \
    X("FS, GS, TR, LDTR with their hidden parts", VMSAVE)                                          \
    X("CR0, CR3, CR4, EFER, PAT", VMCB)                                                            \
    X("CR2", VMCB) /* TLFS shares it; a VTL1 fault address is nobody's business */                 \
    X("CR8: VTL0's is the APIC's TPR, VTL1's is V_TPR", VMCB)                                      \
    X("DR6, DR7", VMCB)                                                                            \
    X("DR0-DR3", UNUSED)                                                                           \
    X("KERNEL_GS_BASE, STAR, LSTAR, CSTAR, SFMASK, SYSENTER_*", VMSAVE)                            \
    X("TSC: an offset per VTL, VTL1's is 0", VMCB)                                                 \
    X("TSC_AUX", UNUSED)                                                                           \
    X("x87, SSE, AVX, MXCSR, PKRU", SHARED)                                                        \
    X("XCR0, XSS", VTL1)                                                                           \
    X("SPEC_CTRL", VTL1)                                                                           \
    X("S_CET, SSP, ISST_ADDR", VMCB) /* VTL1 runs with CR4.CET = 0 */                              \
    X("U_CET, PL*_SSP", UNUSED)                                                                    \
    X("DEBUGCTL and the last-branch records", STOPPED)                                             \
    X("performance counters, IBS", STOPPED)                                                        \
    X("the local APIC", UNUSED) /* it is VTL0's; VTL1 has no mapping of it */                      \
    X("VP assist page, VSM registers, synthetic MSRs: one struct cpu_vtl each", VMCB)

#endif
