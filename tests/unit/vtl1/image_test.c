/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images from open to their last frame: every refusal, restarts at every page, what a known image
 * saves, and that VTL0 cannot take one from under a process.
 */
#include "crypto.h"
#include "image.h"
#include "image_cache.h"
#include "image_machine.h"
#include "version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/elf.h>
#include <sodium.h>

#define FILE_PAGES 40u
#define FILE_SIZE  (FILE_PAGES * PAGE_SIZE - 100)
#define FLOOR_ID   0x7e57f1004ull /* version.c: below 2 is refused */

static uint8_t file[FILE_PAGES * PAGE_SIZE];
static unsigned hashed_pages;

/* ---- the file ---- */

static void make_file(void)
{
    for (unsigned i = 0; i < sizeof(file); i++)
        file[i] = (uint8_t)(i * 13 + i / 4096);
    Elf64_Ehdr header = {
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = 0x401000,
        .e_phoff = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
    };
    Elf64_Phdr text = {PT_LOAD, PF_R | PF_X, 0, 0x400000, 0, FILE_SIZE, FILE_SIZE, 4096};
    memcpy(file, &header, sizeof(header));
    memcpy(file + sizeof(header), &text, sizeof(text));
}

static int setup(void **state)
{
    (void)state;
    image_audits = 0;
    fake_no_random = false;
    fake_yield_every = 0;
    make_file();
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    publish(file, sizeof(file));
    return 0;
}

/* Nobody holds anything: all frames come back. */
static int teardown(void **state)
{
    static uint64_t free_at_first;
    (void)state;
    while (image_cache_shrink())
        ;
    if (free_at_first == 0)
        free_at_first = frame_counts().free;
    assert_int_equal(frame_counts().free, free_at_first);
    return 0;
}

/* ---- calls ---- */

static enum sk_status open_image(uint64_t *handle)
{
    enum sk_status status = SK_AGAIN;
    while (status == SK_AGAIN)
        status = CALL(open, TRAILER_GPA);
    *handle = call.result[0];
    return status;
}

static enum sk_status write_all(uint64_t handle)
{
    enum sk_status status = SK_AGAIN;
    hashed_pages = 0;
    while (status == SK_AGAIN) {
        hashed_pages++;
        status = CALL(write, handle, LIST_GPA, FILE_PAGES, 0, FILE_SIZE);
    }
    return status;
}

static enum sk_status load(uint64_t *handle)
{
    enum sk_status status = open_image(handle);
    if (status == SK_OK && !call.result[1])
        status = write_all(*handle);
    return status == SK_OK ? CALL(seal, *handle) : status;
}

static void test_good(void **state)
{
    uint64_t handle = 0;
    struct image *image = NULL;
    (void)state;
    assert_int_equal(load(&handle), SK_OK);
    assert_int_equal(image_acquire(handle, &image), SK_OK);
    assert_int_equal(image_layout(image)->entry, 0x401000);
    for (uint64_t page = 0; page < FILE_PAGES; page++) {
        uint64_t size = page == FILE_PAGES - 1 ? PAGE_SIZE - 100 : PAGE_SIZE;
        const uint8_t *copy = frame_pointer(image_frame(image, page));
        assert_memory_equal(copy, file + page * PAGE_SIZE, size);
        assert_true(size == PAGE_SIZE || copy[size] == 0); /* zeroes behind the end */
    }
    assert_int_equal(image_frame(image, FILE_PAGES), FRAME_NONE);
    /* VTL0 lets go, and once more than it may: the process keeps what it has. */
    assert_int_equal(CALL(close, handle), SK_OK);
    assert_int_equal(CALL(close, handle), SK_NOT_FOUND);
    assert_false(image_cache_shrink());
    assert_int_equal(*(uint8_t *)frame_pointer(image_frame(image, 0)), 0x7f);
    image_release(image);
    assert_int_equal(image_audits, 0);
}

static void test_restarts(void **state)
{
    uint64_t handle = 0;
    (void)state;
    fake_yield_every = 2;
    trailer.manifest.trustlet_id = 77;
    sign(TRUSTED);
    publish(file, sizeof(file));
    assert_int_equal(load(&handle), SK_OK);
    assert_in_range(hashed_pages, FILE_PAGES / 2, FILE_PAGES / 2 + 1);
    assert_int_equal(CALL(close, handle), SK_OK);
}

static void test_known(void **state)
{
    uint64_t first = 0, second = 0, before = 0;
    struct image *image = NULL;
    (void)state;
    assert_int_equal(load(&first), SK_OK);
    assert_int_equal(CALL(close, first), SK_OK);
    before = frame_counts().free;
    memset(gpa(FILE_GPA), 0, sizeof(file)); /* nobody reads it */
    assert_int_equal(open_image(&second), SK_OK);
    assert_int_equal(call.result[1], 1);
    assert_int_equal(second, first);
    assert_int_equal(frame_counts().free, before);
    assert_int_equal(image_acquire(second, &image), SK_OK);
    image_release(image);
    assert_int_equal(CALL(close, second), SK_OK);
    /* One bit of the trailer differs: nothing is known, all is checked. */
    trailer.signature[3] ^= 1;
    publish(file, sizeof(file));
    assert_int_equal(open_image(&second), SK_IMAGE_BAD_SIGNATURE);
}

