/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding, and what each call refuses and does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../../hypervisor/exits.h"
#include "../../../hypervisor/hypercall.h"
#include "fake_cpu.h"

static const struct call {
    uint16_t code;
    unsigned who;
    const struct hypercall_shape *shape;
} calls[] = {
#define TEST_CALL(code, name, who, handler) {code, who, &shape_##handler},
    HV_CALL_LIST(TEST_CALL)
#undef TEST_CALL
};

static int setup(void **state)
{
    (void)state;
    fake_machine_start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(fake.partition.slat.pin_count, 0);
    fake_machine_stop();
    return 0;
}

static void *at(uint64_t address)
{
    return hpa_pointer(hpa(address));
}

/* The call's control word with as many repetitions as its form needs. */
static uint64_t well_formed(const struct call *call)
{
    return call->code | (call->shape->rep ? HV_CONTROL_REP_COUNT(1) : 0);
}

static unsigned caller_of(const struct call *call)
{
    return call->who & HV_VTL0 ? 0 : 1;
}

static uint16_t status_of(unsigned vtl, uint64_t control, uint64_t rdx, uint64_t r8)
{
    uint64_t result = fake_call(vtl, control, rdx, r8);
    assert_int_equal(result & ~0xfff0000ffffull, 0);
    return HV_RESULT_STATUS(result);
}

/* ---- Decoding ---- */

static void test_reserved_bits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
        for (unsigned bit = 17; bit < 64; bit++) {
            uint64_t control = well_formed(&calls[i]) | 1ull << bit;
            if (HV_CONTROL_RESERVED & 1ull << bit)
                assert_int_equal(status_of(caller_of(&calls[i]), control, FAKE_PAGE, FAKE_OUTPUT),
                                 HV_STATUS_INVALID_HYPERCALL_INPUT);
        }
}

static void test_rep_counts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        unsigned vtl = caller_of(&calls[i]);
        uint64_t code = calls[i].code;
        uint64_t bad[] = {
            code | HV_CONTROL_REP_START(1),
            code | HV_CONTROL_REP_COUNT(2) | HV_CONTROL_REP_START(2),
            code | HV_CONTROL_REP_COUNT(2) | HV_CONTROL_REP_START(0xfff),
            calls[i].shape->rep ? code : code | HV_CONTROL_REP_COUNT(1),
        };
        for (unsigned j = 0; j < ARRAY_SIZE(bad); j++)
            assert_int_equal(status_of(vtl, bad[j], FAKE_PAGE, FAKE_OUTPUT),
                             HV_STATUS_INVALID_HYPERCALL_INPUT);
    }
}

static void test_unknown_codes(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x10000; code++) {
        bool known = false;
        for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
            known = known || calls[i].code == code;
        if (!known)
            assert_int_equal(status_of(code & 1, code, 0, 0), HV_STATUS_INVALID_HYPERCALL_CODE);
    }
}

static void test_who_may_call(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
        if (!(calls[i].who & HV_VTL0))
            assert_int_equal(status_of(0, well_formed(&calls[i]), FAKE_PAGE, FAKE_OUTPUT),
                             HV_STATUS_ACCESS_DENIED);
    assert_int_equal(fake.cpu->refused, 5);
    assert_int_equal(fake.notices, 5);
}

