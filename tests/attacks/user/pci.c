// SPDX-License-Identifier: BSD-2-Clause
/*
 * PCI configuration that would move memory or the registers that guard it, through the ports and
 * through the memory-mapped window. Each must end in #GP with its record; what is harmless works.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "attacker.h"
#include "devices.h"
#include "victim.h"

#define GP      13u
#define CONTROL 0x92u
#define A20_ON  2u
#define MCFG    "/sys/firmware/acpi/tables/MCFG"
#define ESB     0x25ab8086u /* Intel's 6300ESB watchdog */

/* What is refused is a change; the same value again is what Linux's drivers may write. */
static void try_write(const char *what, uint32_t function, uint32_t reg, bool refused)
{
    struct sk_audit_record record = {0};
    audit_mark();
    select_register(function, reg);
    uint8_t now = inb((uint16_t)(PCI_DATA + (reg & 3)));
    bool got = out_is_refused((uint16_t)(PCI_DATA + (reg & 3)), 1, refused ? now ^ 1u : now);

    ok(got == refused, "%s: %s", what, refused ? "refused" : "works");
    if (refused)
        ok(!out_is_refused((uint16_t)(PCI_DATA + (reg & 3)), 1, now), "... the same value is not");
    if (refused)
        ok(audit_find(SK_AUDIT_PORT, PCI_DATA + (reg & 3), &record), "... and recorded");
}

/* The emulator adds the low bits of the address to the register's number: a dword that begins
 * before a guarded register then reaches into it. */
static bool is_reached(uint32_t function, uint32_t reg, uint32_t low)
{
    uint32_t before = 0;

    select_register(function, reg);
    before = inl(PCI_DATA);
    outl(PCI_ENABLE | function | (reg - 4) | low, PCI_ADDRESS);
    out_is_refused(PCI_DATA, 4, ~inl(PCI_DATA));
    select_register(function, reg);
    return inl(PCI_DATA) != before;
}

static void across(uint32_t function, uint32_t reg)
{
    unsigned int reached = 0;

    for (uint32_t low = 1; low < 4; low++)
        reached += is_reached(function, reg, low);
    ok(reached == 0, "register %#x of function %#x is not reached by a dword that begins before it",
       reg, function);
}

static void refused_and_recorded(const char *what, uint16_t port, uint32_t value)
{
    struct sk_audit_record record = {0};

    audit_mark();
    ok(out_is_refused(port, 1, value) && audit_find(SK_AUDIT_PORT, port, &record),
       "%s: refused and recorded", what);
}

/* Without A20 the emulator masks bit 20 of addresses after the nested walk. */
static void a20(void)
{
    refused_and_recorded("A20 switched off by system control", CONTROL, inb(CONTROL) & ~A20_ON);
    refused_and_recorded("... by a command to the keyboard controller", KEYBOARD_COMMAND, 0xdd);
    outb(0xd1, KEYBOARD_COMMAND);
    refused_and_recorded("... by its output port", KEYBOARD_DATA, 1);
    refused_and_recorded("... which still waits for its byte", KEYBOARD_DATA, 1);
    outb(0xff, KEYBOARD_DATA);
    ok(inb(CONTROL) & A20_ON, "... and A20 is on");
}

static void by_ports(void)
{
    bool q35 = access(MCFG, F_OK) == 0;

    if (iopl(3))
        bail("iopl");
    try_write("control: the host bridge's command register", FUNCTION(0, 0), 0x04, false);
    try_write("control: a device's latency timer", FUNCTION(1, 0), 0x0d, false);
    try_write("shadow RAM (PAM)", FUNCTION(0, 0), q35 ? 0x90 : 0x59, true);
    try_write("SMRAM control", FUNCTION(0, 0), q35 ? 0x9d : 0x72, true);
    if (q35)
        try_write("base of the configuration window", FUNCTION(0, 0), 0x60, true);
    try_write("base of the power-management ports", q35 ? FUNCTION(0x1f, 0) : FUNCTION(1, 3), 0x41,
              true);
    a20();
    across(q35 ? FUNCTION(0x1f, 0) : FUNCTION(1, 3), 0x40);
    if (q35)
        across(FUNCTION(0x1f, 0), 0xf0);
    ok(out_is_refused(PCI_ADDRESS + 2, 4, 0), "a dword across address and data: refused");
    ok(out_is_refused(PCI_DATA + 3, 2, 0), "a word across the end of data: refused");
}

