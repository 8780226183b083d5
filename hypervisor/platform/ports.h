/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few I/O ports that can end the machine, or move what protects it. VTL0 has all others without
 * an exit. A reset or power-off that VTL0 asks for takes hold only after VTL1 has been scrubbed.
 */
#ifndef HYPERVISOR_PLATFORM_PORTS_H
#define HYPERVISOR_PLATFORM_PORTS_H

#include "../spinlock.h"
#include "../types.h"
#include "watchdog.h"

struct cpu;

#define PORT_RANGES 10u

struct port_range {
    uint16_t first, last;
};

struct ports {
    uint32_t count;
    struct port_range ranges[PORT_RANGES]; /* guarded: every access exits */
    uint16_t power_control[2];             /* ACPI PM1a_CNT, PM1b_CNT; 0 if there is none */
    uint16_t reset_port;                   /* ACPI reset register; 0 if it is no port */
    uint8_t reset_value;
    bool keyboard_output_next; /* the keyboard controller's next byte drives the reset line */
    struct spinlock config_lock;
    uint32_t config_address; /* as VTL0 wrote it to 0xcf8 */
    struct watchdog watchdog;
};

/* Finds the ports in ACPI's FADT (ACPI 6.4, 5.2.9) and takes the sleep states that lose the
 * hypervisor (S3) out of what the firmware offers. Tables lie below limit. */
void ports_init(struct ports *ports, uint64_t rsdp, uint64_t limit);

/* Where devices are confined by an emulated IOMMU: the emulator's own DMA is not. */
void ports_guard_fw_cfg(struct ports *ports);

/* An access of VTL0 to a guarded port, size 1, 2 or 4 bytes. False: refused, and nothing was done.
 * A write that resets or powers off does not return. */
bool ports_write(struct cpu *cpu, uint16_t port, unsigned size, uint32_t value);
/* watchdog_hold() in the place of VTL0's own accesses. */
bool ports_hold_watchdog(struct ports *ports, bool live);
uint32_t ports_read(struct cpu *cpu, uint16_t port, unsigned size);

#endif
