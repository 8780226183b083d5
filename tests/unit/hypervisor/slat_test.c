/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page ownership against a naive model: one array of owner and rights, walked through by random
 * transitions. A second array keeps what each VTL may still reach through a TLB nobody flushed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake.h"

#define PAGES       (FAKE_MEMORY >> PAGE_SHIFT)
#define HV_BASE     (128ull << 20)
#define HV_SIZE     (2ull << 20)
#define BLOCK_PART  (SLAT_ENTRIES / 8)
#define DEVICE_PAGE ((0xfee00000ull) >> PAGE_SHIFT)

/* Where the random transitions happen: around the hypervisor, elsewhere, and in a lone 1 GiB leaf.
 */
static const struct {
    uint64_t first, count;
} window[] = {
    {(HV_BASE >> PAGE_SHIFT) - 300, 1100},
    {(64ull << 20) >> PAGE_SHIFT, 512},
    {(1030ull << 20) >> PAGE_SHIFT, 1024},
};
#define WINDOWS (sizeof(window) / sizeof(window[0]))

struct model_page {
    enum slat_owner owner;
    unsigned rights[2];
    unsigned cached[2]; /* rights that a stale TLB may still grant */
    unsigned pins;
    unsigned batch; /* the last call that changed it */
};

static struct memory_pool pool;
static struct slat slat;
static struct model_page *model;
static uint64_t tables_at_start;

static void model_set(uint64_t page, enum slat_owner owner, unsigned rights)
{
    static const unsigned vtl1[SLAT_OWNERS] = {
        [SLAT_VTL0] = SLAT_READ | SLAT_WRITE,
        [SLAT_VTL1] = SLAT_ALL,
    };
    model[page].owner = owner;
    model[page].rights[0] = rights;
    model[page].rights[1] = vtl1[owner];
}

static int start(uint64_t pool_pages)
{
    fake_reset();
    model = calloc(PAGES, sizeof(*model));
    memory_init(&pool, hpa(HV_BASE + (1ull << 20)), pool_pages * PAGE_SIZE);
    assert_true(slat_init(&slat, &pool));
    assert_true(slat_boot_assign(&slat, gpa(0), FAKE_MEMORY, SLAT_VTL0));
    assert_true(slat_boot_assign(&slat, gpa(HV_BASE), HV_SIZE, SLAT_HYPERVISOR));
    for (uint64_t i = 0; i < PAGES; i++)
        model_set(i, SLAT_VTL0, SLAT_ALL);
    for (uint64_t i = 0; i < HV_SIZE >> PAGE_SHIFT; i++)
        model_set((HV_BASE >> PAGE_SHIFT) + i, SLAT_HYPERVISOR, 0);
    for (uint64_t i = 0; i < PAGES; i++)
        memcpy(model[i].cached, model[i].rights, sizeof(model[i].cached));
    tables_at_start = memory_tables_used(&pool);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return start(200);
}

static int teardown(void **state)
{
    (void)state;
    free(model);
    return 0;
}

/* ---- The model ---- */

static void assert_same(uint64_t page)
{
    struct slat_page is = slat_lookup(&slat, gpa(page << PAGE_SHIFT));
    assert_int_equal(is.owner, model[page].owner);
    assert_int_equal(is.rights[0], model[page].rights[0]);
    assert_int_equal(is.rights[1], model[page].rights[1]);
}

static void for_window_pages(void (*visit)(uint64_t page))
{
    for (unsigned w = 0; w < WINDOWS; w++)
        for (uint64_t i = 0; i < window[w].count; i++)
            visit(window[w].first + i);
}

/* Nobody may gain a page while the other VTL may still reach it through its TLB. */
static void assert_no_overlap(uint64_t page)
{
    struct slat_page is = slat_lookup(&slat, gpa(page << PAGE_SHIFT));
    struct model_page *m = &model[page];
    m->cached[0] |= is.rights[0];
    m->cached[1] |= is.rights[1];
    if (is.rights[1] & SLAT_EXECUTE)
        assert_false(m->cached[0] & SLAT_WRITE);
    if (is.rights[0] & SLAT_WRITE)
        assert_false(m->cached[1] & SLAT_EXECUTE);
}

