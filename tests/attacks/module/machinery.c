// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU's own accesses: stack, IDT, GDT and page tables put on a page that VTL0 may not touch.
 * The window's first page is VTL0's own and its second the page under attack, so that each table
 * begins on good memory and only the entry wanted lies on the other page.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/apicdef.h>
#include <asm/asm.h>
#include <asm/desc.h>
#include <asm/io.h>
#include <asm/trapnr.h>
#include "attacker.h"
#include "machinery.h"

u32 raw_push(void *stack, const struct desc_ptr *idt);
u32 raw_exception(void *stack, const struct desc_ptr *idt);
u32 raw_software_interrupt(void *unused, const struct desc_ptr *idt);
u32 raw_interrupt(u64 deadline, const struct desc_ptr *idt);
u32 raw_await(u64 deadline, const struct desc_ptr *idt, u64 mark);
u32 raw_segment(const struct desc_ptr *gdt, const struct desc_ptr *idt, u32 selector);
void raw_handler(u64 handler);
extern const char raw_traps[];

#define DATA_BITS       0x8000000000000063ull /* present, writable, accessed, dirty, NX */
#define TABLE_BITS      0x63ull
#define LARGE           0x80ull
#define DATA_DESCRIPTOR 0x00cf93000000ffffull
#define FRAME           0x000ffffffffff000ull
#define FREE_SLOT       128u /* of the top level, in the user half: nobody lives there */
#define GDT_BYTES       (GDT_ENTRIES * 8u)
#define GATES_ON_GOOD   16u

DEFINE_MUTEX(machinery_lock);

/* That stack is there whatever RSP is. */
void machinery_gates(gate_desc *gates, unsigned int count)
{
    struct desc_ptr linux_idt = {};
    unsigned int i = 0;

    store_idt(&linux_idt);
    for (i = 0; i < count; i++) {
        pack_gate(&gates[i], GATE_INTERRUPT, (unsigned long)raw_traps + 16 * i, 0, 0, __KERNEL_CS);
        gates[i].bits.ist = i == X86_TRAP_UD ? 0 : IST_INDEX_DF + 1;
    }
    if (count > X86_TRAP_NMI)
        gates[X86_TRAP_NMI] = ((gate_desc *)linux_idt.address)[X86_TRAP_NMI];
}

/* An interrupt that was taken from the APIC and met our gates has not been served. Serve it, or
 * this CPU's tick is dead for ever. */
static void serve_lost_interrupt(struct attacker *attacker)
{
    const char *apic = window_set(&attacker->window, 4, APIC_DEFAULT_PHYS_BASE, 1,
                                  DATA_BITS | _PAGE_PCD | _PAGE_PWT);
    struct desc_ptr linux_idt = {};
    int vector = 255;

    store_idt(&linux_idt);
    for (; vector >= 32; vector--) {
        u32 word = readl((const void __iomem *)(apic + APIC_ISR + (vector / 32) * 0x10));

        if (word & (1u << (vector % 32))) {
            raw_handler(gate_offset(&((gate_desc *)linux_idt.address)[vector]));
            return;
        }
    }
}

static u32 stack_there(struct attacker *attacker, u64 gpa, bool exception)
{
    gate_desc *gates = attacker->bounce;
    struct desc_ptr idt = {.size = PAGE_SIZE - 1, .address = (unsigned long)gates};
    void *page = window_set(&attacker->window, 0, gpa, 1, DATA_BITS);

    machinery_gates(gates, 256);
    if (exception)
        return raw_exception((char *)page + PAGE_SIZE - 64, &idt);
    return raw_push((char *)page + PAGE_SIZE - 64, &idt);
}

