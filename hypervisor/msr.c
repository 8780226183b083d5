/* SPDX-License-Identifier: BSD-2-Clause */
#include "msr.h"
#include "apic_trap.h"
#include "exits.h"
#include "partition.h"
#include "platform/apic.h"
#include "registers.h"

#define MSR_TSC           0x10u
#define MSR_APIC_BASE     0x1bu
#define MSR_TSC_ADJUST    0x3bu
#define MSR_SPEC_CTRL     0x48u
#define MSR_PRED_CMD      0x49u
#define MSR_SYSENTER_CS   0x174u
#define MSR_DEBUGCTL      0x1d9u
#define MSR_MTRR_FIRST    0x200u /* variable and fixed ranges (APM Vol.2 7.7) */
#define MSR_MTRR_LAST     0x26fu
#define MSR_PAT           0x277u
#define MSR_MTRR_DEFAULT  0x2ffu
#define MSR_HWCR          0xc0010015u
#define MSR_XSS           0xda0u
#define MSR_EFER          0xc0000080u
#define MSR_TSC_RATIO     0xc0000104u
#define MSR_DBG_EXTN_CFG  0xc000010fu /* its branch records, as DEBUGCTL has */
#define MSR_SYNTHETIC     0x40000000u
#define SYNTHETIC_COUNT   0x1000u

#define APIC_BASE_ADDRESS 0x000ffffffffff000ull
#define APIC_BASE_X2APIC  (1ull << 10)
#define MTRR_ENABLE       (1ull << 11)
#define HWCR_OPEN         (1ull << 25) /* core performance boost, which an OS sets */

/* What VTL0 may not have, or not as it is. The rest is the machine's. */
static const struct msr_rule vtl0_rules[] = {
    {MSR_TSC, MSR_TSC, MSR_HANDLE, MSR_HANDLE},
    {MSR_APIC_BASE, MSR_APIC_BASE, MSR_PASS, MSR_HANDLE},
    {MSR_TSC_ADJUST, MSR_TSC_ADJUST, MSR_HANDLE, MSR_HANDLE},
    {MSR_DEBUGCTL, MSR_DEBUGCTL, MSR_PASS, MSR_MONITOR},
    {MSR_MTRR_FIRST, MSR_MTRR_LAST, MSR_PASS, MSR_HANDLE},
    {MSR_MTRR_DEFAULT, MSR_MTRR_DEFAULT, MSR_PASS, MSR_HANDLE},
    {APIC_MSR_X2APIC_CMCI, APIC_MSR_X2APIC_ERROR, MSR_PASS, MSR_HANDLE},
    {MSR_EFER, MSR_EFER, MSR_HANDLE, MSR_HANDLE},
    {MSR_TSC_RATIO, MSR_TSC_RATIO, MSR_REFUSE, MSR_REFUSE},
    {0xc0000105u, 0xc0000106u, MSR_REFUSE, MSR_REFUSE}, /* lightweight profiling */
    {MSR_DBG_EXTN_CFG, MSR_DBG_EXTN_CFG, MSR_PASS, MSR_MONITOR},
    {0xc0000300u, 0xc0000303u, MSR_PASS, MSR_MONITOR}, /* performance counters, global */
    {0xc0010000u, 0xc0010003u, MSR_PASS, MSR_MONITOR}, /* performance event selects */
    {0xc0010010u, 0xc0010010u, MSR_PASS, MSR_REFUSE},  /* SYSCFG: memory encryption, TOM2, fixed
                                                          MTRRs' routing */
    {MSR_HWCR, MSR_HWCR, MSR_PASS, MSR_HANDLE},
    {0xc0010016u, 0xc001001au, MSR_PASS, MSR_REFUSE}, /* IORR, TOP_MEM */
    {0xc001001du, 0xc001001du, MSR_PASS, MSR_REFUSE}, /* TOP_MEM2 */
    {0xc0010020u, 0xc0010020u, MSR_PASS, MSR_REFUSE}, /* microcode */
    {0xc0010058u, 0xc0010058u, MSR_PASS, MSR_REFUSE}, /* MMIO configuration base */
    {0xc0010064u, 0xc001006bu, MSR_PASS, MSR_REFUSE}, /* voltages and clocks of the P-states */
    {0xc0010111u, 0xc0010113u, MSR_PASS, MSR_REFUSE}, /* SMM base, TSEG address and mask */
    {0xc0010114u, 0xc0010119u, MSR_REFUSE,
     MSR_REFUSE}, /* VM_CR, IGNNE, SMM_CTL, VM_HSAVE_PA, keys */
    {0xc0010200u, 0xc001020bu, MSR_PASS, MSR_MONITOR}, /* extended performance counters */
    {0xc0011002u, 0xc0011005u, MSR_PASS, MSR_REFUSE},  /* what CPUID says */
    {0xc0011030u, 0xc0011030u, MSR_PASS, MSR_MONITOR}, /* IBS fetch */
    {0xc0011033u, 0xc0011033u, MSR_PASS, MSR_MONITOR}, /* IBS execution */
};

