/* SPDX-License-Identifier: BSD-2-Clause */
/* What a program finds on its stack, and start blocks that lie. */
#include "fake.h"
#include "linux_abi.h"
#include "start.h"
#include "user_copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define BLOCK 0x100000ull /* VTL0's page where the block stands */

static struct trustlet_manifest manifest;
static struct process process;

/* A start block from a NUL-separated list of `size` bytes. */
static enum sk_status start(uint32_t argc, uint32_t envc, const char *strings, uint32_t size)
{
    struct sk_start header = {
        .bytes = (uint32_t)sizeof(header) + size, .argc = argc, .envc = envc, .uid = 5};
    uint8_t *block = frame_pointer(BLOCK);

    memcpy(block, &header, sizeof(header));
    memcpy(block + sizeof(header), strings, size);
    enum sk_status status = start_begin(&process, BLOCK, header.bytes);

    while (status == SK_OK || status == SK_AGAIN) {
        status = start_continue(&process);
        if (status != SK_AGAIN)
            break;
    }
    return status;
}

static uint64_t word(uint64_t address)
{
    uint64_t value = 0;

    assert_int_equal(user_copy_in(&process.space, &value, address, 8), 0);
    return value;
}

static void check_string(uint64_t slot, const char *wanted)
{
    char text[128];

    assert_true(user_copy_string(&process.space, text, word(slot), sizeof(text)) >= 0);
    assert_string_equal(text, wanted);
}

static uint64_t auxiliary(uint64_t at, uint64_t type)
{
    for (; word(at) != 0; at += 16)
        if (word(at) == type)
            return word(at + 8);
    return UINT64_MAX;
}

static int setup(void **state)
{
    (void)state;
    memset(&process, 0, sizeof(process));
    memset(&manifest, 0, sizeof(manifest));
    process.manifest = &manifest;
    fake_no_random = false;
    fake_yield_every = 0;
    return address_space_create(&process.space, UINT64_MAX);
}

static int teardown(void **state)
{
    (void)state;
    fake_yield_every = 0;
    return address_space_destroy(&process.space);
}

static void test_stack_image(void **state)
{
    static const char strings[] = "prog\0one\0\0HOME=/root";

    (void)state;
    assert_int_equal(start(3, 1, strings, sizeof(strings)), SK_OK);
    uint64_t sp = start_stack_pointer(&process);

    assert_int_equal(sp % 16, 0);
    assert_int_equal(word(sp), 3);
    check_string(sp + 8, "prog");
    check_string(sp + 16, "one");
    check_string(sp + 24, "");
    assert_int_equal(word(sp + 32), 0);
    check_string(sp + 40, "HOME=/root");
    assert_int_equal(word(sp + 48), 0);
    uint64_t aux = sp + 56;

    assert_int_equal(auxiliary(aux, 6), 4096);
    assert_int_equal(auxiliary(aux, 9), process.start.base + 0x1234);
    assert_int_equal(auxiliary(aux, 3), process.start.base + 0x1040);
    assert_int_equal(auxiliary(aux, 5), 7);
    assert_int_equal(auxiliary(aux, 11), 5);
    assert_int_equal(word(auxiliary(aux, 25)), 0x7777777777777777);
    assert_int_equal(auxiliary(aux, 33), UINT64_MAX); /* no vDSO */
    assert_int_equal(auxiliary(aux, 31), word(sp + 8));
}

static void test_same_with_pauses(void **state)
{
    static char strings[20000];

    (void)state;
    memset(strings, 'x', sizeof(strings) - 1);
    strings[9999] = 0;
    fake_yield_every = 1;
    assert_int_equal(start(1, 1, strings, sizeof(strings)), SK_OK);
    uint64_t sp = start_stack_pointer(&process);

    assert_int_equal(word(sp + 24), word(sp + 8) + 10000);
    assert_int_equal(word(sp + 32), 0);
}

static void test_lying_blocks(void **state)
{
    static const char two[] = "a\0b";
    uint8_t bytes[sizeof(struct sk_start)] = {0};

    (void)state;
    assert_int_equal(start(3, 0, two, sizeof(two)), SK_INVALID_ARGUMENT); /* too few strings */
    teardown(state), setup(state);
    assert_int_equal(start(1, 0, two, sizeof(two)), SK_INVALID_ARGUMENT); /* too many */
    teardown(state), setup(state);
    assert_int_equal(start(2, 0, two, sizeof(two) - 1), SK_INVALID_ARGUMENT); /* no NUL */
    teardown(state), setup(state);
    assert_int_equal(start(UINT32_MAX, 1, two, sizeof(two)), SK_INVALID_ARGUMENT);
    assert_int_equal(start(9000, 0, two, sizeof(two)), SK_INVALID_ARGUMENT);
    assert_int_equal(start_begin(&process, BLOCK, 4), SK_INVALID_ARGUMENT);
    assert_int_equal(start_begin(&process, BLOCK, UINT64_MAX), SK_INVALID_ARGUMENT);
    assert_int_equal(start_begin(&process, FAKE_POOL, sizeof(bytes)), SK_ACCESS_DENIED);
    fake_no_random = true;
    assert_int_equal(start(2, 0, two, sizeof(two)), SK_NO_RANDOM);
}

static void test_block_that_grows_into_a_secret(void **state)
{
    struct sk_start header = {.bytes = 8192 + sizeof(header), .argc = 1};

    (void)state;
    memset(frame_pointer(FAKE_POOL - PAGE_SIZE), 'a', PAGE_SIZE);
    memcpy(frame_pointer(FAKE_POOL - PAGE_SIZE), &header, sizeof(header));
    assert_int_equal(start_begin(&process, FAKE_POOL - PAGE_SIZE, header.bytes), SK_OK);
    assert_int_equal(start_continue(&process), SK_ACCESS_DENIED);
}

static void test_fixed_arguments(void **state)
{
    static const char own[] = "vi\0HOME=/evil\0LANG=C";

    (void)state;
    manifest.flags = TRUSTLET_FIXED_ARGS;
    memcpy(manifest.fixed_args, "vault\0--serve\0", 15);
    assert_int_equal(start(1, 2, own, sizeof(own)), SK_OK);
    uint64_t sp = start_stack_pointer(&process);

    assert_int_equal(word(sp), 2);
    check_string(sp + 8, "vault");
    check_string(sp + 16, "--serve");
    check_string(sp + 32, "HOME=/evil");
    check_string(sp + 40, "LANG=C");
    teardown(state), setup(state);
    manifest.flags = TRUSTLET_FIXED_ARGS;
    assert_int_equal(start(2, 1, own, sizeof(own)), SK_RULE_ARGUMENTS);
}

static void test_environment_is_dropped(void **state)
{
    static const char own[] = "vi\0HOME=/evil\0LANG=C";

    (void)state;
    manifest.flags = TRUSTLET_NO_ENVIRONMENT;
    assert_int_equal(start(1, 2, own, sizeof(own)), SK_OK);
    uint64_t sp = start_stack_pointer(&process);

    check_string(sp + 8, "vi");
    assert_int_equal(word(sp + 16), 0);
    assert_int_equal(word(sp + 24), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(stack_image),     TEST(same_with_pauses),
        TEST(lying_blocks),    TEST(block_that_grows_into_a_secret),
        TEST(fixed_arguments), TEST(environment_is_dropped),
    };

    fake_machine();
    kernel_cr3 = frame_alloc();
    process.image = fake_image();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
