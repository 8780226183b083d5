/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpu.h"

#include "call.h"
#include "console.h"
#include "fpu.h"
#include "hypercall.h"
#include "page_table.h"
#include "sk_assert.h"
#include "x86.h"

#define KERNEL_STACK_PAGES   8u
#define CPUID_7_EBX_FSGSBASE (1u << 0)
#define CPUID_7_EBX_SMEP     (1u << 7)
#define CPUID_7_EBX_SMAP     (1u << 20)
#define CPUID_7_ECX_UMIP     (1u << 2)
#define CPUID_1_ECX_XSAVE    (1u << 26)

static_assert(offsetof(struct cpu, self) == CPU_SELF, "entry.S");
static_assert(offsetof(struct cpu, assist) == CPU_ASSIST, "entry.S");
static_assert(offsetof(struct cpu, user_rsp) == CPU_USER_RSP, "entry.S");
static_assert(offsetof(struct cpu, kernel_rsp) == CPU_KERNEL_RSP, "entry.S");
static_assert(offsetof(struct cpu, registers_end) == CPU_REGISTERS_END, "entry.S");
static_assert(offsetof(struct cpu, job) == CPU_JOB, "entry.S");
static_assert(offsetof(struct hv_vp_assist_page, entry_reason) == ASSIST_ENTRY_REASON, "entry.S");
static_assert(offsetof(struct hv_vp_assist_page, vtl_return_rax) == ASSIST_RAX, "entry.S");
static_assert(offsetof(struct hv_vp_assist_page, vtl_return_rcx) == ASSIST_RCX, "entry.S");
/* The CPU aligns RSP to 16 before it pushes on an IST stack (APM Vol.2 8.9.3). */
static_assert(offsetof(struct thread, registers) % 16 == 0, "registers end 16-byte aligned");
static_assert(sizeof(struct user_registers) % 16 == 0, "registers end 16-byte aligned");

struct gate {
    uint16_t offset0;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset1;
    uint32_t offset2;
    uint32_t reserved;
};
static_assert(sizeof(struct gate) == 16, "APM Vol.2 4.8.4");

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};

extern const char vector_stubs[];
extern const char user_syscall[];

static uint8_t boot_stack[KERNEL_STACK_PAGES * PAGE_SIZE] __attribute__((aligned(16)));
/* entry.S takes each CPU's first stack from here. */
uint64_t cpu_stacks[VTL1_MAX_CPUS] = {(uint64_t)boot_stack + sizeof(boot_stack)};
static struct cpu cpus[VTL1_MAX_CPUS];
static uint32_t cpus_present;
static uint64_t emergency_stacks[VTL1_MAX_CPUS];
static struct gate gates[256];

uint32_t cpu_count(void)
{
    return cpus_present;
}

static void gate_set(unsigned vector, unsigned dpl)
{
    uint64_t target = (uint64_t)vector_stubs + 16ull * vector;

    gates[vector] = (struct gate){
        .offset0 = (uint16_t)target,
        .selector = SELECTOR_KERNEL_CODE,
        .ist = 1,
        .type = (uint8_t)(0x8e | dpl << 5), /* present, 64-bit interrupt gate */
        .offset1 = (uint16_t)(target >> 16),
        .offset2 = (uint32_t)(target >> 32),
    };
}

static bool cpu_make_room(struct cpu *cpu, uint32_t index)
{
    if (index > 0) {
        uint64_t stack = frame_alloc_kernel(KERNEL_STACK_PAGES);

        if (stack == FRAME_NONE)
            return false;
        cpu_stacks[index] = (uint64_t)frame_pointer(stack) + KERNEL_STACK_PAGES * PAGE_SIZE;
    }
    uint64_t pages = frame_alloc_kernel(5);

    if (pages == FRAME_NONE)
        return false;
    uint8_t *page = frame_pointer(pages);

    cpu->self = cpu;
    cpu->index = index;
    cpu->assist = (void *)page;
    cpu->hypercall_input = page + PAGE_SIZE;
    cpu->hypercall_output = page + 2 * PAGE_SIZE;
    cpu->vtl0_state = page + 3 * PAGE_SIZE;
    emergency_stacks[index] = (uint64_t)page + 5 * PAGE_SIZE;
    return true;
}

const char *cpu_init_all(uint32_t count)
{
    if (count == 0 || count > VTL1_MAX_CPUS)
        return "Secure Kernel: more CPUs than it was built for";
    for (unsigned vector = 0; vector < 256; vector++) {
        /* INT3 and INTO may be executed by a program (APM Vol.2 8.2). */
        gate_set(vector, vector == 3 || vector == 4 ? 3 : 0);
    }
    for (uint32_t i = 0; i < count; i++)
        if (!cpu_make_room(&cpus[i], i))
            return "Secure Kernel: the VTL1 pool is too small for this many CPUs (vtl1=SIZE)";
    cpus_present = count;
    return NULL;
}

static void cpu_load_tables(struct cpu *cpu)
{
    uint64_t tss = (uint64_t)&cpu->tss;
    struct table_pointer gdt = {sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt};
    struct table_pointer idt = {sizeof(gates) - 1, (uint64_t)gates};

    cpu->gdt[1] = 0x00af9b000000ffffull; /* kernel code, 64-bit */
    cpu->gdt[2] = 0x00cf93000000ffffull; /* kernel data */
    cpu->gdt[3] = 0;                     /* 32-bit user code: there is none */
    cpu->gdt[4] = 0x00cff3000000ffffull; /* user data */
    cpu->gdt[5] = 0x00affb000000ffffull; /* user code, 64-bit */
    cpu->gdt[6] = 0x0000890000000000ull | (sizeof(struct task_state) - 1) | (tss & 0xffffff) << 16 |
                  (tss >> 24 & 0xff) << 56;
    cpu->gdt[7] = tss >> 32;
    cpu->tss.io_map = sizeof(struct task_state);
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmovl %2, %%eax\n\t"
                     "movl %%eax, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "movl %%eax, %%fs\n\t"
                     "movl %%eax, %%gs\n\t"
                     "lidt %3\n\t"
                     "movl %4, %%eax\n\t"
                     "ltr %%ax"
                     :
                     : "m"(gdt), "i"(SELECTOR_KERNEL_CODE), "i"(SELECTOR_KERNEL_DATA), "m"(idt),
                       "i"(SELECTOR_TSS)
                     : "rax", "memory");
}

