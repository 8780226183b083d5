// SPDX-License-Identifier: BSD-2-Clause
/*
 * Every hypercall and every Secure Kernel call with hostile arguments: GPAs of VTL1, of the
 * hypervisor, of no RAM at all, misaligned and wrapping ones, in every place where a GPA goes; bad
 * control words; calls that only VTL1 may make; VTL1's registers asked for from VTL0.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "attacker.h"

#define UD   6u
#define GP   13u
#define GOOD 2u /* arena page with an input that would be fine */
#define OUT  3u

struct hostile {
    const char *name;
    uint64_t gpa;
};
#define HOSTILE 8
static struct hostile hostile[HOSTILE];

static const struct {
    uint16_t code;
    uint32_t who;
    const char *name;
} hypercalls[] = {
#define ROW(code, symbol, who, handler) {code, who, #symbol},
    HV_CALL_LIST(ROW)
#undef ROW
};
#define HYPERCALLS (sizeof(hypercalls) / sizeof(hypercalls[0]))

static const struct {
    uint16_t number;
    const char *name;
} skcalls[] = {
#define ROW(number, symbol, handler) {number, #symbol},
    SK_CALL_LIST(ROW)
#undef ROW
};

static void choose_addresses(const struct frames *frames)
{
    uint64_t closed = count_frames(frames, FRAME_CLOSED);

    hostile[0] = (struct hostile){"VTL1's first frame", find_frame(frames, FRAME_CLOSED, 0)};
    hostile[1] =
        (struct hostile){"VTL1's last frame", find_frame(frames, FRAME_CLOSED, closed - 1)};
    hostile[2] = (struct hostile){"the hypervisor's frame", HYPERVISOR_BASE};
    hostile[3] = (struct hostile){"the local APIC", 0xfee00000};
    hostile[4] = (struct hostile){"beyond RAM", 0xff0000000000ull};
    hostile[5] = (struct hostile){"the top of 64 bits", ~0xfffull};
    hostile[6] = (struct hostile){"VTL1's, misaligned", hostile[0].gpa + 0xff8};
    hostile[7] = (struct hostile){"read-only frame", find_frame(frames, FRAME_READ_ONLY, 0)};
}

struct outcome {
    uint32_t trap;
    uint64_t result;
};
static struct outcome hypercall_tried(uint64_t control, uint64_t rdx, uint64_t r8)
{
    struct attack_call request = {0};
    struct outcome outcome = {0};

    request.registers[ATTACK_RCX] = control;
    request.registers[ATTACK_RDX] = rdx;
    request.registers[ATTACK_R8] = r8;
    outcome.trap = call(&request);
    outcome.result = request.registers[ATTACK_RAX];
    return outcome;
}

/* TLFS lets a hypercall on an unreadable page end in an intercept, which becomes #GP, or say so. */
static bool is_refused(struct outcome outcome)
{
    return outcome.trap == GP || (!outcome.trap && HV_RESULT_STATUS(outcome.result) != 0);
}

/* Codes whose memory form has no input or no output, and ignores that GPA by the TLFS. */
static bool has_output(uint16_t code)
{
    return code == HV_CALL_GET_VP_REGISTERS || code == HV_CALL_TRANSLATE_VIRTUAL_ADDRESS ||
           code == HV_CALL_CHECK_SPARSE_GPA_PAGE_VTL_ACCESS ||
           code == HV_CALL_OPENVSM_GET_STATISTICS;
}

static bool has_reps(uint16_t code)
{
    return code == HV_CALL_GET_VP_REGISTERS || code == HV_CALL_SET_VP_REGISTERS ||
           code == HV_CALL_CHECK_SPARSE_GPA_PAGE_VTL_ACCESS ||
           code == HV_CALL_MODIFY_VTL_PROTECTION_MASK || code == HV_CALL_DEPOSIT_MEMORY;
}

/* An input that VTL0 may give to the calls that it may make. */
static void good_input(uint16_t code)
{
    uint64_t *input = arena_page(GOOD);

    memset(input, 0, OPENVSM_PAGE_SIZE);
    if (code == HV_CALL_OPENVSM_GET_STATISTICS)
        return;
    input[0] = HV_PARTITION_SELF;
    if (code == HV_CALL_CHECK_SPARSE_GPA_PAGE_VTL_ACCESS) {
        input[1] = HV_MAP_READ << 8;
        input[2] = arena_gpa(0) / OPENVSM_PAGE_SIZE;
    } else {
        input[1] = HV_VP_SELF;
        input[2] = HV_REGISTER_VSM_VP_STATUS;
    }
}