static void assert_settled(uint64_t page)
{
    struct model_page *m = &model[page];
    assert_same(page);
    assert_no_overlap(page);
    if (m->owner == SLAT_VTL1)
        assert_int_equal(m->cached[0] & ~m->rights[0], 0);
    if (m->owner == SLAT_HYPERVISOR)
        assert_int_equal(m->cached[0] | m->cached[1], 0);
}

static void forget_cached(uint64_t page)
{
    struct slat_page is = slat_lookup(&slat, gpa(page << PAGE_SHIFT));
    memcpy(model[page].cached, is.rights, sizeof(is.rights));
}

static void at_flush(void)
{
    for_window_pages(assert_no_overlap);
    if (fake_flush.answers)
        for_window_pages(forget_cached);
}

static void assert_counts(void)
{
    uint64_t count[SLAT_OWNERS] = {0};
    for (uint64_t i = 0; i < PAGES; i++)
        count[model[i].owner]++;
    struct hv_statistics statistics;
    slat_statistics(&slat, &statistics);
    assert_int_equal(statistics.vtl0_pages, count[SLAT_VTL0]);
    assert_int_equal(statistics.vtl1_pages, count[SLAT_VTL1]);
    assert_int_equal(statistics.hypervisor_pages, count[SLAT_HYPERVISOR]);
    assert_int_equal(statistics.ram_pages, PAGES);
}

static void assert_access(uint64_t page, uint64_t pages, unsigned vtl, bool write)
{
    bool expected = true;
    for (uint64_t i = page; i < page + pages; i++) {
        bool ram = model[i].owner == SLAT_VTL0 || model[i].owner == SLAT_VTL1;
        unsigned needed = write ? SLAT_READ | SLAT_WRITE : SLAT_READ;
        expected = expected && ram && (model[i].rights[vtl] & needed) == needed;
    }
    uint64_t address = (page << PAGE_SHIFT) + 4095;
    uint64_t length = ((pages - 1) << PAGE_SHIFT) + 1 - (pages > 1 ? 4095 : 0);
    assert_int_equal(slat_access_ok(&slat, vtl, gpa(address), length, write), expected);
}

/* ---- Random transitions ---- */

static uint64_t random_page(void)
{
    unsigned w = (unsigned)rand() % WINDOWS;
    return window[w].first + (uint64_t)rand() % window[w].count;
}

/* Mostly runs, so that tables become uniform and merge; sometimes scattered pages. */
static uint32_t random_list(uint64_t *gpfn)
{
    uint32_t count = 1 + (uint32_t)rand() % (rand() % 4 ? 8 : SLAT_BATCH);
    bool run = rand() % 4;
    unsigned w = (unsigned)rand() % WINDOWS;
    uint64_t first = (uint64_t)rand() % window[w].count;
    for (uint32_t i = 0; i < count; i++)
        gpfn[i] = run ? window[w].first + (first + i) % window[w].count : random_page();
    return count;
}

static unsigned random_rights(void)
{
    static const unsigned rights[] = {
        0, SLAT_READ, SLAT_READ | SLAT_EXECUTE, SLAT_READ | SLAT_WRITE, SLAT_ALL, SLAT_ALL, 0,
    };
    return rights[(unsigned)rand() % (sizeof(rights) / sizeof(rights[0]))];
}

/* Within one call, a page that was changed is nobody's until the end: named twice, it is refused.
 */
static enum hv_status model_change(const uint64_t *gpfn, uint32_t count, unsigned from,
                                   enum slat_owner owner, unsigned rights, uint32_t *done)
{
    static unsigned batch;
    batch++;
    for (*done = 0; *done < count; ++*done) {
        struct model_page *m = &model[gpfn[*done]];
        if (m->batch == batch || !(from & 1u << m->owner))
            return HV_STATUS_ACCESS_DENIED;
        if (m->pins)
            return HV_STATUS_OPERATION_DENIED;
        if (m->owner != owner || m->rights[0] != rights)
            m->batch = batch;
        model_set(gpfn[*done], owner, rights);
    }
    return HV_STATUS_SUCCESS;
}

