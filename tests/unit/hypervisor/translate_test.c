/* SPDX-License-Identifier: BSD-2-Clause */
/* The walk of a guest's page tables, in every paging mode, and the call that offers it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../../hypervisor/translate.h"
#include "fake_cpu.h"

#define P     1ull
#define W     2ull
#define U     4ull
#define LARGE (1ull << 7)
#define NX    (1ull << 63)
#define PG    (1ull << 31)
#define WP    (1ull << 16)
#define PAE   (1ull << 5)
#define LMA   (1ull << 10)
#define NXE   (1ull << 11)

/* Tables of the guest: one page each. */
#define ROOT  0x00200000ull
#define L3    0x00201000ull
#define L2    0x00202000ull
#define L1    0x00203000ull
#define L5    0x00204000ull

static struct paging paging;

static int setup(void **state)
{
    (void)state;
    fake_machine_start();
    paging = (struct paging){.cr0 = PG | WP, .cr3 = ROOT, .cr4 = PAE, .efer = LMA | NXE};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_machine_stop();
    return 0;
}

static void set(uint64_t table, unsigned index, uint64_t entry)
{
    ((uint64_t *)hpa_pointer(hpa(table)))[index] = entry;
}

/* Linear address with these table indexes. */
static uint64_t linear(uint64_t i4, uint64_t i3, uint64_t i2, uint64_t i1)
{
    uint64_t address = i4 << 39 | i3 << 30 | i2 << 21 | i1 << 12;
    return i4 & 256 ? address | 0xffffull << 48 : address;
}

static enum translate_result walk(uint64_t address, uint32_t flags, uint64_t *result)
{
    gpa_t found = gpa(0);
    enum translate_result code =
        translate_walk(&fake.partition.slat, 0, &paging, gva(address), flags, &found);
    *result = found.value;
    return code;
}

static void map_four_levels(uint64_t rights)
{
    set(ROOT, 300, L3 | P | W | U);
    set(L3, 4, L2 | P | W | U);
    set(L2, 5, L1 | P | W | U);
    set(L1, 6, 0x7777000 | rights);
}

static void test_four_levels(void **state)
{
    (void)state;
    uint64_t found;
    map_four_levels(P | W);
    uint64_t address = linear(300, 4, 5, 6) + 0x123;
    assert_int_equal(walk(address, TRANSLATE_READ, &found), TRANSLATE_SUCCESS);
    assert_int_equal(found, 0x7777123);
    assert_int_equal(walk(address + 0x1000, TRANSLATE_READ, &found), TRANSLATE_NOT_PRESENT);
    assert_int_equal(walk(address & ~(1ull << 63), TRANSLATE_READ, &found), TRANSLATE_NOT_PRESENT);
    paging.cr4 |= 1ull << 12;
    paging.cr3 = L5;
    set(L5, 511, ROOT | P | W);
    assert_int_equal(walk(address, TRANSLATE_READ, &found), TRANSLATE_SUCCESS);
    assert_int_equal(found, 0x7777123);
}

static void test_large_pages(void **state)
{
    (void)state;
    uint64_t found;
    map_four_levels(P);
    set(L2, 7, 0x40000000 | 1ull << 12 | P | LARGE); /* PAT is no address bit */
    assert_int_equal(walk(linear(300, 4, 7, 9) + 5, TRANSLATE_READ, &found), TRANSLATE_SUCCESS);
    assert_int_equal(found, 0x40009005);
    set(L2, 7, 0x40002000 | P | LARGE);
    assert_int_equal(walk(linear(300, 4, 7, 9), TRANSLATE_READ, &found), TRANSLATE_INVALID_FLAGS);
    set(L3, 9, 0x80000000 | P | LARGE);
    assert_int_equal(walk(linear(300, 9, 7, 9), TRANSLATE_READ, &found), TRANSLATE_SUCCESS);
    assert_int_equal(found, 0x80e09000);
    set(ROOT, 301, 0 | P | LARGE);
    assert_int_equal(walk(linear(301, 9, 7, 9), TRANSLATE_READ, &found), TRANSLATE_INVALID_FLAGS);
}

static void test_rights(void **state)
{
    (void)state;
    static const struct {
        uint64_t rights, cr0, cr4, rflags;
        uint32_t flags;
        bool ok;
    } cases[] = {
        {P, WP, 0, 0, TRANSLATE_WRITE, false},
        {P, 0, 0, 0, TRANSLATE_WRITE, true},
        {P | U, 0, 0, 0, TRANSLATE_WRITE | TRANSLATE_USER, false},
        {P | U | W, 0, 0, 0, TRANSLATE_WRITE | TRANSLATE_USER, true},
        {P | W, WP, 0, 0, TRANSLATE_READ | TRANSLATE_USER, false},
        {P | W, WP, 0, 0, TRANSLATE_READ | TRANSLATE_USER | TRANSLATE_PRIVILEGE_EXEMPT, true},
        {P | W | NX, WP, 0, 0, TRANSLATE_EXECUTE, false},
        {P | W | NX, WP, 0, 0, TRANSLATE_READ, true},
        {P | U, WP, 1 << 20, 0, TRANSLATE_EXECUTE, false}, /* SMEP */
        {P | U, WP, 0, 0, TRANSLATE_EXECUTE, true},
        {P | U, WP, 1 << 21, 0, TRANSLATE_READ, false},        /* SMAP */
        {P | U, WP, 1 << 21, 1 << 18, TRANSLATE_READ, true},   /* … and AC */
        {P | U, WP, 1 << 21, 0, TRANSLATE_READ | 0x200, true}, /* … overridden */
        {P | U, WP, 1 << 21, 0, TRANSLATE_READ | TRANSLATE_USER, true},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t found;
        map_four_levels(cases[i].rights);
        paging.cr0 = PG | cases[i].cr0;
        paging.cr4 = PAE | cases[i].cr4;
        paging.rflags = cases[i].rflags;
        assert_int_equal(walk(linear(300, 4, 5, 6), cases[i].flags, &found),
                         cases[i].ok ? TRANSLATE_SUCCESS : TRANSLATE_PRIVILEGE_VIOLATION);
    }
    uint64_t found;
    paging.efer = LMA;
    map_four_levels(P | NX);
    assert_int_equal(walk(linear(300, 4, 5, 6), TRANSLATE_READ, &found), TRANSLATE_INVALID_FLAGS);
}

