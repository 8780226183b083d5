// SPDX-License-Identifier: BSD-2-Clause
/*
 * Operations of VTL0's kernel. Whatever they name of VTL0's own memory is this thread's part of the
 * arena: a call that may write there must not write over Linux, for that would be no finding.
 */
#include <string.h>
#include "fuzz.h"

static const uint16_t hypercall_codes[] = {
#define ROW(code, symbol, who, handler) code,
    HV_CALL_LIST(ROW)
#undef ROW
};
#define HYPERCALLS (sizeof(hypercall_codes) / sizeof(hypercall_codes[0]))

uint64_t fuzz_below(struct fuzzer *fuzzer, uint64_t limit)
{
    return random_next(&fuzzer->random) % limit;
}

void *fuzz_page(struct fuzzer *fuzzer, uint32_t index)
{
    return arena_page(fuzzer->index * FUZZ_PAGES + index);
}

uint64_t fuzz_page_gpa(struct fuzzer *fuzzer, uint32_t index)
{
    return arena_gpa(fuzzer->index * FUZZ_PAGES + index);
}

uint64_t fuzz_forbidden(struct fuzzer *fuzzer)
{
    return fuzzer->forbidden[fuzz_below(fuzzer, fuzzer->forbidden_count)];
}

/* Any number that some parser might trip over. */
static uint64_t odd_number(struct fuzzer *fuzzer)
{
    switch (fuzz_below(fuzzer, 6)) {
    case 0:
        return fuzz_below(fuzzer, 16);
    case 1:
        return ~fuzz_below(fuzzer, 16);
    case 2:
        return 1ull << fuzz_below(fuzzer, 64);
    case 3:
        return (1ull << fuzz_below(fuzzer, 64)) - 1;
    case 4:
        return fuzz_below(fuzzer, 0x2000);
    default:
        return random_next(&fuzzer->random);
    }
}

/* An address of VTL0's only if it is this thread's arena. */
static uint64_t odd_gpa(struct fuzzer *fuzzer)
{
    switch (fuzz_below(fuzzer, 8)) {
    case 0:
    case 1:
        return fuzz_forbidden(fuzzer);
    case 2:
        return fuzz_forbidden(fuzzer) + fuzz_below(fuzzer, 4096);
    case 3:
        return 0xfee00000 + fuzz_below(fuzzer, 16) * 8;
    case 4:
        return ~fuzz_below(fuzzer, 0x10000);
    default:
        return fuzz_page_gpa(fuzzer, (uint32_t)fuzz_below(fuzzer, 4));
    }
}

/* Frame numbers that may be named in a list without harm to Linux if the call succeeds: none of
 * VTL0's but the two pages which this thread never touches itself. */
static void fill_list(struct fuzzer *fuzzer)
{
    uint64_t *list = fuzz_page(fuzzer, 0);

    /* A run of neighbours, with some out of their place: a division for each would cost more than
     * the call. */
    uint64_t at = fuzz_below(fuzzer, fuzzer->forbidden_count);

    for (unsigned int i = 0; i < SK_LIST_MAX; i++, at++) {
        at = at < fuzzer->forbidden_count ? at : 0;
        list[i] = fuzzer->forbidden[at] / OPENVSM_PAGE_SIZE;
    }
    for (unsigned int i = 0; i < 8; i++)
        list[fuzz_below(fuzzer, SK_LIST_MAX)] = fuzz_forbidden(fuzzer) / OPENVSM_PAGE_SIZE;
    if (fuzz_below(fuzzer, 2))
        list[fuzz_below(fuzzer, 4)] = odd_number(fuzzer) | 1ull << 40;
}

static void fill_input(struct fuzzer *fuzzer, uint16_t code)
{
    uint64_t *input = fuzz_page(fuzzer, 0);

    for (unsigned int i = 0; i < 64; i++)
        input[i] = odd_number(fuzzer);
    if (fuzz_below(fuzzer, 4) == 0)
        return;
    input[0] = HV_PARTITION_SELF;
    if (code == HV_CALL_MODIFY_VTL_PROTECTION_MASK ||
        code == HV_CALL_CHECK_SPARSE_GPA_PAGE_VTL_ACCESS)
        input[2] = fuzz_forbidden(fuzzer) / OPENVSM_PAGE_SIZE;
    if (code == HV_CALL_GET_VP_REGISTERS || code == HV_CALL_SET_VP_REGISTERS) {
        input[1] = (fuzz_below(fuzzer, 2) ? HV_VP_SELF : fuzz_below(fuzzer, 8)) |
                   (HV_INPUT_VTL_USE_TARGET | 1ull) << 32;
        input[2] = HV_REGISTER_RAX + fuzz_below(fuzzer, 0xc0000);
    }
}

