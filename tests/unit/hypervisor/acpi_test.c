/* SPDX-License-Identifier: BSD-2-Clause */
/* Which CPUs the firmware's table (MADT) names: each once, whatever it says how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "../../../hypervisor/platform/acpi.h"
#include "fake.h"

#define RSDP       0x1000u
#define RSDT       0x1100u
#define MADT       0x1200u
#define LIMIT      0x10000u
#define HEADER     36u /* of every table; the MADT has 8 bytes more before its entries */
#define ENABLED    1u
#define LOCAL_APIC 0u
#define X2APIC     9u
#define ROOM       8u

static uint32_t madt_length;

static uint8_t *memory_at(uint64_t address)
{
    return hpa_pointer(hpa(address));
}

static void put(uint64_t address, uint32_t value)
{
    memcpy(memory_at(address), &value, sizeof(value));
}

/* RSDP => RSDT => a MADT without entries. */
static int setup(void **state)
{
    (void)state;
    fake_reset();
    memcpy(memory_at(RSDP), "RSD PTR ", 8);
    put(RSDP + 16, RSDT);
    memcpy(memory_at(RSDT), "RSDT", 4);
    put(RSDT + 4, HEADER + 4);
    put(RSDT + HEADER, MADT);
    memcpy(memory_at(MADT), "APIC", 4);
    madt_length = HEADER + 8;
    put(MADT + 4, madt_length);
    return 0;
}

static void add_cpu(uint8_t type, uint32_t apic_id, uint32_t flags)
{
    uint8_t entry[16] = {type, type == X2APIC ? 16 : 8};
    if (type == X2APIC)
        memcpy(entry + 4, &apic_id, sizeof(apic_id));
    else
        entry[3] = (uint8_t)apic_id;
    memcpy(entry + (type == X2APIC ? 8 : 4), &flags, sizeof(flags));
    memcpy(memory_at(MADT + madt_length), entry, entry[1]);
    madt_length += entry[1];
    put(MADT + 4, madt_length);
}

static void assert_cpus(uint32_t max, const uint32_t *wanted, uint32_t count)
{
    uint32_t ids[ROOM] = {0};
    assert_int_equal(acpi_cpus(RSDP, LIMIT, ids, max), count);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(ids[i], wanted[i]);
}

static void test_both_types_in_order(void **state)
{
    const uint32_t wanted[] = {2, 0, 300};
    (void)state;
    add_cpu(LOCAL_APIC, 2, ENABLED);
    add_cpu(LOCAL_APIC, 7, 0);
    add_cpu(LOCAL_APIC, 0, ENABLED);
    add_cpu(X2APIC, 300, ENABLED);
    add_cpu(X2APIC, 301, 0);
    assert_cpus(ROOM, wanted, 3);
    assert_cpus(2, wanted, 2);
    assert_int_equal(acpi_cpus(0, LIMIT, NULL, 0), 0);
}

/* Some firmware lists those that have an ID below 255 both ways. */
static void test_one_cpu_of_both_types(void **state)
{
    const uint32_t wanted[] = {0, 1};
    (void)state;
    add_cpu(LOCAL_APIC, 0, ENABLED);
    add_cpu(LOCAL_APIC, 1, ENABLED);
    add_cpu(X2APIC, 0, ENABLED);
    add_cpu(X2APIC, 1, ENABLED);
    assert_cpus(ROOM, wanted, 2);
}

static void test_one_cpu_of_one_type(void **state)
{
    const uint32_t wanted[] = {5, 4};
    (void)state;
    add_cpu(X2APIC, 5, ENABLED);
    add_cpu(X2APIC, 5, ENABLED);
    add_cpu(LOCAL_APIC, 5, ENABLED);
    add_cpu(LOCAL_APIC, 4, ENABLED);
    add_cpu(LOCAL_APIC, 4, ENABLED);
    assert_cpus(ROOM, wanted, 2);
}

/* The second entry takes no room of another CPU's: too many is said of CPUs, not of entries. */
static void test_room_is_for_cpus(void **state)
{
    const uint32_t wanted[] = {0, 1};
    (void)state;
    add_cpu(LOCAL_APIC, 0, ENABLED);
    add_cpu(X2APIC, 0, ENABLED);
    add_cpu(LOCAL_APIC, 1, ENABLED);
    add_cpu(X2APIC, 1, ENABLED);
    assert_cpus(2, wanted, 2);
}

/* What is not there hides nothing, and IDs differ in all their bits. */
static void test_others_stay(void **state)
{
    const uint32_t wanted[] = {1, 257};
    (void)state;
    add_cpu(LOCAL_APIC, 1, 0);
    add_cpu(X2APIC, 1, ENABLED);
    add_cpu(X2APIC, 257, ENABLED);
    add_cpu(LOCAL_APIC, 1, 0);
    assert_cpus(ROOM, wanted, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_both_types_in_order, setup),
        cmocka_unit_test_setup(test_one_cpu_of_both_types, setup),
        cmocka_unit_test_setup(test_one_cpu_of_one_type, setup),
        cmocka_unit_test_setup(test_room_is_for_cpus, setup),
        cmocka_unit_test_setup(test_others_stay, setup),
    };
    return cmocka_run_group_tests_name("acpi", tests, NULL, NULL);
}