/* All that VTL1 has. It has no devices and no platform. */
static const struct msr_rule vtl1_rules[] = {
    {MSR_SPEC_CTRL, MSR_PRED_CMD, MSR_PASS, MSR_PASS},
    {MSR_SYSENTER_CS, MSR_SYSENTER_CS + 2, MSR_PASS, MSR_PASS},
    {MSR_PAT, MSR_PAT, MSR_PASS, MSR_PASS},
    {MSR_XSS, MSR_XSS, MSR_PASS, MSR_PASS},
    {MSR_EFER, MSR_EFER, MSR_HANDLE, MSR_HANDLE},
    {0xc0000081u, 0xc0000084u, MSR_PASS, MSR_PASS}, /* STAR, LSTAR, CSTAR, SFMASK */
    {0xc0000100u, 0xc0000102u, MSR_PASS, MSR_PASS}, /* FS, GS, kernel GS base */
};

struct msr_policy msr_policy(unsigned vtl)
{
    if (vtl == 0)
        return (struct msr_policy){vtl0_rules, ARRAY_SIZE(vtl0_rules), false};
    return (struct msr_policy){vtl1_rules, ARRAY_SIZE(vtl1_rules), true};
}

static enum msr_action find_action(unsigned vtl, uint32_t msr, bool write)
{
    struct msr_policy policy = msr_policy(vtl);
    for (unsigned i = 0; i < policy.count; i++) {
        const struct msr_rule *rule = &policy.rules[i];
        if (msr >= rule->first && msr <= rule->last)
            return write ? rule->write : rule->read;
    }
    return policy.intercept_others ? MSR_REFUSE : MSR_PASS;
}

/* Monitors, in the order of struct cpu.monitor: performance counters only count events that an
 * event select enables, so the counters themselves need not be touched. */
static const uint32_t monitors[] = {
    MSR_DEBUGCTL, 0xc0000301u, 0xc0010000u, 0xc0010001u, 0xc0010002u,
    0xc0010003u,  0xc0010200u, 0xc0010202u, 0xc0010204u, 0xc0010206u,
    0xc0010208u,  0xc001020au, 0xc0011030u, 0xc0011033u, MSR_DBG_EXTN_CFG,
};
static_assert(MSR_MTRR_LAST - MSR_MTRR_FIRST + 1 == MEMORY_TYPE_RANGES, "of struct memory_types");
static_assert(ARRAY_SIZE(monitors) <= CPU_MONITOR_COUNT, "room in struct cpu");

static enum msr_result write_monitor(struct cpu *cpu, uint32_t msr, uint64_t value)
{
    cpu_count(cpu, HV_EXIT_MSR_ACCESS);
    if (!cpu_wrmsr_safe(msr, value))
        return MSR_FAULT;
    for (unsigned i = 0; i < ARRAY_SIZE(monitors); i++) {
        if (monitors[i] != msr)
            continue;
        cpu->monitor[i] = value;
        cpu->monitors_on = (cpu->monitors_on & ~(1u << i)) | (value ? 1u << i : 0);
    }
    cpu->work &= ~(uint32_t)CPU_WORK_MONITORS;
    cpu->work |= cpu->monitors_on ? CPU_WORK_MONITORS : 0;
    return MSR_DONE;
}

