/* SPDX-License-Identifier: BSD-2-Clause */
#include "exits.h"
#include "device_store.h"
#include "log.h"
#include "partition.h"
#include "platform/reset.h"
#include "registers.h"
#include "shootdown.h"
#include "startup.h"
#include "vtl.h"

#define CPUID_1_ECX_OSXSAVE    (1u << 27)
#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_7_ECX_OSPKE      (1u << 4)
#define CPUID_EXT_ECX_SVM      (1u << 2)
#define CPUID_EXT_ECX_SKINIT   (1u << 12)
#define CPUID_8_EBX_IRPERF     (1u << 1) /* a counter of instructions, which has no switch */
#define CPUID_8_EBX_INVLPGB    (1u << 3) /* is #UD, as we do not switch it on */
#define HYPERVISOR_VERSION     0x00010000u

/* Leaves 0x400000xx (TLFS, "Feature and interface discovery"). The vendor is our own, so that Linux
 * does not take us for Hyper-V; VSM software looks at the interface leaf. */
static struct cpuid hypervisor_leaf(const struct cpu *cpu, uint32_t leaf)
{
    switch (leaf) {
    case HV_CPUID_VENDOR:
        return (struct cpuid){HV_CPUID_HARDWARE, OPENVSM_CPUID_VENDOR_EBX, OPENVSM_CPUID_VENDOR_ECX,
                              OPENVSM_CPUID_VENDOR_EDX};
    case HV_CPUID_INTERFACE:
        return (struct cpuid){.eax = HV_CPUID_INTERFACE_HV1};
    case HV_CPUID_VERSION:
        return (struct cpuid){.ebx = HYPERVISOR_VERSION};
    case HV_CPUID_FEATURES:
        return (struct cpuid){.eax = HV_ACCESS_APIC_REGS | HV_ACCESS_HYPERCALL_REGS |
                                     HV_ACCESS_VP_INDEX,
                              .ebx = HV_ACCESS_VSM | HV_ACCESS_VP_REGISTERS};
    case HV_CPUID_RECOMMENDATIONS:
        return (struct cpuid){.ebx = 0xffffffffu}; /* never notify of long spin waits */
    case HV_CPUID_LIMITS:
        return (struct cpuid){.eax = cpu->partition->cpu_count, .ebx = CPU_MAX};
    case HV_CPUID_HARDWARE:
        return (struct cpuid){.eax = 1u << 1 | 1u << 3}; /* MSR bitmaps, SLAT */
    default:
        return (struct cpuid){0};
    }
}

/* The bits that mirror the CR4 in force: the host's is not the guest's. */
static uint32_t mirror(uint32_t value, uint32_t bit, bool set)
{
    return set ? value | bit : value & ~bit;
}

struct cpuid exits_cpuid(struct cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
    if (leaf - HV_CPUID_VENDOR < 0x10000000u)
        return hypervisor_leaf(cpu, leaf);
    struct cpuid r = cpu_cpuid(leaf, subleaf);
    if (leaf == 1) {
        r.ecx = mirror(r.ecx, CPUID_1_ECX_OSXSAVE, vcpu_cr4(cpu->current) & X86_CR4_OSXSAVE);
        r.ecx |= CPUID_1_ECX_HYPERVISOR;
    } else if (leaf == 7 && subleaf == 0) {
        r.ecx = mirror(r.ecx, CPUID_7_ECX_OSPKE, vcpu_cr4(cpu->current) & X86_CR4_PKE);
    } else if (leaf == 0x80000001u) {
        r.ecx &= ~(CPUID_EXT_ECX_SVM | CPUID_EXT_ECX_SKINIT);
    } else if (leaf == 0x80000008u) {
        r.ebx &= ~(CPUID_8_EBX_IRPERF | CPUID_8_EBX_INVLPGB);
    } else if (leaf == 0x8000000au || leaf == 0x8000001fu) {
        r = (struct cpuid){0}; /* SVM; memory encryption, whose C-bit is an address bit */
    }
    return r;
}

void exits_shutdown(struct cpu *cpu, unsigned vtl)
{
    const char *whose = vcpu_holds_host(&cpu->vcpu[vtl]) ? ", in the hypervisor's own state" : "";
    cpu_count(cpu, HV_EXIT_SHUTDOWN);
    log_format("hypervisor: fatal: VTL%lu of CPU %lu shut down%s\n", (uint64_t)vtl,
               (uint64_t)cpu->index, whose);
    reset_machine(cpu);
}

