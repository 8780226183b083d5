/* SPDX-License-Identifier: BSD-2-Clause */
/* User memory: rights, demand paging, copies, and that nothing is left when it is over. */
#include "fake.h"
#include "linux_abi.h"
#include "image.h"
#include "page_table.h"
#include "region.h"
#include "user_copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define RW (ACCESS_READ | ACCESS_WRITE)
#define RX (ACCESS_READ | ACCESS_EXECUTE)

static struct address_space space;
static struct image *image;
static uint64_t free_before;

static int setup(void **state)
{
    (void)state;
    fake_yield_every = 0;
    free_before = frame_counts().free;
    return address_space_create(&space, 1500);
}

static int teardown(void **state)
{
    (void)state;
    while (address_space_destroy(&space) == ADDRESS_SPACE_AGAIN) {
    }
    assert_int_equal(space.pages, 0);
    assert_int_equal(frame_counts().free, free_before);
    return 0;
}

static void test_demand_zero(void **state)
{
    uint64_t word = 7;

    (void)state;
    assert_int_equal(address_space_map(&space, 0x100000, 0x4000, RW), 0);
    assert_int_equal(user_copy_in(&space, &word, 0x101ffc, 8), 0); /* across two pages */
    assert_int_equal(word, 0);
    word = 0x1122334455667788;
    assert_int_equal(user_copy_out(&space, 0x101ffc, &word, 8), 0);
    word = 0;
    assert_int_equal(user_copy_in(&space, &word, 0x101ffc, 8), 0);
    assert_int_equal(word, 0x1122334455667788);
}

static void test_outside_faults(void **state)
{
    uint8_t byte = 0;

    (void)state;
    assert_int_equal(address_space_map(&space, 0x100000, 0x1000, ACCESS_READ), 0);
    assert_int_equal(user_copy_in(&space, &byte, 0x101000, 1), -EFAULT);
    assert_int_equal(user_copy_in(&space, &byte, 0x100fff, 2), -EFAULT);
    assert_int_equal(user_copy_out(&space, 0x100000, &byte, 1), -EFAULT);
    assert_int_equal(user_copy_in(&space, &byte, 0xffff888000000000, 1), -EFAULT);
    assert_int_equal(user_copy_in(&space, &byte, USER_END - 1, 2), -EFAULT);
    assert_int_equal(user_copy_in(&space, &byte, UINT64_MAX, 2), -EFAULT);
}

static int map_image(uint64_t address, uint64_t size, uint64_t offset, uint64_t bytes,
                     unsigned access)
{
    const struct image_segment segment = {.address = address,
                                          .size = size,
                                          .file_offset = offset,
                                          .file_bytes = bytes,
                                          .access = access};
    return address_space_map_image(&space, image, 0, &segment);
}

static void test_never_writable_and_executable(void **state)
{
    uint64_t cursor = 0;

    (void)state;
    assert_int_equal(address_space_map(&space, 0x100000, 0x1000, RX), -EACCES);
    assert_int_equal(address_space_map(&space, 0x100000, 0x1000, RW), 0);
    assert_int_equal(address_space_protect(&space, 0x100000, 0x1000, RW | RX, &cursor), -EACCES);
    assert_int_equal(address_space_protect(&space, 0x100000, 0x1000, RX, &cursor), -EACCES);
    assert_int_equal(map_image(0x400000, 0x1000, 0, 4096, RW | RX), -EACCES);
    /* Signed code that was ever writable is code no more. */
    assert_int_equal(map_image(0x400000, 0x1000, 0, 4096, RX), 0);
    assert_int_equal(address_space_protect(&space, 0x400000, 0x1000, RW, &cursor), 0);
    cursor = 0;
    assert_int_equal(address_space_protect(&space, 0x400000, 0x1000, RX, &cursor), -EACCES);
}