void msr_stop_monitors(struct cpu *cpu)
{
    for (unsigned i = 0; i < ARRAY_SIZE(monitors); i++) {
        if (!(cpu->monitors_on >> i & 1))
            continue;
        /* The CPU may have changed it: LBR and BTF are cleared by #DB, IBS sets its valid bit. */
        cpu_rdmsr_safe(monitors[i], &cpu->monitor[i]);
        cpu_wrmsr_safe(monitors[i], 0);
        cpu->exits[HV_EXIT_MSR_ACCESS] += 2;
    }
}

void msr_start_monitors(struct cpu *cpu)
{
    for (unsigned i = 0; i < ARRAY_SIZE(monitors); i++) {
        if (!(cpu->monitors_on >> i & 1))
            continue;
        cpu_wrmsr_safe(monitors[i], cpu->monitor[i]);
        cpu_count(cpu, HV_EXIT_MSR_ACCESS);
    }
}

static uint64_t guest_tsc(const struct cpu *cpu)
{
    return cpu_rdtsc() + vcpu_tsc_offset(&cpu->vcpu[0]);
}

static enum msr_result read_handled(struct cpu *cpu, uint32_t msr, uint64_t *value)
{
    struct hv_register_value efer = {0};
    switch (msr) {
    case MSR_TSC:
        *value = guest_tsc(cpu);
        return MSR_DONE;
    case MSR_TSC_ADJUST:
        *value = cpu->tsc_adjust;
        return MSR_DONE;
    case MSR_EFER:
        vcpu_get_register(cpu, cpu->vtl, HV_REGISTER_EFER, &efer);
        *value = efer.low;
        return MSR_DONE;
    default:
        return MSR_FAULT;
    }
}

/* VTL0's clock is VTL0's: its writes move its offset, and never the counter that VTL1 reads. Both
 * MSRs move together (Intel SDM Vol.3 17.17.3, which AMD follows). */
static void move_tsc(struct cpu *cpu, uint64_t delta)
{
    vcpu_set_tsc_offset(&cpu->vcpu[0], vcpu_tsc_offset(&cpu->vcpu[0]) + delta);
    cpu->tsc_adjust += delta;
}

/* VTL0 may switch its APIC off and to x2APIC mode, but not put its page elsewhere: INIT and SIPI
 * are caught at the page where it is. */
static enum msr_result write_apic_base(struct cpu *cpu, uint64_t value)
{
    uint64_t now = cpu_rdmsr(MSR_APIC_BASE);
    cpu->exits[HV_EXIT_MSR_ACCESS] += 2;
    if ((now ^ value) & APIC_BASE_ADDRESS)
        return MSR_REFUSED;
    return cpu_wrmsr_safe(MSR_APIC_BASE, value) ? MSR_DONE : MSR_FAULT;
}

void msr_read_types(struct memory_types *types)
{
    for (uint32_t i = 0; i < MEMORY_TYPE_RANGES; i++)
        cpu_rdmsr_safe(MSR_MTRR_FIRST + i, &types->ranges[i]);
    types->standard = cpu_rdmsr(MSR_MTRR_DEFAULT);
}

/* Nothing stays that was fetched under another type: caches, then the TLB. */
static void set_cr0(uint64_t cr0)
{
    __asm__ volatile("mov %0, %%cr0; wbinvd; mov %%cr3, %0; mov %0, %%cr3" : "+r"(cr0)::"memory");
}

/* In the order of APM Vol.2 7.7.5 and 7.8.5: with caches and MTRRs off. */
void msr_write_types(const struct memory_types *types)
{
    uint64_t cr0;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    set_cr0(cr0 | X86_CR0_CD);
    cpu_wrmsr(MSR_MTRR_DEFAULT, 0);
    for (uint32_t i = 0; i < MEMORY_TYPE_RANGES; i++)
        cpu_wrmsr_safe(MSR_MTRR_FIRST + i, types->ranges[i]); /* those that there are */
    cpu_wrmsr(MSR_MTRR_DEFAULT, types->standard);
    set_cr0(cr0);
}

