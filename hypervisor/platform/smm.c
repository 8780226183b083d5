/* SPDX-License-Identifier: BSD-2-Clause */
#include "smm.h"
#include "../partition.h"
#include "../string.h"
#include "apic.h"
#include "tsc.h"

/* From SMBASE (APM Vol.2 10.2): the handler, and the state that the CPU saves and RSM takes back.
 */
#define SMBASE_RESET 0x30000u
#define HANDLER      0x8000u
#define STATE        0xfe00u
#define STATE_BYTES  0x200u
#define STATE_SMBASE 0xff00u /* in it */
/* Bases are so far apart that neither handlers nor states overlap. */
#define STRIDE       STATE_BYTES
#define SMI_DELAY_US 100u

bool smm_init(struct partition *partition)
{
    static const uint8_t rsm[] = {0x0f, 0xaa};
    uint64_t size = STATE + STATE_BYTES + CPU_MAX * STRIDE - HANDLER;
    hpa_t handlers = memory_take(&partition->pool, (size + PAGE_MASK) / PAGE_SIZE);
    partition->smbase = (uint32_t)handlers.value - HANDLER;
    for (uint32_t i = 0; handlers.value && i < CPU_MAX; i++)
        memcpy(hpa_pointer(hpa(handlers.value + i * STRIDE)), rsm, sizeof(rsm));
    return handlers.value != 0;
}

void smm_move(const struct cpu *cpu)
{
    /* mov dword cs:[STATE_SMBASE], base; rsm */
    uint8_t mover[] = {0x66, 0x2e, 0xc7, 0x06, STATE_SMBASE & 0xff, STATE_SMBASE >> 8, 0, 0,
                       0,    0,    0x0f, 0xaa};
    uint8_t saved_code[sizeof(mover)], saved_state[STATE_BYTES];
    uint8_t *code = hpa_pointer(hpa(SMBASE_RESET + HANDLER));
    uint8_t *state = hpa_pointer(hpa(SMBASE_RESET + STATE));
    uint32_t base = cpu->partition->smbase + cpu->index * STRIDE;
    memcpy(&mover[6], &base, sizeof(base));
    memcpy(saved_code, code, sizeof(mover));
    memcpy(saved_state, state, STATE_BYTES);
    memcpy(code, mover, sizeof(mover));
    apic_send(cpu->apic_id, APIC_DELIVERY_SMI, 0);
    tsc_delay(cpu->partition->tsc_hz, SMI_DELAY_US);
    memcpy(code, saved_code, sizeof(mover));
    memcpy(state, saved_state, STATE_BYTES);
}