static void test_image_pages(void **state)
{
    uint8_t bytes[8] = {0};
    uint64_t cursor = 0;

    (void)state;
    assert_int_equal(map_image(0x400000, 0x2000, 0, 0x2000, RX), 0);
    /* Data: half a page of the file, zeroes behind it. */
    assert_int_equal(map_image(0x402000, 0x2000, 0x2000, 0x800, RW), 0);
    assert_int_equal(user_copy_in(&space, bytes, 0x400ffc, 8), 0);
    assert_int_equal(bytes[3], 1);
    assert_int_equal(bytes[4], 2);
    assert_int_equal(user_copy_in(&space, bytes, 0x4027fc, 8), 0);
    assert_int_equal(bytes[3], 3);
    assert_int_equal(bytes[4], 0);
    assert_int_equal(user_copy_out(&space, 0x400000, bytes, 1), -EFAULT);
    /* Writing to what was shared changes a copy only. */
    assert_int_equal(address_space_protect(&space, 0x400000, 0x1000, RW, &cursor), 0);
    assert_int_equal(user_copy_out(&space, 0x400000, "x", 1), 0);
    assert_int_equal(user_copy_in(&space, bytes, 0x400000, 2), 0);
    assert_int_equal(bytes[0], 'x');
    assert_int_equal(bytes[1], 1);
    assert_int_equal(*(uint8_t *)frame_pointer(image_frame(image, 0)), 1);
}

/* Writes zeroes: the pages are there. */
static int touch(uint64_t address, uint64_t size)
{
    static const uint8_t zeroes[16 << 20];
    assert_true(size <= sizeof(zeroes));
    return user_copy_out(&space, address, zeroes, size);
}

static void test_protect(void **state)
{
    uint8_t byte = 9;
    uint64_t cursor = 0;

    (void)state;
    assert_int_equal(address_space_map(&space, 0x100000, 0x3000, RW), 0);
    assert_int_equal(touch(0x100000, 0x3000), 0);
    assert_int_equal(address_space_protect(&space, 0x101000, 0x1000, 0, &cursor), 0);
    assert_int_equal(user_copy_in(&space, &byte, 0x101000, 1), -EFAULT);
    assert_int_equal(user_copy_out(&space, 0x102000, &byte, 1), 0);
    cursor = 0;
    assert_int_equal(address_space_protect(&space, 0x101000, 0x1000, ACCESS_READ, &cursor), 0);
    assert_int_equal(user_copy_in(&space, &byte, 0x101000, 1), 0);
    assert_int_equal(user_copy_out(&space, 0x101000, &byte, 1), -EFAULT);
    cursor = 0;
    assert_int_equal(address_space_protect(&space, 0x102000, 0x2000, RW, &cursor), -ENOMEM);
}

static void test_unmap_splits(void **state)
{
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(address_space_map(&space, 0x100000, 0x10000, RW), 0);
    assert_int_equal(touch(0x100000, 0x10000), 0);
    assert_int_equal(address_space_unmap(&space, 0x104000, 0x2000), 0);
    assert_int_equal(user_copy_in(&space, &byte, 0x104000, 1), -EFAULT);
    assert_int_equal(user_copy_in(&space, &byte, 0x106000, 1), 0);
    assert_int_equal(user_copy_in(&space, &byte, 0x103fff, 1), 0);
    assert_int_equal(address_space_map(&space, 0x103000, 0x2000, RW), -EEXIST);
    assert_int_equal(address_space_map(&space, 0x104000, 0x2000, RW), 0);
    assert_int_equal(address_space_unmap(&space, 0x100001, 0x2000), -EINVAL);
    assert_int_equal(address_space_unmap(&space, 0x100000, UINT64_MAX & ~PAGE_MASK), -EINVAL);
}

static void test_tables_go_with_their_pages(void **state)
{
    uint64_t before = 0;

    (void)state;
    assert_int_equal(address_space_map(&space, 0x100000, 0x1000, RW), 0);
    assert_int_equal(touch(0x100000, 8), 0);
    before = space.pages;
    for (uint64_t at = 1ull << 32; at < 1ull << 46; at <<= 1) {
        assert_int_equal(address_space_map(&space, at, 0x400000, RW), 0);
        assert_int_equal(touch(at + 0x1ff000, 0x2000), 0);
        assert_int_equal(address_space_unmap(&space, at, 0x400000), 0);
        assert_int_equal(space.pages, before);
    }
}

static void test_yields_keep_progress(void **state)
{
    int steps = 0;
    int error = 0;
    uint64_t cursor = 0;

    (void)state;
    assert_int_equal(address_space_map(&space, 0x200000, 0x400000, RW), 0);
    assert_int_equal(touch(0x200000, 0x400000), 0);
    fake_yield_every = 1;
    while ((error = address_space_protect(&space, 0x200000, 0x400000, ACCESS_READ, &cursor)) ==
           ADDRESS_SPACE_AGAIN)
        steps++;
    assert_int_equal(error, 0);
    assert_true(steps >= 1);
    for (steps = 0;
         (error = address_space_unmap(&space, 0x200000, 0x400000)) == ADDRESS_SPACE_AGAIN;)
        steps++;
    assert_int_equal(error, 0);
    assert_true(steps > 10);
}

