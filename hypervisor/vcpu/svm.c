/* SPDX-License-Identifier: BSD-2-Clause */
/* Switching SVM on, setting up VMCBs, and what other parts ask of a vcpu. */
#include "svm.h"
#include "../msr.h"
#include "../partition.h"
#include "../string.h"

#define CPUID_EXTENDED      0x80000000u
#define CPUID_EXTENDED_FEAT 0x80000001u
#define CPUID_SVM           0x8000000au
#define FEAT_ECX_SVM        (1u << 2)
#define SVM_EDX_NPT         (1u << 0)
#define SVM_EDX_NRIPS       (1u << 3)

/* APM Vol.2 15.11: two bits per MSR, three ranges of 0x2000 MSRs, 2 KiB each. */
#define MSR_MAP_PAGES       2u
#define IO_MAP_PAGES        3u /* 64 Ki ports, and an access that runs over the end */
#define MSR_RANGE_SIZE      0x2000u
#define PAT_RESET           0x0007040600070406ull
#define DR6_RESET           0xffff0ff0ull
#define DR7_RESET           0x400ull

const char *vcpu_unsupported(void)
{
    if (cpu_cpuid(CPUID_EXTENDED, 0).eax < CPUID_SVM ||
        !(cpu_cpuid(CPUID_EXTENDED_FEAT, 0).ecx & FEAT_ECX_SVM))
        return "this CPU has no AMD-V (SVM)";
    if (!(cpu_cpuid(CPUID_SVM, 0).edx & SVM_EDX_NPT))
        return "this CPU has no nested paging (NPT)";
    uint64_t vm_cr = 0;
    if (cpu_rdmsr_safe(MSR_VM_CR, &vm_cr) && (vm_cr & VM_CR_SVMDIS))
        return "AMD-V (SVM) is switched off by the firmware (VM_CR.SVMDIS)";
    uint64_t config = 0; /* an address with the C-bit would be another name for a page */
    if (cpu_rdmsr_safe(MSR_SYSCFG, &config) && (config & SYSCFG_SME))
        return "memory encryption (SME) is on; switch it off in the firmware";
    return NULL;
}

void vcpu_cpu_enable(hpa_t host_save)
{
    cpu_wrmsr(MSR_EFER, cpu_rdmsr(MSR_EFER) | EFER_SVME);
    cpu_wrmsr(MSR_VM_HSAVE_PA, host_save.value);
    /* An INIT that does not come by the trapped APIC (a device's message) becomes #SX, which both
     * guests have intercepted (APM Vol.2 15.28). QEMU has no R_INIT. */
    uint64_t vm_cr = 0;
    if (cpu_rdmsr_safe(MSR_VM_CR, &vm_cr))
        cpu_wrmsr_safe(MSR_VM_CR, vm_cr | VM_CR_R_INIT | VM_CR_DIS_A20M);
    /* From here on GIF is set only in guests and where we let an NMI in. */
    __asm__ volatile("clgi" ::: "memory");
}

/* Bit index of an MSR's read intercept, or -1 if the map does not cover it (always intercepted). */
static int msr_map_bit(uint32_t msr)
{
    static const uint32_t bases[] = {0x00000000u, 0xc0000000u, 0xc0010000u};
    for (unsigned i = 0; i < ARRAY_SIZE(bases); i++)
        if (msr - bases[i] < MSR_RANGE_SIZE)
            return (int)(2 * (i * MSR_RANGE_SIZE + (msr - bases[i])));
    return -1;
}

static void msr_map_set(uint8_t *map, uint32_t msr, bool write, bool intercept)
{
    int bit = msr_map_bit(msr);
    if (bit < 0)
        return;
    bit += write;
    map[bit / 8] = (uint8_t)((map[bit / 8] & ~(1u << bit % 8)) | (unsigned)intercept << bit % 8);
}

/* The map of one VTL: its default, then its rules. */
static void msr_map_build(uint8_t *map, unsigned vtl)
{
    struct msr_policy policy = msr_policy(vtl);
    memset(map, policy.intercept_others ? 0xff : 0, MSR_MAP_PAGES * PAGE_SIZE);
    for (unsigned i = 0; i < policy.count; i++) {
        const struct msr_rule *rule = &policy.rules[i];
        for (uint32_t msr = rule->first; msr <= rule->last; msr++) {
            msr_map_set(map, msr, false, rule->read != MSR_PASS);
            msr_map_set(map, msr, true, rule->write != MSR_PASS);
        }
    }
}

/* One bit a port (APM Vol.2 15.10.1). VTL1 has no devices: it gets #GP at every port. */
static void io_map_build(uint8_t *map, const struct ports *ports, unsigned vtl)
{
    memset(map, vtl ? 0xff : 0, IO_MAP_PAGES * PAGE_SIZE);
    for (uint32_t i = 0; vtl == 0 && i < ports->count; i++)
        for (uint32_t port = ports->ranges[i].first; port <= ports->ranges[i].last; port++)
            map[port / 8] |= (uint8_t)(1u << port % 8);
}