static void test_alignment_and_page_crossing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        const struct hypercall_shape *shape = calls[i].shape;
        unsigned vtl = caller_of(&calls[i]);
        uint64_t control = well_formed(&calls[i]);
        if (shape->header)
            assert_int_equal(status_of(vtl, control, FAKE_PAGE + 4, FAKE_OUTPUT),
                             HV_STATUS_INVALID_ALIGNMENT);
        if (shape->header + shape->input > 8)
            assert_int_equal(status_of(vtl, control, FAKE_PAGE + 4088, FAKE_OUTPUT),
                             HV_STATUS_INVALID_HYPERCALL_INPUT);
        if (shape->output)
            assert_int_equal(status_of(vtl, control, FAKE_PAGE, FAKE_OUTPUT + 1),
                             HV_STATUS_INVALID_ALIGNMENT);
        if (shape->output > 8)
            assert_int_equal(status_of(vtl, control, FAKE_PAGE, FAKE_OUTPUT + 4088),
                             HV_STATUS_INVALID_HYPERCALL_INPUT);
    }
    uint64_t many = HV_CALL_MODIFY_VTL_PROTECTION_MASK | HV_CONTROL_REP_COUNT(511);
    assert_int_equal(status_of(1, many, FAKE_PAGE, 0), HV_STATUS_INVALID_HYPERCALL_INPUT);
}

static void test_fast_form_is_16_bytes_and_no_output(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
        const struct hypercall_shape *shape = calls[i].shape;
        uint64_t control = well_formed(&calls[i]) | HV_CONTROL_FAST;
        if (shape->header + shape->input > 16 || shape->output)
            assert_int_equal(status_of(caller_of(&calls[i]), control, 0, 0),
                             HV_STATUS_INVALID_HYPERCALL_INPUT);
    }
}

/* Memory that VTL0 may not touch is an intercept at the instruction, and RAX stays. */
static void test_forbidden_memory(void **state)
{
    (void)state;
    static const uint64_t bad[] = {FAKE_VTL1_PAGE, FAKE_HV_BASE, 0xfee00000ull, SLAT_LIMIT,
                                   0xfffffffffffff000ull};
    unsigned expected = 0;
    for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
        for (unsigned j = 0; j < ARRAY_SIZE(bad); j++) {
            const struct hypercall_shape *shape = calls[i].shape;
            if (!(calls[i].who & HV_VTL0))
                continue;
            for (unsigned out = 0; out < 2; out++) {
                if (!(out ? shape->output : shape->header))
                    continue;
                uint64_t result = fake_call(0, well_formed(&calls[i]), out ? FAKE_PAGE : bad[j],
                                            out ? bad[j] : FAKE_OUTPUT);
                assert_int_equal(result, ~0ull);
                assert_int_equal(fake.vcpu[0].rip, 0x1000);
                assert_int_equal(fake.intercept_address, bad[j]);
                assert_int_equal(fake.intercepts, ++expected);
            }
        }
    assert_true(expected > 30);
    uint64_t get = HV_CALL_GET_VP_REGISTERS | HV_CONTROL_REP_COUNT(1);
    assert_int_equal(status_of(1, get, FAKE_HV_BASE, FAKE_VTL1_PAGE), HV_STATUS_ACCESS_DENIED);
    assert_int_equal(fake.intercepts, expected);
}

static void test_null(void **state)
{
    (void)state;
    assert_int_equal(fake_call(0, HV_CALL_OPENVSM_NULL, ~0ull, ~0ull), 0);
    assert_int_equal(fake_call(1, HV_CALL_OPENVSM_NULL | HV_CONTROL_FAST, ~0ull, ~0ull), 0);
    assert_int_equal(fake.cpu->refused, 0);
}

/* ---- MODIFY_VTL_PROTECTION_MASK ---- */

static uint64_t modify(uint32_t flags, uint8_t input_vtl, uint32_t start, uint32_t count,
                       uint64_t first)
{
    struct hv_modify_vtl_protection_mask *input = at(FAKE_VTL1_PAGE);
    *input = (struct hv_modify_vtl_protection_mask){
        .partition_id = HV_PARTITION_SELF, .map_flags = flags, .input_vtl = input_vtl};
    for (uint32_t i = 0; i < count; i++)
        input->gpfn[i] = first + i;
    return fake_call(1,
                     HV_CALL_MODIFY_VTL_PROTECTION_MASK | HV_CONTROL_REP_COUNT(count) |
                         HV_CONTROL_REP_START(start),
                     FAKE_VTL1_PAGE, 0);
}

