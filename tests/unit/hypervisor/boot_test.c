/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hypervisor reads before it runs anything: memory map, options, the Secure Kernel's ELF.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <elf.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../../hypervisor/elf.h"
#include "../../../hypervisor/platform/e820.h"
#include "../../../hypervisor/platform/efi.h"
#include "../../../hypervisor/platform/options.h"

#define MIB(n) ((uint64_t)(n) << 20)

/* As QEMU gives it with 512 MiB. */
static struct e820_map pc_map(void)
{
    struct e820_map map = {0};
    e820_add(&map, 0, 0x9fc00, E820_RAM);
    e820_add(&map, 0x9fc00, 0x400, E820_RESERVED);
    e820_add(&map, 0xf0000, 0x10000, E820_RESERVED);
    e820_add(&map, MIB(1), MIB(511) - 0x20000, E820_RAM);
    e820_add(&map, MIB(512) - 0x20000, 0x20000, E820_RESERVED);
    return map;
}

static uint64_t ram_in(const struct e820_map *map)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < map->count; i++)
        sum += map->entries[i].type == E820_RAM ? map->entries[i].size : 0;
    return sum;
}

static void check_sorted_and_apart(const struct e820_map *map)
{
    for (uint32_t i = 1; i < map->count; i++)
        assert_true(map->entries[i - 1].base + map->entries[i - 1].size <= map->entries[i].base);
}

static void test_reserve_splits(void **state)
{
    struct e820_map map = pc_map();
    struct range hole = {MIB(128), MIB(4)};
    uint64_t before = ram_in(&map);
    (void)state;
    assert_true(e820_reserve(&map, hole));
    assert_int_equal(ram_in(&map), before - hole.size);
    assert_false(e820_is_ram(&map, hole));
    assert_true(e820_is_ram(&map, (struct range){MIB(64), MIB(64)}));
    assert_true(e820_is_ram(&map, (struct range){MIB(132), MIB(10)}));
    assert_false(e820_is_ram(&map, (struct range){MIB(127), MIB(2)}));
    check_sorted_and_apart(&map);
}

static void test_tidy_lets_ram_give_way(void **state)
{
    struct e820_map map = {0};
    (void)state;
    e820_add(&map, MIB(2), MIB(2), E820_RESERVED);
    e820_add(&map, MIB(5), MIB(1), E820_ACPI);
    e820_add(&map, 0, MIB(8), E820_RAM);
    assert_true(e820_tidy(&map));
    assert_int_equal(ram_in(&map), MIB(5));
    assert_int_equal(map.count, 5);
    check_sorted_and_apart(&map);
}

/* The first cut moves the second of two equal entries to where the first one stood. */
static void test_tidy_of_an_entry_given_twice(void **state)
{
    struct e820_map map = {0};
    (void)state;
    e820_add(&map, MIB(10), MIB(1), E820_RAM);
    e820_add(&map, MIB(11), MIB(1), E820_RAM);
    e820_add(&map, MIB(8), MIB(8), E820_RESERVED);
    e820_add(&map, MIB(40), MIB(1), E820_RESERVED);
    e820_add(&map, MIB(8), MIB(8), E820_RESERVED);
    e820_add(&map, MIB(0), MIB(30), E820_RAM);
    e820_add(&map, MIB(4), MIB(16), E820_RAM);
    e820_add(&map, MIB(38), MIB(6), E820_RAM);
    assert_true(e820_tidy(&map));
    assert_false(e820_is_ram(&map, (struct range){MIB(40), PAGE_SIZE}));
    assert_true(e820_is_ram(&map, (struct range){MIB(41), MIB(3)}));
}

static void test_tidy_of_random_maps(void **state)
{
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 2000; round++) {
        struct e820_map map = {0};
        for (unsigned i = 0; i < 12; i++)
            e820_add(&map, MIB(rand() % 64), MIB(1 + rand() % 16),
                     i % 3 ? E820_RESERVED : E820_RAM);
        assert_true(e820_tidy(&map));
        for (uint32_t i = 0; i < map.count; i++) {
            for (uint32_t j = 0; j < map.count; j++) {
                const struct e820_entry *a = &map.entries[i], *b = &map.entries[j];
                if (a->type == E820_RAM && b->type != E820_RAM)
                    assert_false(range_overlaps((struct range){a->base, a->size},
                                                (struct range){b->base, b->size}));
            }
        }
    }
}

static void test_full_map(void **state)
{
    struct e820_map map = {0};
    (void)state;
    for (unsigned i = 0; i < E820_MAX; i++)
        assert_true(e820_add(&map, MIB(2 * i), MIB(1), E820_RAM));
    assert_false(e820_add(&map, MIB(1000), 1, E820_RAM));
    assert_false(e820_reserve(&map, (struct range){PAGE_SIZE, PAGE_SIZE}));
}