static void test_limit_is_kept(void **state)
{
    (void)state;
    assert_int_equal(address_space_map(&space, 0x200000, 0x1000000, RW), 0);
    assert_int_equal(touch(0x200000, 0x1000000), -ENOMEM);
    assert_true(space.pages <= 1500);
}

static void test_find(void **state)
{
    (void)state;
    space.mmap_top = 0x10000000;
    uint64_t at = address_space_find(&space, 0, 0x3000);

    assert_int_equal(at, 0x10000000 - 0x3000);
    assert_int_equal(address_space_map(&space, at, 0x3000, RW), 0);
    assert_int_equal(address_space_find(&space, 0, 0x1000), at - 0x1000);
    assert_int_equal(address_space_find(&space, at, 0x1000), at - 0x1000);
    assert_int_equal(address_space_find(&space, 0x500000, 0x1000), 0x500000);
    assert_int_equal(address_space_find(&space, 0, 0x20000000), 0);
    assert_int_equal(address_space_find(&space, 0, UINT64_MAX), 0);
}

static void test_brk(void **state)
{
    (void)state;
    space.brk_start = space.brk = 0x800010;
    assert_int_equal(address_space_brk(&space, 0), 0x800010);
    assert_int_equal(address_space_brk(&space, 0x900000), 0x900000);
    assert_int_equal(touch(0x8ffff8, 8), 0);
    assert_int_equal(address_space_brk(&space, 0x801008), 0x801008);
    assert_int_equal(touch(0x8ffff8, 8), -EFAULT);
    assert_int_equal(address_space_map(&space, 0x900000, 0x1000, RW), 0);
    assert_int_equal(address_space_brk(&space, 0xa00000), 0x801008); /* something is in the way */
}

static void test_stack_guard(void **state)
{
    (void)state;
    assert_int_equal(address_space_map_stack(&space, 0x10000000, 0x20000), 0);
    assert_int_equal(touch(0x10000000 - 0x20000, 8), 0);
    assert_int_equal(touch(0x10000000 - 0x20008, 8), -EFAULT);
    assert_int_equal(address_space_unmap(&space, 0x10000000 - 0x21000, 0x1000), -EACCES);
}

static void test_strings(void **state)
{
    char text[32];

    (void)state;
    assert_int_equal(address_space_map(&space, 0x100000, 0x2000, RW), 0);
    assert_int_equal(user_copy_out(&space, 0x100ffd, "hello", 6), 0);
    assert_int_equal(user_copy_string(&space, text, 0x100ffd, sizeof(text)), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(user_copy_string(&space, text, 0x100ffd, 5), -ENAMETOOLONG);
    memset(frame_pointer(0x7000), 'a', 8);
    assert_int_equal(user_copy_out(&space, 0x101ff8, "aaaaaaaa", 8), 0);
    assert_int_equal(user_copy_string(&space, text, 0x101ff8, sizeof(text)), -EFAULT);
}

static void test_many_regions(void **state)
{
    unsigned made = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++)
        made += address_space_map(&space, 0x1000000 + i * 0x2000ull, 0x1000, RW) == 0;
    assert_int_equal(made, REGION_MAX);
}

/* A program may end while a page fault waits for memory, its tables made in part; and a table may
 * lose its last page while a neighbour without pages keeps it. teardown() counts. */
static void test_no_table_is_left_over(void **state)
{
    (void)state;
    assert_int_equal(address_space_map(&space, 0x7000000000, 0x4000, RW), 0);
    space.page_limit = space.pages + 2; /* three tables and the page are wanted */
    assert_int_equal(address_space_fault(&space, 0x7000000000, ACCESS_WRITE), -EDQUOT);
    space.page_limit = 1500;
    for (uint64_t i = 1; i <= 100; i++) {
        assert_int_equal(address_space_map(&space, i << 32, 0x4000, RW), 0);
        assert_int_equal(address_space_map(&space, (i << 32) + 0x200000, 0x4000, 0), 0);
        assert_int_equal(touch(i << 32, 0x4000), 0);
    }
    fake_yield_every = 3;
}

/* A last page goes while a neighbour without pages, and wider, keeps the table above it; that goes
 * with the pages of another neighbour. */
