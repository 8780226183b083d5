/* SPDX-License-Identifier: BSD-2-Clause */
/* Donation and return, with a hypervisor that runs out of tables, refuses, or cannot flush. */
#include "call.h"
#include "fake.h"
#include "hypercall.h"
#include "image_cache.h"
#include "process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define LIST 0x3000ull

static uint8_t rights[(FAKE_HIGH + FAKE_HIGH_SIZE) / PAGE_SIZE]; /* what VTL0 may do */
static unsigned tables;                                          /* the hypervisor has left */
static uint64_t bad_frame;
static uint16_t bad_status;
static bool deaf; /* a CPU does not answer: every batch times out, and its pages are nobody's */
static uint8_t nobodys[sizeof(rights)];
static unsigned calls; /* that a list took */

uint16_t hypercall_protect(const uint64_t *frames, uint32_t count, uint32_t map_flags,
                           uint32_t *done)
{
    *done = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_false(nobodys[frames[i] / PAGE_SIZE]);
        nobodys[frames[i] / PAGE_SIZE] = deaf;
    }
    if (deaf)
        return HV_STATUS_TIMEOUT;
    for (*done = 0; *done < count; ++*done) {
        if (frames[*done] == bad_frame)
            return bad_status;
        if (tables == 0)
            return HV_STATUS_INSUFFICIENT_MEMORY;
        tables--;
        /* VTL1 hands back only what holds nothing. */
        if (map_flags == HV_MAP_ALL) {
            const uint8_t *bytes = frame_pointer(frames[*done]);

            assert_true(bytes[0] == 0 && memcmp(bytes, bytes + 1, PAGE_SIZE - 1) == 0);
        }
        rights[frames[*done] / PAGE_SIZE] = (uint8_t)map_flags;
    }
    return HV_STATUS_SUCCESS;
}

uint16_t hypercall_deposit(const uint64_t *frames, uint32_t count, uint32_t *done)
{
    assert_int_equal(frame_state(frames[0]), FRAME_USED);
    tables += 16 * count;
    *done = count;
    return HV_STATUS_SUCCESS;
}

uint16_t hypercall_withdraw(uint64_t *frames, uint32_t count, uint32_t *done)
{
    (void)frames;
    (void)count;
    *done = 0;
    return HV_STATUS_SUCCESS;
}

bool image_cache_shrink(void)
{
    return false;
}

uint64_t process_live_count(void)
{
    return 0;
}

/* As VTL0 does it: with SK_AGAIN, the rest of the list. */
static struct call list_call(enum sk_status (*handler)(struct call *), uint64_t count)
{
    uint64_t status = SK_AGAIN, done = 0;
    struct call call;

    while (status == SK_AGAIN) {
        call = (struct call){.argument = {LIST + done * sizeof(uint64_t), count - done}};
        status = handler(&call);
        done += call.result[0];
        calls++;
    }
    call.result[0] = done;
    call.rdi = status;
    return call;
}

static struct call donate(uint64_t count)
{
    return list_call(sk_call_memory_donate, count);
}

static struct call reclaim(uint64_t max)
{
    return list_call(sk_call_memory_reclaim, max);
}

static uint64_t *list(void)
{
    return frame_pointer(LIST);
}

static int setup(void **state)
{
    (void)state;
    tables = 100000;
    bad_frame = 1;
    fake_yield_every = 0;
    memset(rights, HV_MAP_ALL, sizeof(rights));
    return 0;
}

/* All that was donated comes back, scrubbed, and is VTL0's again. */
static int teardown(void **state)
{
    (void)state;
    while (reclaim(512).result[0] != 0) {
    }
    return frame_counts().donated == 0 ? 0 : -1;
}