bool vcpu_machine_init(struct partition *partition)
{
    for (unsigned vtl = 0; vtl < VTL_COUNT; vtl++) {
        partition->msr_map[vtl] = memory_take(&partition->pool, MSR_MAP_PAGES);
        if (!partition->msr_map[vtl].value)
            return false;
        msr_map_build(hpa_pointer(partition->msr_map[vtl]), vtl);
        partition->io_map[vtl] = memory_take(&partition->pool, IO_MAP_PAGES);
        if (!partition->io_map[vtl].value)
            return false;
        io_map_build(hpa_pointer(partition->io_map[vtl]), &partition->ports, vtl);
    }
    return true;
}

static void set_intercepts(struct vmcb *vmcb, unsigned vtl)
{
    vmcb->intercept_exceptions = 1u << VECTOR_SX;
    vmcb->intercept3 = INTERCEPT_NMI | INTERCEPT_SMI | INTERCEPT_CPUID | INTERCEPT_INVD |
                       INTERCEPT_INVLPGA | INTERCEPT_IOIO | INTERCEPT_MSR | INTERCEPT_SHUTDOWN;
    vmcb->intercept4 = INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |
                       INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT;
    if (vtl == 0) {
        /* Their delivery may raise them again, for ever and with no instruction between (a data
         * breakpoint on #DB's own stack, a misaligned stack for #AC): each turn exits. */
        vmcb->intercept_exceptions |= 1u << VECTOR_DB | 1u << VECTOR_AC;
        return;
    }
    /* Interrupts are VTL0's. With V_INTR_MASKING the host's IF, not VTL1's, lets them exit (APM
     * Vol.2 15.21.1), and VTL1's own CR8 is virtual. */
    vmcb->intercept3 |= INTERCEPT_INTR;
    /* VTL0 has the machine checks of its own time. */
    vmcb->intercept_exceptions |= 1u << VECTOR_MC;
    vmcb->int_ctl = INT_CTL_V_INTR_MASKING;
}

static struct vmcb_segment segment(uint16_t selector, uint16_t attributes, uint64_t base)
{
    return (struct vmcb_segment){selector, attributes, 0xffff, base};
}

/* APM Vol.2 14.1.3: the state after INIT, but for CS:RIP, which the SIPI gives. */
static void reset_state(struct vmcb *vmcb)
{
    struct vmcb_segment data = segment(0, 0x093, 0);
    vmcb->es = vmcb->ss = vmcb->ds = vmcb->fs = vmcb->gs = data;
    vmcb->cs = segment(0xf000, 0x09b, 0xffff0000);
    vmcb->gdtr = vmcb->idtr = segment(0, 0, 0);
    vmcb->ldtr = segment(0, 0x082, 0);
    vmcb->tr = segment(0, 0x08b, 0);
    vmcb->cpl = 0;
    vmcb->efer = EFER_SVME; /* VMRUN demands it; hidden from the guest */
    /* An INIT keeps CD and NW as they are (APM Vol.2 table 14-1), and we run with caches on. */
    vmcb->cr0 = X86_CR0_ET;
    vmcb->cr2 = vmcb->cr3 = vmcb->cr4 = 0;
    vmcb->dr6 = DR6_RESET;
    vmcb->dr7 = DR7_RESET;
    vmcb->rflags = X86_EFLAGS_FIXED;
    vmcb->rip = 0xfff0;
    vmcb->rsp = vmcb->rax = 0;
    vmcb->event_injection = 0;
    vmcb->int_state = 0;
    vmcb->clean = 0;
}

bool vcpu_init(struct cpu *cpu, unsigned vtl)
{
    struct partition *partition = cpu->partition;
    hpa_t page = memory_take(&partition->pool, 1);
    if (!page.value)
        return false;
    struct vmcb *vmcb = hpa_pointer(page);
    cpu->vcpu[vtl] = (struct vcpu){
        .vmcb = vmcb,
        .vmcb_hpa = page.value,
        .vtl = vtl,
        .has_next_rip = (cpu_cpuid(CPUID_SVM, 0).edx & SVM_EDX_NRIPS) != 0,
    };
    set_intercepts(vmcb, vtl);
    reset_state(vmcb);
    vmcb->pat = PAT_RESET;
    vmcb->io_map = partition->io_map[vtl].value;
    vmcb->msr_map = partition->msr_map[vtl].value;
    vmcb->asid = 1 + vtl;
    vmcb->tlb_control = TLB_CONTROL_FLUSH_ALL;
    vmcb->nested_control = NESTED_PAGING_ENABLE;
    vmcb->nested_cr3 = partition->slat.root[vtl].value;
    return true;
}