static void hypercall_addresses(void)
{
    for (unsigned int i = 0; i < HYPERCALLS; i++) {
        uint16_t code = hypercalls[i].code;
        uint64_t control = code | (has_reps(code) ? HV_CONTROL_REP_COUNT(1) : 0);
        unsigned int input_bad = 0, output_bad = 0;

        if (code == HV_CALL_OPENVSM_NULL)
            continue;
        for (unsigned int j = 0; j < HOSTILE; j++) {
            /* Reading from a page that VTL0 may read is no attack. */
            if (j != 7)
                input_bad += !is_refused(hypercall_tried(control, hostile[j].gpa, arena_gpa(OUT)));
            good_input(code);
            if (has_output(code))
                output_bad +=
                    !is_refused(hypercall_tried(control, arena_gpa(GOOD), hostile[j].gpa));
        }
        ok(!input_bad && !output_bad, "hypercall %s: no hostile input or output page is used",
           hypercalls[i].name);
    }
    good_input(HV_CALL_OPENVSM_GET_STATISTICS);
    ok(!is_refused(
           hypercall_tried(HV_CALL_OPENVSM_GET_STATISTICS, arena_gpa(GOOD), arena_gpa(OUT))),
       "control: the same with pages of VTL0's works");
}

static void hypercall_rights(void)
{
    for (unsigned int i = 0; i < HYPERCALLS; i++) {
        struct sk_audit_record record = {0};
        uint16_t code = hypercalls[i].code;
        uint64_t control = code | (has_reps(code) ? HV_CONTROL_REP_COUNT(1) : 0);
        struct outcome outcome = {0};

        if (hypercalls[i].who & HV_VTL0)
            continue;
        good_input(code);
        audit_mark();
        outcome = hypercall_tried(control, arena_gpa(GOOD), arena_gpa(OUT));
        ok(!outcome.trap && HV_RESULT_STATUS(outcome.result) == HV_STATUS_ACCESS_DENIED,
           "hypercall %s is VTL1's: access denied", hypercalls[i].name);
        ok(audit_find(SK_AUDIT_HYPERCALL, ~0ull, &record), "... and recorded");
    }
}

static void control_words(void)
{
    static const struct {
        uint64_t control;
        const char *what;
    } bad[] = {
        {0xdead, "an unknown code"},
        {0xffff, "the last code"},
        {HV_CALL_OPENVSM_NULL | 1ull << 17, "a variable header that the call has not"},
        {HV_CALL_OPENVSM_NULL | 1ull << 31, "the nested bit"},
        {HV_CALL_OPENVSM_NULL | 1ull << 44, "a reserved bit"},
        {HV_CALL_OPENVSM_NULL | 1ull << 63, "the top bit"},
        {HV_CALL_GET_VP_REGISTERS | HV_CONTROL_REP_COUNT(4095), "more repetitions than fit a page"},
        {HV_CALL_GET_VP_REGISTERS | HV_CONTROL_REP_COUNT(1) | HV_CONTROL_REP_START(2),
         "a start behind the end"},
        {HV_CALL_OPENVSM_GET_STATISTICS | HV_CONTROL_REP_COUNT(3), "repetitions of a simple call"},
        {HV_CALL_CHECK_SPARSE_GPA_PAGE_VTL_ACCESS | HV_CONTROL_FAST,
         "a fast form that is too small"},
    };

    for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        good_input(HV_CALL_GET_VP_REGISTERS);
        ok(is_refused(hypercall_tried(bad[i].control, arena_gpa(GOOD), arena_gpa(OUT))),
           "a hypercall with %s is refused", bad[i].what);
    }
}

/* GetVpRegisters or SetVpRegisters of one register of VTL1. */
static struct outcome vtl1_register(uint16_t code, uint32_t name, uint32_t vp)
{
    struct hv_vp_registers_header *header = arena_page(GOOD);
    struct hv_set_register *set = (void *)(header + 1);

    memset(header, 0, OPENVSM_PAGE_SIZE);
    header->partition_id = HV_PARTITION_SELF;
    header->vp_index = vp;
    header->input_vtl = HV_INPUT_VTL_USE_TARGET | 1;
    set->name = name;
    return hypercall_tried(code | HV_CONTROL_REP_COUNT(1), arena_gpa(GOOD), arena_gpa(OUT));
}

