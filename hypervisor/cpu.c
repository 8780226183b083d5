/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own exceptions, and MSR access that may fault. */
#include "asm.h"
#include "cpu.h"
#include "log.h"
#include "platform/reset.h"
#include "partition.h"
#include "registers.h"

static_assert(CPU_ALIGNMENT == CPU_ASM_ALIGNMENT, "asm.h");
static_assert(offsetof(struct cpu, registers) == CPU_ASM_REGISTERS, "asm.h");
static_assert(offsetof(struct cpu, vmcb_hpa) == CPU_ASM_REGISTERS + CPU_ASM_VMCB, "asm.h");
static_assert(offsetof(struct cpu, nmi_taken) == CPU_ASM_REGISTERS + CPU_ASM_NMI_TAKEN, "asm.h");
static_assert(offsetof(struct cpu, exits[HV_EXIT_VMRUN]) == CPU_ASM_REGISTERS + CPU_ASM_VMRUNS,
              "asm.h");

#define VECTORS           32u
#define VECTOR_SIZE       16u /* exceptions.S */
#define VECTOR_NMI        2u
#define VECTOR_SX         30u /* has an error code: the stub takes it off */
#define GATE_INTERRUPT    0x8e00u
#define CPUID_1_ECX_XSAVE (1u << 26)

struct gate {
    uint16_t offset0, selector, flags, offset1;
    uint32_t offset2, reserved;
};
static_assert(sizeof(struct gate) == 16, "APM Vol.2 4.8.4");

/* What exceptions.S leaves on the stack. */
struct host_frame {
    uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* An instruction that may fault, and where to go on then. */
struct fixup {
    uint64_t at, to;
};

extern const uint8_t exception_vectors[]; /* exceptions.S */
extern void nmi_entry(void);
extern const struct fixup fixup_start[], fixup_end[]; /* hypervisor.lds */

static struct gate gates[VECTORS];

static void set_gate(unsigned vector, uint64_t address)
{
    gates[vector] = (struct gate){
        .offset0 = (uint16_t)address,
        .selector = SELECTOR_CODE64,
        .flags = GATE_INTERRUPT,
        .offset1 = (uint16_t)(address >> 16),
        .offset2 = (uint32_t)(address >> 32),
    };
}

void cpu_init_exceptions(void)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) idtr = {sizeof(gates) - 1, (uint64_t)gates};
    for (unsigned i = 0; i < VECTORS; i++)
        set_gate(i, (uint64_t)exception_vectors + i * VECTOR_SIZE);
    set_gate(VECTOR_NMI, (uint64_t)nmi_entry);
    __asm__ volatile("lidt %0" ::"m"(idtr));
    uint64_t cr4;
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    if (cpu_cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE)
        __asm__ volatile("mov %0, %%cr4" ::"r"(cr4 | X86_CR4_OSXSAVE)); /* to read XCR0 */
}

void host_exception(struct host_frame *frame);
void host_exception(struct host_frame *frame)
{
    if (frame->vector == VECTOR_SX)
        return; /* an INIT that came outside guest mode: dropped */
    for (const struct fixup *f = fixup_start; f < fixup_end; f++) {
        if (f->at == frame->rip) {
            frame->rip = f->to;
            return;
        }
    }
    log_format(
        "hypervisor: fatal: exception %lu (%lx) in the hypervisor at %lx stops the machine\n",
        frame->vector, frame->error_code, frame->rip);
    struct cpu *cpu = cpu_self();
    if (cpu->partition)
        reset_machine(cpu);
    fatal("stopped");
}

/* The fixup leaves `ok` at 0: the label is behind the instruction that sets it. */
#define FIXUP(instruction)                                                                         \
    "1: " instruction "\n"                                                                         \
    "movl $1, %[ok]\n"                                                                             \
    "2:\n"                                                                                         \
    ".pushsection .fixup_table, \"a\"\n"                                                           \
    ".quad 1b, 2b\n"                                                                               \
    ".popsection\n"

bool cpu_rdmsr_safe(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0, high = 0, ok = 0;
    __asm__ volatile(FIXUP("rdmsr") : "+a"(low), "+d"(high), [ok] "+r"(ok) : "c"(msr));
    *value = (uint64_t)high << 32 | low;
    return ok;
}

bool cpu_wrmsr_safe(uint32_t msr, uint64_t value)
{
    uint32_t ok = 0;
    __asm__ volatile(FIXUP("wrmsr")
                     : [ok] "+r"(ok)
                     : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr)
                     : "memory");
    return ok;
}

uint64_t cpu_rdmsr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

void cpu_wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr)
                     : "memory");
}
