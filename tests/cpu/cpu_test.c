// SPDX-License-Identifier: GPL-2.0-only
/* The CPU as VTL0 has it: prints TAP in /proc/cpu_test. */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/nmi.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/msr.h>
#include <asm/nmi.h>
#include <asm/tsc.h>
#include <openvsm/hypercall.h>

#define MSR_VM_CR       0xc0010114
#define MSR_VM_HSAVE_PA 0xc0010117
#define MSR_SMM_BASE    0xc0010111
#define MSR_SYSCFG      0xc0010010
#define MSR_TOP_MEM     0xc001001a
#define MSR_TSC_RATIO   0xc0000104
#define EFER_SVM_ENABLE (1ull << 12)
#define MESSAGE_WINDOW  0xfee00000ull
#define MESSAGE_INIT    (5u << 8 | 1u << 14)
#define MESSAGE_STARTUP (6u << 8)
#define APIC_PAGE_BYTES 4096
#define NMI_ROUNDS      50

static struct seq_file *out;
static unsigned number, failures;

static void check(bool ok, const char *text)
{
    seq_printf(out, "%sok %u - %s\n", ok ? "" : "not ", ++number, text);
    failures += !ok;
}

/* ---- CPUID and MSRs ---- */

static void check_cpuid(void)
{
    u32 a, b, c, d;

    cpuid(HV_CPUID_VENDOR, &a, &b, &c, &d);
    check(b == OPENVSM_CPUID_VENDOR_EBX && c == OPENVSM_CPUID_VENDOR_ECX &&
              d == OPENVSM_CPUID_VENDOR_EDX,
          "the vendor leaf is ours");
    check(cpuid_eax(HV_CPUID_INTERFACE) == HV_CPUID_INTERFACE_HV1, "the interface leaf says Hv#1");
    check(cpuid_ebx(HV_CPUID_FEATURES) & HV_ACCESS_VSM, "VSM is offered");
    check(!(cpuid_ecx(0x80000001) & 1u << 2), "SVM is hidden");
    cpuid(0x8000000a, &a, &b, &c, &d);
    check(!(a | b | c | d), "SVM's own leaf is empty");
    check(!!(cpuid_ecx(1) & 1u << 27) == !!(__read_cr4() & X86_CR4_OSXSAVE),
          "OSXSAVE follows this VTL's CR4");
}

static bool refuses_write(u32 msr, u64 value)
{
    return wrmsrl_safe(msr, value) != 0;
}

static void check_guarded_msrs(void)
{
    static const u32 closed[] = {MSR_VM_CR, MSR_VM_HSAVE_PA, MSR_TSC_RATIO};
    static const u32 fixed[] = {MSR_SYSCFG, MSR_TOP_MEM, MSR_SMM_BASE};
    bool ok = true;
    u64 value;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(closed); i++)
        ok = ok && rdmsrl_safe(closed[i], &value) && refuses_write(closed[i], 0);
    check(ok, "VM_CR, VM_HSAVE_PA and TSC_RATIO: #GP");
    for (i = 0, ok = true; i < ARRAY_SIZE(fixed); i++)
        ok = ok && !rdmsrl_safe(fixed[i], &value) && refuses_write(fixed[i], value);
    check(ok, "SYSCFG, TOP_MEM and SMM_BASE: may be read, not written");
}

static void check_efer(void)
{
    u64 efer, again;

    rdmsrl(MSR_EFER, efer);
    check(!(efer & EFER_SVM_ENABLE), "EFER.SVME reads as 0");
    check(refuses_write(MSR_EFER, efer | EFER_SVM_ENABLE), "setting EFER.SVME: #GP");
    check(refuses_write(MSR_EFER, efer | 1ull << 40), "a reserved bit of EFER: #GP");
    check(refuses_write(MSR_EFER, efer & ~EFER_LME), "clearing EFER.LME under paging: #GP");
    check(!wrmsrl_safe(MSR_EFER, efer), "writing EFER as it is");
    rdmsrl(MSR_EFER, again);
    check(again == efer, "... changes nothing");
}

static void check_apic_base(void)
{
    u64 base, again;

    rdmsrl(MSR_IA32_APICBASE, base);
    check(refuses_write(MSR_IA32_APICBASE, base + 0x100000), "moving the APIC: #GP");
    check(!wrmsrl_safe(MSR_IA32_APICBASE, base), "writing the APIC base as it is");
    rdmsrl(MSR_IA32_APICBASE, again);
    check(again == base, "... changes nothing");
}