static const char *cpu_set_features(struct cpu *cpu)
{
    struct cpuid_result seven = cpuid(7, 0);
    uint64_t cr4 = read_cr4();

    if ((cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE) == 0)
        return "Secure Kernel: the CPU has no XSAVE";
    cr4 |= X86_CR4_PGE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_OSXSAVE | X86_CR4_MCE;
    cr4 &= ~(uint64_t)X86_CR4_TSD; /* RDTSC is allowed */
    cr4 &= 0x3fffff;               /* no PKE, no CET: PKRU and SSP would be shared with VTL0 */
    if (seven.ebx & CPUID_7_EBX_SMEP)
        cr4 |= X86_CR4_SMEP;
    if (seven.ebx & CPUID_7_EBX_SMAP)
        cr4 |= X86_CR4_SMAP;
    if (seven.ecx & CPUID_7_ECX_UMIP)
        cr4 |= X86_CR4_UMIP;
    if (seven.ebx & CPUID_7_EBX_FSGSBASE) {
        cr4 |= X86_CR4_FSGSBASE;
        cpu->fsgsbase = true;
    }
    write_cr4(cr4);
    write_cr0((read_cr0() | X86_CR0_MP | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM) &
              ~(uint64_t)(X86_CR0_EM | X86_CR0_TS));
    return NULL;
}

static void cpu_set_syscall(void)
{
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
    wrmsr(MSR_STAR, (uint64_t)SELECTOR_USER_BASE << 48 | (uint64_t)SELECTOR_KERNEL_CODE << 32);
    wrmsr(MSR_LSTAR, (uint64_t)user_syscall);
    wrmsr(MSR_CSTAR, (uint64_t)user_syscall);
    wrmsr(MSR_SFMASK, 0x257fd5); /* every flag that can be masked */
}

void cpu_set_registers(struct cpu *cpu, struct user_registers *registers)
{
    uint64_t end = registers == NULL ? emergency_stacks[cpu->index] : (uint64_t)(registers + 1);

    cpu->registers_end = end;
    cpu->tss.ist[0] = (uint32_t)end;
    cpu->tss.ist[1] = (uint32_t)(end >> 32);
}

const char *cpu_init(uint32_t index)
{
    struct cpu *cpu = &cpus[index];

    SK_CHECK(index < cpus_present);
    cpu_load_tables(cpu);
    wrmsr(MSR_GS_BASE, (uint64_t)cpu);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
    cpu_set_registers(cpu, NULL);
    cpu_set_syscall();
    const char *wrong = cpu_set_features(cpu);

    if (wrong == NULL)
        wrong = fpu_init();
    if (wrong == NULL)
        wrong = hypercall_init_cpu(cpu);
    return wrong;
}

void page_table_flush(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

/* A CPU that enters the space later loads CR3, which drops everything (APM Vol.2 5.5.2). */
bool page_table_flush_others(const struct address_space *space)
{
    uint64_t others = space->cpus & ~(1ull << this_cpu()->index);

    return others == 0 || hypercall_flush(space->root, others) == HV_STATUS_SUCCESS;
}

#define BASE_OF(name, msr, instruction_read, instruction_write)                                    \
    uint64_t cpu_read_##name##_base(const struct cpu *cpu)                                         \
    {                                                                                              \
        uint64_t base = 0;                                                                         \
        if (!cpu->fsgsbase)                                                                        \
            return rdmsr(msr);                                                                     \
        __asm__ volatile(instruction_read : "=r"(base));                                           \
        return base;                                                                               \
    }                                                                                              \
    void cpu_write_##name##_base(const struct cpu *cpu, uint64_t base)                             \
    {                                                                                              \
        if (!cpu->fsgsbase)                                                                        \
            wrmsr(msr, base);                                                                      \
        else                                                                                       \
            __asm__ volatile(instruction_write ::"r"(base));                                       \
    }
BASE_OF(fs, MSR_FS_BASE, "rdfsbase %0", "wrfsbase %0")
BASE_OF(user_gs, MSR_KERNEL_GS_BASE, "swapgs\n\trdgsbase %0\n\tswapgs",
        "swapgs\n\twrgsbase %0\n\tswapgs")

/* From entry.S: the frame is struct user_registers of a kernel-mode exception. */
_Noreturn void kernel_exception(const struct user_registers *frame);

_Noreturn void kernel_exception(const struct user_registers *frame)
{
    const char *names[] = {"Secure Kernel: exception ", " at ", " error ", " address "};
    const uint64_t values[] = {frame->vector, frame->rip, frame->error_code, read_cr2()};

    for (unsigned i = 0; i < 4; i++) {
        console_write(names[i]);
        console_write_hex(values[i]);
    }
    console_write("\n");
    sk_panic("an exception in the Secure Kernel");
}

enum sk_status sk_call_statistics(struct call *call)
{
    uint64_t moves = 0;

    for (uint32_t i = 0; i < cpu_count(); i++)
        moves += __atomic_load_n(&cpus[i].vector_moves, __ATOMIC_RELAXED);
    call->result[0] = moves;
    return SK_OK;
}