/* An IDT whose first gates are good and whose others lie on the page. */
static u32 gates_there(struct attacker *attacker, u64 gpa, bool interrupt)
{
    u64 own = page_to_phys(vmalloc_to_page(attacker->bounce));
    char *good = window_set(&attacker->window, 0, own, 1, DATA_BITS);
    char *base = good + PAGE_SIZE - GATES_ON_GOOD * sizeof(gate_desc);
    struct desc_ptr idt = {.size = PAGE_SIZE - 1, .address = (unsigned long)base};
    u32 trap = 0;

    window_set(&attacker->window, 1, gpa, 1, DATA_BITS);
    machinery_gates((gate_desc *)base, GATES_ON_GOOD);
    if (!interrupt)
        return raw_software_interrupt(NULL, &idt);
    /* A tick is at most 4 ms away when HZ = 250; a busy CPU's tick is never stopped. */
    trap = raw_interrupt(rdtsc() + 200ull * tsc_khz, &idt);
    serve_lost_interrupt(attacker);
    return trap;
}

static u32 descriptor_there(struct attacker *attacker, u64 gpa)
{
    char *spare = (char *)attacker->bounce + PAGE_SIZE;
    u64 own = page_to_phys(vmalloc_to_page(spare));
    char *good = window_set(&attacker->window, 0, own, 1, DATA_BITS);
    char *base = good + PAGE_SIZE - GDT_BYTES;
    struct desc_ptr gdt = {.size = PAGE_SIZE - 1, .address = (unsigned long)base};
    struct desc_ptr idt = {.size = PAGE_SIZE - 1, .address = (unsigned long)attacker->bounce};
    struct desc_ptr linux_gdt = {};

    native_store_gdt(&linux_gdt);
    machinery_gates(attacker->bounce, 256);
    memcpy(base, (void *)linux_gdt.address, GDT_BYTES);
    window_set(&attacker->window, 1, gpa, 1, DATA_BITS);
    return raw_segment(&gdt, &idt, GDT_BYTES);
}

static u32 read_nofault(const void *at)
{
    u32 trap = 0;
    u64 value = 0;

    asm volatile("xor %%eax, %%eax\n"
                 "1: mov (%[at]), %[value]\n"
                 "2:\n" _ASM_EXTABLE_FAULT(1b, 2b)
                 : "=&a"(trap), [value] "=r"(value)
                 : [at] "r"(at)
                 : "memory");
    return trap;
}

/* A copy of the running top level with one slot that leads, after `own` tables of ours, to the
 * page. Kernel addresses go on working, so exceptions do too. */
static u32 table_there(struct attacker *attacker, u64 gpa, unsigned int own)
{
    u64 cr3 = __read_cr3();
    u64 *top = (u64 *)attacker->bounce;
    u64 *table = top;
    unsigned int i = 0;
    u32 trap = 0;

    memset(attacker->bounce, 0, 4 * PAGE_SIZE);
    memcpy(top, __va(cr3 & FRAME), PAGE_SIZE);
    for (i = 0; i < own; i++) {
        u64 *next = (u64 *)((char *)attacker->bounce + (i + 1) * PAGE_SIZE);

        table[i == 0 ? FREE_SLOT : 0] = page_to_phys(vmalloc_to_page(next)) | TABLE_BITS;
        table = next;
    }
    table[own == 0 ? FREE_SLOT : 0] = gpa | TABLE_BITS;
    native_write_cr3(page_to_phys(vmalloc_to_page(top)) | (cr3 & ~FRAME & ~CR3_NOFLUSH));
    trap = read_nofault((void *)((u64)FREE_SLOT << 39));
    native_write_cr3(cr3);
    return trap;
}

/* What makes an experiment on an ordinary page succeed. */
static void prepare(struct attacker *attacker, u64 gpa, u32 part)
{
    u64 *page = window_set(&attacker->window, 8, gpa, 1, DATA_BITS);

    memset(page, 0, PAGE_SIZE);
    if (part == ATTACK_IDT_GATE || part == ATTACK_IDT_INTERRUPT) {
        machinery_gates(attacker->bounce, 256);
        memcpy(page, (gate_desc *)attacker->bounce + GATES_ON_GOOD,
               PAGE_SIZE - GATES_ON_GOOD * sizeof(gate_desc));
    } else if (part == ATTACK_GDT_ENTRY) {
        page[0] = DATA_DESCRIPTOR;
    } else if (part == ATTACK_TABLE_3 || part == ATTACK_TABLE_2) {
        page[0] = TABLE_BITS | LARGE;
    } else if (part == ATTACK_TABLE_1) {
        page[0] = TABLE_BITS;
    }
}

