/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading a guest's own page tables: for TranslateVirtualAddress and the APIC's write trap. */
#ifndef HYPERVISOR_GUEST_MEMORY_H
#define HYPERVISOR_GUEST_MEMORY_H

#include "cpu.h"

/* TLFS HV_TRANSLATE_GVA_RESULT_CODE. */
enum translate_result {
    TRANSLATE_SUCCESS = 0,
    TRANSLATE_NOT_PRESENT = 1,
    TRANSLATE_PRIVILEGE_VIOLATION = 2,
    TRANSLATE_INVALID_FLAGS = 3,
    TRANSLATE_GPA_UNMAPPED = 4,
    TRANSLATE_NO_READ = 5,
    TRANSLATE_NO_WRITE = 6,
};
/* TLFS HV_TRANSLATE_GVA control flags. */
#define TRANSLATE_READ             0x1u
#define TRANSLATE_WRITE            0x2u
#define TRANSLATE_EXECUTE          0x4u
#define TRANSLATE_PRIVILEGE_EXEMPT 0x8u
#define TRANSLATE_SUPERVISOR       0x40u
#define TRANSLATE_USER             0x80u

/* Walks the tables of `vtl` on this CPU, reading them with that VTL's own rights; sets no A/D bits.
 * On success *address is the byte's GPA; nothing says that the VTL may touch that page. */
enum translate_result guest_translate(struct cpu *cpu, unsigned vtl, gva_t virtual, uint32_t flags,
                                      gpa_t *address);

/* Copies instruction bytes at the running vcpu's RIP, up to `length` (at most 15); returns how many
 * could be read. */
unsigned guest_fetch(struct cpu *cpu, uint8_t *bytes, unsigned length);

#endif