static void random_protect(void)
{
    uint64_t gpfn[SLAT_BATCH];
    uint32_t count = random_list(gpfn);
    unsigned rights = random_rights();
    uint32_t done, expected;
    enum slat_owner owner = rights & SLAT_WRITE ? SLAT_VTL0 : SLAT_VTL1;
    enum hv_status is = slat_protect(&slat, gpfn, count, rights, &done);
    enum hv_status should =
        model_change(gpfn, count, 1u << SLAT_VTL0 | 1u << SLAT_VTL1, owner, rights, &expected);
    assert_int_equal(is, should);
    assert_int_equal(done, expected);
}

static void random_deposit(void)
{
    uint64_t gpfn[SLAT_BATCH];
    uint32_t count = random_list(gpfn) % 8;
    uint32_t done, expected;
    enum hv_status is = slat_deposit(&slat, gpfn, count, &done);
    enum hv_status should =
        model_change(gpfn, count, 1u << SLAT_VTL1, SLAT_HYPERVISOR, 0, &expected);
    assert_int_equal(is, should);
    assert_int_equal(done, expected);
}

static void assert_scrubbed(uint64_t page)
{
    static const uint8_t zero[PAGE_SIZE];
    assert_memory_equal(hpa_pointer(hpa(page << PAGE_SHIFT)), zero, PAGE_SIZE);
}

static void withdraw(uint32_t count)
{
    uint64_t gpfn[SLAT_BATCH];
    uint32_t done;
    assert_int_equal(slat_withdraw(&slat, gpfn, count, &done), HV_STATUS_SUCCESS);
    for (uint32_t i = 0; i < done; i++) {
        assert_int_equal(model[gpfn[i]].owner, SLAT_HYPERVISOR);
        assert_false(gpfn[i] >= HV_BASE >> PAGE_SHIFT &&
                     gpfn[i] < (HV_BASE + HV_SIZE) >> PAGE_SHIFT);
        assert_scrubbed(gpfn[i]);
        model_set(gpfn[i], SLAT_VTL1, 0);
    }
}

static void random_pin(void)
{
    uint64_t page = random_page();
    unsigned vtl = (unsigned)rand() % 2;
    bool write = rand() % 2;
    void *pointer = NULL;
    enum hv_status status = slat_pin(&slat, vtl, gpa((page << PAGE_SHIFT) + 8), write, &pointer);
    bool ok = slat_access_ok(&slat, vtl, gpa(page << PAGE_SHIFT), PAGE_SIZE, write);
    assert_int_equal(status, ok ? HV_STATUS_SUCCESS : HV_STATUS_ACCESS_DENIED);
    if (ok) {
        model[page].pins++;
        assert_ptr_equal(pointer, hpa_pointer(hpa(page << PAGE_SHIFT)));
    }
}

static void unpin_all(uint64_t page)
{
    while (model[page].pins) {
        model[page].pins--;
        slat_unpin(&slat, gpa(page << PAGE_SHIFT));
    }
}

static void random_step(void)
{
    switch (rand() % 16) {
    case 0:
        random_deposit();
        break;
    case 1:
        withdraw((uint32_t)rand() % 6);
        break;
    case 2:
        random_pin();
        break;
    case 3:
        for_window_pages(unpin_all);
        break;
    default:
        random_protect();
    }
    assert_access(random_page(), 1 + (uint64_t)rand() % 3, (unsigned)rand() % 2, rand() % 2);
}

static void give_back(uint64_t page)
{
    uint32_t done;
    if (model[page].owner == SLAT_HYPERVISOR)
        return;
    assert_int_equal(slat_protect(&slat, &page, 1, SLAT_ALL, &done), HV_STATUS_SUCCESS);
    model_set(page, SLAT_VTL0, SLAT_ALL);
}

/* Deposited pages that carry tables come free only as those merge: hence more than one round. */
static void give_all_back(void)
{
    for_window_pages(unpin_all);
    for (unsigned round = 0; round < 4; round++) {
        withdraw(SLAT_BATCH);
        for_window_pages(give_back);
    }
    withdraw(1); /* releases the tables in limbo */
}

static void test_random_transitions(void **state)
{
    (void)state;
    srand(1);
    fake_flush.before = at_flush;
    for (unsigned i = 0; i < 3000; i++) {
        random_step();
        if (i % 8 == 0)
            for_window_pages(assert_settled);
    }
    for_window_pages(assert_settled);
    assert_counts();
    give_all_back();
    for (uint64_t i = 0; i < PAGES; i++)
        assert_same(i);
    assert_int_equal(memory_tables_used(&pool), tables_at_start);
    assert_int_equal(slat.pin_count, 0);
}

