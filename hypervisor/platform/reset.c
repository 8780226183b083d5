/* SPDX-License-Identifier: BSD-2-Clause */
#include "reset.h"
#include "../io.h"
#include "../partition.h"
#include "../string.h"
#include "apic.h"

#define RESET_PORT       0xcf9u
#define RESET_HARD       0x06u
#define KEYBOARD_COMMAND 0x64u
#define KEYBOARD_RESET   0xfeu
/* A CPU that does not stop by then may be off the bus; its caches cannot hold up the reset. */
#define STOP_MS          1000u
#define REMIND_MS        10u

/* For who does not return. The registers that this CPU's last exit brought may be VTL1's: they
 * stand on top of the stack, and below where C functions saved them. *done: 1. */
static inline __attribute__((always_inline)) void forget(struct cpu *cpu, uint32_t *done)
{
    uint64_t end = (uint64_t)(&cpu->registers + 1);
    if (cpu->current)
        vcpu_set_rax(cpu->current, 0);
    __asm__ volatile("mov %%rsp, %%rdi\n\t"
                     "sub %%rdi, %%rcx\n\t"
                     "rep stosb\n\t"
                     "movl $1, (%%rdx)"
                     : "+c"(end)
                     : "a"(0), "d"(done)
                     : "rdi", "memory");
}

void reset_join(struct cpu *cpu)
{
    forget(cpu, &cpu->shared.stopped);
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* remind: with an NMI, of which an earlier one may have been lost in VTL0's. */
static bool all_stopped(const struct partition *partition, const struct cpu *except, bool remind)
{
    bool all = true;
    for (uint32_t i = 0; i < partition->cpu_count; i++) {
        const struct cpu *cpu = partition->cpus[i];
        if (cpu == except || !__atomic_load_n(&cpu->shared.online, __ATOMIC_SEQ_CST) ||
            __atomic_load_n(&cpu->shared.stopped, __ATOMIC_SEQ_CST))
            continue;
        all = false;
        if (remind)
            apic_send(cpu->apic_id, APIC_DELIVERY_NMI, 0);
    }
    return all;
}

static void stop_others(struct cpu *cpu)
{
    const struct partition *partition = cpu->partition;
    uint64_t per_ms = partition->tsc_hz / 1000, start = cpu_rdtsc(), next = start, now = start;
    while (!all_stopped(partition, cpu, now >= next) && now - start < STOP_MS * per_ms) {
        next = now >= next ? now + REMIND_MS * per_ms : next;
        cpu_pause();
        now = cpu_rdtsc();
    }
}

/* All that VTL1 owns, whoever had it before. */
static void scrub(struct partition *partition)
{
    for (uint32_t i = 0; i < partition->ram_count; i++) {
        struct range ram = partition->ram[i];
        for (uint64_t at = ram.base; at < ram.base + ram.size; at += PAGE_SIZE)
            if (slat_lookup(&partition->slat, gpa(at)).owner == SLAT_VTL1)
                memset(hpa_pointer(hpa(at)), 0, PAGE_SIZE);
    }
    __asm__ volatile("wbinvd" ::: "memory");
}

void reset_prepare(struct cpu *cpu)
{
    if (__atomic_exchange_n(&cpu->partition->stopping, 1, __ATOMIC_SEQ_CST))
        reset_join(cpu);
    stop_others(cpu);
    scrub(cpu->partition);
}

void reset_now(void)
{
    io_write8(RESET_PORT, RESET_HARD);
    io_write8(KEYBOARD_COMMAND, KEYBOARD_RESET);
    /* Neither worked: a triple fault resets the CPU, or at least ends it. */
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};
    __asm__ volatile("lidt %0; ud2" ::"m"(none));
    __builtin_unreachable();
}

void reset_machine(struct cpu *cpu)
{
    reset_prepare(cpu);
    forget(cpu, &cpu->shared.stopped);
    reset_now();
}