static uint64_t window_base(void)
{
    uint64_t base = 0;
    int file = open(MCFG, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pread(file, &base, sizeof(base), 44) != sizeof(base))
        base = 0;
    close(file);
    return base;
}

/* The window forgives what the ports forgive, and no more. */
static void same_by_window(uint64_t base, const char *what, uint32_t function, uint32_t reg)
{
    struct sk_audit_record record = {0};
    uint64_t address = base + ((uint64_t)function << 4) + reg, now = 0, changed = 0;

    touch(address, ATTACK_READ4, ATTACK_VIA_UNCACHED, &now, NULL);
    changed = now ^ 0x100;
    audit_mark();
    ok(touch(address, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &changed, NULL) == GP &&
           audit_find(SK_AUDIT_MEMORY, address, &record),
       "%s in the window: refused and recorded", what);
    ok(touch(address, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &now, NULL) == 0,
       "... the same value is not");
}

static void by_window(uint64_t base)
{
    uint64_t value = 0, address = base + 0x98;

    ok(!touch(base, ATTACK_READ8, ATTACK_VIA_UNCACHED, &value, NULL),
       "control: the window can be read");
    ok(touch(address, ATTACK_WRITE8, ATTACK_VIA_UNCACHED, &value, NULL) == GP,
       "eight bytes over SMRAM control in the window: refused");
    address = base + (0x1full << 15) + 0x40;
    ok(touch(address, ATTACK_EXCHANGE, ATTACK_VIA_UNCACHED, &value, NULL) == GP,
       "an exchange with the power-management base: refused");
    same_by_window(base, "SMRAM control", FUNCTION(0, 0), 0x9c);
    same_by_window(base, "the power-management base", FUNCTION(0x1f, 0), 0x40);
    same_by_window(base, "the root complex's base", FUNCTION(0x1f, 0), 0xf0);
}

/* ---- A device's registers laid over memory ---- */

static uint64_t device_word(uint64_t gpa)
{
    uint64_t value = 0;

    touch(gpa, ATTACK_READ4, ATTACK_VIA_UNCACHED, &value, NULL);
    return value;
}

/* The device, put over a frame that is not VTL0's, neither shows nor hides it. */
static void bar_over(uint32_t edu, const char *whose, uint64_t frame)
{
    uint64_t base = frame & ~0xfffffull, value = 0;
    uint32_t before = config_read(edu, 0x10), trap = 0;

    config_write(edu, 0x10, (uint32_t)base);
    trap = touch(frame, ATTACK_READ8, ATTACK_VIA_UNCACHED, &value, NULL);
    ok(trap == GP && touch(frame, ATTACK_WRITE8, ATTACK_VIA_UNCACHED, &value, NULL) == GP,
       "a device's registers over %s frame: the frame is as closed as before", whose);
    ok(skcall(SK_CALL_NULL, 0, 0, 0, 0, 0).status == SK_OK &&
           skcall(SK_CALL_INFO, 0, 0, 0, 0, 0).status == SK_OK,
       "... and VTL1 answers from its memory, not from the device");
    config_write(edu, 0x10, before);
}