/* VMRUN and VMLOAD take the address that the VMCB has in memory, which is also its pointer. */
static inline void make_current(struct cpu *cpu, struct vcpu *vcpu, unsigned vtl)
{
    svm_vmload(vcpu->vmcb_hpa);
    cpu->current = vcpu;
    cpu->vtl = vtl;
    cpu->vmcb_hpa = vcpu->vmcb_hpa;
}

void vcpu_select(struct cpu *cpu, unsigned vtl)
{
    make_current(cpu, &cpu->vcpu[vtl], vtl);
}

void vcpu_switch(struct cpu *cpu, struct vcpu *from, struct vcpu *to, unsigned vtl)
{
    to->vmcb->rax = from->vmcb->rax;
    svm_vmsave(from->vmcb_hpa);
    make_current(cpu, to, vtl);
}

void vcpu_start_at(struct cpu *cpu, uint8_t sipi_vector)
{
    struct vcpu *vcpu = &cpu->vcpu[0];
    struct vmcb *vmcb = vcpu->vmcb;
    reset_state(vmcb);
    vmcb->cs.selector = (uint16_t)(sipi_vector << 8);
    vmcb->cs.base = (uint64_t)sipi_vector << 12;
    vmcb->rip = 0;
    vcpu->event = 0;
    vcpu_unblock_nmi(vcpu);
    memset(&cpu->registers, 0, sizeof(cpu->registers));
    /* APM Vol.2 table 14-1: RDX holds family, model and stepping. */
    cpu->registers.rdx = cpu_cpuid(1, 0).eax;
    /* The VMSAVE part is live in the CPU while VTL0 is current. */
    if (cpu->vtl == 0)
        svm_vmload(vcpu->vmcb_hpa);
}

uint64_t vcpu_rax(const struct vcpu *vcpu)
{
    return vcpu->vmcb->rax;
}

void vcpu_set_rax(struct vcpu *vcpu, uint64_t value)
{
    vcpu->vmcb->rax = value;
}

uint64_t vcpu_rip(const struct vcpu *vcpu)
{
    return vcpu->vmcb->rip;
}

void vcpu_set_rip(struct vcpu *vcpu, uint64_t value)
{
    vcpu->vmcb->rip = value;
}

uint64_t vcpu_rflags(const struct vcpu *vcpu)
{
    return vcpu->vmcb->rflags;
}

uint64_t vcpu_cr4(const struct vcpu *vcpu)
{
    return vcpu->vmcb->cr4;
}

bool vcpu_holds_host(const struct vcpu *vcpu)
{
    uint64_t cr3;
    __asm__("mov %%cr3, %0" : "=r"(cr3));
    return vcpu->vmcb->cr3 == cr3;
}

unsigned vcpu_cpl(const struct vcpu *vcpu)
{
    return vcpu->vmcb->cpl;
}

bool vcpu_is_64bit(const struct vcpu *vcpu)
{
    return (vcpu->vmcb->efer & EFER_LMA) && (vcpu->vmcb->cs.attributes & SEGMENT_LONG);
}

unsigned vcpu_address_size(const struct vcpu *vcpu)
{
    if (vcpu_is_64bit(vcpu))
        return 8;
    return vcpu->vmcb->cs.attributes & SEGMENT_BIG ? 4 : 2;
}

void vcpu_request_flush(struct vcpu *vcpu)
{
    vcpu->vmcb->tlb_control = TLB_CONTROL_FLUSH_ALL;
}

void vcpu_raise_interrupt(struct vcpu *vcpu, uint8_t vector)
{
    vcpu->vmcb->int_ctl =
        INT_CTL_V_INTR_MASKING | INT_CTL_V_IRQ | INT_CTL_V_PRIORITY | INT_CTL_V_IGNORE_TPR;
    vcpu->vmcb->int_vector = vector;
    vmcb_touch(vcpu->vmcb, VMCB_CLEAN_TPR);
}

void vcpu_lower_interrupt(struct vcpu *vcpu)
{
    vcpu->vmcb->int_ctl &= ~(INT_CTL_V_IRQ | INT_CTL_V_PRIORITY | INT_CTL_V_IGNORE_TPR);
    vmcb_touch(vcpu->vmcb, VMCB_CLEAN_TPR);
}

uint64_t vcpu_tsc_offset(const struct vcpu *vcpu)
{
    return vcpu->vmcb->tsc_offset;
}

void vcpu_set_tsc_offset(struct vcpu *vcpu, uint64_t offset)
{
    vcpu->vmcb->tsc_offset = offset;
    vmcb_touch(vcpu->vmcb, VMCB_CLEAN_INTERCEPTS);
}