static void destroy(struct attacker *attacker, u64 gpa, u32 part)
{
    void *page = window_set(&attacker->window, 0, gpa, 1, DATA_BITS);
    struct desc_ptr idt = {.size = PAGE_SIZE - 1, .address = (unsigned long)page};

    if (part == ATTACK_CR3)
        native_write_cr3(gpa);
    native_load_idt(&idt);
    asm volatile("ud2");
}

static u32 experiment(struct attacker *attacker, u64 gpa, u32 part)
{
    switch (part) {
    case ATTACK_STACK_PUSH:
        return stack_there(attacker, gpa, false);
    case ATTACK_STACK_EXCEPTION:
        return stack_there(attacker, gpa, true);
    case ATTACK_IDT_GATE:
        return gates_there(attacker, gpa, false);
    case ATTACK_IDT_INTERRUPT:
        return gates_there(attacker, gpa, true);
    case ATTACK_GDT_ENTRY:
        return descriptor_there(attacker, gpa);
    case ATTACK_TABLE_3:
        return table_there(attacker, gpa, 0);
    case ATTACK_TABLE_2:
        return table_there(attacker, gpa, 1);
    case ATTACK_TABLE_1:
        return table_there(attacker, gpa, 2);
    case ATTACK_IDT_WHOLE:
    case ATTACK_CR3:
        destroy(attacker, gpa, part);
        return ATTACK_LOST;
    default:
        return ATTACK_LOST;
    }
}

long attack_machinery(struct attacker *attacker, struct attack_machinery *request)
{
    unsigned long flags = 0;

    if (!PAGE_ALIGNED(request->gpa))
        return -EINVAL;
    mutex_lock(&machinery_lock);
    mutex_lock(&attacker->lock);
    /* The bounce pages are touched before interrupts go off: vmalloc'ed memory may still have to
     * be entered into this process's top level. */
    memset(attacker->bounce, 0, 4 * PAGE_SIZE);
    local_irq_save(flags);
    if (request->prepare)
        prepare(attacker, request->gpa, request->part);
    request->trap = experiment(attacker, request->gpa, request->part);
    local_irq_restore(flags);
    mutex_unlock(&attacker->lock);
    mutex_unlock(&machinery_lock);
    return 0;
}

#define MCG_STATUS        0x17au
#define MC1_STATUS        0x405u
#define MACHINE_CHECK_TRY 10000ull /* ms */

/* The banks are VTL0's: it says that it has seen what they hold. */
long attack_machine_check(struct attacker *attacker, struct attack_machine_check *request)
{
    struct desc_ptr idt = {.size = PAGE_SIZE - 1, .address = (unsigned long)attacker->bounce};
    unsigned long flags = 0, cr4 = 0;

    mutex_lock(&machinery_lock);
    mutex_lock(&attacker->lock);
    machinery_gates(attacker->bounce, 256);
    local_irq_save(flags);
    asm volatile("mov %%cr4, %0" : "=r"(cr4));
    asm volatile("mov %0, %%cr4" : : "r"(cr4 | X86_CR4_MCE));
    request->trap =
        raw_await(rdtsc() + MACHINE_CHECK_TRY * tsc_khz, &idt, ATTACK_MACHINE_CHECK_MARK);
    rdmsrl(MC1_STATUS, request->status);
    wrmsrl(MC1_STATUS, 0);
    wrmsrl(MCG_STATUS, 0);
    asm volatile("mov %0, %%cr4" : : "r"(cr4));
    local_irq_restore(flags);
    mutex_unlock(&attacker->lock);
    mutex_unlock(&machinery_lock);
    return 0;
}