void fuzz_hypercall(struct fuzzer *fuzzer)
{
    uint16_t code = hypercall_codes[fuzz_below(fuzzer, HYPERCALLS)];
    struct attack_call request = {0};
    uint64_t *registers = request.registers;

    fill_input(fuzzer, code);
    registers[ATTACK_RCX] = code;
    if (fuzz_below(fuzzer, 16) == 0)
        registers[ATTACK_RCX] = odd_number(fuzzer) & ~HV_CONTROL_CODE_MASK;
    if (fuzz_below(fuzzer, 2))
        registers[ATTACK_RCX] |= HV_CONTROL_REP_COUNT(fuzz_below(fuzzer, 8));
    if (fuzz_below(fuzzer, 4) == 0)
        registers[ATTACK_RCX] |= odd_number(fuzzer) << 16;
    registers[ATTACK_RDX] = odd_gpa(fuzzer);
    registers[ATTACK_R8] = odd_gpa(fuzzer);
    if (fuzz_below(fuzzer, 8) == 0)
        request.flags = ATTACK_CALL_IRQS_OFF;
    call(&request);
    /* VTL1's calls are refused whatever they say. */
    if (!request.trap && HV_RESULT_STATUS(registers[ATTACK_RAX]) == 0 &&
        (code == HV_CALL_MODIFY_VTL_PROTECTION_MASK || code == HV_CALL_DEPOSIT_MEMORY ||
         code == HV_CALL_WITHDRAW_MEMORY || code == HV_CALL_OPENVSM_CONSOLE_WRITE) &&
        (registers[ATTACK_RCX] & HV_CONTROL_CODE_MASK) == code) {
        fuzzer->faults.accepted++;
        note("hypercall %#x was accepted", code);
    }
}

/* Handles: this thread's own instance, its neighbours, and nonsense. */
static uint64_t odd_handle(struct fuzzer *fuzzer)
{
    uint64_t handle = fuzzer->carrying ? fuzzer->host.process : 0;

    if (fuzz_below(fuzzer, 2))
        handle += fuzz_below(fuzzer, 5) - 2;
    if (fuzz_below(fuzzer, 8) == 0)
        handle = odd_number(fuzzer);
    return handle == fuzzer->protected_process ? 0 : handle;
}

static uint64_t odd_argument(struct fuzzer *fuzzer)
{
    switch (fuzz_below(fuzzer, 3)) {
    case 0:
        return odd_handle(fuzzer);
    case 1:
        return odd_gpa(fuzzer);
    default:
        return odd_number(fuzzer);
    }
}

/* The calls that give away or fill memory of VTL0's must not hit Linux here: their address is never
 * just any number, the list of pages to give is fill_list's, a channel ends with this thread's. */
static void spare_linux(struct fuzzer *fuzzer, uint64_t number, uint64_t a[5])
{
    uint64_t first = fuzz_page_gpa(fuzzer, 0), bytes = FUZZ_PAGES * OPENVSM_PAGE_SIZE;
    uint64_t gpa = odd_gpa(fuzzer);
    bool own = gpa - first < bytes;

    switch (number) {
    case SK_CALL_MEMORY_DONATE:
        a[0] = own ? first : gpa;
        break;
    case SK_CALL_PROCESS_INFO:
        a[1] = gpa;
        break;
    case SK_CALL_PROCESS_CREATE:
        /* What another thread's driver has half made would be finished behind its back: it then
         * knows of no process that it could end. */
        a[3] = fuzz_below(fuzzer, 4) ? 0 : fuzzer->host.process;
        break;
    case SK_CALL_THREAD_ATTACH:
        a[2] = gpa;
        if (own)
            a[3] = fuzz_below(fuzzer, FUZZ_PAGES - (gpa - first) / OPENVSM_PAGE_SIZE);
        break;
    default:
        break;
    }
}

