// SPDX-License-Identifier: BSD-2-Clause
/*
 * A CPU that is plugged into the running machine, which the hypervisor did not take in hand at its
 * start. VTL0 sends it whatever makes a CPU run: INIT and SIPI, an NMI, an SMI. It must not run.
 * Without OpenVSM each of them has it run a program of ours, which is the control.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "attacker.h"

#define PLUGGED     2u /* its APIC ID */

/* Low memory that Linux leaves alone, or has no need of any more. */
#define STUB_GPA    0x10000ull
#define SMM_GPA     0x38000ull /* where a CPU that was reset has its SMM handler */
#define NMI_POINTER 8u         /* real mode's vector 2 */

/* Real-mode code, found by whatever wakes the CPU: it leaves a mark, and halts for ever. */
static void lay_trap(void)
{
    /* push 0x1000; pop ds; mov byte [0x80], 1; cli; hlt; jmp back */
    static const uint8_t code[16] = {0x68, 0x00, 0x10, 0x1f, 0xc6, 0x06, 0x80,
                                     0x00, 0x01, 0xfa, 0xf4, 0xeb, 0xfc};
    uint64_t words[2] = {0};

    memcpy(words, code, sizeof(code));
    for (unsigned int i = 0; i < 2; i++) {
        write_word(STUB_GPA + i * 8, words[i]);
        write_word(SMM_GPA + i * 8, words[i]);
    }
    write_word(STUB_GPA + 0x80, 0);
    write_word(NMI_POINTER, (read_word(NMI_POINTER) & ~0xffffffffull) | STUB_GPA << 12);
}

static bool it_ran(void)
{
    struct timespec nap = {.tv_nsec = 20000000};

    for (unsigned int i = 0; i < 50 && !(read_word(STUB_GPA + 0x80) & 1); i++)
        nanosleep(&nap, NULL);
    return read_word(STUB_GPA + 0x80) & 1;
}

/* Each way on a CPU of its own: one that halted in the trap is no use to the next. */
static void try_way(const char *name, uint32_t destination, uint32_t first, uint32_t then)
{
    bool ran = false;

    lay_trap();
    send_icr(destination, first);
    usleep(20000);
    if (then)
        send_icr(destination, then);
    ran = it_ran();
    if (under_openvsm())
        ok(!ran, "a CPU that was plugged in is not made to run by %s", name);
    else
        ok(ran, "control: without OpenVSM it runs by %s", name);
}

static bool write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    bool good = file && fputs(text, file) >= 0;

    return (!file || fclose(file) == 0) && good;
}

/* Linux has taken note of the CPU when its file is there. */
static bool set_online(unsigned int cpu)
{
    char path[64] = "";

    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
    for (unsigned int i = 0; i < 500 && access(path, F_OK); i++)
        usleep(20000);
    return write_file(path, "1");
}

static void by_linux(void)
{
    if (!under_openvsm()) {
        ok(set_online(PLUGGED), "control: without OpenVSM Linux takes a CPU that was plugged in");
        return;
    }
    ok(!set_online(PLUGGED) && errno == ENODEV, "the driver refuses a CPU that was plugged in");
    ok(system("dmesg | grep -q 'openvsm: CPU 2 was added to the running machine and stays off'") ==
           0,
       "and the log says so");
}

static void plug(unsigned int apic_id)
{
    char command[64] = "";

    snprintf(command, sizeof(command), "host plug-cpu %u >/dev/null", apic_id);
    if (system(command))
        bail("no CPU %u can be plugged in", apic_id);
}

int main(void)
{
    attacker_start();
    run_on(0);
    for (unsigned int i = 0; i < 5; i++)
        plug(PLUGGED + i);
    by_linux();
    try_way("INIT and SIPI", PLUGGED + 1, ICR_INIT, ICR_STARTUP | STUB_GPA >> 12);
    try_way("an NMI", PLUGGED + 2, ICR_NMI, 0);
    try_way("an SMI", PLUGGED + 3, ICR_SMI, 0);
    try_way("an NMI to all others", 0, ICR_NMI | ICR_ALL_BUT_SELF, 0);
    if (under_openvsm())
        ok(system("taskset -c 1 ium run busybox true") == 0, "a trustlet runs as before");
    return done_testing();
}