static void test_find_top(void **state)
{
    struct e820_map map = pc_map();
    struct range none = e820_find_top(&map, MIB(600), MIB(2), MIB(4096), NULL, 0);
    struct range top = e820_find_top(&map, MIB(64), MIB(2), MIB(4096), NULL, 0);
    struct range taken[] = {{MIB(440), MIB(10)}, {MIB(500), PAGE_SIZE}};
    (void)state;
    assert_int_equal(none.size, 0);
    assert_int_equal(top.base, MIB(446));
    top = e820_find_top(&map, MIB(64), MIB(2), MIB(4096), taken, 2);
    assert_int_equal(top.base, MIB(376));
    top = e820_find_top(&map, MIB(64), MIB(2), MIB(256), NULL, 0);
    assert_int_equal(top.base, MIB(192));
}

static void test_ram_pages(void **state)
{
    struct e820_map map = pc_map();
    struct range ranges[4];
    (void)state;
    assert_int_equal(e820_ram_pages(&map, ranges, 4), 2);
    assert_int_equal(ranges[0].size, 0x9f000);
    assert_int_equal(ranges[1].base, MIB(1));
    assert_int_equal(e820_ram_pages(&map, ranges, 1), 1);
}

static void test_options(void **state)
{
    (void)state;
    assert_int_equal(option_size("", "vtl1", 7), 7);
    assert_int_equal(option_size("hypervisor.elf vtl1=64M", "vtl1", 7), MIB(64));
    assert_int_equal(option_size("a=1 vtl1=2G b=3", "vtl1", 7), 2ull << 30);
    assert_int_equal(option_size("vtl1=4096", "vtl1", 7), 4096);
    assert_int_equal(option_size("xvtl1=4096", "vtl1", 7), 7);
    assert_int_equal(option_size("vtl1=64X", "vtl1", 7), 0);
    assert_int_equal(option_size("vtl1=", "vtl1", 7), 0);
    assert_int_equal(option_size("vtl1=99999999999999999999", "vtl1", 7), 0);
    assert_int_equal(option_size("vtl1=18446744073709551615K", "vtl1", 7), 0);
    assert_true(option_given("a=1 secure-kernel=", "secure-kernel"));
    assert_false(option_given("a=1 xsecure-kernel=0", "secure-kernel"));
}

/* ---- ELF ---- */

#define BASE 0xffffffff80000000ull
struct file {
    Elf64_Ehdr header;
    Elf64_Phdr program[3];
    uint8_t data[256];
};

static struct file good_file(void)
{
    struct file f = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_X86_64,
                   .e_entry = BASE + 0x10,
                   .e_phoff = offsetof(struct file, program),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 3},
        .program = {{.p_type = PT_LOAD,
                     .p_flags = PF_R | PF_X,
                     .p_offset = offsetof(struct file, data),
                     .p_vaddr = BASE,
                     .p_filesz = 64,
                     .p_memsz = 64},
                    {.p_type = PT_LOAD,
                     .p_flags = PF_R | PF_W,
                     .p_offset = offsetof(struct file, data) + 64,
                     .p_vaddr = BASE + 0x1000,
                     .p_filesz = 64,
                     .p_memsz = 0x5000},
                    {.p_type = PT_GNU_STACK}},
    };
    return f;
}

static const char *read_file(const struct file *f, uint64_t size)
{
    struct elf_image image;
    return elf_read(f, size, BASE, &image);
}

static void test_elf_good(void **state)
{
    struct file f = good_file();
    struct elf_image image;
    (void)state;
    assert_null(elf_read(&f, sizeof(f), BASE, &image));
    assert_int_equal(image.count, 2);
    assert_int_equal(image.size, 0x6000);
    assert_true(image.segments[0].executable && !image.segments[0].writable);
    assert_ptr_equal(image.segments[1].data, f.data + 64);
}

/* Each breaks one thing. */
static void break_machine(struct file *f)
{
    f->header.e_machine = EM_386;
}
static void break_type(struct file *f)
{
    f->header.e_type = ET_DYN;
}
static void break_headers(struct file *f)
{
    f->header.e_phoff = UINT64_MAX - 8;
}
static void break_offset(struct file *f)
{
    f->program[0].p_offset = UINT64_MAX - 16;
}
static void break_file_size(struct file *f)
{
    f->program[1].p_filesz = 0x6000;
}
static void break_address(struct file *f)
{
    f->program[1].p_vaddr = 0x1000;
}
static void break_memory_size(struct file *f)
{
    f->program[1].p_memsz = UINT64_MAX - 16;
}
static void break_rights(struct file *f)
{
    f->program[0].p_flags |= PF_W;
}
static void break_apart(struct file *f)
{
    f->program[1].p_vaddr = BASE + 0x800;
}
static void break_entry(struct file *f)
{
    f->header.e_entry = BASE + 0x1000;
}

static void test_elf_broken(void **state)
{
    void (*const breaks[])(struct file *) = {
        break_machine, break_type,        break_headers, break_offset, break_file_size,
        break_address, break_memory_size, break_rights,  break_apart,  break_entry,
    };
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(breaks); i++) {
        struct file f = good_file();
        breaks[i](&f);
        assert_non_null(read_file(&f, sizeof(f)));
    }
}