static void bars(void)
{
    uint32_t edu = find_device(EDU);
    struct frames frames = {0};

    if (!edu) {
        skip("a device's registers over memory", "this machine has no edu device");
        return;
    }
    frames = survey();
    config_write(edu, 0x04, config_read(edu, 0x04) | 2);
    uint32_t before = config_read(edu, 0x10);
    uint64_t here = before & ~0xful, there = 0xe8000000ul;

    ok((device_word(here) & 0xff) == 0xed, "control: the device is where its register says");
    config_write(edu, 0x10, (uint32_t)there);
    ok((device_word(there) & 0xff) == 0xed, "control: it goes where VTL0 puts it");
    config_write(edu, 0x10, before);
    bar_over(edu, "VTL1's", find_frame(&frames, FRAME_CLOSED, 300));
    bar_over(edu, "the hypervisor's", HYPERVISOR_BASE + 0x1000);
    ok((device_word(here) & 0xff) == 0xed, "control: and comes back");
}

/* ---- The chipset's watchdog (ICH9, "TCO"), which VTL0 may start ---- */

#define POWER_BASE   0x40u /* in the configuration of the ISA bridge: where its ports are */
#define TCO          0x60u /* there */
#define TCO_RELOAD   0x00u
#define TCO_EXPIRED  0x06u /* TCO2_STS, whose bit 1 says: for the second time */
#define TCO_CONTROL  0x08u /* TCO1_CNT, whose bit 11 halts it */
#define TCO_TIME     0x12u /* in units of 0.6 s, at least 4 */
#define TCO_HALT     (1u << 11)
#define TCO_SECONDLY 2u
#define ESB_LOCK     0x68u
#define ESB_ENABLE   2u

/* A reset would be one that software did not ask for (docs/threat-model.md, B): the board's strap
 * says that it makes none. */
static void chipset_watchdog(uint16_t tco)
{
    struct timespec pause = {.tv_nsec = 100000000};
    unsigned int looks = 0;

    outw(4, tco + TCO_TIME);
    outw(1, tco + TCO_RELOAD);
    outw(TCO_SECONDLY, tco + TCO_EXPIRED); /* writing it clears it */
    outw(inw(tco + TCO_CONTROL) & ~TCO_HALT, tco + TCO_CONTROL);
    while (!(inw(tco + TCO_EXPIRED) & TCO_SECONDLY) && looks++ < 600)
        nanosleep(&pause, NULL);
    ok(looks < 600 && skcall(SK_CALL_NULL, 0, 0, 0, 0, 0).status == SK_OK,
       "control: the chipset's watchdog runs out twice, and resets nothing");
}

/* Trustlets do not start beside a watchdog that runs. */
static void starts_beside(const char *what, bool runs)
{
    ok(prints("ium run busybox echo it runs 2>&1", runs ? "hardware watchdog runs" : "it runs", ""),
       runs ? "beside %s no trustlet starts, and is told why"
            : "control: %s stands, and one starts",
       what);
}

static bool recorded_port(uint16_t port)
{
    struct sk_audit_record record = {0};

    return audit_find(SK_AUDIT_PORT, port, &record);
}

/* Linux's own driver writes the word; all that would clear the bit are tried. */
static void tco_is_refused(uint16_t tco)
{
    uint16_t control = tco + TCO_CONTROL, halted = inw(control);
    bool stands = halted & TCO_HALT;

    audit_mark();
    ok(stands && out_is_refused(control, 2, halted & ~TCO_HALT) && recorded_port(control),
       "beside a trustlet the chipset's watchdog is not started: refused and recorded");
    ok(out_is_refused(control + 1, 1, 0), "... nor by its upper byte");
    ok(out_is_refused(control - 2, 4, 0), "... nor by a dword that ends there");
    ok(inw(control) == halted, "... and stands still");
    ok(!out_is_refused(control, 2, halted), "... to halt it is allowed");
}

/* The emulator shows this register by bytes only. */
static bool esb_runs(uint32_t esb)
{
    select_register(esb, ESB_LOCK);
    return inb(PCI_DATA) & ESB_ENABLE;
}