static void test_there_and_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        list()[i] = FAKE_HIGH / PAGE_SIZE + i;
        memset(frame_pointer(FAKE_HIGH + i * PAGE_SIZE), 0xee, PAGE_SIZE);
    }
    fake_yield_every = 2;
    calls = 0;
    struct call call = donate(200);

    assert_int_equal(call.rdi, SK_OK);
    assert_int_equal(call.result[0], 200);
    assert_true(calls > 1);
    assert_int_equal(rights[FAKE_HIGH / PAGE_SIZE + 199], HV_MAP_NONE);
    assert_int_equal(frame_counts().reclaimable, 200);
    call = reclaim(512);
    assert_int_equal(call.rdi, SK_OK);
    assert_int_equal(call.result[0], 200);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(rights[list()[i]], HV_MAP_ALL);
        assert_int_equal(frame_state(list()[i] * PAGE_SIZE), FRAME_VTL0);
    }
}

static void test_refused_lists(void **state)
{
    (void)state;
    list()[0] = 0x10;
    list()[1] = FAKE_POOL / PAGE_SIZE; /* VTL1's already */
    assert_int_equal(donate(2).rdi, SK_ACCESS_DENIED);
    assert_int_equal(frame_state(0x10000), FRAME_VTL0);
    list()[1] = 0x10; /* twice */
    assert_int_equal(donate(2).rdi, SK_ACCESS_DENIED);
    assert_int_equal(frame_state(0x10000), FRAME_VTL0);
    list()[1] = 0xfee00; /* a device */
    assert_int_equal(donate(2).rdi, SK_ACCESS_DENIED);
    assert_int_equal(donate(0).rdi, SK_INVALID_ARGUMENT);
    assert_int_equal(donate(SK_LIST_MAX + 1).rdi, SK_INVALID_ARGUMENT);
    assert_int_equal(reclaim(SK_LIST_MAX + 1).rdi, SK_INVALID_ARGUMENT);
    struct call across = {
        .argument = {LIST + 8, SK_LIST_MAX}}; /* its last entry is in the next page */
    assert_int_equal(sk_call_memory_donate(&across), SK_INVALID_ARGUMENT);
    across = (struct call){.argument = {LIST + 8, SK_LIST_MAX}};
    assert_int_equal(sk_call_memory_reclaim(&across), SK_INVALID_ARGUMENT);
    assert_int_equal(frame_counts().donated, 0);
}

static void test_tables_are_brought(void **state)
{
    uint64_t before = frame_counts().deposited;

    (void)state;
    tables = 0;
    for (unsigned i = 0; i < 300; i++)
        list()[i] = FAKE_HIGH / PAGE_SIZE + i;
    struct call call = donate(300);

    assert_int_equal(call.rdi, SK_OK);
    assert_int_equal(call.result[0], 300);
    assert_true(frame_counts().deposited > before);
}

/* The whole batch is nobody's, in either direction; what was not in it stays whose it was. */
static void test_flush_time_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        list()[i] = FAKE_HIGH / PAGE_SIZE + i;
    deaf = true;
    struct call call = donate(100);

    assert_int_equal(call.rdi, SK_ACCESS_DENIED);
    assert_int_equal(call.result[0], 0);
    assert_int_equal(frame_state(FAKE_HIGH), FRAME_QUARANTINED);
    assert_int_equal(frame_state(FAKE_HIGH + 63 * PAGE_SIZE), FRAME_QUARANTINED);
    assert_int_equal(frame_state(FAKE_HIGH + 64 * PAGE_SIZE), FRAME_VTL0);
    assert_int_equal(frame_counts().donated, 0);
    deaf = false;
}

static void test_return_time_out(void **state)
{
    (void)state;
    list()[0] = 0x20;
    list()[1] = 0x21;
    struct call call = donate(2);

    assert_int_equal(call.rdi, SK_OK);
    deaf = true;
    call = (struct call){.argument = {LIST, 2}};
    assert_int_equal(sk_call_memory_reclaim(&call), SK_OK);
    assert_int_equal(call.result[0], 0);
    assert_int_equal(frame_state(0x20000), FRAME_QUARANTINED);
    assert_int_equal(frame_state(0x21000), FRAME_QUARANTINED);
    assert_int_equal(frame_counts().donated, 0);
    assert_int_equal(frame_counts().reclaimable, 0);
    deaf = false;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(there_and_back), TEST(refused_lists),   TEST(tables_are_brought),
        TEST(flush_time_out), TEST(return_time_out),
    };

    fake_machine();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