static void test_refusals(void **state)
{
    uint64_t handle = 0;
    (void)state;
    trailer.magic[0] = 'X';
    publish(file, sizeof(file));
    assert_int_equal(open_image(&handle), SK_IMAGE_UNSIGNED);
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    trailer.manifest.version = 2;
    publish(file, sizeof(file));
    assert_int_equal(open_image(&handle), SK_IMAGE_MALFORMED_MANIFEST);
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    sign(0x43);
    publish(file, sizeof(file));
    assert_int_equal(open_image(&handle), SK_IMAGE_UNKNOWN_SIGNER);
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    trailer.manifest.classes = TRUSTLET_CLASS_ALL; /* more than was signed */
    publish(file, sizeof(file));
    assert_int_equal(open_image(&handle), SK_IMAGE_BAD_SIGNATURE);
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    trailer.manifest.security_version = 1;
    sign(TRUSTED);
    publish(file, sizeof(file));
    assert_int_equal(open_image(&handle), SK_IMAGE_REVOKED);
    assert_int_equal(handle, 2);
    assert_int_equal(image_audits, 5);
    assert_int_equal(CALL(open, TRAILER_GPA + 8), SK_INVALID_ARGUMENT);
    assert_int_equal(CALL(open, FAKE_POOL + 0x100000), SK_ACCESS_DENIED);
    assert_int_equal(CALL(open, 1ull << 60), SK_ACCESS_DENIED);
}

/* An image that is in use is never pushed out, one that is only kept is. */
static void test_full_table(void **state)
{
    uint64_t handles[128], kept = 0, none = 0;
    unsigned count = 0;
    (void)state;
    while (count < 128 && open_image(&handles[count]) == SK_OK)
        count++;
    assert_int_equal(count, 128);
    assert_int_equal(open_image(&none), SK_LIMIT);
    assert_int_equal(CALL(close, handles[5]), SK_OK);
    assert_int_equal(load(&kept), SK_OK);
    assert_int_equal(open_image(&handles[5]), SK_OK); /* the same one: it is known */
    assert_int_equal(handles[5], kept);
    assert_int_equal(CALL(close, kept), SK_OK);
    make_trailer(FLOOR_ID + 1, file, FILE_SIZE);
    publish(file, sizeof(file));
    assert_int_equal(open_image(&none), SK_LIMIT);
    assert_int_equal(CALL(close, handles[5]), SK_OK);
    assert_int_equal(open_image(&handles[5]), SK_OK); /* in its place */
    assert_int_equal(CALL(write, kept, LIST_GPA, FILE_PAGES, 0, FILE_SIZE), SK_NOT_FOUND);
    while (count > 0)
        assert_int_equal(CALL(close, handles[--count]), SK_OK);
}

static enum sk_status runs(uint64_t id, uint32_t version)
{
    trailer.manifest.trustlet_id = id;
    trailer.manifest.security_version = version;
    return version_runs(&trailer);
}

static void test_versions(void **state)
{
    (void)state;
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    assert_int_equal(runs(1000, 5), SK_OK);
    assert_int_equal(version_floor(&trailer), 5);
    assert_int_equal(runs(1000, 5), SK_OK);
    assert_int_equal(runs(1000, 4), SK_IMAGE_REVOKED);
    assert_int_equal(runs(1000, 6), SK_OK);
    assert_int_equal(runs(1000, 5), SK_IMAGE_REVOKED);
    trailer.signer[0] ^= 1; /* another's 1000 */
    assert_int_equal(version_floor(&trailer), 0);
    assert_int_equal(runs(1000, 1), SK_OK);
    trailer.signer[0] ^= 1;
    assert_int_equal(version_floor(&trailer), 6);
    assert_int_equal(runs(0, 5), SK_OK); /* nobody's ID */
    assert_int_equal(runs(0, 4), SK_OK);
    trailer.manifest.trustlet_id = FLOOR_ID;
    assert_int_equal(version_floor(&trailer), 2);
    assert_int_equal(runs(FLOOR_ID, 1), SK_IMAGE_REVOKED);
    uint64_t id = 2000;
    while (id < 2000 + VERSION_IDS_MAX && runs(id, 1) == SK_OK)
        id++;
    assert_int_equal(id, 2000 + VERSION_IDS_MAX - 3);
    assert_int_equal(runs(id, 1), SK_LIMIT);
    assert_int_equal(runs(1000, 5), SK_IMAGE_REVOKED); /* what was seen is not forgotten */
    assert_int_equal(runs(1000, 7), SK_OK);
}

