/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame table and VTL0's memory: whose page is it, and does a secret survive in it. */
#include "fake.h"
#include "normal_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static bool all_zero(uint64_t gpa)
{
    const uint8_t *bytes = frame_pointer(gpa);

    return bytes[0] == 0 && memcmp(bytes, bytes + 1, PAGE_SIZE - 1) == 0;
}

static void test_new_frames_are_zero(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        uint64_t frame = frame_alloc();

        assert_true(all_zero(frame));
        assert_int_equal(frame_state(frame), FRAME_USED);
        memset(frame_pointer(frame), 0x5e, PAGE_SIZE);
        frame_put(frame);
        /* Scrubbed when freed; only the list's link may stand in its first word. */
        assert_int_equal(((uint8_t *)frame_pointer(frame))[8], 0);
        assert_int_equal(frame_state(frame), FRAME_FREE);
    }
}

static void test_last_reference_frees(void **state)
{
    uint64_t before = frame_counts().free;
    uint64_t frame = frame_alloc();

    (void)state;
    frame_get(frame);
    frame_put(frame);
    assert_int_equal(frame_state(frame), FRAME_USED);
    frame_put(frame);
    assert_int_equal(frame_counts().free, before);
}

static void test_owner_is_checked(void **state)
{
    uint8_t bytes[16];
    uint64_t secret = frame_alloc();

    (void)state;
    assert_int_equal(normal_memory_read(bytes, secret, 16), SK_ACCESS_DENIED);
    assert_int_equal(normal_memory_write(secret, bytes, 16), SK_ACCESS_DENIED);
    assert_int_equal(normal_memory_read(bytes, FAKE_POOL, 16), SK_ACCESS_DENIED);
    assert_int_equal(normal_memory_read(bytes, FAKE_RAM, 16), SK_ACCESS_DENIED); /* a hole */
    assert_int_equal(normal_memory_read(bytes, UINT64_MAX - 8, 16), SK_INVALID_ARGUMENT);
    /* From VTL0's last page into the pool. */
    assert_int_equal(normal_memory_read(bytes, FAKE_POOL - 8, 16), SK_ACCESS_DENIED);
    assert_int_equal(normal_memory_read(bytes, FAKE_POOL - 16, 16), SK_OK);
    assert_int_equal(bytes[15], 0xa5);
    assert_int_equal(normal_memory_read(bytes, FAKE_HIGH, 16), SK_OK);
    frame_put(secret);
}

static void test_pin_stops_donation(void **state)
{
    uint64_t gpa = 0x5000;
    volatile void *mapped = NULL;

    (void)state;
    assert_int_equal(normal_memory_pin(gpa, 1, &mapped), SK_OK);
    assert_false(frame_begin_donation(gpa));
    normal_memory_unpin(gpa, 1);
    assert_true(frame_begin_donation(gpa));
    assert_false(frame_begin_donation(gpa)); /* twice in one list */
    assert_int_equal(normal_memory_pin(gpa, 1, &mapped), SK_ACCESS_DENIED);
    frame_give(gpa);
    assert_int_equal(frame_state(gpa), FRAME_VTL0);
}

static void test_donation_and_return(void **state)
{
    uint64_t gpa = FAKE_HIGH + 3 * PAGE_SIZE;
    struct frame_counts before = frame_counts();

    (void)state;
    assert_true(frame_begin_donation(gpa));
    memset(frame_pointer(gpa), 0, PAGE_SIZE);
    frame_keep(gpa);
    assert_int_equal(frame_counts().donated, before.donated + 1);
    assert_int_equal(frame_counts().reclaimable, before.reclaimable + 1);
    assert_int_equal(frame_begin_reclaim(), gpa);
    assert_true(all_zero(gpa));
    assert_int_equal(frame_begin_reclaim(), FRAME_NONE);
    frame_give(gpa);
    assert_int_equal(frame_state(gpa), FRAME_VTL0);
    assert_int_equal(frame_counts().donated, before.donated);
    assert_false(frame_begin_donation(0)); /* frame 0 is nobody's to give */
}

static void test_reserve_stays_for_tables(void **state)
{
    static uint64_t taken[FAKE_POOL_SIZE / PAGE_SIZE];
    unsigned count = 0;

    (void)state;
    while ((taken[count] = frame_alloc()) != FRAME_NONE)
        count++;
    assert_false(frame_available());
    uint64_t table = frame_alloc_reserve();

    assert_int_not_equal(table, FRAME_NONE);
    frame_deposit(table);
    assert_int_equal(frame_state(table), FRAME_DEPOSITED);
    frame_withdrawn(table);
    while (count > 0)
        frame_put(taken[--count]);
    assert_true(frame_available());
}

static void test_list_is_validated(void **state)
{
    uint64_t list[SK_LIST_MAX];
    uint64_t *page = frame_pointer(0x6000);

    (void)state;
    page[0] = 5;
    page[1] = UINT64_MAX;
    assert_int_equal(normal_memory_read_list(list, 0x6000, 1), SK_OK);
    assert_int_equal(list[0], 5 * PAGE_SIZE);
    assert_int_equal(normal_memory_read_list(list, 0x6000, 2), SK_INVALID_ARGUMENT);
    assert_int_equal(normal_memory_read_list(list, 0x6000, 0), SK_INVALID_ARGUMENT);
    assert_int_equal(normal_memory_read_list(list, 0x6000, SK_LIST_MAX + 1), SK_INVALID_ARGUMENT);
    assert_int_equal(normal_memory_read_list(list, 0x6001, 1), SK_INVALID_ARGUMENT);
    assert_int_equal(normal_memory_read_list(list, 0, 1), SK_INVALID_ARGUMENT);
    assert_int_equal(normal_memory_read_list(list, 0x6008, SK_LIST_MAX), SK_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_frames_are_zero),
        cmocka_unit_test(test_last_reference_frees),
        cmocka_unit_test(test_owner_is_checked),
        cmocka_unit_test(test_pin_stops_donation),
        cmocka_unit_test(test_donation_and_return),
        cmocka_unit_test(test_list_is_validated),
        cmocka_unit_test(test_reserve_stays_for_tables),
    };

    fake_machine();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
