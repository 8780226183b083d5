/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest_memory.h"
#include "partition.h"
#include "translate.h"

#define REGISTER_CS 0x60001u

static uint64_t read_register(struct cpu *cpu, unsigned vtl, uint32_t name)
{
    struct hv_register_value value = {0};
    vcpu_get_register(cpu, vtl, name, &value);
    return value.low;
}

enum translate_result guest_translate(struct cpu *cpu, unsigned vtl, gva_t virtual, uint32_t flags,
                                      gpa_t *address)
{
    struct paging paging = {
        .cr0 = read_register(cpu, vtl, HV_REGISTER_CR0),
        .cr3 = read_register(cpu, vtl, HV_REGISTER_CR3),
        .cr4 = read_register(cpu, vtl, HV_REGISTER_CR4),
        .efer = read_register(cpu, vtl, HV_REGISTER_EFER),
        .rflags = vcpu_rflags(&cpu->vcpu[vtl]),
    };
    return translate_walk(&cpu->partition->slat, vtl, &paging, virtual, flags, address);
}

/* Linear address of the next instruction. */
static uint64_t instruction_address(struct cpu *cpu)
{
    uint64_t rip = vcpu_rip(cpu->current);
    if (vcpu_is_64bit(cpu->current))
        return rip;
    return (uint32_t)(read_register(cpu, cpu->vtl, REGISTER_CS) + rip);
}

unsigned guest_fetch(struct cpu *cpu, uint8_t *bytes, unsigned length)
{
    uint64_t start = instruction_address(cpu);
    unsigned done = 0;
    while (done < length) {
        gpa_t place;
        uint64_t address = start + done;
        uint64_t rest = PAGE_SIZE - (address & PAGE_MASK);
        unsigned part = rest < length - done ? (unsigned)rest : length - done;
        if (guest_translate(cpu, cpu->vtl, gva(address), TRANSLATE_PRIVILEGE_EXEMPT, &place) !=
                TRANSLATE_SUCCESS ||
            !slat_copy_in(&cpu->partition->slat, cpu->vtl, place, bytes + done, part))
            break;
        done += part;
    }
    return done;
}
