/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a sequence of hypercalls and synthetic MSR writes of both VTLs. Beside the
 * sanitizers: a VTL0 call never changes who owns a page, every owner keeps to its rights, and no
 * pin is left behind.
 */
#include <stdlib.h>
#include <string.h>

#include "../../../hypervisor/exits.h"
#include "../../../hypervisor/hypercall.h"
#include "fake_cpu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct step {
    uint8_t kind;   /* bit 0: VTL; bit 1: MSR write; bit 2: control word as it is */
    uint8_t call;   /* index into the list, or the MSR's low byte */
    uint8_t pages;  /* rdx and r8: which of the pages below */
    uint8_t length; /* of the input that follows */
    uint64_t control, rdx, r8;
};

static const uint16_t codes[] = {
#define FUZZ_CODE(code, name, who, handler) code,
    HV_CALL_LIST(FUZZ_CODE)
#undef FUZZ_CODE
};
static const uint64_t pages[] = {
    0,          FAKE_PAGE, FAKE_OUTPUT, FAKE_VTL1_PAGE, FAKE_VTL1_PAGE + 0x1000, FAKE_HV_BASE,
    0xfee00000, SLAT_LIMIT};

static void check(bool ok)
{
    if (!ok)
        abort();
}

static uint64_t owned_by(enum slat_owner owner)
{
    return fake.partition.slat.pages[owner];
}

static void run_step(const struct step *step, const uint8_t *input)
{
    unsigned vtl = step->kind & 1;
    uint64_t base = pages[step->pages & 7];
    uint64_t rdx = base ? base | (step->rdx & 0xff8) : step->rdx;
    uint64_t r8 = pages[step->pages >> 4 & 7] ? pages[step->pages >> 4 & 7] : step->r8;
    if (step->kind & 2) {
        fake.cpu->vtl = vtl;
        synthetic_msr_write(fake.cpu, fake.cpu->vtl, 0x40000000 + step->call,
                            r8 | (step->control & 3));
        return;
    }
    uint64_t control = step->control;
    if (!(step->kind & 4))
        control = (control & ~HV_CONTROL_RESERVED & ~HV_CONTROL_CODE_MASK) |
                  codes[step->call % ARRAY_SIZE(codes)];
    if (base && base < FAKE_MEMORY && base != FAKE_HV_BASE)
        memcpy(hpa_pointer(hpa(base + (step->rdx & 0x7f8))), input, step->length);
    fake_call(vtl, control, rdx, r8);
}

static void run_checked(const struct step *step, const uint8_t *input)
{
    uint64_t vtl1 = owned_by(SLAT_VTL1), hypervisor = owned_by(SLAT_HYPERVISOR);
    uint64_t all = owned_by(SLAT_VTL0) + vtl1 + hypervisor + owned_by(SLAT_QUARANTINED);
    run_step(step, input);
    if (!(step->kind & 1))
        check(vtl1 == owned_by(SLAT_VTL1) && hypervisor == owned_by(SLAT_HYPERVISOR));
    check(all == owned_by(SLAT_VTL0) + owned_by(SLAT_VTL1) + owned_by(SLAT_HYPERVISOR) +
                     owned_by(SLAT_QUARANTINED));
}

static void check_no_pin_left(void)
{
    for (unsigned vtl = 0; vtl < 2; vtl++) {
        fake.cpu->vtl = vtl;
        synthetic_msr_write(fake.cpu, fake.cpu->vtl, HV_MSR_VP_ASSIST_PAGE, 0);
        synthetic_msr_write(fake.cpu, fake.cpu->vtl, HV_MSR_GUEST_OS_ID, 0);
    }
    check(fake.partition.slat.pin_count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing[256];
    struct step step;
    fake_machine_start();
    while (size >= sizeof(step)) {
        memcpy(&step, data, sizeof(step));
        data += sizeof(step);
        size -= sizeof(step);
        bool enough = size >= step.length;
        run_checked(&step, enough ? data : nothing);
        data += enough ? step.length : 0;
        size -= enough ? step.length : 0;
    }
    check_no_pin_left();
    fake_machine_stop();
    return 0;
}