static void refused_file(enum sk_status expected)
{
    uint64_t handle = 0;
    struct image *image = NULL;
    publish(file, sizeof(file));
    assert_int_equal(load(&handle), expected);
    assert_int_equal(image_acquire(handle, &image), SK_BAD_STATE);
    assert_int_equal(CALL(close, handle), SK_OK);
}

static void test_bad_files(void **state)
{
    (void)state;
    file[5000] ^= 1;
    refused_file(SK_IMAGE_BAD_DIGEST);
    file[5000] ^= 1;
    file[0] = 'X';
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    refused_file(SK_IMAGE_NOT_ELF);
    make_file();
    ((Elf64_Phdr *)(file + sizeof(Elf64_Ehdr)))->p_flags |= PF_W;
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    refused_file(SK_IMAGE_WX);
    make_file();
    make_trailer(FLOOR_ID, file, FILE_SIZE);
    fake_no_random = true;
    refused_file(SK_NO_RANDOM);
}

/* Out of order, past the end, in pieces that are no pages, through pages that are not VTL0's. */
static void test_bad_writes(void **state)
{
    uint64_t handle = 0, *list = gpa(LIST_GPA);
    (void)state;
    assert_int_equal(open_image(&handle), SK_OK);
    assert_int_equal(CALL(seal, handle), SK_IMAGE_TRUNCATED);
    assert_int_equal(CALL(write, handle, LIST_GPA, 1, PAGE_SIZE, PAGE_SIZE), SK_INVALID_ARGUMENT);
    assert_int_equal(CALL(write, handle, LIST_GPA, 0, 0, PAGE_SIZE), SK_INVALID_ARGUMENT);
    assert_int_equal(CALL(write, handle, LIST_GPA, SK_LIST_MAX + 1, 0, PAGE_SIZE),
                     SK_INVALID_ARGUMENT);
    assert_int_equal(CALL(write, handle, LIST_GPA, 1, 0, PAGE_SIZE + 1), SK_INVALID_ARGUMENT);
    assert_int_equal(CALL(write, handle, LIST_GPA + 8, 1, 0, PAGE_SIZE), SK_INVALID_ARGUMENT);
    assert_int_equal(CALL(write, handle, LIST_GPA, 1, 8, PAGE_SIZE), SK_INVALID_ARGUMENT);
    assert_int_equal(CALL(write, handle, LIST_GPA, 1, 0, 100), SK_IMAGE_TRUNCATED);
    assert_int_equal(CALL(write, handle, FAKE_POOL, 1, 0, PAGE_SIZE), SK_ACCESS_DENIED);
    assert_int_equal(CALL(write, handle + 1, LIST_GPA, 1, 0, PAGE_SIZE), SK_NOT_FOUND);
    list[1] = FAKE_POOL / PAGE_SIZE;
    assert_int_equal(CALL(write, handle, LIST_GPA, 3, 0, 3 * PAGE_SIZE), SK_ACCESS_DENIED);
    list[1] = UINT64_MAX;
    assert_int_equal(CALL(write, handle, LIST_GPA, 3, 0, 3 * PAGE_SIZE), SK_INVALID_ARGUMENT);
    publish(file, sizeof(file));
    assert_int_equal(write_all(handle), SK_OK); /* none of that spoilt it */
    assert_int_equal(CALL(seal, handle), SK_OK);
    assert_int_equal(CALL(seal, handle), SK_BAD_STATE);
    assert_int_equal(CALL(write, handle, LIST_GPA, 1, 0, PAGE_SIZE), SK_BAD_STATE);
    assert_int_equal(CALL(close, handle), SK_OK);
}

/* Known images give way when memory is wanted. */
static void test_memory(void **state)
{
    uint64_t handle = 0, frames[4096], taken = 0;
    (void)state;
    assert_int_equal(load(&handle), SK_OK);
    assert_int_equal(CALL(close, handle), SK_OK);
    while ((frames[taken] = frame_alloc()) != FRAME_NONE)
        taken++;
    trailer.manifest.trustlet_id = 5;
    sign(TRUSTED);
    publish(file, sizeof(file));
    assert_int_equal(load(&handle), SK_OK); /* in the frames of the first */
    assert_int_equal(CALL(close, handle), SK_OK);
    while (image_cache_shrink())
        ;
    while ((frames[taken] = frame_alloc()) != FRAME_NONE)
        taken++;
    assert_int_equal(open_image(&handle), SK_NO_MEMORY);
    assert_true(call.result[0] > 0);
    while (taken > 0)
        frame_put(frames[--taken]);
}

static int machine(void **state)
{
    (void)state;
    fake_machine();
    crypto_init();
    return sodium_init() < 0;
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_good),     TEST(test_restarts),  TEST(test_known),
        TEST(test_refusals), TEST(test_bad_files), TEST(test_bad_writes),
        TEST(test_memory),   TEST(test_versions),  TEST(test_full_table),
    };
    return cmocka_run_group_tests(tests, machine, NULL);
}