static void test_older_modes(void **state)
{
    (void)state;
    uint64_t found;
    paging = (struct paging){.cr0 = 0};
    assert_int_equal(walk(0x12345678, TRANSLATE_READ, &found), TRANSLATE_SUCCESS);
    assert_int_equal(found, 0x12345678);
    paging = (struct paging){.cr0 = PG, .cr3 = ROOT + 0x20, .cr4 = PAE};
    set(ROOT + 0x20, 3, L2 | P);
    set(L2, 5, L1 | P | W);
    set(L1, 6, 0x7777000 | P);
    assert_int_equal(walk(3ull << 30 | 5 << 21 | 6 << 12 | 7, TRANSLATE_READ, &found), 0);
    assert_int_equal(found, 0x7777007);
    paging = (struct paging){.cr0 = PG, .cr3 = ROOT, .cr4 = 1 << 4}; /* PSE */
    uint32_t *directory = hpa_pointer(hpa(ROOT));
    directory[9] = 0x40000000 | 3u << 13 | P | LARGE;
    assert_int_equal(walk(9u << 22 | 0x12345, TRANSLATE_READ, &found), 0);
    assert_int_equal(found, 0x340012345);
}

/* Tables in memory that VTL0 may not read are not read. */
static void test_tables_out_of_reach(void **state)
{
    (void)state;
    static const uint64_t bad[] = {FAKE_VTL1_PAGE, FAKE_HV_BASE, 0xfee00000ull, SLAT_LIMIT};
    uint64_t found;
    map_four_levels(P);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        set(L2, 5, bad[i] | P);
        assert_int_equal(walk(linear(300, 4, 5, 6), TRANSLATE_READ, &found),
                         TRANSLATE_GPA_UNMAPPED);
        paging.cr3 = bad[i];
        assert_int_equal(walk(linear(300, 4, 5, 6), TRANSLATE_READ, &found),
                         TRANSLATE_GPA_UNMAPPED);
        paging.cr3 = ROOT;
    }
}

/* ---- The call ---- */

static uint32_t translate(unsigned vtl, uint64_t control, uint64_t address, uint64_t *page,
                          uint16_t *status)
{
    uint64_t *input = hpa_pointer(hpa(FAKE_PAGE));
    const uint64_t *output = hpa_pointer(hpa(FAKE_OUTPUT));
    input[0] = HV_PARTITION_SELF;
    input[1] = HV_VP_SELF;
    input[2] = control;
    input[3] = address >> 12 & ((1ull << 52) - 1);
    *status =
        HV_RESULT_STATUS(fake_call(vtl, HV_CALL_TRANSLATE_VIRTUAL_ADDRESS, FAKE_PAGE, FAKE_OUTPUT));
    *page = output[1];
    return (uint32_t)output[0];
}

static void test_the_call(void **state)
{
    (void)state;
    uint64_t page;
    uint16_t status;
    const uint64_t on_vtl0 = 0x10ull << 56;
    fake.vcpu[0].registers[0].low = PG | WP;
    fake.vcpu[0].registers[1].low = ROOT;
    fake.vcpu[0].registers[2].low = PAE;
    fake.vcpu[0].registers[3].low = LMA | NXE;
    map_four_levels(P | W);
    uint64_t address = linear(300, 4, 5, 6);
    assert_int_equal(translate(1, on_vtl0 | TRANSLATE_READ, address, &page, &status), 0);
    assert_int_equal(status, HV_STATUS_SUCCESS);
    assert_int_equal(page, 0x7777);
    fake.vcpu[0].cpl = 3;
    assert_int_equal(translate(1, on_vtl0 | TRANSLATE_READ, address, &page, &status),
                     TRANSLATE_PRIVILEGE_VIOLATION);
    assert_int_equal(translate(1, on_vtl0 | 0x41, address, &page, &status), 0);
    set(L1, 6, FAKE_VTL1_PAGE | P | W);
    assert_int_equal(translate(1, on_vtl0 | 0x41, address, &page, &status), TRANSLATE_GPA_UNMAPPED);
    assert_int_equal(page, 0);
    translate(0, 0x11ull << 56 | 1, address, &page, &status);
    assert_int_equal(status, HV_STATUS_ACCESS_DENIED);
    translate(1, on_vtl0 | 0x21, address, &page, &status);
    assert_int_equal(status, HV_STATUS_INVALID_PARAMETER);
    assert_int_equal(fake.partition.slat.pin_count, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_four_levels), TEST(test_large_pages),         TEST(test_rights),
        TEST(test_older_modes), TEST(test_tables_out_of_reach), TEST(test_the_call),
    };
    return cmocka_run_group_tests_name("translate", tests, NULL, NULL);
}
