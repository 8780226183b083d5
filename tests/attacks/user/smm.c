// SPDX-License-Identifier: BSD-2-Clause
/*
 * System Management Mode: a CPU whose firmware left its SMM handler where a reset puts it finds it
 * in VTL0's memory, and runs it beneath the hypervisor, without page tables. The handler here
 * copies a word of the hypervisor's. Without OpenVSM it runs, which is the control.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>
#include "attacker.h"
#include "victim.h"

#define GP       13u
#define HANDLER  0x38000ull
#define LOOT     0x3c000ull /* a word of the hypervisor's, and a mark behind it */
#define COMMAND  0xb2u      /* a chipset's port for SMIs */
#define LVT_LINT 0x350u
#define MODE_SMI 0x200u

static uint64_t word_at(uint64_t gpa)
{
    uint64_t word = 0;

    if (touch(gpa, ATTACK_READ8, ATTACK_VIA_FRESH, &word, NULL))
        bail("%#llx cannot be read", (unsigned long long)gpa);
    return word;
}

static void put_word(uint64_t gpa, uint64_t word)
{
    if (touch(gpa, ATTACK_WRITE8, ATTACK_VIA_FRESH, &word, NULL))
        bail("%#llx cannot be written", (unsigned long long)gpa);
}

/* 16-bit code, CS at 0x30000, DS at 0. */
static void lay_handler(void)
{
    static const uint8_t code[24] = {
        0x2e, 0xc6, 0x06, 0x10, 0xc0, 0x01,       /* mov byte cs:[0xc010], 1 */
        0x67, 0x66, 0xa1, 0x00, 0x00, 0x00, 0x08, /* mov eax, [HYPERVISOR_BASE] */
        0x2e, 0x66, 0xa3, 0x00, 0xc0,             /* mov cs:[0xc000], eax */
        0x0f, 0xaa,                               /* rsm */
    };
    uint64_t words[3] = {0};

    memcpy(words, code, sizeof(code));
    for (unsigned int i = 0; i < 3; i++)
        put_word(HANDLER + 8 * i, words[i]);
}

static void by_icr(unsigned int cpu)
{
    uint64_t high = (uint64_t)cpu << 24, low = ICR_SMI;

    touch(APIC_BASE + APIC_ICR_HIGH, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &high, NULL);
    touch(APIC_BASE + APIC_ICR_LOW, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &low, NULL);
}

static void by_port(unsigned int cpu)
{
    run_on(cpu);
    outb(0x55, COMMAND);
    run_on(0);
}

static bool ran_by(void (*ask)(unsigned int), unsigned int cpu)
{
    put_word(LOOT, 0);
    put_word(LOOT + 0x10, 0);
    ask(cpu);
    usleep(50000);
    return word_at(LOOT + 0x10) & 0xff;
}

/* -> on how many CPUs the handler ran. */
static unsigned int try_way(const char *name, void (*ask)(unsigned int))
{
    unsigned int ran = 0;

    for (unsigned int cpu = 0; cpu < cpu_count(); cpu++) {
        bool here = ran_by(ask, cpu);

        ran += here;
        if (here)
            note("CPU %u ran it by %s, and saw %#x", cpu, name, (unsigned int)word_at(LOOT));
    }
    return ran;
}

static void refused(void)
{
    uint64_t lvt = MODE_SMI, icr = ICR_SMI;
    struct sk_audit_record record = {0};

    audit_mark();
    ok(touch(APIC_BASE + APIC_ICR_LOW, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &icr, NULL) == GP &&
           audit_find(SK_AUDIT_MEMORY, APIC_BASE + APIC_ICR_LOW, &record),
       "an SMI by the APIC's command register: #GP and a record");
    ok(touch(APIC_BASE + LVT_LINT, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &lvt, NULL) == GP &&
           audit_find(SK_AUDIT_MEMORY, APIC_BASE + LVT_LINT, &record),
       "an SMI by a local vector: #GP and a record");
}

int main(void)
{
    uint64_t before[3] = {0};
    struct victim trustlet;
    unsigned int by_apic = 0, by_chipset = 0;
    bool ours = false;

    attacker_start();
    ours = under_openvsm();
    run_on(0);
    if (iopl(3))
        bail("iopl");
    if (ours)
        victim_start(&trustlet, true);
    for (unsigned int i = 0; i < 3; i++)
        before[i] = word_at(HANDLER + 8 * i);
    lay_handler();
    by_apic = try_way("the APIC", by_icr);
    by_chipset = try_way("port 0xb2", by_port);
    for (unsigned int i = 0; i < 3; i++)
        put_word(HANDLER + 8 * i, before[i]);
    if (ours) {
        ok(by_apic == 0, "no CPU runs VTL0's code in SMM by an SMI of the APIC's");
        ok(by_chipset == 0, "nor by one of the chipset's");
        refused();
        ok(victim_end(&trustlet) == 0, "a trustlet that ran all the while ends well");
    } else {
        ok(by_apic > 0, "control: without OpenVSM code at 0x38000 is run in SMM");
    }
    return done_testing();
}
