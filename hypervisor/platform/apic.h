/* SPDX-License-Identifier: BSD-2-Clause */
/* The calling CPU's local APIC (APM Vol.2 chapter 16). VTL0 owns it; we only send through it. */
#ifndef HYPERVISOR_PLATFORM_APIC_H
#define HYPERVISOR_PLATFORM_APIC_H

#include "../types.h"

/* Register offsets. */
#define APIC_ID                 0x020u
#define APIC_LOGICAL_ID         0x0d0u
#define APIC_DESTINATION_FORMAT 0x0e0u
#define APIC_LVT_CMCI           0x2f0u
#define APIC_LVT_TIMER          0x320u
#define APIC_LVT_ERROR          0x370u
#define APIC_ICR_LOW            0x300u
#define APIC_ICR_HIGH           0x310u
#define APIC_MSR_X2APIC_CMCI    0x82fu
#define APIC_MSR_X2APIC_ICR     0x830u
#define APIC_MSR_X2APIC_ERROR   0x837u

#define APIC_ICR_BUSY           (1u << 12)
#define APIC_ICR_ASSERT         (1u << 14)
#define APIC_ICR_LEVEL          (1u << 15)

enum apic_delivery {
    APIC_DELIVERY_SMI = 2,
    APIC_DELIVERY_NMI = 4,
    APIC_DELIVERY_INIT = 5,
    APIC_DELIVERY_STARTUP = 6,
};
enum apic_shorthand {
    APIC_SHORTHAND_SELF = 1,
    APIC_SHORTHAND_ALL = 2,
    APIC_SHORTHAND_OTHERS = 3,
};

uint32_t apic_own_id(void);
/* xAPIC registers by offset. */
uint32_t apic_read(uint32_t offset);
void apic_write(uint32_t offset, uint32_t value);
/* Anywhere in the message window. */
uint32_t apic_read_window(uint64_t address);
void apic_write_window(uint64_t address, uint32_t value);

/* To the CPU of that APIC ID; the vector is a SIPI's. Leaves the ICR as VTL0 had prepared it. */
void apic_send(uint32_t target, enum apic_delivery mode, uint8_t vector);

#endif