static void esb_is_refused(uint32_t esb, uint64_t base)
{
    uint64_t address = base + ((uint64_t)esb << 4) + ESB_LOCK, word = 0;
    struct sk_audit_record record = {0};

    select_register(esb, ESB_LOCK);
    audit_mark();
    ok(out_is_refused(PCI_DATA, 1, ESB_ENABLE) && recorded_port(PCI_DATA),
       "beside a trustlet the watchdog on PCI is not started: refused and recorded");
    touch(address, ATTACK_READ4, ATTACK_VIA_UNCACHED, &word, NULL);
    word |= ESB_ENABLE;
    ok(touch(address, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &word, NULL) == GP &&
           audit_find(SK_AUDIT_MEMORY, address, &record),
       "... nor by the window");
    ok(!esb_runs(esb), "... and stands still");
    ok(!out_is_refused(PCI_DATA, 1, 0), "... to halt it is allowed");
}

/* Linux's own way, by a stand-in for its drivers' core (tests/attacks/watchdog). */
static int open_watchdog(void)
{
    int file = open("/dev/watchdog", O_WRONLY | O_CLOEXEC), error = file < 0 ? errno : 0;

    close(file);
    return error;
}

static void load_watchdog(void)
{
    int module = open("/lib/watchdog.ko", O_RDONLY | O_CLOEXEC);

    if (module < 0 || syscall(SYS_finit_module, module, "", 0))
        bail("watchdog.ko: %s", strerror(errno));
    close(module);
}

static void linux_is_told(void)
{
    struct sk_audit_record record = {0};
    char text[64] = "";

    audit_mark();
    ok(open_watchdog() == EBUSY, "who asks Linux for a watchdog beside a trustlet gets EBUSY");
    for (unsigned int i = 0; i < 200; i++) {
        if (audit_find(SK_AUDIT_ATTEMPT, SK_ATTEMPT_START_WATCHDOG, &record))
            break;
        usleep(10000);
    }
    ok(record.value == (uint64_t)getpid(), "... and is recorded");
    snprintf(text, sizeof(text), "process %d (attack-pci-q35) may not start", getpid());
    ok(prints("dmesg", text, "trustlets live"), "... and named in the kernel's log");
}

static void watchdogs(uint64_t base)
{
    uint16_t tco = (config_read(FUNCTION(0x1f, 0), POWER_BASE) & 0xff80) + TCO;
    uint32_t esb = find_device(ESB);
    struct victim trustlet;

    if (!esb)
        bail("this machine has no 6300ESB");
    chipset_watchdog(tco);
    starts_beside("the chipset's watchdog", true);
    outw(inw(tco + TCO_CONTROL) | TCO_HALT, tco + TCO_CONTROL);
    select_register(esb, ESB_LOCK);
    outb(ESB_ENABLE, PCI_DATA);
    ok(esb_runs(esb), "control: the watchdog on PCI can be started");
    starts_beside("the watchdog on PCI", true);
    select_register(esb, ESB_LOCK);
    outb(0, PCI_DATA);
    starts_beside("each of them", false);
    load_watchdog();
    ok(open_watchdog() == 0, "control: Linux starts a watchdog");
    victim_start(&trustlet, true);
    tco_is_refused(tco);
    esb_is_refused(esb, base);
    linux_is_told();
    ok(victim_end(&trustlet) == 0, "the trustlet ends well");
    ok(open_watchdog() == 0, "control: then Linux starts a watchdog again");
    ok(!out_is_refused(tco + TCO_CONTROL, 2, 0), "control: then it may run again");
    outw(TCO_HALT, tco + TCO_CONTROL);
}

int main(void)
{
    uint64_t base = window_base();

    attacker_start();
    run_only_if(under_openvsm(), "nothing guards PCI configuration here");
    catch_refusals();
    by_ports();
    if (base) {
        by_window(base);
        watchdogs(base);
    }
    bars();
    return done_testing();
}