static unsigned rights_of(uint64_t gpfn)
{
    return slat_lookup(&fake.partition.slat, gpa(gpfn << PAGE_SHIFT)).rights[0];
}

static void test_modify(void **state)
{
    (void)state;
    assert_int_equal(modify(HV_MAP_NONE, 0x00, 0, 510, 0x7000), 510ull << 32);
    assert_int_equal(rights_of(0x7000), 0);
    assert_int_equal(rights_of(0x7000 + 509), 0);
    assert_int_equal(rights_of(0x7000 + 510), SLAT_ALL);
    assert_int_equal(modify(HV_MAP_ALL, 0x11, 1, 3, 0x7000), 3ull << 32);
    assert_int_equal(rights_of(0x7000), 0);
    assert_int_equal(rights_of(0x7002), SLAT_ALL);
    assert_int_equal(modify(HV_MAP_READ | HV_MAP_USER_EXECUTE, 0x10, 0, 1, 0x7002), 1ull << 32);
    assert_int_equal(rights_of(0x7002), SLAT_READ);
    assert_int_equal(modify(HV_MAP_READ | HV_MAP_KERNEL_EXECUTE, 0x01, 0, 1, 0x7002), 1ull << 32);
    assert_int_equal(rights_of(0x7002), SLAT_READ | SLAT_EXECUTE);
    /* The second page is the hypervisor's. */
    assert_int_equal(modify(HV_MAP_NONE, 0, 0, 3, (FAKE_HV_BASE >> PAGE_SHIFT) - 1),
                     HV_STATUS_ACCESS_DENIED | 1ull << 32);
    assert_int_equal(modify(HV_MAP_NONE, 0, 0, 1, 0xfee00), HV_STATUS_INVALID_PARAMETER);
}