void exits_inject(struct cpu *cpu, unsigned vector, bool has_error_code, uint32_t error_code)
{
    if (!vcpu_inject_exception(cpu->current, vector, has_error_code, error_code))
        exits_shutdown(cpu, cpu->vtl);
}

void exits_refuse_call(struct cpu *cpu)
{
    cpu_count(cpu, HV_EXIT_HYPERCALL);
    if (cpu->vtl == 0)
        cpu->refused++;
    exits_inject(cpu, VECTOR_UD, false, 0);
}

static unsigned rights_for(enum hv_access_type access)
{
    if (access == HV_ACCESS_WRITE)
        return SLAT_WRITE;
    return access == HV_ACCESS_EXECUTE ? SLAT_EXECUTE : SLAT_READ;
}

void exits_memory_fault(struct cpu *cpu, gpa_t address, enum hv_access_type access)
{
    if (cpu->vtl == 0 && access == HV_ACCESS_WRITE && device_store_covers(cpu, address)) {
        cpu_count(cpu, HV_EXIT_APIC_WRITE);
        device_store(cpu, address);
        return;
    }
    cpu_count(cpu, HV_EXIT_NESTED_PAGE_FAULT);
    if (cpu->vtl == 0 && slat_reach_far(&cpu->partition->slat, address))
        return;
    /* Another CPU may have given the page back meanwhile, or this TLB entry was older. */
    struct slat_page page = slat_lookup(&cpu->partition->slat, address);
    if (page.rights[cpu->vtl] & rights_for(access))
        return;
    if (cpu->vtl == 0)
        vtl_memory_intercept(cpu, address, access);
    else
        exits_inject(cpu, VECTOR_GP, true, 0);
}

/* An NMI sent again comes within a second, or was one with the first. In that second an NMI of
 * VTL0's is lost, as it may be when two coincide. */
static bool kick_was_retried(const struct cpu *cpu)
{
    uint64_t retried = __atomic_load_n(&cpu->shared.retried, __ATOMIC_ACQUIRE);
    return retried && cpu_rdtsc() - retried < cpu->partition->tsc_hz;
}

/* What other CPUs want of this one. */
static void serve_others(struct cpu *cpu)
{
    if (READ_ONCE(cpu->partition->stopping))
        reset_join(cpu);
    shootdown_serve(cpu);
    if (READ_ONCE(cpu->shared.init))
        cpu->work |= CPU_WORK_INIT;
}

void exits_between_events(struct cpu *cpu)
{
    serve_others(cpu);
    exits_vtl0_work(cpu);
}

void exits_nmi(struct cpu *cpu)
{
    cpu_count(cpu, HV_EXIT_NMI);
    bool ours = __atomic_load_n(&cpu->shared.nmi_on_way, __ATOMIC_ACQUIRE) || kick_was_retried(cpu);
    uint64_t taken = READ_ONCE(cpu->nmi_taken);
    vcpu_take_nmi();
    if (READ_ONCE(cpu->nmi_taken) == taken)
        return; /* an SMI alone */
    /* After the pending NMI is gone: a kick sent before that went with it, and its sender's request
     * is seen below; one sent later brings an NMI of its own. */
    if (ours)
        __atomic_store_n(&cpu->shared.nmi_on_way, 0, __ATOMIC_SEQ_CST);
    else
        cpu->work |= CPU_WORK_NMI;
    serve_others(cpu);
    if (!(cpu->work & CPU_WORK_VTL0))
        return;
    if (cpu->vtl == 0)
        exits_vtl0_work(cpu);
    else
        vtl_notify(cpu);
}

/* VTL0's NMI; one that cannot go in now waits for the IRET of the last, or for the very next exit.
 */
static void deliver_nmi(struct cpu *cpu)
{
    struct vcpu *vcpu = &cpu->vcpu[0];
    if (vcpu_inject_nmi(vcpu))
        cpu->work &= ~(uint32_t)CPU_WORK_NMI;
    else if (!vcpu->nmi_blocked)
        shootdown_kick(cpu);
}

void exits_vtl0_work(struct cpu *cpu)
{
    if (cpu->work & CPU_WORK_INIT) {
        cpu->work &=
            ~(uint32_t)CPU_WORK_VTL0; /* a CPU in reset has neither events nor NMIs waiting */
        startup_serve_init(cpu);
        return;
    }
    if (cpu->work & CPU_WORK_EVENT) {
        cpu->work &= ~(uint32_t)CPU_WORK_EVENT;
        vcpu_settle_event(&cpu->vcpu[0]);
    }
    if (cpu->work & CPU_WORK_NMI)
        deliver_nmi(cpu);
}