/* ---- One thing at a time ---- */

static enum hv_status protect_one(uint64_t page, unsigned rights)
{
    uint32_t done;
    return slat_protect(&slat, &page, 1, rights, &done);
}

static void test_not_ram(void **state)
{
    (void)state;
    assert_int_equal(protect_one(DEVICE_PAGE, 0), HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(protect_one(SLAT_LIMIT >> PAGE_SHIFT, 0), HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(protect_one(~0ull, 0), HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(protect_one(HV_BASE >> PAGE_SHIFT, 0), HV_STATUS_ACCESS_DENIED);
    assert_false(slat_access_ok(&slat, 0, gpa(DEVICE_PAGE << PAGE_SHIFT), 8, false));
    assert_false(slat_access_ok(&slat, 0, gpa(~0ull - 3), 8, false));
    assert_false(slat_access_ok(&slat, 0, gpa(8), ~0ull, false));
    assert_false(slat_access_ok(&slat, 0, gpa(SLAT_LIMIT), 1, false));
}

/* The 1 GiB leaf and both tables under it come and go. */
static void test_split_and_merge(void **state)
{
    (void)state;
    uint64_t gpfn[SLAT_BATCH];
    uint32_t done;
    for (uint32_t i = 0; i < SLAT_BATCH; i++)
        gpfn[i] = (1ull << 30 >> PAGE_SHIFT) + i;
    assert_int_equal(protect_one(gpfn[7], 0), HV_STATUS_SUCCESS);
    assert_int_equal(memory_tables_used(&pool), tables_at_start + 4);
    assert_int_equal(slat_protect(&slat, gpfn, SLAT_BATCH, 0, &done), HV_STATUS_SUCCESS);
    withdraw(0);
    assert_int_equal(memory_tables_used(&pool), tables_at_start + 2);
    assert_int_equal(slat_protect(&slat, gpfn, SLAT_BATCH, SLAT_ALL, &done), HV_STATUS_SUCCESS);
    withdraw(0);
    assert_int_equal(memory_tables_used(&pool), tables_at_start);
}

static void test_one_flush_for_a_batch(void **state)
{
    (void)state;
    uint64_t gpfn[] = {0x1000, 0x50000, 0x5000, 0x60000};
    uint32_t done;
    slat_protect(&slat, gpfn, 4, 0, &done);
    assert_int_equal(fake_flush.count, 1);
    slat_protect(&slat, gpfn, 4, SLAT_READ, &done); /* takes nothing away */
    assert_int_equal(fake_flush.count, 1);
    slat_protect(&slat, gpfn, 4, SLAT_ALL, &done); /* VTL1 loses execute */
    assert_int_equal(fake_flush.count, 2);
}

/* Every state of the tables with n pages left: a refused page leaves no trace. */
static void test_no_table_pages(void **state)
{
    (void)state;
    uint64_t in_use = memory_tables_used(&pool);
    uint64_t gpfn[] = {(1ull << 30 >> PAGE_SHIFT) + 5, 0x7005, 0x7006};
    for (uint64_t spare = 0; spare < 14; spare++) {
        teardown(NULL);
        start(in_use + spare);
        uint32_t done;
        enum hv_status status = slat_protect(&slat, gpfn, 3, 0, &done);
        assert_int_equal(status, spare < 10 ? HV_STATUS_INSUFFICIENT_MEMORY : HV_STATUS_SUCCESS);
        assert_int_equal(done, spare < 8 ? 0 : spare < 10 ? 1 : 3);
        for (uint32_t i = 0; i < done; i++)
            model_set(gpfn[i], SLAT_VTL1, 0);
        for (uint64_t i = 0; i < PAGES; i++)
            assert_same(i);
        assert_int_equal(memory_tables_used(&pool), in_use + (done > 1 ? 6 : done ? 4 : 0));
    }
}

/* With nothing left but the reserve, VTL1 can still pay. */
static void test_deposit_from_the_reserve(void **state)
{
    (void)state;
    teardown(NULL);
    uint64_t in_use = tables_at_start;
    start(in_use + 8);
    uint64_t first = 1ull << 30 >> PAGE_SHIFT;
    uint32_t done;
    assert_int_equal(protect_one(first, 0), HV_STATUS_SUCCESS);
    assert_int_equal(memory_tables_free(&pool), 4);
    assert_int_equal(protect_one(0x7005, 0), HV_STATUS_INSUFFICIENT_MEMORY);
    uint64_t more[] = {first + 1, first + 2, first + 3, first + 4};
    assert_int_equal(slat_protect(&slat, more, 4, 0, &done), HV_STATUS_SUCCESS);
    assert_int_equal(slat_deposit(&slat, more, 4, &done), HV_STATUS_SUCCESS);
    assert_int_equal(done, 4);
    assert_int_equal(protect_one(0x7005, 0), HV_STATUS_SUCCESS);
    assert_int_equal(slat_deposit(&slat, &more[0], 1, &done), HV_STATUS_ACCESS_DENIED);
}

static void test_pinned(void **state)
{
    (void)state;
    void *pointer;
    assert_int_equal(slat_pin(&slat, 0, gpa(0x5000), true, &pointer), HV_STATUS_SUCCESS);
    assert_int_equal(slat_pin(&slat, 1, gpa(0x5000), false, &pointer), HV_STATUS_SUCCESS);
    assert_int_equal(protect_one(5, 0), HV_STATUS_OPERATION_DENIED);
    slat_unpin(&slat, gpa(0x5000));
    assert_int_equal(protect_one(5, 0), HV_STATUS_OPERATION_DENIED);
    slat_unpin(&slat, gpa(0x5000));
    assert_int_equal(protect_one(5, 0), HV_STATUS_SUCCESS);
    assert_int_equal(slat_pin(&slat, 0, gpa(0x5000), false, &pointer), HV_STATUS_ACCESS_DENIED);
    for (uint64_t i = 0; i < SLAT_PINS; i++)
        assert_int_equal(slat_pin(&slat, 0, gpa((16 + i) << PAGE_SHIFT), false, &pointer), 0);
    assert_int_equal(slat_pin(&slat, 0, gpa(0x6000), false, &pointer), HV_STATUS_NO_RESOURCES);
}

static void test_copies_check_both_pages(void **state)
{
    (void)state;
    uint8_t bytes[16] = "fifteen letters";
    uint8_t back[16] = {0};
    memcpy(hpa_pointer(hpa(0x5ff8)), bytes, 16);
    assert_true(slat_copy_in(&slat, 1, gpa(0x5ff8), back, 16));
    assert_memory_equal(bytes, back, 16);
    assert_int_equal(protect_one(6, SLAT_READ), HV_STATUS_SUCCESS);
    assert_true(slat_copy_in(&slat, 0, gpa(0x5ff8), back, 16));
    assert_int_equal(protect_one(6, 0), HV_STATUS_SUCCESS);
    assert_false(slat_copy_in(&slat, 0, gpa(0x5ff8), back, 16));
    assert_true(slat_copy_in(&slat, 1, gpa(0x5ff8), back, 16));
}

/* A CPU that does not answer: nobody gets the pages, whichever way they were to go. */
static void test_timeout_quarantines(void **state)
{
    (void)state;
    uint64_t gpfn[] = {0x5000, 0x5001, 0x5002};
    uint32_t done;
    assert_int_equal(slat_protect(&slat, gpfn, 2, 0, &done), HV_STATUS_SUCCESS);
    fake_flush.answers = false;
    assert_int_equal(slat_protect(&slat, &gpfn[1], 2, 0, &done), HV_STATUS_TIMEOUT);
    assert_int_equal(done, 0);
    assert_int_equal(slat_protect(&slat, gpfn, 1, SLAT_ALL, &done), HV_STATUS_TIMEOUT);
    model_set(gpfn[0], SLAT_QUARANTINED, 0);
    model_set(gpfn[1], SLAT_VTL1, 0);
    model_set(gpfn[2], SLAT_QUARANTINED, 0);
    fake_flush.answers = true;
    assert_int_equal(slat_protect(&slat, gpfn, 1, SLAT_ALL, &done), HV_STATUS_ACCESS_DENIED);
    for (uint32_t i = 0; i < 3; i++)
        assert_same(gpfn[i]);
    assert_counts();
}

/* A whole block of 2 MiB whose pages time out one batch after the other is merged with the last of
 * them, when there are few tables to split it with, and must not be split again. */
static void test_timeout_with_few_tables(void **state)
{
    (void)state;
    static uint8_t before[PAGE_SIZE];
    uint64_t gpfn[BLOCK_PART], first = 0x4000;
    uint32_t done;
    teardown(NULL);
    start(tables_at_start + 8);
    memset(before, 0x5a, PAGE_SIZE);
    memcpy(hpa_pointer(hpa(0)), before,
           PAGE_SIZE); /* where no table is, says memory_take_table() */
    fake_flush.answers = false;
    for (uint64_t i = 0; i < SLAT_ENTRIES; i++) {
        gpfn[i % BLOCK_PART] = first + i;
        model_set(first + i, SLAT_QUARANTINED, 0);
        if ((i + 1) % BLOCK_PART == 0)
            assert_int_equal(slat_protect(&slat, gpfn, BLOCK_PART, 0, &done), HV_STATUS_TIMEOUT);
    }
    for (uint64_t i = 0; i < SLAT_ENTRIES; i++)
        assert_same(first + i);
    assert_memory_equal(hpa_pointer(hpa(0)), before, PAGE_SIZE);
    assert_in_range(memory_tables_free(&pool), 1, 8);
}

static void test_trap_device_writes(void **state)
{
    (void)state;
    gpa_t apic = gpa(DEVICE_PAGE << PAGE_SHIFT);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(slat_trap_device_writes(&slat, apic, true), HV_STATUS_SUCCESS);
        assert_int_equal(slat_lookup(&slat, apic).rights[0], SLAT_READ);
        assert_int_equal(slat_trap_device_writes(&slat, apic, false), HV_STATUS_SUCCESS);
        assert_int_equal(slat_lookup(&slat, apic).rights[0], SLAT_ALL);
    }
    withdraw(0);
    assert_int_equal(memory_tables_used(&pool), tables_at_start);
    assert_int_equal(slat_trap_device_writes(&slat, gpa(0x5000), true), HV_STATUS_ACCESS_DENIED);
}

/* Beyond the limit there are devices of VTL0's, as many as there is room for, and nothing else. */
static void test_far_devices(void **state)
{
    (void)state;
    assert_false(slat_reach_far(&slat, gpa(SLAT_LIMIT - 1)));
    assert_false(slat_reach_far(&slat, gpa(1ull << 48)));
    for (uint64_t i = 0; i < SLAT_FAR; i++) {
        assert_true(slat_reach_far(&slat, gpa(SLAT_LIMIT * (i + 1) + 12345)));
        assert_true(slat_reach_far(&slat, gpa(SLAT_LIMIT * (i + 2) - 1)));
        assert_int_equal(slat.far_tables, i + 1);
    }
    assert_false(slat_reach_far(&slat, gpa(SLAT_LIMIT * (SLAT_FAR + 1))));
    assert_false(slat_access_ok(&slat, 0, gpa(SLAT_LIMIT), 8, false));
    assert_false(slat_access_ok(&slat, 1, gpa(SLAT_LIMIT), 8, false));
}

/* More tables cut off at once than limbo holds. */
static void test_many_merges(void **state)
{
    (void)state;
    uint64_t gpfn[SLAT_BATCH];
    uint32_t done;
    for (uint32_t i = 0; i < 90; i++)
        gpfn[i] = (uint64_t)i << 9;
    gpfn[64] = 0x6001; /* the hypervisor has the 64th */
    assert_int_equal(slat_protect(&slat, gpfn, 90, 0, &done), HV_STATUS_SUCCESS);
    assert_int_equal(slat_protect(&slat, gpfn, 90, SLAT_ALL, &done), HV_STATUS_SUCCESS);
    withdraw(0);
    assert_int_equal(memory_tables_used(&pool), tables_at_start);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_random_transitions),
        TEST(test_not_ram),
        TEST(test_split_and_merge),
        TEST(test_one_flush_for_a_batch),
        TEST(test_no_table_pages),
        TEST(test_deposit_from_the_reserve),
        TEST(test_pinned),
        TEST(test_copies_check_both_pages),
        TEST(test_timeout_quarantines),
        TEST(test_timeout_with_few_tables),
        TEST(test_trap_device_writes),
        TEST(test_far_devices),
        TEST(test_many_merges),
    };
    return cmocka_run_group_tests_name("slat", tests, NULL, NULL);
}