/* What stands there may be written, but for the bits that are open. The machine's memory types are
 * what the firmware made them: another type over a page of VTL1's would take it out of the caches'
 * coherence. Others of HWCR's bits lock the firmware's SMM, make INVD what it says, or count
 * instructions, VTL1's too. */
static enum msr_result write_kept(struct cpu *cpu, uint32_t msr, uint64_t value)
{
    uint64_t now, open = msr == MSR_HWCR ? HWCR_OPEN : 0;
    if (!cpu_rdmsr_safe(msr, &now))
        return MSR_FAULT;
    cpu->exits[HV_EXIT_MSR_ACCESS] += 2;
    if ((now ^ value) & ~open)
        return MSR_REFUSED;
    return cpu_wrmsr_safe(msr, value) ? MSR_DONE : MSR_FAULT;
}

static enum msr_result write_handled(struct cpu *cpu, uint32_t msr, uint64_t value)
{
    switch (msr) {
    case MSR_TSC:
        move_tsc(cpu, value - guest_tsc(cpu));
        return MSR_DONE;
    case MSR_TSC_ADJUST:
        move_tsc(cpu, value - cpu->tsc_adjust);
        return MSR_DONE;
    case MSR_APIC_BASE:
        return write_apic_base(cpu, value);
    case MSR_MTRR_DEFAULT:
        /* Linux has all of them off while it writes back what stands there (APM Vol.2 7.7.5). VTL1,
         * which it may enter meanwhile, does not. */
        if (!(value & MTRR_ENABLE))
            return MSR_DONE;
        return write_kept(cpu, msr, value);
    case MSR_MTRR_FIRST ... MSR_MTRR_LAST:
    case MSR_HWCR:
        return write_kept(cpu, msr, value);
    case APIC_MSR_X2APIC_CMCI ... APIC_MSR_X2APIC_ERROR:
        if (!(cpu_rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC))
            return MSR_FAULT; /* in the other mode there are none */
        return apic_trap_x2apic(cpu, msr, value) ? MSR_DONE : MSR_REFUSED;
    case MSR_EFER:
        return vcpu_set_register(cpu, cpu->vtl, HV_REGISTER_EFER,
                                 (struct hv_register_value){.low = value}) == HV_STATUS_SUCCESS
                   ? MSR_DONE
                   : MSR_FAULT;
    default:
        return MSR_FAULT;
    }
}

enum msr_result msr_read(struct cpu *cpu, uint32_t msr, uint64_t *value)
{
    if (msr - MSR_SYNTHETIC < SYNTHETIC_COUNT)
        return hypercall_read_msr(cpu, msr, value) ? MSR_DONE : MSR_FAULT;
    switch (find_action(cpu->vtl, msr, false)) {
    case MSR_REFUSE:
        return MSR_REFUSED;
    case MSR_HANDLE:
        return read_handled(cpu, msr, value);
    default: /* beyond the permission map: what the hardware says */
        cpu_count(cpu, HV_EXIT_MSR_ACCESS);
        return cpu_rdmsr_safe(msr, value) ? MSR_DONE : MSR_FAULT;
    }
}

enum msr_result msr_write(struct cpu *cpu, uint32_t msr, uint64_t value)
{
    if (msr - MSR_SYNTHETIC < SYNTHETIC_COUNT)
        return hypercall_write_msr(cpu, msr, value) ? MSR_DONE : MSR_FAULT;
    switch (find_action(cpu->vtl, msr, true)) {
    case MSR_REFUSE:
        return MSR_REFUSED;
    case MSR_HANDLE:
        return write_handled(cpu, msr, value);
    case MSR_MONITOR:
        return write_monitor(cpu, msr, value);
    default:
        cpu_count(cpu, HV_EXIT_MSR_ACCESS);
        return cpu_wrmsr_safe(msr, value) ? MSR_DONE : MSR_FAULT;
    }
}
