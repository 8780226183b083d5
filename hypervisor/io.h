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
/* size 1, 2 or 4 bytes. */
static inline void io_write(uint16_t port, unsigned size, uint32_t value)
{
    if (size == 1)
        io_write8(port, (uint8_t)value);
    else if (size == 2)
        __asm__ volatile("outw %w0, %1" ::"a"(value), "Nd"(port));
    else
        __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}
static inline uint32_t io_read(uint16_t port, unsigned size)
{
    uint32_t value = 0;
    if (size == 1)
        return io_read8(port);
    if (size == 2)
        __asm__ volatile("inw %1, %w0" : "+a"(value) : "Nd"(port));
    else
        __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

#endif