/* A process that was made, or begun, by chance: nobody else knows of it. */
static void end_made(const struct sk_answer *answer)
{
    uint64_t handle = answer->status == SK_OK ? answer->results[0] : answer->results[1];

    if (answer->status == SK_OK || answer->status == SK_AGAIN || answer->status == SK_NO_MEMORY)
        skcall_finish(SK_CALL_PROCESS_DESTROY, handle, 0, 0, 0, 0);
}

void fuzz_skcall(struct fuzzer *fuzzer)
{
    uint64_t number = fuzz_below(fuzzer, SK_CALL_COUNT + 1);
    uint64_t a[5] = {0};
    struct sk_answer answer = {0};

    for (unsigned int i = 0; i < 5; i++)
        a[i] = odd_argument(fuzzer);
    /* The first argument of these is a handle; another thread's instance is not to be hit. */
    if (number >= SK_CALL_IMAGE_WRITE && number <= SK_CALL_THREAD_KILL &&
        number != SK_CALL_PROCESS_INFO)
        a[0] = odd_handle(fuzzer);
    if (a[0] == fuzzer->protected_process || number == SK_CALL_MEMORY_RECLAIM)
        return;
    spare_linux(fuzzer, number, a);
    fill_list(fuzzer);
    answer = skcall(number, a[0], a[1], a[2], a[3], a[4]);
    if (number == SK_CALL_PROCESS_CREATE)
        end_made(&answer);
    /* Every list here names frames that are not VTL0's. */
    if (answer.status == SK_OK && number == SK_CALL_MEMORY_DONATE && a[1] && answer.results[0]) {
        fuzzer->faults.accepted++;
        note("%llu frames were donated that are not VTL0's, the first %#llx",
             (unsigned long long)answer.results[0],
             *(unsigned long long *)fuzz_page(fuzzer, 0) * OPENVSM_PAGE_SIZE);
    }
}

/* What VTL1 gives back must be VTL0's again, and hold nothing. Linux never gets these pages back:
 * they came from the driver, whom nobody told. */
void fuzz_reclaim(struct fuzzer *fuzzer)
{
    uint64_t *list = fuzz_page(fuzzer, 1);
    struct sk_answer answer = {0};

    if (fuzz_below(fuzzer, 64))
        return;
    answer = skcall(SK_CALL_MEMORY_RECLAIM, fuzz_page_gpa(fuzzer, 1), 1 + fuzz_below(fuzzer, 4), 0,
                    0, 0);
    if (answer.status != SK_OK)
        return;
    for (uint64_t i = 0; i < answer.results[0] && i < SK_LIST_MAX; i++) {
        uint64_t gpa = list[i] * OPENVSM_PAGE_SIZE + fuzz_below(fuzzer, 512) * 8, value = 1;

        if (touch(gpa, ATTACK_READ8, ATTACK_VIA_FRESH, &value, NULL) || value)
            fuzzer->faults.unscrubbed++;
    }
}

void fuzz_touch(struct fuzzer *fuzzer)
{
    uint64_t gpa = fuzz_forbidden(fuzzer) + fuzz_below(fuzzer, 250) * 16;
    enum attack_how how = (enum attack_how)fuzz_below(fuzzer, ATTACK_HOWS);
    enum attack_via via = fuzz_below(fuzzer, 2) ? ATTACK_VIA_FRESH : ATTACK_VIA_UNCACHED;

    if (touch(gpa, how, via, NULL, NULL) == ATTACK_NO_TRAP) {
        fuzzer->faults.leaked++;
        note("frame %#llx was touched, how %d via %d", (unsigned long long)gpa, how, via);
    }
}

void fuzz_privileged(struct fuzzer *fuzzer)
{
    static const uint32_t msrs[] = {0xc0010114, 0xc0010115, 0xc0010117, HV_MSR_VP_ASSIST_PAGE};
    enum attack_instruction instruction =
        (enum attack_instruction)fuzz_below(fuzzer, ATTACK_XSETBV);
    uint32_t msr = msrs[fuzz_below(fuzzer, 4)];

    if (fuzz_below(fuzzer, 2)) {
        if (execute(instruction, odd_gpa(fuzzer)) == 0) {
            fuzzer->faults.accepted++;
            note("instruction %d was executed", instruction);
        }
        return;
    }
    if (write_msr(msr, fuzz_forbidden(fuzzer) | 1) == 0 && msr == HV_MSR_VP_ASSIST_PAGE) {
        fuzzer->faults.accepted++;
        note("the VP assist page was put on a frame that is not VTL0's");
    }
}
