/* SPDX-License-Identifier: BSD-2-Clause */
/* The platform's devices as an attacker in VTL0 programs them, past Linux's drivers. */
#ifndef DEVICES_H
#define DEVICES_H

#include <stdbool.h>
#include <stdint.h>

void nap(unsigned int milliseconds);

/* ---- Ports: iopl(3) comes first ---- */

/* Linux turns the #GP of an OUT in ring 3 into SIGSEGV. */
void catch_refusals(void);
bool out_is_refused(uint16_t port, unsigned size, uint32_t value);

#define PCI_ADDRESS    0xcf8u
#define PCI_DATA       0xcfcu
#define PCI_ENABLE     0x80000000u /* in the address */
#define EDU            0x11e81234u /* QEMU's device for teaching */
#define FUNCTION(d, f) ((uint32_t)(d) << 11 | (uint32_t)(f) << 8)
void select_register(uint32_t function, uint32_t reg);
uint32_t config_read(uint32_t function, uint32_t reg);
void config_write(uint32_t function, uint32_t reg, uint32_t value);
/* The function of bus 0 whose first register says what it is; 0 if the machine has none. */
uint32_t find_device(uint32_t identity);

#define KEYBOARD_DATA    0x60u
#define KEYBOARD_COMMAND 0x64u
/* Waits for it a second at most. */
uint8_t keyboard_byte(void);
/* Has the keyboard controller ask for its interrupt, as if a key had been pressed. */
void ring_keyboard(void);

/* ---- Interrupt controllers ---- */

/* Of this thread's CPU. -> exception vector or 0. */
uint32_t apic_write(uint32_t offset, uint32_t value);
uint32_t apic_read(uint32_t offset);

#define IO_APIC_BASE     0xfec00000ull
#define IO_APIC_WINDOW   0x10u
#define IO_APIC_ENTRY(n) (0x10u + 2 * (n))
#define ENTRY_SMI        0x200u
#define ENTRY_NMI        0x400u
#define ENTRY_INIT       0x500u
uint32_t io_apic_read(uint32_t index);
/* By the registers at `base`. A refused write is as good as one that is ignored. */
void io_apic_write(uint64_t base, uint32_t index, uint32_t value);
/* The keyboard's interrupt, through an I/O APIC entry of that delivery mode, written by the
 * registers at `base`. */
void send_by_io_apic(uint64_t base, uint32_t mode, uint32_t destination);

#endif
