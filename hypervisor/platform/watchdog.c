/* SPDX-License-Identifier: BSD-2-Clause */
#include "watchdog.h"
#include "../io.h"

#define CONFIG_ADDRESS   0xcf8u
#define CONFIG_DATA      0xcfcu
#define CONFIG_ENABLE    0x80000000u
#define FUNCTIONS_OF_BUS 256u

/* Intel ICH9 datasheet, 13.1.13 (PMBASE) and 13.9.6 (TCO1_CNT) */
#define ICH9_BRIDGE      0xf800u /* device 31, function 0 */
#define ICH9_ID          0x29188086u
#define POWER_BASE       0x40u
#define POWER_BASE_MASK  0xff80u
#define TCO1_CONTROL     0x68u /* from there */
#define TCO_HALT         (1u << 11)

/* Intel 6300ESB datasheet, "Watchdog Timer": its lock register */
#define ESB_ID           0x25ab8086u
#define ESB_LOCK         0x68u
#define ESB_ENABLE       (1u << 1)

/* The address is a register's, aligned. */
static uint32_t config_read(uint32_t address, unsigned size)
{
    io_write(CONFIG_ADDRESS, 4, CONFIG_ENABLE | address);
    return io_read(CONFIG_DATA, size);
}

static void halt_tco(struct watchdog *watchdog)
{
    watchdog->tco =
        (uint16_t)((config_read(ICH9_BRIDGE | POWER_BASE, 2) & POWER_BASE_MASK) + TCO1_CONTROL);
    io_write(watchdog->tco, 2, io_read(watchdog->tco, 2) | TCO_HALT);
}

static void halt_esb(struct watchdog *watchdog, uint32_t address)
{
    watchdog->esb = address;
    io_write8(CONFIG_DATA, (uint8_t)(config_read(address | ESB_LOCK, 1) & ~ESB_ENABLE));
}

void watchdog_init(struct watchdog *watchdog)
{
    for (uint32_t i = 0; i < FUNCTIONS_OF_BUS; i++)
        if (config_read(i << 8, 4) == ESB_ID)
            halt_esb(watchdog, i << 8);
    if (config_read(ICH9_BRIDGE, 4) == ICH9_ID)
        halt_tco(watchdog);
}

static bool runs(const struct watchdog *watchdog)
{
    return (watchdog->tco && !(io_read(watchdog->tco, 2) & TCO_HALT)) ||
           (watchdog->esb && (config_read(watchdog->esb | ESB_LOCK, 1) & ESB_ENABLE));
}

bool watchdog_hold(struct watchdog *watchdog, bool live)
{
    if (live && runs(watchdog))
        return false;
    watchdog->held = live;
    return true;
}

bool watchdog_port_starts(const struct watchdog *watchdog, uint16_t port, uint8_t value)
{
    return watchdog->held && watchdog->tco && port == watchdog->tco + 1 && !(value & TCO_HALT >> 8);
}

bool watchdog_config_starts(const struct watchdog *watchdog, uint32_t address, uint32_t reg,
                            unsigned size, uint32_t value)
{
    return watchdog->held && watchdog->esb && (address & 0xffff00u) == watchdog->esb &&
           reg <= ESB_LOCK && reg + size > ESB_LOCK && (value >> 8 * (ESB_LOCK - reg) & ESB_ENABLE);
}