/* Interrupts off: the timekeeper must not see the clock that we move. */
static void check_tsc(void)
{
    const u64 jump = 1ull << 44;
    u64 before, after, adjust = 0, back;
    unsigned long flags;

    local_irq_save(flags);
    before = rdtsc();
    wrmsrl(MSR_IA32_TSC, before + jump);
    after = rdtsc();
    rdmsrl_safe(MSR_IA32_TSC_ADJUST, &adjust);
    wrmsrl(MSR_IA32_TSC_ADJUST, 0);
    back = rdtsc();
    local_irq_restore(flags);
    check(after - before >= jump && after - before < jump + (1ull << 40), "VTL0 may move its TSC");
    check(adjust > jump - (1ull << 40) && adjust <= jump, "TSC_ADJUST tells by how much");
    check(back - before < 1ull << 40, "clearing TSC_ADJUST takes it back");
}

static void check_invd(void)
{
    static u64 words[64];
    unsigned i;
    bool ok = true;

    for (i = 0; i < ARRAY_SIZE(words); i++)
        WRITE_ONCE(words[i], i * 0x0101010101010101ull);
    asm volatile("invd" ::: "memory");
    for (i = 0; i < ARRAY_SIZE(words); i++)
        ok = ok && READ_ONCE(words[i]) == i * 0x0101010101010101ull;
    check(ok, "INVD loses nothing that was written");
}

/* ---- The APIC ---- */

/* The error register of the LVT, masked: any vector will do, and nothing fires. */
#define SCRATCH       APIC_LVTERR
#define SCRATCH_VALUE (APIC_LVT_MASKED | 0xfe)

static void check_apic_forms(void)
{
    u8 __iomem *page = ioremap(APIC_DEFAULT_PHYS_BASE, APIC_PAGE_BYTES);
    u32 old = readl(page + SCRATCH), got = SCRATCH_VALUE - 2;
    bool ok;

    asm volatile("movl %1, (%0)" ::"r"(page + SCRATCH), "r"(SCRATCH_VALUE) : "memory");
    ok = readl(page + SCRATCH) == SCRATCH_VALUE;
    check(ok, "APIC write by MOV from a register");
    asm volatile("movl %1, (%0)" ::"r"(page + SCRATCH), "i"(SCRATCH_VALUE - 1) : "memory");
    check(readl(page + SCRATCH) == SCRATCH_VALUE - 1, "... by MOV of a constant");
    asm volatile("xchgl %1, (%0)" : : "r"(page + SCRATCH), "r"(got) : "memory");
    check(readl(page + SCRATCH) == SCRATCH_VALUE - 2, "... by XCHG");
    asm volatile("movl %2, %%r11d; movl %%r11d, %c3(%0,%1,2)" ::"r"(page), "r"(0x100ul),
                 "i"(SCRATCH_VALUE - 3), "i"(SCRATCH - 0x200)
                 : "r11", "memory");
    check(readl(page + SCRATCH) == SCRATCH_VALUE - 3, "... by MOV from R11 with base and index");
    writel(old, page + SCRATCH);
    iounmap(page);
}

/* ---- NMIs ---- */

static atomic_t nmis;
static unsigned nest;

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
    atomic_inc(&nmis);
    if (nest) {
        nest--;
        apic->send_IPI_mask(cpumask_of(smp_processor_id()), NMI_VECTOR);
        udelay(50); /* it would come now, if NMIs were not blocked */
        if (atomic_read(&nmis) != 1)
            atomic_set(&nmis, 1000);
    }
    return NMI_HANDLED;
}

/* Seconds, as a CPU of a loaded emulator may have to wait for its turn. */
static bool nmis_become(int count)
{
    unsigned i;

    for (i = 0; i < 30000 && atomic_read(&nmis) < count; i++)
        udelay(100);
    return atomic_read(&nmis) == count;
}

/* One may be lost: for a second after the hypervisor had to send a kick of its own again, it cannot
 * tell an NMI of VTL0's from that (CAVEATS.md). That second is over when nmis_become gives up. */