static void registers_of_vtl1(void)
{
    static const uint32_t names[] = {HV_REGISTER_RIP,
                                     HV_REGISTER_CR3,
                                     HV_REGISTER_CR0,
                                     HV_REGISTER_EFER,
                                     HV_REGISTER_VSM_VINA,
                                     HV_REGISTER_RAX,
                                     HV_REGISTER_XCR0,
                                     HV_REGISTER_VSM_PARTITION_CONFIG,
                                     HV_REGISTER_OPENVSM_TRUSTLETS,
                                     HV_REGISTER_VSM_VP_SECURE_CONFIG_VTL0};
    unsigned int read = 0, written = 0;

    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (uint32_t vp = 0; vp < cpu_count(); vp++) {
            read += !is_refused(vtl1_register(HV_CALL_GET_VP_REGISTERS, names[i], vp));
            written += !is_refused(vtl1_register(HV_CALL_SET_VP_REGISTERS, names[i], vp));
        }
        read += !is_refused(vtl1_register(HV_CALL_GET_VP_REGISTERS, names[i], HV_VP_SELF));
        written += !is_refused(vtl1_register(HV_CALL_SET_VP_REGISTERS, names[i], HV_VP_SELF));
    }
    ok(read == 0, "no register of VTL1 can be read from VTL0 (%u could)", read);
    ok(written == 0, "no register of VTL1 can be written from VTL0 (%u could)", written);
}

static void vtl_call_forms(void)
{
    struct attack_call request = {0};

    request.registers[ATTACK_RCX] = HV_CALL_VTL_RETURN;
    ok(call(&request) == UD, "VtlReturn from VTL0: #UD");
    request = (struct attack_call){0};
    request.registers[ATTACK_RCX] = HV_CALL_VTL_CALL;
    request.registers[ATTACK_RAX] = 1;
    ok(call(&request) == UD, "VtlCall with a reserved control bit: #UD");
    request = (struct attack_call){0};
    request.registers[ATTACK_RCX] = HV_CALL_VTL_CALL | 1ull << 40;
    ok(call(&request) == UD || HV_RESULT_STATUS(request.registers[ATTACK_RAX]),
       "VtlCall with a reserved bit beside its code is refused");
}

static sigjmp_buf back;
static void on_signal(int number)
{
    siglongjmp(back, number);
}

