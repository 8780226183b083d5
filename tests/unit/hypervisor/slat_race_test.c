/* SPDX-License-Identifier: BSD-2-Clause */
/* Several CPUs at once: what one has pinned does not change under it, and the books stay right. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fake_cpu.h"

#define FIRST  0x7000ull
#define PAGES  600u
#define ROUNDS 1000u /* a ticket lock waits for its turn, also for a thread that does not run */

static struct slat *slat;
static unsigned broken; /* threads cannot fail a cmocka test themselves */

static void *protect(void *seed)
{
    unsigned random = (unsigned)(uintptr_t)seed;
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t gpfn[40];
        uint64_t first = (uint64_t)rand_r(&random) % (PAGES - 40);
        uint32_t done;
        for (unsigned j = 0; j < 40; j++)
            gpfn[j] = FIRST + first + j;
        unsigned rights = rand_r(&random) & 1 ? SLAT_ALL : 0;
        enum hv_status status = slat_protect(slat, gpfn, 40, rights, &done);
        if (status != HV_STATUS_SUCCESS && status != HV_STATUS_OPERATION_DENIED)
            __atomic_store_n(&broken, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void *pin(void *seed)
{
    unsigned random = (unsigned)(uintptr_t)seed;
    for (unsigned i = 0; i < 20 * ROUNDS; i++) {
        gpa_t page = gpa((FIRST + (uint64_t)rand_r(&random) % PAGES) << PAGE_SHIFT);
        void *pointer;
        if (slat_pin(slat, 0, page, true, &pointer) != HV_STATUS_SUCCESS)
            continue;
        for (unsigned look = 0; look < 4; look++)
            if (slat_lookup(slat, page).rights[0] != SLAT_ALL)
                __atomic_store_n(&broken, 2, __ATOMIC_RELAXED);
        slat_unpin(slat, page);
    }
    return NULL;
}

static void test_pins_hold_against_other_cpus(void **state)
{
    (void)state;
    pthread_t thread[2];
    fake_machine_start();
    slat = &fake.partition.slat;
    uint64_t tables = memory_tables_used(&fake.partition.pool);
    for (uintptr_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, i & 1 ? pin : protect, (void *)(i + 1)),
                         0);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(broken, 0);
    assert_int_equal(slat->pin_count, 0);
    for (uint64_t i = 0; i < PAGES; i++) {
        uint64_t gpfn = FIRST + i;
        uint32_t done;
        assert_int_equal(slat_protect(slat, &gpfn, 1, SLAT_ALL, &done), HV_STATUS_SUCCESS);
    }
    uint32_t none;
    slat_withdraw(slat, NULL, 0, &none); /* releases the tables in limbo */
    assert_int_equal(memory_tables_used(&fake.partition.pool), tables);
    assert_int_equal(slat->pages[SLAT_VTL1], FAKE_VTL1_SIZE >> PAGE_SHIFT);
    fake_machine_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pins_hold_against_other_cpus),
    };
    return cmocka_run_group_tests_name("slat_race", tests, NULL, NULL);
}
