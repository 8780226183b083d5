/* SPDX-License-Identifier: BSD-2-Clause */
/* The store decoder against encodings from the manual (APM Vol.3), whole and cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../../hypervisor/instruction.h"

struct example {
    const char *text;
    unsigned code_size;
    unsigned count;
    uint8_t bytes[INSTRUCTION_MAX];
    struct store store;
};

static const struct example examples[] = {
    {"mov [rax], ecx",
     8,
     2,
     {0x89, 0x08},
     {.length = 2, .size = 4, .has_register = true, .reg = 1}},
    {"mov [rdi-0x800d00], esi",
     8,
     6,
     {0x89, 0xb7, 0x00, 0xd0, 0x5f, 0xff},
     {.length = 6, .size = 4, .has_register = true, .reg = 6}},
    {"mov [r8+r9*4+8], r10d",
     8,
     5,
     {0x47, 0x89, 0x54, 0x88, 0x08},
     {.length = 5, .size = 4, .has_register = true, .reg = 10}},
    {"mov [abs32], eax (SIB without base)",
     8,
     7,
     {0x89, 0x04, 0x25, 0xb0, 0xd0, 0x5f, 0xff},
     {.length = 7, .size = 4, .has_register = true, .reg = 0}},
    {"mov [rip+0x10], edx",
     8,
     6,
     {0x89, 0x15, 0x10, 0, 0, 0},
     {.length = 6, .size = 4, .has_register = true, .reg = 2}},
    {"mov dword [abs32], 0",
     8,
     11,
     {0xc7, 0x04, 0x25, 0xb0, 0xd0, 0x5f, 0xff, 0, 0, 0, 0},
     {.length = 11, .size = 4, .immediate = 0}},
    {"mov dword [rbx+4], 0x12345678",
     8,
     7,
     {0xc7, 0x43, 0x04, 0x78, 0x56, 0x34, 0x12},
     {.length = 7, .size = 4, .immediate = 0x12345678}},
    {"xchg [rdx], eax",
     8,
     2,
     {0x87, 0x02},
     {.length = 2, .size = 4, .exchanges = true, .has_register = true, .reg = 0}},
    {"lock xchg gs:[rdx], r15d",
     8,
     5,
     {0xf0, 0x65, 0x44, 0x87, 0x3a},
     {.length = 5, .size = 4, .exchanges = true, .has_register = true, .reg = 15}},
    {"mov [moffs64], eax",
     8,
     9,
     {0xa3, 1, 2, 3, 4, 5, 6, 7, 8},
     {.length = 9, .size = 4, .has_register = true}},
    {"mov [moffs32], eax",
     4,
     5,
     {0xa3, 1, 2, 3, 4},
     {.length = 5, .size = 4, .has_register = true}},
    {"mov [ecx], edi (32-bit)",
     4,
     2,
     {0x89, 0x39},
     {.length = 2, .size = 4, .has_register = true, .reg = 7}},
    {"mov [rax], rcx",
     8,
     3,
     {0x48, 0x89, 0x08},
     {.length = 3, .size = 8, .has_register = true, .reg = 1}},
    {"mov [rax], cx",
     8,
     3,
     {0x66, 0x89, 0x08},
     {.length = 3, .size = 2, .has_register = true, .reg = 1}},
    {"mov word [rax], 0x1234",
     8,
     5,
     {0x66, 0xc7, 0x00, 0x34, 0x12},
     {.length = 5, .size = 2, .immediate = 0x1234}},
    {"mov [rax], sil",
     8,
     3,
     {0x40, 0x88, 0x30},
     {.length = 3, .size = 1, .has_register = true, .reg = 6}},
};

static void check_same(const struct store *a, const struct store *b)
{
    assert_int_equal(a->length, b->length);
    assert_int_equal(a->size, b->size);
    assert_int_equal(a->exchanges, b->exchanges);
    assert_int_equal(a->has_register, b->has_register);
    assert_int_equal(a->reg, b->reg);
    assert_int_equal(a->immediate, b->immediate);
}

static void test_examples(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(examples); i++) {
        const struct example *e = &examples[i];
        struct store store;
        /* What follows the instruction does not matter. */
        uint8_t bytes[INSTRUCTION_MAX];
        memset(bytes, 0xcc, sizeof(bytes));
        memcpy(bytes, e->bytes, e->count);
        assert_true(instruction_decode_store(bytes, sizeof(bytes), e->code_size, &store));
        check_same(&store, &e->store);
    }
}

static void test_cut_short(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(examples); i++) {
        struct store store;
        for (unsigned count = 0; count < examples[i].count; count++)
            assert_false(
                instruction_decode_store(examples[i].bytes, count, examples[i].code_size, &store));
    }
}

static void test_refused(void **state)
{
    static const uint8_t others[][4] = {
        {0x89, 0xc8},       /* mov eax, ecx */
        {0xc7, 0xc0},       /* mov eax, imm */
        {0xc7, 0x48},       /* C7 /1 */
        {0x8b, 0x08},       /* a load */
        {0x01, 0x08},       /* add [rax], ecx */
        {0x88, 0x20},       /* mov [rax], ah */
        {0x0f, 0xc3, 0x08}, /* movnti */
        {0xab},             /* stosd */
    };
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        struct store store;
        assert_false(instruction_decode_store(others[i], sizeof(others[i]), 8, &store));
    }
}

static void test_sixteen_bit_addresses(void **state)
{
    static const uint8_t bytes[] = {0x67, 0x89, 0x07}; /* mov [bx], eax in 32-bit code */
    struct store store;
    (void)state;
    assert_false(instruction_decode_store(bytes, sizeof(bytes), 4, &store));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sixteen_bit_addresses),
    };
    return cmocka_run_group_tests_name("instruction", tests, NULL, NULL);
}