static bool each_nmi_arrives(int cpu)
{
    unsigned i, lost = 0;

    for (i = 0; i < NMI_ROUNDS; i++) {
        atomic_set(&nmis, 0);
        apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
        if (!nmis_become(1) && (atomic_read(&nmis) || lost++))
            return false;
    }
    return true;
}

static void check_nmis(void)
{
    int cpu;
    bool ok = true;

    if (register_nmi_handler(NMI_LOCAL, on_nmi, 0, "cpu_test")) {
        check(false, "an NMI handler can be registered");
        return;
    }
    preempt_disable();
    check(each_nmi_arrives(smp_processor_id()), "an NMI to the CPU itself arrives, once");
    for_each_online_cpu(cpu) ok = ok && each_nmi_arrives(cpu);
    check(ok, "an NMI to any CPU arrives, once");
    atomic_set(&nmis, 0);
    nest = 1;
    apic->send_IPI_mask(cpumask_of(smp_processor_id()), NMI_VECTOR);
    check(nmis_become(2), "an NMI in an NMI's handler waits for its end");
    preempt_enable();
    unregister_nmi_handler(NMI_LOCAL, "cpu_test");
}

/* ---- Escapes: a CPU reset by INIT would come back outside of the hypervisor ---- */

static void ask_hypervisor(void *result)
{
    u64 rax = ~0ull, rcx = HV_CALL_OPENVSM_NULL;

    asm volatile("vmmcall" : "+a"(rax), "+c"(rcx)::"rdx", "r8", "memory");
    *(bool *)result =
        rax == HV_STATUS_SUCCESS && cpuid_ebx(HV_CPUID_VENDOR) == OPENVSM_CPUID_VENDOR_EBX;
}

static bool all_cpus_answer(void)
{
    int cpu;

    for_each_online_cpu(cpu)
    {
        bool answers = false;

        if (smp_call_function_single(cpu, ask_hypervisor, &answers, 1) || !answers)
            return false;
    }
    return true;
}

/* An interrupt message is a write to the window, with the destination in the address. True: #GP. */
static bool message_is_refused(u32 destination, u32 data)
{
    u8 __iomem *page = ioremap(MESSAGE_WINDOW | destination << 12, APIC_PAGE_BYTES);
    bool refused = true;

    asm volatile("1: movl %[data], (%[page])\n"
                 "movb $0, %[refused]\n"
                 "2:\n" _ASM_EXTABLE(1b, 2b)
                 : [refused] "+m"(refused)
                 : [data] "r"(data), [page] "r"(page)
                 : "memory");
    iounmap(page);
    mdelay(2);
    return refused;
}

static void check_escapes(void)
{
    unsigned long before = jiffies;
    bool refused = true;
    int cpu;

    check(all_cpus_answer(), "the hypervisor answers on all CPUs");
    for_each_online_cpu(cpu)
    {
        u32 id = per_cpu(x86_cpu_to_apicid, cpu);

        refused = message_is_refused(id, MESSAGE_INIT) && refused;
        refused = message_is_refused(id, MESSAGE_STARTUP | 0x99) && refused;
    }
    check(refused, "an INIT or SIPI as an interrupt message: #GP");
    check(all_cpus_answer(), "... and it reaches no CPU");
    for_each_online_cpu(cpu)
        apic_icr_write(APIC_DM_STARTUP | 0x99, per_cpu(x86_cpu_to_apicid, cpu));
    mdelay(2);
    check(all_cpus_answer(), "a SIPI to a CPU that waits for none is ignored");
    for (int i = 0; i < 5000 && jiffies == before; i++)
        mdelay(2); /* another CPU may be the one that counts, and must get its turn */
    check(jiffies != before, "time goes on");
}

static int show(struct seq_file *seq, void *unused)
{
    out = seq;
    number = failures = 0;
    check_cpuid();
    check_guarded_msrs();
    check_efer();
    check_apic_base();
    check_tsc();
    check_invd();
    check_apic_forms();
    check_nmis();
    check_escapes();
    seq_printf(out, "1..%u\n", number);
    return 0;
}

static int __init cpu_test_init(void)
{
    return proc_create_single("cpu_test", 0400, NULL, show) ? 0 : -ENOMEM;
}

static void __exit cpu_test_exit(void)
{
    remove_proc_entry("cpu_test", NULL);
}

module_init(cpu_test_init);
module_exit(cpu_test_exit);
MODULE_LICENSE("GPL");
