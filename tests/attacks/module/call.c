// SPDX-License-Identifier: GPL-2.0-only
/* Raw hypercalls and privileged instructions, and a record of every register after them. */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/asm.h>
#include <asm/fpu/api.h>
#include <asm/fpu/xcr.h>
#include <asm/debugreg.h>
#include <asm/msr.h>
#include "attacker.h"

u32 raw_task(u64 selector);
u32 raw_mwait(const void *at);
void raw_vmmcall(u64 registers[ATTACK_REGISTERS], u32 *trap);

static u64 read_dr(int number)
{
    unsigned long value = 0;

    switch (number) {
    case 0:
        asm volatile("mov %%dr0, %0" : "=r"(value));
        break;
    case 1:
        asm volatile("mov %%dr1, %0" : "=r"(value));
        break;
    case 2:
        asm volatile("mov %%dr2, %0" : "=r"(value));
        break;
    case 3:
        asm volatile("mov %%dr3, %0" : "=r"(value));
        break;
    case 6:
        asm volatile("mov %%dr6, %0" : "=r"(value));
        break;
    default:
        asm volatile("mov %%dr7, %0" : "=r"(value));
        break;
    }
    return value;
}

static u64 read_msr(u32 msr)
{
    u64 value = 0;

    /* A CPU without this MSR has nothing to leak through it. */
    if (rdmsrl_safe(msr, &value))
        return 0;
    return value;
}

static void record_specials(u64 special[ATTACK_SPECIALS])
{
    static const u32 msrs[ATTACK_SPECIALS] = {
        [ATTACK_TSC_AUX] = MSR_TSC_AUX,
        [ATTACK_FS_BASE] = MSR_FS_BASE,
        [ATTACK_KERNEL_GS_BASE] = MSR_KERNEL_GS_BASE,
        [ATTACK_LSTAR] = MSR_LSTAR,
        [ATTACK_SYSENTER_EIP] = MSR_IA32_SYSENTER_EIP,
        [ATTACK_SYSENTER_ESP] = MSR_IA32_SYSENTER_ESP,
        [ATTACK_DEBUGCTL] = MSR_IA32_DEBUGCTLMSR,
        [ATTACK_PAT] = MSR_IA32_CR_PAT,
    };
    static const int debug[] = {0, 1, 2, 3, 6, 7};
    unsigned int i = 0;

    asm volatile("mov %%cr2, %0" : "=r"(special[ATTACK_CR2]));
    asm volatile("mov %%cr8, %0" : "=r"(special[ATTACK_CR8]));
    for (i = 0; i < ARRAY_SIZE(debug); i++)
        special[ATTACK_DR0 + i] = read_dr(debug[i]);
    special[ATTACK_XCR0] = xgetbv(XCR_XFEATURE_ENABLED_MASK);
    for (i = ATTACK_TSC_AUX; i < ATTACK_SPECIALS; i++)
        special[i] = read_msr(msrs[i]);
}

/* XSAVE, not XSAVEC: the standard form, so that the host finds each register at its place. */
static void save_vectors(void *area)
{
    asm volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
}

static u32 load_vectors(const void *area)
{
    u32 trap = 0;

    asm volatile("1: xrstor64 (%[area])\n"
                 "xor %%eax, %%eax\n"
                 "2:\n" _ASM_EXTABLE_FAULT(1b, 2b)
                 : "=a"(trap)
                 : [area] "r"(area), "a"(~0u), "d"(~0u)
                 : "memory");
    return trap;
}

/* VTL0's Linux must not see the jump, or it waits for a timer of that time: interrupts are off.
 * What TSC_ADJUST held brings the counter back to the cycle. */
static void call_at_another_time(struct attack_call *request)
{
    unsigned long flags = 0;
    u64 adjust = 0;

    local_irq_save(flags);
    adjust = read_msr(MSR_IA32_TSC_ADJUST);
    wrmsrl_safe(MSR_IA32_TSC, rdtsc() + request->tsc);
    raw_vmmcall(request->registers, &request->trap);
    wrmsrl_safe(MSR_IA32_TSC_ADJUST, adjust);
    local_irq_restore(flags);
}

/* The call itself; all between is one stretch without preemption, with Linux's own vector state
 * put away, so that what stands in record is what VTL1 left. */
static void call_and_record(struct attack_call *request, const void *vectors,
                            struct attack_record *record)
{
    u64 xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
    unsigned long flags = 0;

    kernel_fpu_begin();
    if (vectors)
        request->trap = load_vectors(vectors);
    if (request->flags & ATTACK_CALL_IRQS_OFF)
        local_irq_save(flags);
    if (request->flags & ATTACK_CALL_XCR0)
        xsetbv(XCR_XFEATURE_ENABLED_MASK, request->xcr0);
    if (!request->trap && (request->flags & ATTACK_CALL_TSC))
        call_at_another_time(request);
    else if (!request->trap)
        raw_vmmcall(request->registers, &request->trap);
    if (record)
        record_specials(record->special);
    if (request->flags & ATTACK_CALL_XCR0)
        xsetbv(XCR_XFEATURE_ENABLED_MASK, xcr0);
    if (record)
        save_vectors(record->xsave);
    if (request->flags & ATTACK_CALL_IRQS_OFF)
        local_irq_restore(flags);
    kernel_fpu_end();
}

