/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ten thousand broken programs, each signed with a trusted key: whoever signs may err, too. Each is
 * refused with an image's own status, or its segments lie where a program's may and every page of
 * them can be touched, and no page is writable and executable. Nothing is left of any.
 */
#include "address_space.h"
#include "image.h"
#include "image_cache.h"
#include "image_machine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/elf.h>
#include <sodium.h>

#define FILE_MAX 0x10000u
#define MUTANTS  10000u

static uint8_t original[FILE_MAX], file[FILE_MAX];
static size_t original_size;
static unsigned refused, accepted;

/* ---- mutants ---- */

static uint64_t interesting(void)
{
    static const uint64_t words[] = {0,          1,          4095,      4096,       0xffff,
                                     0x7fffffff, 0x80000000, INT64_MAX, UINT64_MAX, 1ull << 47,
                                     USER_END,   USER_START, 1ull << 63};
    uint64_t word = words[(size_t)random() % (sizeof(words) / sizeof(words[0]))];
    return word + (uint64_t)(random() % 3) - 1;
}

/* One field of the headers: a word of 2, 4 or 8 bytes, a copied neighbour, or noise. */
static void mutate_once(size_t size)
{
    size_t headers = sizeof(Elf64_Ehdr) + 8 * sizeof(Elf64_Phdr);
    size_t within = headers < size ? headers : size;
    size_t at = (size_t)random() % (random() % 8 ? within : size), bytes = 1u << random() % 4;
    uint64_t word = interesting();
    at -= at % bytes;
    switch (random() % 4) {
    case 0:
        memcpy(file + at, &word, bytes);
        break;
    case 1:
        memcpy(file + at, file + (size_t)random() % within / 8 * 8, bytes);
        break;
    case 2:
        file[at] ^= (uint8_t)(1u << random() % 8);
        break;
    default:
        file[at] = (uint8_t)random();
    }
}

/* ---- what becomes of them ---- */

static void assert_refusal(enum sk_status status)
{
    assert_in_range(status, SK_IMAGE_UNSIGNED, SK_IMAGE_BAD_LAYOUT);
    refused++;
}

static void touch_all(struct address_space *space, const struct image_segment *s, uint64_t base)
{
    assert_true((s->access & (ACCESS_WRITE | ACCESS_EXECUTE)) != (ACCESS_WRITE | ACCESS_EXECUTE));
    for (uint64_t at = base + s->address, n = 0; at < base + s->address + s->size && n < 64;
         at += PAGE_SIZE, n++) {
        int error = s->access ? address_space_fault(space, at, s->access) : -EFAULT;
        assert_true(error == 0 || error == -ENOMEM || error == -EDQUOT || s->access == 0);
    }
}

/* As start.c maps it: at its address, or somewhere when it may lie anywhere. */
static void map_and_touch(uint64_t handle)
{
    struct address_space space;
    struct image *image = NULL;
    assert_int_equal(image_acquire(handle, &image), SK_OK);
    const struct image_layout *layout = image_layout(image);
    uint64_t base = layout->position_independent ? 0x555555554000ull : 0;
    assert_int_equal(address_space_create(&space, 200), 0);
    for (uint32_t i = 0; i < layout->segment_count; i++) {
        const struct image_segment *s = &layout->segments[i];
        if (address_space_map_image(&space, image, base, s) == 0)
            touch_all(&space, s, base);
    }
    while (address_space_destroy(&space) == ADDRESS_SPACE_AGAIN)
        ;
    image_release(image);
    accepted++;
}

static void one_mutant(void)
{
    size_t size = random() % 16 ? original_size : (size_t)random() % original_size + 1;
    memcpy(file, original, sizeof(file));
    for (long n = random() % 4; n >= 0; n--)
        mutate_once(size);
    make_trailer(77, file, size);
    publish(file, sizeof(file));
    enum sk_status status = SK_AGAIN;
    while (status == SK_AGAIN) /* images that nobody uses make room */
        status = CALL(open, TRAILER_GPA);
    uint64_t handle = call.result[0], pages = (size + PAGE_SIZE - 1) / PAGE_SIZE;
    if (status != SK_OK) {
        assert_refusal(status);
        return;
    }
    if (!call.result[1]) {
        assert_int_equal(CALL(write, handle, LIST_GPA, pages, 0, size), SK_OK);
        status = CALL(seal, handle);
    }
    if (status == SK_OK)
        map_and_touch(handle);
    else
        assert_refusal(status);
    assert_int_equal(CALL(close, handle), SK_OK);
}

static void test_mutants(void **state)
{
    (void)state;
    while (image_cache_shrink())
        ;
    uint64_t before = frame_counts().free;
    srandom(11);
    for (unsigned i = 0; i < MUTANTS; i++)
        one_mutant();
    while (image_cache_shrink())
        ;
    assert_int_equal(frame_counts().free, before);
    print_message("%u refused, %u accepted\n", refused, accepted);
    /* The mutations are neither all deadly nor all harmless. */
    assert_true(refused > MUTANTS / 10 && accepted > MUTANTS / 10);
}

static int machine(void **state)
{
    FILE *program = fopen(PROGRAM, "rb");
    (void)state;
    assert_non_null(program);
    original_size = fread(original, 1, sizeof(original), program);
    fclose(program);
    assert_in_range(original_size, PAGE_SIZE, FILE_MAX - 1);
    fake_machine();
    kernel_cr3 = frame_alloc();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutants)};
    return cmocka_run_group_tests(tests, machine, NULL);
}
