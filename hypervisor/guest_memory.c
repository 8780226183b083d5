/* SPDX-License-Identifier: BSD-2-Clause */
#include "translate.h"
#include "cpu.h"
#include "partition.h"

#define REGISTER_CS 0x60001u

enum translate_result guest_translate(struct cpu *cpu, unsigned vtl, gva_t virtual, uint32_t flags,
                                      gpa_t *address)
{
    const struct paging paging = {
        .cr0 = vcpu_register(cpu, vtl, HV_REGISTER_CR0),
        .cr3 = vcpu_register(cpu, vtl, HV_REGISTER_CR3),
        .cr4 = vcpu_register(cpu, vtl, HV_REGISTER_CR4),
        .efer = vcpu_register(cpu, vtl, HV_REGISTER_EFER),
        .rflags = vcpu_register(cpu, vtl, HV_REGISTER_RFLAGS),
    };
    return translate_walk(&cpu->partition->slat, vtl, &paging, virtual, flags, address);
}

/* Outside 64-bit mode an instruction stands at CS.base + RIP. The base is the first word of struct
 * hv_segment. */
static uint64_t instruction_address(struct cpu *cpu)
{
    uint64_t rip = vcpu_rip(cpu->current);
    if (vcpu_is_64bit(cpu->current))
        return rip;
    return (vcpu_register(cpu, cpu->vtl, REGISTER_CS) + rip) & 0xffffffff;
}

unsigned guest_fetch(struct cpu *cpu, uint8_t *bytes, unsigned length)
{
    uint32_t flags = TRANSLATE_PRIVILEGE_EXEMPT;
    uint64_t from = instruction_address(cpu);
    unsigned done = 0;
    while (done < length) {
        uint64_t to_page_end = PAGE_SIZE - ((from + done) & PAGE_MASK);
        unsigned part = length - done < to_page_end ? length - done : (unsigned)to_page_end;
        gpa_t address;
        if (guest_translate(cpu, cpu->vtl, gva(from + done), flags, &address) !=
                TRANSLATE_SUCCESS ||
            !slat_copy_in(&cpu->partition->slat, cpu->vtl, address, bytes + done, part))
            break;
        done += part;
    }
    return done;
}