long attack_call(struct attacker *attacker, struct attack_call *request)
{
    struct attack_record *record = NULL;
    void *vectors = NULL;
    long error = 0;

    request->trap = ATTACK_NO_TRAP;
    /* Whole pages, so that XSAVE's alignment holds. */
    record = (void *)get_zeroed_page(GFP_KERNEL);
    vectors = (void *)get_zeroed_page(GFP_KERNEL);
    if (!record || !vectors)
        error = -ENOMEM;
    if (!error && request->vectors &&
        copy_from_user(vectors, (void __user *)request->vectors, ATTACK_XSAVE_BYTES))
        error = -EFAULT;
    if (!error) {
        call_and_record(request, request->vectors ? vectors : NULL,
                        request->record ? record : NULL);
        memcpy(record->gpr, request->registers, sizeof(record->gpr));
        record->number = ++attacker->records;
        if (request->record && copy_to_user((void __user *)request->record, record, PAGE_SIZE))
            error = -EFAULT;
    }
    free_page((unsigned long)vectors);
    free_page((unsigned long)record);
    return error;
}

long attack_msr(struct attack_msr *request)
{
    u32 low = request->value, high = request->value >> 32;

    if (request->write)
        asm volatile("xor %%ebx, %%ebx\n"
                     "1: wrmsr\n"
                     "jmp 3f\n"
                     "2: mov %%eax, %%ebx\n"
                     "3:\n" _ASM_EXTABLE_FAULT(1b, 2b)
                     : "=&b"(request->trap), "+a"(low), "+d"(high)
                     : "c"(request->msr)
                     : "memory");
    else
        asm volatile("xor %%ebx, %%ebx\n"
                     "1: rdmsr\n"
                     "jmp 3f\n"
                     "2: mov %%eax, %%ebx\n"
                     "3:\n" _ASM_EXTABLE_FAULT(1b, 2b)
                     : "=&b"(request->trap), "=a"(low), "=d"(high)
                     : "c"(request->msr)
                     : "memory");
    request->value = low | (u64)high << 32;
    return 0;
}

/* An instruction that takes RAX, and must not be believed to keep any other register. */
#define PRIVILEGED(instruction)                                                                    \
    asm volatile("xor %%ebx, %%ebx\n"                                                              \
                 "1: " instruction "\n"                                                            \
                 "jmp 3f\n"                                                                        \
                 "2: mov %%eax, %%ebx\n"                                                           \
                 "3:\n" _ASM_EXTABLE_FAULT(1b, 2b)                                                 \
                 : "=&b"(trap), "+a"(rax), "+c"(rcx), "+d"(rdx)                                    \
                 :                                                                                 \
                 : "memory", "cc", "rsi", "rdi", "r8", "r9", "r10", "r11")

static u32 run(u32 instruction, u64 operand, void *at)
{
    u64 rax = operand, rcx = 0, rdx = 0;
    u32 trap = 0;

    switch (instruction) {
    case ATTACK_VMRUN:
        PRIVILEGED("vmrun %%rax");
        break;
    case ATTACK_VMLOAD:
        PRIVILEGED("vmload %%rax");
        break;
    case ATTACK_VMSAVE:
        PRIVILEGED("vmsave %%rax");
        break;
    case ATTACK_STGI:
        PRIVILEGED("stgi");
        break;
    case ATTACK_CLGI:
        PRIVILEGED("clgi");
        break;
    case ATTACK_SKINIT:
        PRIVILEGED("skinit %%eax");
        break;
    case ATTACK_INVLPGA:
        PRIVILEGED("invlpga %%rax, %%ecx");
        break;
    case ATTACK_VMCALL:
        PRIVILEGED("vmcall");
        break;
    case ATTACK_XSETBV:
        rdx = operand >> 32;
        PRIVILEGED("xsetbv");
        break;
    case ATTACK_CLFLUSH:
        rax = (u64)at;
        PRIVILEGED("clflush (%%rax)");
        break;
    case ATTACK_INVD:
        PRIVILEGED("invd");
        break;
    case ATTACK_WBINVD:
        PRIVILEGED("wbinvd");
        break;
    case ATTACK_MONITOR:
        rax = (u64)at;
        PRIVILEGED("monitor %%rax, %%ecx, %%edx");
        break;
    case ATTACK_MWAIT:
        trap = raw_mwait(at);
        break;
    case ATTACK_TASK:
        trap = raw_task(operand);
        break;
    default:
        rcx = operand;
        PRIVILEGED("rdpmc");
        break;
    }
    return trap;
}

long attack_execute(struct attacker *attacker, struct attack_execute *request)
{
    unsigned long flags = 0;

    if (request->instruction >= ATTACK_INSTRUCTIONS)
        return -EINVAL;
    mutex_lock(&attacker->lock);
    local_irq_save(flags);
    request->trap = run(request->instruction, request->operand,
                        reach(attacker, request->operand, ATTACK_VIA_FRESH, false));
    local_irq_restore(flags);
    mutex_unlock(&attacker->lock);
    return 0;
}

long attack_hold(struct attack_hold *request)
{
    unsigned long flags = 0;
    u64 end = 0;

    if (request->milliseconds > 10000)
        return -EINVAL;
    local_irq_save(flags);
    end = rdtsc() + request->milliseconds * tsc_khz;
    while (rdtsc() < end)
        cpu_relax();
    local_irq_restore(flags);
    return 0;
}