static void test_elf_truncated(void **state)
{
    struct file f = good_file();
    uint64_t needed = offsetof(struct file, data) + 128;
    (void)state;
    for (uint64_t size = 0; size < needed; size++) {
        struct file *copy = malloc(size ? size : 1); /* so that the sanitizer sees a read too far */
        memcpy(copy, &f, size);
        assert_non_null(read_file(copy, size));
        free(copy);
    }
    assert_null(read_file(&f, needed));
}

/* A descriptor of 48 bytes, as firmware has them: type, base, pages. */
struct descriptor {
    uint32_t type, padding;
    uint64_t base, virtual, pages, attributes, more;
};

static void check_descriptor(const struct efi_map *map, unsigned index, uint32_t type,
                             uint64_t base, uint64_t size)
{
    const struct descriptor *d = &((const struct descriptor *)map->descriptors)[index];
    assert_int_equal(d->type, type);
    assert_int_equal(d->base, base);
    assert_int_equal(d->pages * PAGE_SIZE, size);
    assert_int_equal(d->attributes, 15);
}

static void test_efi_reserve(void **state)
{
    static struct efi_map map;
    const struct descriptor found[] = {
        {.type = 7, .base = 0, .pages = MIB(64) / PAGE_SIZE, .attributes = 15},
        {.type = 4, .base = MIB(64), .pages = MIB(64) / PAGE_SIZE, .attributes = 15},
        {.type = 6, .base = MIB(128), .pages = MIB(64) / PAGE_SIZE, .attributes = 15},
    };
    (void)state;
    assert_true(efi_map_set(&map, (const uint8_t *)found, sizeof(found), sizeof(found[0]), 1));
    assert_true(efi_map_reserve(&map, (struct range){MIB(60), MIB(100)}));
    assert_int_equal(map.size, 4 * sizeof(found[0]));
    check_descriptor(&map, 0, 7, 0, MIB(60));
    check_descriptor(&map, 1, 0, MIB(60), MIB(4));
    check_descriptor(&map, 2, 0, MIB(64), MIB(64));
    check_descriptor(&map, 3, 6, MIB(128), MIB(64)); /* runtime services keep theirs */
    assert_true(efi_map_reserve(&map, (struct range){MIB(8), MIB(2)}));
    check_descriptor(&map, 0, 7, 0, MIB(8));
    check_descriptor(&map, 1, 0, MIB(8), MIB(2));
    check_descriptor(&map, 2, 7, MIB(10), MIB(50));
}

static void test_efi_refused(void **state)
{
    static struct efi_map map;
    static const uint8_t bytes[EFI_MAP_BYTES + 48];
    (void)state;
    assert_false(efi_map_set(&map, bytes, 0, 48, 1));
    assert_false(efi_map_set(&map, bytes, 48, 0, 1));
    assert_false(efi_map_set(&map, bytes, 39, 39, 1));
    assert_false(efi_map_set(&map, bytes, 100, 48, 1));
    assert_false(efi_map_set(&map, bytes, 1024, 1024, 1));
    assert_false(efi_map_set(&map, bytes, EFI_MAP_BYTES / 48 * 48 + 48, 48, 1));
    assert_int_equal(map.size, 0);
}

static void test_efi_boot_ranges(void **state)
{
    static struct efi_map map;
    struct range ranges[2];
    const struct descriptor found[] = {
        {.type = 3, .base = 0, .pages = 1},      {.type = 4, .base = 4096, .pages = 2},
        {.type = 7, .base = 12288, .pages = 10}, {.type = 4, .base = MIB(1), .pages = 1},
        {.type = 4, .base = MIB(2), .pages = 1},
    };
    (void)state;
    assert_true(
        efi_map_set(&map, (const uint8_t *)found, 4 * sizeof(found[0]), sizeof(found[0]), 1));
    assert_int_equal(efi_map_boot_ranges(&map, ranges, 2), 2);
    assert_int_equal(ranges[0].base, 0);
    assert_int_equal(ranges[0].size, 12288);
    assert_int_equal(ranges[1].base, MIB(1));
    assert_true(efi_map_set(&map, (const uint8_t *)found, sizeof(found), sizeof(found[0]), 1));
    assert_int_equal(efi_map_boot_ranges(&map, ranges, 2), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reserve_splits),
        cmocka_unit_test(test_tidy_lets_ram_give_way),
        cmocka_unit_test(test_tidy_of_an_entry_given_twice),
        cmocka_unit_test(test_tidy_of_random_maps),
        cmocka_unit_test(test_full_map),
        cmocka_unit_test(test_find_top),
        cmocka_unit_test(test_ram_pages),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_elf_good),
        cmocka_unit_test(test_elf_broken),
        cmocka_unit_test(test_elf_truncated),
        cmocka_unit_test(test_efi_reserve),
        cmocka_unit_test(test_efi_refused),
        cmocka_unit_test(test_efi_boot_ranges),
    };
    return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
