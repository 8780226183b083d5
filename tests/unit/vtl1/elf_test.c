/* SPDX-License-Identifier: BSD-2-Clause */
/* What an ELF file may ask for, and every way in which it may not. */
#include "address_space.h"
#include "elf.h"
#include "manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/elf.h>

#define FILE_SIZE 0x5000u
#define PHDRS     4u

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr phdr[PHDRS];
    uint8_t rest[PAGE_SIZE - sizeof(Elf64_Ehdr) - PHDRS * sizeof(Elf64_Phdr)];
};
static struct file file;
static struct image_layout layout;

/* Text, constants, data with a tail of zeroes, and a stack that is not executable. */
static int good_file(void **state)
{
    (void)state;
    memset(&file, 0, sizeof(file));
    file.header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = 0x401010,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = PHDRS,
    };
    file.phdr[0] = (Elf64_Phdr){PT_LOAD, PF_R, 0, 0x400000, 0, 0x800, 0x800, 0x1000};
    file.phdr[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0x1000, 0x401000, 0, 0x1800, 0x1800, 0x1000};
    file.phdr[2] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0x3800, 0x404800, 0, 0x900, 0x4000, 0x1000};
    file.phdr[3] = (Elf64_Phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16};
    return 0;
}

static enum sk_status parse(void)
{
    return elf_parse(&file, sizeof(file), FILE_SIZE, &layout);
}

static void test_good(void **state)
{
    (void)state;
    assert_int_equal(parse(), SK_OK);
    assert_int_equal(layout.segment_count, 3);
    assert_false(layout.position_independent);
    assert_int_equal(layout.low, 0x400000);
    assert_int_equal(layout.high, 0x409000);
    assert_int_equal(layout.program_headers, 0x400040);
    assert_int_equal(layout.program_header_count, PHDRS);
    const struct image_segment *data = &layout.segments[2];
    assert_int_equal(data->address, 0x404000);
    assert_int_equal(data->size, 0x5000);
    assert_int_equal(data->file_offset, 0x3000);
    assert_int_equal(data->file_bytes, 0x1100);
    assert_int_equal(data->access, ACCESS_READ | ACCESS_WRITE);
    assert_int_equal(layout.segments[1].access, ACCESS_READ | ACCESS_EXECUTE);
}

static void test_static_pie(void **state)
{
    (void)state;
    file.header.e_type = ET_DYN;
    file.header.e_entry = 0x1010;
    file.phdr[0].p_vaddr = 0;
    file.phdr[1].p_vaddr = 0x1000;
    file.phdr[2].p_vaddr = 0x4800;
    assert_int_equal(parse(), SK_OK);
    assert_true(layout.position_independent);
    assert_int_equal(layout.low, 0);
}

static void test_not_elf(void **state)
{
    (void)state;
    assert_int_equal(elf_parse("#!/bin/sh\n", 10, 10, &layout), SK_IMAGE_NOT_ELF);
    file.header.e_ident[EI_CLASS] = ELFCLASS32;
    assert_int_equal(parse(), SK_IMAGE_NOT_ELF);
    good_file(NULL);
    file.header.e_machine = EM_AARCH64;
    assert_int_equal(parse(), SK_IMAGE_NOT_ELF);
    good_file(NULL);
    file.header.e_type = ET_REL;
    assert_int_equal(parse(), SK_IMAGE_NOT_ELF);
}

static void test_dynamic(void **state)
{
    (void)state;
    file.phdr[3].p_type = PT_INTERP;
    assert_int_equal(parse(), SK_IMAGE_DYNAMIC);
}

static void test_writable_and_executable(void **state)
{
    (void)state;
    file.phdr[2].p_flags |= PF_X;
    assert_int_equal(parse(), SK_IMAGE_WX);
    good_file(NULL);
    file.phdr[3].p_flags |= PF_X;
    assert_int_equal(parse(), SK_IMAGE_WX);
}

static void test_overlap(void **state)
{
    (void)state;
    file.phdr[2].p_vaddr = 0x402800; /* the page of the text's end */
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.phdr[1].p_vaddr = 0x3ff000; /* descending */
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
}

static void test_wrapped_and_huge(void **state)
{
    (void)state;
    file.phdr[2].p_vaddr = UINT64_MAX - 0x7ff;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.phdr[2].p_offset = UINT64_MAX - 0x7ff;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.phdr[2].p_memsz = UINT64_MAX;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.phdr[2].p_vaddr = 0xffff888000000800;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.phdr[0].p_vaddr = 0; /* page 0 */
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
}

static void test_truncated(void **state)
{
    (void)state;
    file.phdr[2].p_filesz = file.phdr[2].p_memsz = 0x1801;
    assert_int_equal(parse(), SK_IMAGE_TRUNCATED);
}

static void test_headers(void **state)
{
    (void)state;
    file.header.e_phnum = 0;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    file.header.e_phnum = UINT16_MAX;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.header.e_phoff = sizeof(file) - 8;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    file.header.e_phoff = UINT64_MAX - 8;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.header.e_phentsize = 32;
    assert_int_equal(parse(), SK_IMAGE_NOT_ELF);
    good_file(NULL);
    file.header.e_entry = 0x404800; /* data */
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.phdr[2].p_offset += 8; /* not congruent */
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    file.phdr[1].p_memsz += 8; /* zeroes in what is read-only */
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
    good_file(NULL);
    for (unsigned i = 0; i < 3; i++)
        file.phdr[i].p_type = PT_NOTE;
    assert_int_equal(parse(), SK_IMAGE_BAD_LAYOUT);
}

