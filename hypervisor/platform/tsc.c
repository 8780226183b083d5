/* SPDX-License-Identifier: BSD-2-Clause */
#include "tsc.h"
#include "../cpu.h"
#include "../io.h"

#define PIT_HZ          1193182u
#define PIT_CHANNEL2    0x42u
#define PIT_COMMAND     0x43u
#define PIT_CONTROL     0x61u /* gate of channel 2: bit 0; its output: bit 5; speaker: bit 1 */
#define CONTROL_GATE    1u
#define CONTROL_SPEAKER 2u
#define CONTROL_OUTPUT  0x20u
#define ONE_SHOT        0xb0u /* channel 2, low then high byte, mode 0 */
#define TICKS           2386u /* 2 ms */
#define ATTEMPTS        3u
#define POLL_LIMIT      10000000u

/* TSC ticks that TICKS of the PIT take, or 0. */
static uint64_t measure(void)
{
    uint8_t control = io_read8(PIT_CONTROL);
    io_write8(PIT_CONTROL, (uint8_t)((control & ~(CONTROL_SPEAKER | CONTROL_GATE))));
    io_write8(PIT_COMMAND, ONE_SHOT);
    io_write8(PIT_CHANNEL2, TICKS & 0xff);
    io_write8(PIT_CHANNEL2, TICKS >> 8);
    io_write8(PIT_CONTROL, (uint8_t)((control & ~CONTROL_SPEAKER) | CONTROL_GATE));
    uint64_t start = cpu_rdtsc();
    uint64_t polls = 0;
    while (!(io_read8(PIT_CONTROL) & CONTROL_OUTPUT) && polls < POLL_LIMIT)
        polls++;
    uint64_t taken = cpu_rdtsc() - start;
    io_write8(PIT_CONTROL, control);
    return polls < POLL_LIMIT && polls > 0 ? taken : 0;
}

uint64_t tsc_calibrate(void)
{
    uint64_t best = 0;
    /* Whatever disturbs a measurement (SMI, an emulator's scheduling) makes it longer. */
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        uint64_t taken = measure();
        if (taken && (!best || taken < best))
            best = taken;
    }
    return best * PIT_HZ / TICKS;
}

void tsc_delay(uint64_t tsc_hz, uint64_t microseconds)
{
    uint64_t ticks = tsc_hz / 1000000 * microseconds, start = cpu_rdtsc();
    while (cpu_rdtsc() - start < ticks)
        cpu_pause();
}
