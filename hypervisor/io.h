/* SPDX-License-Identifier: BSD-2-Clause */
/* Port access. */
#ifndef HYPERVISOR_IO_H
#define HYPERVISOR_IO_H

#include <stdint.h>

static inline void io_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}
static inline uint8_t io_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

#endif