/* Whatever is accepted keeps its promises. */
static void check_promises(void)
{
    uint64_t end = 0;
    assert_true(layout.segment_count >= 1 && layout.segment_count <= IMAGE_MAX_SEGMENTS);
    for (unsigned i = 0; i < layout.segment_count; i++) {
        const struct image_segment *s = &layout.segments[i];
        assert_true(s->address >= end && s->address % PAGE_SIZE == 0);
        assert_true(s->size > 0 && s->size % PAGE_SIZE == 0 && s->file_bytes <= s->size);
        assert_int_equal(s->file_offset % PAGE_SIZE, 0);
        assert_true(s->file_offset + s->file_bytes <= FILE_SIZE || s->file_bytes < PAGE_SIZE);
        assert_false((s->access & ACCESS_WRITE) && (s->access & ACCESS_EXECUTE));
        end = s->address + s->size;
        assert_true(end <= USER_END);
    }
    assert_true(layout.high == end);
}

static void test_mutations(void **state)
{
    unsigned accepted = 0;
    (void)state;
    srandom(1);
    for (int round = 0; round < 20000; round++) {
        good_file(NULL);
        for (long n = random() % 4; n >= 0; n--)
            ((uint8_t *)&file)[random() % (long)offsetof(struct file, rest)] = (uint8_t)random();
        if (parse() == SK_OK) {
            check_promises();
            accepted++;
        }
    }
    assert_true(accepted > 0);
}

/* What Debian's linkers make. */
static enum sk_status parse_real(const char *path)
{
    static uint8_t page[PAGE_SIZE];
    FILE *f = fopen(path, "rb");
    if (!f)
        skip();
    size_t bytes = fread(page, 1, sizeof(page), f);
    fseek(f, 0, SEEK_END);
    uint64_t size = (uint64_t)ftell(f);
    fclose(f);
    return elf_parse(page, bytes, size, &layout);
}

static void test_real_files(void **state)
{
    (void)state;
    assert_int_equal(parse_real("/bin/busybox"), SK_OK);
    assert_int_equal(parse_real("/bin/ls"), SK_IMAGE_DYNAMIC);
}

/* ---- the manifest ---- */

static struct trustlet_trailer trailer;

static int good_trailer(void **state)
{
    (void)state;
    trailer = (struct trustlet_trailer){
        .manifest = {.version = TRUSTLET_MANIFEST_VERSION,
                     .name = "name",
                     .max_threads = 1,
                     .max_memory = 1 << 20,
                     .stack_size = 1 << 16,
                     .image_size = 1},
        .magic = {'O', 'V', 'S', 'M', 'S', 'I', 'G', '1'},
    };
    return 0;
}

static void test_manifest(void **state)
{
    (void)state;
    assert_int_equal(manifest_check(&trailer), SK_OK);
    trailer.magic[7] ^= 1;
    assert_int_equal(manifest_check(&trailer), SK_IMAGE_UNSIGNED);
}

static void test_manifest_malformed(void **state)
{
    (void)state;
    static const size_t at[] = {
        offsetof(struct trustlet_manifest, version),
        offsetof(struct trustlet_manifest, flags) + 3,
        offsetof(struct trustlet_manifest, name) + 9,
        offsetof(struct trustlet_manifest, classes),
        offsetof(struct trustlet_manifest, max_threads) + 2,
        offsetof(struct trustlet_manifest, reserved0),
        offsetof(struct trustlet_manifest, max_memory) + 7,
        offsetof(struct trustlet_manifest, stack_size) + 7,
        offsetof(struct trustlet_manifest, image_size) + 4,
        offsetof(struct trustlet_manifest, fixed_args) + 17,
        offsetof(struct trustlet_manifest, reserved) + 135,
        offsetof(struct trustlet_trailer, reserved) + 23,
    };
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        good_trailer(NULL);
        ((uint8_t *)&trailer)[at[i]] ^= 0x80;
        assert_int_equal(manifest_check(&trailer), SK_IMAGE_MALFORMED_MANIFEST);
    }
    good_trailer(NULL);
    memset(trailer.manifest.name, 'a', TRUSTLET_NAME_MAX);
    assert_int_equal(manifest_check(&trailer), SK_IMAGE_MALFORMED_MANIFEST);
    good_trailer(NULL);
    trailer.manifest.name[0] = '\033';
    assert_int_equal(manifest_check(&trailer), SK_IMAGE_MALFORMED_MANIFEST);
    good_trailer(NULL);
    trailer.manifest.flags = TRUSTLET_FIXED_ARGS;
    memset(trailer.manifest.fixed_args, 'a', sizeof(trailer.manifest.fixed_args));
    assert_int_equal(manifest_check(&trailer), SK_IMAGE_MALFORMED_MANIFEST);
}

static void test_signer(void **state)
{
    static const struct trusted_key keys[] = {{.key = {1}}, {.key = {2}}};
    (void)state;
    trailer.signer[0] = 2;
    assert_int_equal(manifest_signer(&trailer, keys, 2), 1);
    trailer.signer[31] = 1;
    assert_int_equal(manifest_signer(&trailer, keys, 2), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good, good_file),
        cmocka_unit_test_setup(test_static_pie, good_file),
        cmocka_unit_test_setup(test_not_elf, good_file),
        cmocka_unit_test_setup(test_dynamic, good_file),
        cmocka_unit_test_setup(test_writable_and_executable, good_file),
        cmocka_unit_test_setup(test_overlap, good_file),
        cmocka_unit_test_setup(test_wrapped_and_huge, good_file),
        cmocka_unit_test_setup(test_truncated, good_file),
        cmocka_unit_test_setup(test_headers, good_file),
        cmocka_unit_test_setup(test_mutations, good_file),
        cmocka_unit_test(test_real_files),
        cmocka_unit_test_setup(test_manifest, good_trailer),
        cmocka_unit_test_setup(test_manifest_malformed, good_trailer),
        cmocka_unit_test_setup(test_signer, good_trailer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