static void test_modify_refuses(void **state)
{
    (void)state;
    assert_int_equal(modify(0x10, 0, 0, 1, 0x7000), HV_STATUS_INVALID_REGISTER_VALUE);
    assert_int_equal(modify(HV_MAP_WRITE, 0, 0, 1, 0x7000), HV_STATUS_INVALID_REGISTER_VALUE);
    assert_int_equal(modify(HV_MAP_KERNEL_EXECUTE, 0, 0, 1, 0x7000),
                     HV_STATUS_INVALID_REGISTER_VALUE);
    assert_int_equal(modify(0, 0x12, 0, 1, 0x7000), HV_STATUS_ACCESS_DENIED);
    assert_int_equal(modify(0, 0x20, 0, 1, 0x7000), HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(rights_of(0x7000), SLAT_ALL);
    fake_flush.answers = false;
    assert_int_equal(modify(0, 0, 0, 1, 0x7000), HV_STATUS_TIMEOUT);
}

/* ---- DEPOSIT, WITHDRAW, CHECK, STATISTICS, CONSOLE ---- */

static void test_deposit_and_withdraw(void **state)
{
    (void)state;
    struct hv_deposit_memory *input = at(FAKE_VTL1_PAGE);
    uint64_t first = (FAKE_VTL1_PAGE >> PAGE_SHIFT) + 1;
    input->partition_id = HV_PARTITION_SELF;
    for (unsigned i = 0; i < 3; i++)
        input->gpfn[i] = first + i;
    uint64_t reps = HV_CONTROL_REP_COUNT(3);
    assert_int_equal(fake_call(1, HV_CALL_DEPOSIT_MEMORY | reps, FAKE_VTL1_PAGE, 0), 3ull << 32);
    assert_int_equal(fake_call(1, HV_CALL_DEPOSIT_MEMORY | reps, FAKE_VTL1_PAGE, 0),
                     HV_STATUS_ACCESS_DENIED);
    uint64_t more = HV_CONTROL_REP_COUNT(9);
    assert_int_equal(fake_call(1, HV_CALL_WITHDRAW_MEMORY | more, FAKE_VTL1_PAGE, FAKE_OUTPUT),
                     3ull << 32);
    const uint64_t *output = at(FAKE_OUTPUT);
    assert_int_equal(output[0] + output[1] + output[2], 3 * first + 3);
    input->partition_id = 7;
    assert_int_equal(fake_call(1, HV_CALL_DEPOSIT_MEMORY | reps, FAKE_VTL1_PAGE, 0),
                     HV_STATUS_INVALID_PARTITION_ID);
}

static void test_check_page_access(void **state)
{
    (void)state;
    uint64_t *input = at(FAKE_PAGE);
    const uint64_t *output = at(FAKE_OUTPUT);
    input[0] = HV_PARTITION_SELF;
    input[1] = (HV_MAP_READ | HV_MAP_WRITE) << 8;
    input[2] = FAKE_PAGE >> PAGE_SHIFT;
    input[3] = FAKE_VTL1_PAGE >> PAGE_SHIFT;
    input[4] = ~0ull;
    uint64_t control = HV_CALL_CHECK_SPARSE_GPA_PAGE_VTL_ACCESS | HV_CONTROL_REP_COUNT(3);
    assert_int_equal(fake_call(0, control, FAKE_PAGE, FAKE_OUTPUT), 3ull << 32);
    assert_int_equal(output[0], 0);
    assert_int_equal(output[1], 0x10301);
    assert_int_equal(output[2], 0x10301);
    input[1] |= 0x11;
    assert_int_equal(fake_call(0, control, FAKE_PAGE, FAKE_OUTPUT), HV_STATUS_ACCESS_DENIED);
}

static void test_statistics(void **state)
{
    (void)state;
    struct hv_statistics_input *input = at(FAKE_PAGE);
    const struct hv_statistics *output = at(FAKE_OUTPUT);
    fake.partition.cpus[1]->exits[HV_EXIT_CPUID] = 77;
    input->vp_index = 1;
    assert_int_equal(fake_call(0, HV_CALL_OPENVSM_GET_STATISTICS, FAKE_PAGE, FAKE_OUTPUT), 0);
    assert_int_equal(output->exits[HV_EXIT_CPUID], 77);
    assert_int_equal(output->cpu_count, 2);
    assert_int_equal(output->vtl1_pages, FAKE_VTL1_SIZE >> PAGE_SHIFT);
    input->vp_index = 2;
    assert_int_equal(fake_call(0, HV_CALL_OPENVSM_GET_STATISTICS, FAKE_PAGE, FAKE_OUTPUT),
                     HV_STATUS_INVALID_VP_INDEX);
}

static void test_console(void **state)
{
    (void)state;
    uint64_t text;
    memcpy(&text, "hello\n??", 8);
    uint64_t control = HV_CALL_OPENVSM_CONSOLE_WRITE | HV_CONTROL_FAST;
    assert_int_equal(fake_call(1, control, 6, text), 0);
    assert_int_equal(fake.log_length, 6);
    assert_memory_equal(fake.log, "hello\n", 6);
    assert_int_equal(fake_call(1, control, 9, text), HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(fake_call(1, control, 0, text), HV_STATUS_INVALID_PARAMETER);
}

/* ---- Enabling VTLs ---- */

static void test_enable_partition_vtl(void **state)
{
    (void)state;
    uint64_t control = HV_CALL_ENABLE_PARTITION_VTL | HV_CONTROL_FAST;
    assert_int_equal(fake_call(0, control, HV_PARTITION_SELF, 0x101), HV_STATUS_INVALID_VTL_STATE);
    assert_int_equal(fake_call(0, control, 5, 1), HV_STATUS_INVALID_PARTITION_ID);
    assert_int_equal(fake_call(0, control, HV_PARTITION_SELF, 0), HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(fake_call(0, control, HV_PARTITION_SELF, 2), HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(fake_call(0, control, HV_PARTITION_SELF, 0x201), HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(fake_call(0, control, HV_PARTITION_SELF, 0x10001),
                     HV_STATUS_INVALID_PARAMETER);
}

static uint64_t enable_vp(uint64_t partition, uint64_t vp_and_vtl)
{
    uint64_t *input = at(FAKE_PAGE);
    input[0] = partition;
    input[1] = vp_and_vtl;
    return fake_call(0, HV_CALL_ENABLE_VP_VTL, FAKE_PAGE, 0);
}

static void test_enable_vp_vtl(void **state)
{
    (void)state;
    const uint64_t vtl1 = 1ull << 32;
    assert_int_equal(enable_vp(HV_PARTITION_SELF, vtl1 | HV_VP_SELF),
                     HV_STATUS_VTL_ALREADY_ENABLED);
    assert_int_equal(enable_vp(HV_PARTITION_SELF, vtl1 | 2), HV_STATUS_INVALID_VP_INDEX);
    assert_int_equal(enable_vp(HV_PARTITION_SELF, vtl1 | 0xffffffff), HV_STATUS_INVALID_VP_INDEX);
    assert_int_equal(enable_vp(1, vtl1), HV_STATUS_INVALID_PARTITION_ID);
    assert_int_equal(enable_vp(HV_PARTITION_SELF, 0), HV_STATUS_INVALID_PARAMETER);
    fake.partition.cpus[1]->vtl1_enabled = 0;
    assert_int_equal(enable_vp(HV_PARTITION_SELF, vtl1 | 1), HV_STATUS_ACCESS_DENIED);
    fake.partition.enabled_vtls = 1;
    assert_int_equal(enable_vp(HV_PARTITION_SELF, vtl1 | 1), HV_STATUS_INVALID_VTL_STATE);
}

/* ---- Registers ---- */

static uint16_t get_register(unsigned caller, uint64_t vp, uint8_t input_vtl, uint32_t name,
                             uint64_t *value)
{
    uint64_t *input = at(FAKE_PAGE);
    input[0] = HV_PARTITION_SELF;
    input[1] = vp | (uint64_t)input_vtl << 32;
    input[2] = name;
    uint64_t result = fake_call(caller, HV_CALL_GET_VP_REGISTERS | HV_CONTROL_REP_COUNT(1),
                                FAKE_PAGE, FAKE_OUTPUT);
    *value = *(uint64_t *)at(FAKE_OUTPUT);
    return HV_RESULT_STATUS(result);
}

static uint16_t set_register(unsigned caller, uint64_t vp, uint8_t input_vtl, uint32_t name,
                             uint64_t value)
{
    uint64_t *input = at(FAKE_PAGE);
    memset(input, 0, PAGE_SIZE);
    input[0] = HV_PARTITION_SELF;
    input[1] = vp | (uint64_t)input_vtl << 32;
    input[2] = name;
    input[4] = value;
    return HV_RESULT_STATUS(
        fake_call(caller, HV_CALL_SET_VP_REGISTERS | HV_CONTROL_REP_COUNT(1), FAKE_PAGE, 0));
}

static void test_vsm_registers(void **state)
{
    (void)state;
    uint64_t value;
    assert_int_equal(get_register(0, HV_VP_SELF, 0, HV_REGISTER_VSM_CODE_PAGE_OFFSETS, &value), 0);
    assert_int_equal(value, 0x20010);
    assert_int_equal(get_register(0, 0, 0, HV_REGISTER_VSM_VP_STATUS, &value), 0);
    assert_int_equal(value, 0x30000);
    assert_int_equal(get_register(1, 0, 0, HV_REGISTER_VSM_VP_STATUS, &value), 0);
    assert_int_equal(value, 0x30001);
    assert_int_equal(get_register(0, 0, 0, HV_REGISTER_VSM_PARTITION_STATUS, &value), 0);
    assert_int_equal(value, 0x10003);
    assert_int_equal(get_register(0, 0, 0, HV_REGISTER_VSM_PARTITION_CONFIG, &value),
                     HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(get_register(0, 0, 0, HV_REGISTER_VSM_VINA, &value),
                     HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(set_register(0, 0, 0, HV_REGISTER_VSM_VINA, 0x1f3),
                     HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(set_register(1, 0, 0, HV_REGISTER_VSM_VINA, 0x3f3), 0);
    assert_int_equal(fake.cpu->state[1].vina, 0x3f3);
    assert_int_equal(set_register(1, 0, 0, HV_REGISTER_VSM_VINA, 0x10f),
                     HV_STATUS_INVALID_REGISTER_VALUE);
    assert_int_equal(set_register(1, 0, 0, HV_REGISTER_VSM_PARTITION_CONFIG, 0x101f), 0);
    assert_int_equal(get_register(1, 0, 0, HV_REGISTER_VSM_PARTITION_CONFIG, &value), 0);
    assert_int_equal(value, 0x101f);
    assert_int_equal(set_register(1, 0, 0, HV_REGISTER_VSM_PARTITION_CONFIG, 0x1e),
                     HV_STATUS_INVALID_REGISTER_VALUE);
    assert_int_equal(get_register(0, 0, 0, 0xd0099, &value), HV_STATUS_INVALID_PARAMETER);
}

static void test_trustlets_register(void **state)
{
    (void)state;
    bool *held = &fake.partition.ports.watchdog.held;
    assert_int_equal(set_register(0, 0, 0, HV_REGISTER_OPENVSM_TRUSTLETS, 1),
                     HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(set_register(1, 0, 0x10, HV_REGISTER_OPENVSM_TRUSTLETS, 1),
                     HV_STATUS_INVALID_PARAMETER);
    assert_false(*held);
    assert_int_equal(set_register(1, 0, 0, HV_REGISTER_OPENVSM_TRUSTLETS, 1), 0);
    assert_true(*held);
    assert_int_equal(set_register(0, 0, 0, HV_REGISTER_OPENVSM_TRUSTLETS, 0),
                     HV_STATUS_INVALID_PARAMETER);
    assert_true(*held);
    assert_int_equal(set_register(1, 0, 0, HV_REGISTER_OPENVSM_TRUSTLETS, 0), 0);
    assert_false(*held);
    fake.watchdog_runs = true;
    assert_int_equal(set_register(1, 0, 0, HV_REGISTER_OPENVSM_TRUSTLETS, 1),
                     HV_STATUS_OPERATION_DENIED);
    assert_false(*held);
}

static void test_registers_of_whom(void **state)
{
    (void)state;
    uint64_t value;
    fake.vcpu[0].registers[1].low = 0x1234000;
    assert_int_equal(get_register(1, HV_VP_SELF, 0x10, HV_REGISTER_CR3, &value), 0);
    assert_int_equal(value, 0x1234000);
    assert_int_equal(set_register(1, HV_VP_SELF, 0x10, HV_REGISTER_CR3, 0x5000), 0);
    assert_int_equal(fake.vcpu[0].registers[1].low, 0x5000);
    assert_int_equal(get_register(1, 0, 0x11, HV_REGISTER_CR3, &value), HV_STATUS_ACCESS_DENIED);
    assert_int_equal(get_register(0, 0, 0x00, HV_REGISTER_CR3, &value), HV_STATUS_ACCESS_DENIED);
    assert_int_equal(get_register(0, 0, 0x11, HV_REGISTER_CR3, &value), HV_STATUS_ACCESS_DENIED);
    assert_int_equal(get_register(0, 0, 0x11, HV_REGISTER_VSM_VINA, &value),
                     HV_STATUS_ACCESS_DENIED);
    assert_int_equal(get_register(0, 0, 0x20, HV_REGISTER_VSM_VP_STATUS, &value),
                     HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(get_register(1, 1, 0x10, HV_REGISTER_CR3, &value), HV_STATUS_ACCESS_DENIED);
    assert_int_equal(get_register(1, 2, 0x10, HV_REGISTER_CR3, &value), HV_STATUS_INVALID_VP_INDEX);
}

static void test_pending_event(void **state)
{
    (void)state;
    uint64_t gp =
        HV_PENDING_EVENT_PENDING | HV_PENDING_EVENT_DELIVER_ERROR | HV_PENDING_EVENT_VECTOR(13);
    assert_int_equal(set_register(0, 0, 0, HV_REGISTER_PENDING_EVENT0, gp),
                     HV_STATUS_ACCESS_DENIED);
    assert_int_equal(set_register(1, 0, 0x11, HV_REGISTER_PENDING_EVENT0, gp),
                     HV_STATUS_ACCESS_DENIED);
    assert_int_equal(
        set_register(1, 0, 0x10, HV_REGISTER_PENDING_EVENT0, gp | HV_PENDING_EVENT_VECTOR(32)),
        HV_STATUS_INVALID_REGISTER_VALUE);
    assert_int_equal(fake.vcpu[0].injected, 0);
    assert_int_equal(set_register(1, 0, 0x10, HV_REGISTER_PENDING_EVENT0, gp), 0);
    assert_int_equal(fake.vcpu[0].injected, 14);
}

/* ---- Synthetic MSRs ---- */

static bool write_msr(unsigned vtl, uint32_t msr, uint64_t value)
{
    fake.cpu->vtl = vtl;
    return synthetic_msr_write(fake.cpu, fake.cpu->vtl, msr, value);
}

static void test_assist_page_is_pinned(void **state)
{
    (void)state;
    uint64_t value;
    assert_false(write_msr(0, HV_MSR_VP_ASSIST_PAGE, FAKE_VTL1_PAGE | 1));
    assert_false(write_msr(0, HV_MSR_VP_ASSIST_PAGE, FAKE_HV_BASE | 1));
    assert_false(write_msr(0, HV_MSR_VP_ASSIST_PAGE, ~0ull));
    assert_true(write_msr(0, HV_MSR_VP_ASSIST_PAGE, FAKE_VTL1_PAGE)); /* not enabled */
    assert_null(fake.cpu->state[0].page);
    assert_true(write_msr(0, HV_MSR_VP_ASSIST_PAGE, FAKE_PAGE | 1));
    assert_ptr_equal(fake.cpu->state[0].page, at(FAKE_PAGE));
    assert_int_equal(modify(0, 0, 0, 1, FAKE_PAGE >> PAGE_SHIFT), HV_STATUS_OPERATION_DENIED);
    assert_false(write_msr(0, HV_MSR_VP_ASSIST_PAGE, FAKE_VTL1_PAGE | 1));
    assert_int_equal(modify(0, 0, 0, 1, FAKE_PAGE >> PAGE_SHIFT), HV_STATUS_OPERATION_DENIED);
    assert_true(write_msr(0, HV_MSR_VP_ASSIST_PAGE, (FAKE_PAGE + PAGE_SIZE) | 1));
    assert_int_equal(modify(0, 0, 0, 1, FAKE_PAGE >> PAGE_SHIFT), 1ull << 32);
    fake.cpu->vtl = 0;
    assert_true(synthetic_msr_read(fake.cpu, fake.cpu->vtl, HV_MSR_VP_ASSIST_PAGE, &value));
    assert_int_equal(value, (FAKE_PAGE + PAGE_SIZE) | 1);
    assert_true(write_msr(0, HV_MSR_VP_ASSIST_PAGE, 0));
}

static void test_hypercall_page(void **state)
{
    (void)state;
    uint64_t value;
    assert_true(write_msr(0, HV_MSR_HYPERCALL, FAKE_PAGE | 1)); /* no OS id: stays off */
    assert_true(synthetic_msr_read(fake.cpu, fake.cpu->vtl, HV_MSR_HYPERCALL, &value));
    assert_int_equal(value, FAKE_PAGE);
    assert_true(write_msr(0, HV_MSR_GUEST_OS_ID, 0x8100ull << 48));
    assert_false(write_msr(0, HV_MSR_HYPERCALL, FAKE_VTL1_PAGE | 1));
    assert_true(write_msr(0, HV_MSR_HYPERCALL, FAKE_PAGE | 1));
    static const uint8_t call[] = {0x0f, 0x01, 0xd9, 0xc3};
    assert_memory_equal(at(FAKE_PAGE), call, sizeof(call));
    assert_int_equal(modify(0, 0, 0, 1, FAKE_PAGE >> PAGE_SHIFT), HV_STATUS_OPERATION_DENIED);
    assert_true(write_msr(0, HV_MSR_GUEST_OS_ID, 0));
    assert_int_equal(modify(0, 0, 0, 1, FAKE_PAGE >> PAGE_SHIFT), 1ull << 32);
    assert_true(write_msr(0, HV_MSR_HYPERCALL, 2)); /* locked */
    assert_false(write_msr(0, HV_MSR_HYPERCALL, 0));
    assert_false(write_msr(0, HV_MSR_VP_INDEX, 0));
    assert_false(write_msr(0, 0x40000080, 1));
    assert_false(synthetic_msr_read(fake.cpu, fake.cpu->vtl, 0x40000080, &value));
}

static void test_flush(void **state)
{
    struct hv_flush_virtual_address_space *input = at(FAKE_PAGE);
    uint64_t all = (1ull << fake.partition.cpu_count) - 1;
    (void)state;
    *input = (struct hv_flush_virtual_address_space){.processor_mask = all};
    assert_int_equal(status_of(1, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, FAKE_PAGE, 0),
                     HV_STATUS_SUCCESS);
    assert_int_equal(fake_flush.cpus, all);
    fake_flush.answers = false;
    assert_int_equal(status_of(1, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, FAKE_PAGE, 0),
                     HV_STATUS_TIMEOUT);
    fake_flush.cpus = 0;
    input->processor_mask = all + 1;
    assert_int_equal(status_of(1, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, FAKE_PAGE, 0),
                     HV_STATUS_INVALID_PARAMETER);
    input->flags = 8;
    assert_int_equal(status_of(1, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, FAKE_PAGE, 0),
                     HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(fake_flush.cpus, 0);
    input->flags = HV_FLUSH_ALL_PROCESSORS;
    fake_flush.answers = true;
    assert_int_equal(status_of(1, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE, FAKE_PAGE, 0),
                     HV_STATUS_SUCCESS);
    assert_int_equal(fake_flush.cpus, all);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_reserved_bits),
        TEST(test_rep_counts),
        TEST(test_unknown_codes),
        TEST(test_who_may_call),
        TEST(test_alignment_and_page_crossing),
        TEST(test_fast_form_is_16_bytes_and_no_output),
        TEST(test_forbidden_memory),
        TEST(test_null),
        TEST(test_modify),
        TEST(test_modify_refuses),
        TEST(test_deposit_and_withdraw),
        TEST(test_check_page_access),
        TEST(test_statistics),
        TEST(test_console),
        TEST(test_enable_partition_vtl),
        TEST(test_enable_vp_vtl),
        TEST(test_vsm_registers),
        TEST(test_trustlets_register),
        TEST(test_registers_of_whom),
        TEST(test_pending_event),
        TEST(test_assist_page_is_pinned),
        TEST(test_hypercall_page),
        TEST(test_flush),
    };
    return cmocka_run_group_tests_name("hypercall", tests, NULL, NULL);
}
