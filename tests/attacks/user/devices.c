// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>
#include "attacker.h"
#include "devices.h"

uint32_t apic_write(uint32_t offset, uint32_t value)
{
    uint64_t word = value;

    return touch(APIC_BASE + offset, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &word, NULL);
}

uint32_t apic_read(uint32_t offset)
{
    uint64_t word = 0;

    if (touch(APIC_BASE + offset, ATTACK_READ4, ATTACK_VIA_UNCACHED, &word, NULL))
        bail("the APIC's register %#x cannot be read", offset);
    return (uint32_t)word;
}

void nap(unsigned int milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};

    nanosleep(&time, NULL);
}

static sigjmp_buf refusal;

static void on_fault(int signal)
{
    (void)signal;
    siglongjmp(refusal, 1);
}

void catch_refusals(void)
{
    struct sigaction action = {.sa_handler = on_fault};

    sigaction(SIGSEGV, &action, NULL);
}

bool out_is_refused(uint16_t port, unsigned size, uint32_t value)
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

void select_register(uint32_t function, uint32_t reg)
{
    outl(PCI_ENABLE | function | (reg & 0xfc), PCI_ADDRESS);
}

uint32_t config_read(uint32_t function, uint32_t reg)
{
    select_register(function, reg);
    return inl(PCI_DATA);
}

void config_write(uint32_t function, uint32_t reg, uint32_t value)
{
    select_register(function, reg);
    outl(value, PCI_DATA);
}

uint32_t find_device(uint32_t identity)
{
    for (uint32_t device = 1; device < 32; device++)
        if (config_read(FUNCTION(device, 0), 0) == identity)
            return FUNCTION(device, 0);
    return 0;
}

uint32_t io_apic_read(uint32_t index)
{
    uint64_t word = index;

    touch(IO_APIC_BASE, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &word, NULL);
    touch(IO_APIC_BASE + IO_APIC_WINDOW, ATTACK_READ4, ATTACK_VIA_UNCACHED, &word, NULL);
    return (uint32_t)word;
}

void io_apic_write(uint64_t base, uint32_t index, uint32_t value)
{
    uint64_t word = index;

    touch(base, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &word, NULL);
    word = value;
    touch(base + IO_APIC_WINDOW, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &word, NULL);
}

uint8_t keyboard_byte(void)
{
    for (unsigned int i = 0; i < 1000 && !(inb(0x64) & 1); i++)
        nap(1);
    return inb(0x60);
}

/* Command 0xd2 puts a byte into its output buffer. */
void ring_keyboard(void)
{
    uint8_t command = 0;

    if (iopl(3))
        bail("iopl: %s", strerror(errno));
    outb(0x20, 0x64);
    command = keyboard_byte();
    outb(0x60, 0x64);
    outb((command & ~0x10) | 1, 0x60);
    for (unsigned int i = 0; i < 3; i++) {
        outb(0xd2, 0x64);
        outb(0x55, 0x60);
        nap(20);
        keyboard_byte();
    }
    outb(0x60, 0x64);
    outb(command, 0x60);
}

void send_by_io_apic(uint64_t base, uint32_t mode, uint32_t destination)
{
    uint64_t entry[2] = {0};

    for (unsigned int i = 0; i < 2; i++)
        entry[i] = io_apic_read(IO_APIC_ENTRY(1) + i);
    io_apic_write(base, IO_APIC_ENTRY(1) + 1, destination << 24);
    io_apic_write(base, IO_APIC_ENTRY(1), mode | 0xff);
    ring_keyboard();
    /* The mode first: to Linux's destination the other one might be refused. */
    for (unsigned int i = 0; i < 2; i++)
        io_apic_write(IO_APIC_BASE, IO_APIC_ENTRY(1) + i, (uint32_t)entry[i]);
}