static void from_ring3(uint64_t control, const char *what)
{
    int number = 0;
    volatile uint64_t answer = 0;
    uint64_t rax;

    signal(SIGILL, on_signal);
    signal(SIGSEGV, on_signal);
    number = sigsetjmp(back, 1);
    if (!number) {
        __asm__ volatile("vmmcall" : "=a"(rax) : "a"(0), "c"(control), "d"(0), "D"(0) : "memory");
        answer = rax;
    }
    signal(SIGILL, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
    ok(number == SIGILL, "%s from ring 3: #UD (signal %d, RAX %#llx)", what, number,
       (unsigned long long)answer);
}

/* Small handles, so that a live object of somebody else's might be hit: the address must stop it.
 */
static unsigned int skcall_addresses(uint16_t number)
{
    unsigned int accepted = 0;

    for (unsigned int place = 0; place < 5; place++) {
        for (unsigned int i = 0; i < HOSTILE; i++) {
            for (uint64_t filler = 0; filler < 3; filler++) {
                uint64_t a[5] = {filler, filler, filler, filler, filler};

                a[place] = hostile[i].gpa;
                accepted += skcall_finish(number, a[0], a[1], a[2], a[3], a[4]).status == SK_OK;
            }
        }
    }
    return accepted;
}

static bool takes_no_address(uint16_t number)
{
    return number == SK_CALL_NULL || number == SK_CALL_INFO || number == SK_CALL_MEMORY_STATUS ||
           number == SK_CALL_AUDIT_RING || number == SK_CALL_STATISTICS ||
           number == SK_CALL_MEASUREMENT ||
           number == SK_CALL_TRUSTLET_CANCEL; /* it is compared, never followed */
}

static void skcalls_hostile(void)
{
    for (unsigned int i = 0; i < sizeof(skcalls) / sizeof(skcalls[0]); i++) {
        uint16_t number = skcalls[i].number;

        if (takes_no_address(number))
            continue;
        ok(skcall_addresses(number) == 0, "Secure Kernel call %s refuses every hostile address",
           skcalls[i].name);
    }
    ok(skcall(SK_CALL_COUNT, 0, 0, 0, 0, 0).status == SK_INVALID_CALL &&
           skcall(~0ull, 0, 0, 0, 0, 0).status == SK_INVALID_CALL &&
           skcall(1ull << 32, 0, 0, 0, 0, 0).status == SK_INVALID_CALL,
       "numbers that are no Secure Kernel call are refused");
}

static uint64_t donate(uint64_t first, uint64_t second)
{
    uint64_t *list = arena_page(GOOD);

    list[0] = first / OPENVSM_PAGE_SIZE;
    list[1] = second / OPENVSM_PAGE_SIZE;
    return skcall_finish(SK_CALL_MEMORY_DONATE, arena_gpa(GOOD), 2, 0, 0, 0).status;
}

/* Lists of frames that are not VTL0's to give, alone and beside one that is. */
static void donations(void)
{
    struct sk_audit_record record = {0};

    audit_mark();
    for (unsigned int i = 0; i < 6; i++) {
        uint64_t both = donate(hostile[i].gpa, hostile[i].gpa);
        uint64_t mixed = donate(arena_gpa(40), hostile[i].gpa);

        ok(both != SK_OK && mixed != SK_OK, "donating %s is refused (%llu, %llu)", hostile[i].name,
           (unsigned long long)both, (unsigned long long)mixed);
    }
    ok(donate(arena_gpa(41), arena_gpa(41)) != SK_OK,
       "donating a frame twice in one list is refused");
    ok(skcall(SK_CALL_MEMORY_DONATE, arena_gpa(GOOD), SK_LIST_MAX + 1, 0, 0, 0).status != SK_OK &&
           skcall(SK_CALL_MEMORY_DONATE, arena_gpa(GOOD), ~0ull, 0, 0, 0).status != SK_OK,
       "a list longer than its page is refused");
    ok(audit_find(SK_AUDIT_SKCALL, ~0ull, &record), "refused donations are recorded");
    ok(touch(arena_gpa(40), ATTACK_READ8, ATTACK_VIA_FRESH, NULL, NULL) == 0 &&
           touch(arena_gpa(41), ATTACK_READ8, ATTACK_VIA_FRESH, NULL, NULL) == 0,
       "what stood beside them in a refused list stays VTL0's");
}

/* Synthetic MSRs that lay a page over a frame. */
static void overlays(void)
{
    static const uint32_t msrs[] = {HV_MSR_VP_ASSIST_PAGE, HV_MSR_HYPERCALL};
    uint64_t before = 0;

    write_msr(HV_MSR_GUEST_OS_ID, 0x8100ull << 48);
    for (unsigned int i = 0; i < 2; i++) {
        unsigned int accepted = 0;

        if (read_msr(msrs[i], &before))
            continue;
        for (unsigned int j = 0; j < 6; j++)
            accepted += write_msr(msrs[i], (hostile[j].gpa & ~0xfffull) | HV_MSR_PAGE_ENABLE) == 0;
        write_msr(msrs[i], before);
        ok(accepted == 0, "MSR %#x does not lay a page over a frame that is not VTL0's (%u did)",
           msrs[i], accepted);
    }
    write_msr(HV_MSR_GUEST_OS_ID, 0);
}

static void instructions(void)
{
    static const struct {
        enum attack_instruction instruction;
        const char *name;
    } table[] = {{ATTACK_VMRUN, "VMRUN"},     {ATTACK_VMLOAD, "VMLOAD"}, {ATTACK_VMSAVE, "VMSAVE"},
                 {ATTACK_STGI, "STGI"},       {ATTACK_CLGI, "CLGI"},     {ATTACK_SKINIT, "SKINIT"},
                 {ATTACK_INVLPGA, "INVLPGA"}, {ATTACK_VMCALL, "VMCALL"}};

    uint32_t trap = 0;

    for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        ok(execute(table[i].instruction, hostile[0].gpa) != 0, "%s raises an exception",
           table[i].name);
    ok(execute(ATTACK_INVD, 0) == 0, "INVD is survived");
    ok(execute(ATTACK_WBINVD, 0) == 0, "WBINVD is survived");
    /* A CPU refuses both on such a frame; TCG does not look at the address at all. */
    trap = execute(ATTACK_CLFLUSH, hostile[0].gpa);
    ok(trap == GP || trap == 0, "CLFLUSH of a frame of VTL1's is survived (exception %u)", trap);
    trap = execute(ATTACK_MONITOR, hostile[0].gpa);
    ok(trap == GP || trap == UD || trap == 0, "MONITOR of a frame of VTL1's too (exception %u)",
       trap);
    ok(execute(ATTACK_XSETBV, 0) == GP && execute(ATTACK_XSETBV, 1ull << 62 | 1) == GP,
       "XSETBV of what the CPU has not: #GP");
}

int main(void)
{
    struct frames frames = {0};

    attacker_start();
    run_only_if(under_openvsm(), "there is no hypervisor to call");
    frames = survey();
    choose_addresses(&frames);
    hypercall_addresses();
    hypercall_rights();
    control_words();
    registers_of_vtl1();
    vtl_call_forms();
    from_ring3(HV_CALL_OPENVSM_NULL, "a hypercall");
    from_ring3(HV_CALL_VTL_CALL, "VtlCall");
    from_ring3(HV_CALL_VTL_RETURN, "VtlReturn");
    skcalls_hostile();
    donations();
    overlays();
    instructions();
    return done_testing();
}
