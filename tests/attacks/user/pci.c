// SPDX-License-Identifier: BSD-2-Clause
/*
 * PCI configuration that would move memory or the registers that guard it, through the ports and
 * through the memory-mapped window. Each must end in #GP with its record; what is harmless works.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>
#include "attacker.h"

#define GP             13u
#define ADDRESS        0xcf8u
#define DATA           0xcfcu
#define ENABLE         0x80000000u
#define MCFG           "/sys/firmware/acpi/tables/MCFG"
#define FUNCTION(d, f) ((uint32_t)(d) << 11 | (uint32_t)(f) << 8)

static sigjmp_buf refusal;

static void on_fault(int signal)
{
    (void)signal;
    siglongjmp(refusal, 1);
}

/* Linux turns the #GP of an OUT in ring 3 into SIGSEGV. */
static bool out_is_refused(uint16_t port, unsigned size, uint32_t value)
{
    if (sigsetjmp(refusal, 1))
        return true;
    if (size == 1)
        outb((unsigned char)value, port);
    else if (size == 2)
        outw((unsigned short)value, port);
    else
        outl(value, port);
    return false;
}

static void select_register(uint32_t function, uint32_t reg)
{
    outl(ENABLE | function | (reg & 0xfc), ADDRESS);
}

/* What is refused is a change; the same value again is what Linux's drivers may write. */
static void try_write(const char *what, uint32_t function, uint32_t reg, bool refused)
{
    struct sk_audit_record record = {0};
    audit_mark();
    select_register(function, reg);
    uint8_t now = inb((uint16_t)(DATA + (reg & 3)));
    bool got = out_is_refused((uint16_t)(DATA + (reg & 3)), 1, refused ? now ^ 1u : now);

    ok(got == refused, "%s: %s", what, refused ? "refused" : "works");
    if (refused)
        ok(!out_is_refused((uint16_t)(DATA + (reg & 3)), 1, now), "... the same value is not");
    if (refused)
        ok(audit_find(SK_AUDIT_PORT, DATA + (reg & 3), &record), "... and recorded");
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
    ok(out_is_refused(ADDRESS + 2, 4, 0), "a dword across address and data: refused");
    ok(out_is_refused(DATA + 3, 2, 0), "a word across the end of data: refused");
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
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_fault};
    uint64_t base = window_base();

    attacker_start();
    if (!under_openvsm()) {
        puts("1..0 # SKIP nothing guards PCI configuration here");
        return 0;
    }
    sigaction(SIGSEGV, &action, NULL);
    by_ports();
    if (base)
        by_window(base);
    return done_testing();
}
