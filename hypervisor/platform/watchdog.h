/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hardware watchdogs. One that runs out resets the machine as it is, with nothing scrubbed: so none
 * is started while trustlets live, and none lives beside one that runs. Known are ICH9's (TCO) and
 * Intel's 6300ESB on bus 0; both stand still when VTL0 starts.
 */
#ifndef HYPERVISOR_PLATFORM_WATCHDOG_H
#define HYPERVISOR_PLATFORM_WATCHDOG_H

#include "../types.h"

struct watchdog {
    uint16_t tco; /* port of ICH9's TCO1_CNT, two bytes wide; 0 if there is none */
    uint32_t esb; /* configuration address of a 6300ESB, as in pci_is_guarded(); 0: none */
    bool held;    /* trustlets live: nothing may be started */
};

/* Looks for them and halts them. Before VTL0 starts. */
void watchdog_init(struct watchdog *watchdog);
/* VTL1: trustlets live from now on, or no longer. False: one of them runs, and nothing changed. The
 * caller has PCI's configuration ports for itself; afterwards their address is another. */
bool watchdog_hold(struct watchdog *watchdog, bool live);

/* Would that byte, or that configuration write within a dword, start one that may not run now? */
bool watchdog_port_starts(const struct watchdog *watchdog, uint16_t port, uint8_t value);
bool watchdog_config_starts(const struct watchdog *watchdog, uint32_t address, uint32_t reg,
                            unsigned size, uint32_t value);

#endif