static void test_no_table_is_lost(void **state)
{
    (void)state;
    assert_int_equal(address_space_map(&space, 0x7ffb00000000, 0x4000, RW), 0);
    assert_int_equal(address_space_map(&space, 0x7ffb10000000, 0x40000000, 0), 0);
    assert_int_equal(address_space_map(&space, 0x7ffc01800000, 0x4000, RW), 0);
    assert_int_equal(touch(0x7ffb00000000, 0x4000), 0);
    assert_int_equal(touch(0x7ffc01800000, 0x4000), 0);
}

static uint64_t free_at_flush;
static uint64_t *entry_at_flush;

static void look(const struct address_space *at)
{
    free_at_flush = frame_counts().free;
    entry_at_flush = page_table_entry(at, 0x201000);
}

/* Other CPUs hold translations until they are told: no frame may be free, nor a new right counted
 * on, before. */
static void test_frames_outlive_their_translations(void **state)
{
    uint64_t cursor = 0, before = 0;

    (void)state;
    fake_at_flush = look;
    assert_int_equal(address_space_map(&space, 0x200000, 0x8000, RW), 0);
    assert_int_equal(touch(0x200000, 0x8000), 0);
    before = frame_counts().free;
    fake_flushes = 0;
    assert_int_equal(address_space_discard(&space, 0x201000, 0x2000), 0);
    assert_int_equal(fake_flushes, 1);
    assert_int_equal(free_at_flush, before);
    assert_int_equal(*entry_at_flush, 0);
    assert_int_equal(frame_counts().free, before + 2);
    assert_int_equal(address_space_protect(&space, 0x203000, 0x1000, ACCESS_READ, &cursor), 0);
    assert_int_equal(fake_flushes, 2);
    before = frame_counts().free;
    assert_int_equal(address_space_unmap(&space, 0x200000, 0x8000), 0);
    /* The last of three regions: the pages of two are gone by then, the tables are not. */
    assert_int_equal(free_at_flush, before + 2);
    assert_null(entry_at_flush);
    assert_int_equal(frame_counts().free, free_before - 2);
    fake_at_flush = NULL;
}

static void test_first_write_of_a_shared_page_is_told(void **state)
{
    uint8_t byte = 0;

    (void)state;
    assert_int_equal(map_image(0x400000, 0x1000, 0, 0x1000, RX), 0);
    assert_int_equal(user_copy_in(&space, &byte, 0x400000, 1), 0);
    uint64_t cursor = 0;

    assert_int_equal(address_space_protect(&space, 0x400000, 0x1000, RW, &cursor), 0);
    fake_flushes = 0;
    assert_int_equal(user_copy_out(&space, 0x400000, &byte, 1), 0);
    assert_int_equal(fake_flushes, 1);
}

/* Two frames are lost for good; the last test, as the count of free ones does not come back. */
static void test_a_cpu_that_does_not_answer_keeps_its_frames(void **state)
{
    (void)state;
    assert_int_equal(address_space_map(&space, 0x200000, 0x4000, RW), 0);
    assert_int_equal(touch(0x200000, 0x4000), 0);
    uint64_t before = frame_counts().free;
    uint64_t frame = *page_table_entry(&space, 0x201000) & PTE_FRAME;

    fake_flush_fails = true;
    assert_int_equal(address_space_unmap(&space, 0x201000, 0x2000), 0);
    fake_flush_fails = false;
    assert_int_equal(frame_counts().free, before);
    assert_int_equal(frame_state(frame), FRAME_QUARANTINED);
    free_before -= 2;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(demand_zero),
        TEST(outside_faults),
        TEST(never_writable_and_executable),
        TEST(image_pages),
        TEST(protect),
        TEST(unmap_splits),
        TEST(tables_go_with_their_pages),
        TEST(yields_keep_progress),
        TEST(limit_is_kept),
        TEST(find),
        TEST(brk),
        TEST(stack_guard),
        TEST(strings),
        TEST(many_regions),
        TEST(no_table_is_left_over),
        TEST(no_table_is_lost),
        TEST(frames_outlive_their_translations),
        TEST(first_write_of_a_shared_page_is_told),
        TEST(a_cpu_that_does_not_answer_keeps_its_frames),
    };

    fake_machine();
    uint64_t kernel_tables = frame_alloc();

    kernel_cr3 = kernel_tables;
    image = fake_image();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
