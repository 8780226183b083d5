/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies, key files, trailers: what ium writes and reads without a machine. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy.h"
#include "signature.h"
#include "text.h"

/* ---- Policies ---- */

static void sizes_are_exact(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"0", 0},
                {"4096", 4096},
                {"64k", 65536},
                {"64M", 64 << 20},
                {"1G", 1 << 30},
                {"0x10K", 16384},
                {"17179869183G", 17179869183ull << 30}};
    static const char *const bad[] = {"",   "K",  "-1",   "1T",           "1KK",
                                      " 1", "1 ", "1.5M", "17179869184G", "18446744073709551616"};
    uint64_t bytes;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(policy_parse_size(good[i].text, &bytes));
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(policy_parse_size(bad[i], &bytes));
}

static void sizes_print_short(void **state)
{
    char buffer[24];
    (void)state;
    assert_string_equal(policy_format_size(0, buffer), "0");
    assert_string_equal(policy_format_size(1025, buffer), "1025");
    assert_string_equal(policy_format_size(64 << 20, buffer), "64M");
    assert_string_equal(policy_format_size(UINT64_MAX, buffer), "18446744073709551615");
}

static bool read_text(struct trustlet_manifest *m, const char *text, struct policy_error *error)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    policy_defaults(m);
    bool good = policy_read(m, file, error);
    fclose(file);
    return good;
}

static void a_policy_file_sets_everything(void **state)
{
    static const char text[] = "# the vault\n"
                               "id = 0x10\n"
                               "  name=vault   # short\n"
                               "\n"
                               "security-version = 7\n"
                               "classes = file-read, unix-socket\n"
                               "max-memory = 32M\n"
                               "max-threads = 3\n"
                               "stack-size = 64K\n"
                               "debuggable = yes\n"
                               "environment = drop\n"
                               "calls = accept\n"
                               "arguments = vault --listen /run/vault";
    struct trustlet_manifest m;
    struct policy_error error = {0};
    (void)state;
    assert_true(read_text(&m, text, &error));
    assert_int_equal(m.trustlet_id, 16);
    assert_string_equal(m.name, "vault");
    assert_int_equal(m.security_version, 7);
    assert_int_equal(m.classes,
                     TRUSTLET_CLASS_BASIC | TRUSTLET_CLASS_FILE_READ | TRUSTLET_CLASS_UNIX_SOCKET);
    assert_int_equal(m.max_memory, 32 << 20);
    assert_int_equal(m.max_threads, 3);
    assert_int_equal(m.stack_size, 64 << 10);
    assert_int_equal(m.flags, TRUSTLET_DEBUGGABLE | TRUSTLET_FIXED_ARGS | TRUSTLET_NO_ENVIRONMENT |
                                  TRUSTLET_CALLABLE);
    assert_memory_equal(m.fixed_args, "vault\0--listen\0/run/vault\0\0", 27);
    assert_true(policy_check(&m, &error));
}

static void a_wrong_line_is_named(void **state)
{
    static const char *const bad[] = {
        "\nnonsense",         "\nid = x",           "\nid = -1",
        "\nname = two words", "\nname =",           "\nname = 0123456789abcdef0123456789abcdef",
        "\nclasses = disk",   "\nmax-memory = lot", "\nsecurity-version = 4294967296",
        "\ndebuggable = 1",   "\nenvironment = x",  "\narguments =",
        "\ncalls = yes",      "\ncolour = blue",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct trustlet_manifest m;
        struct policy_error error = {0};
        assert_false(read_text(&m, bad[i], &error));
        assert_int_equal(error.line, 2);
        assert_true(strlen(error.text) > 0);
    }
}

static void fixed_arguments_leave_room_for_their_end(void **state)
{
    struct trustlet_manifest m;
    struct policy_error error;
    char words[256];
    (void)state;
    policy_defaults(&m);
    memset(words, 'a', sizeof(words));
    words[254] = 0;
    assert_true(policy_set(&m, "arguments", words, &error));
    assert_int_equal(m.fixed_args[254] | m.fixed_args[255], 0);
    words[254] = 'a';
    words[255] = 0;
    assert_false(policy_set(&m, "arguments", words, &error));
}

static void limits_must_go_together(void **state)
{
    static const struct {
        const char *key, *value;
    } bad[] = {{"max-threads", "0"},    {"max-threads", "1025"}, {"max-memory", "0"},
               {"max-memory", "1025G"}, {"stack-size", "15K"},   {"stack-size", "512M"}};
    struct policy_error error;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct trustlet_manifest m;
        policy_defaults(&m);
        assert_true(policy_set(&m, "name", "x", &error));
        assert_true(policy_check(&m, &error));
        assert_true(policy_set(&m, bad[i].key, bad[i].value, &error));
        assert_false(policy_check(&m, &error));
    }
}

static void classes_print_as_they_are_written(void **state)
{
    char buffer[160];
    (void)state;
    assert_string_equal(policy_format_classes(TRUSTLET_CLASS_ALL, buffer, sizeof(buffer)),
                        "basic,file-read,file-write,terminal,net-client,net-server,unix-socket");
    assert_string_equal(policy_format_classes(0, buffer, sizeof(buffer)), "");
    policy_format_classes(TRUSTLET_CLASS_ALL, buffer, 8); /* cut, not overrun */
    assert_int_equal(strlen(buffer), 7);
}

/* ---- Programs ---- */

struct program {
    Elf64_Ehdr header;
    Elf64_Phdr segment[2];
    char bytes[64];
};

static struct program sound_program(void)
{
    struct program p = {
        .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
                   .e_type = ET_EXEC,
                   .e_machine = EM_X86_64,
                   .e_phoff = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 2},
        .segment = {{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = sizeof(struct program)},
                    {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W}},
        .bytes = "text",
    };
    return p;
}

static void programs_are_judged(void **state)
{
    struct program p = sound_program();
    (void)state;
    assert_int_equal(signature_check_program(&p, sizeof(p)), SK_OK);
    assert_int_equal(signature_check_program(&p, 10), SK_IMAGE_NOT_ELF);
    assert_int_equal(signature_check_program(&p, sizeof(p) - 1), SK_IMAGE_BAD_LAYOUT);
    assert_int_equal(signature_check_program(&p, sizeof(p.header) + 60), SK_IMAGE_BAD_LAYOUT);
    p.segment[0].p_flags |= PF_W;
    assert_int_equal(signature_check_program(&p, sizeof(p)), SK_IMAGE_WX);
    p.segment[1].p_type = PT_INTERP;
    assert_int_equal(signature_check_program(&p, sizeof(p)), SK_IMAGE_WX);
    p.segment[0].p_flags = PF_R;
    assert_int_equal(signature_check_program(&p, sizeof(p)), SK_IMAGE_DYNAMIC);
    p.header.e_phoff = UINT64_MAX - 10;
    assert_int_equal(signature_check_program(&p, sizeof(p)), SK_IMAGE_BAD_LAYOUT);
    p.header.e_machine = EM_AARCH64;
    assert_int_equal(signature_check_program(&p, sizeof(p)), SK_IMAGE_NOT_ELF);
}

/* ---- Signatures ---- */

struct signed_program {
    struct program program;
    struct trustlet_trailer trailer;
};

static struct signed_program signed_program(struct signing_key *key)
{
    struct signed_program s = {.program = sound_program()};
    struct trustlet_manifest m;
    struct policy_error error;
    policy_defaults(&m);
    policy_set(&m, "name", "hello", &error);
    key_generate(key);
    signature_make(&s.program, sizeof(s.program), &m, key, &s.trailer);
    return s;
}

static void what_is_signed_verifies(void **state)
{
    struct signing_key key;
    struct signed_program s = signed_program(&key);
    struct trustlet_trailer read;
    (void)state;
    assert_int_equal(signature_verify(&s, sizeof(s), &read), SK_OK);
    assert_memory_equal(&read, &s.trailer, sizeof(read));
    assert_memory_equal(read.signer, key.public_key, sizeof(read.signer));
    assert_int_equal(read.manifest.image_size, sizeof(s.program));
    assert_int_equal(signature_plain_size(&s, sizeof(s)), sizeof(s.program));
    assert_int_equal(signature_plain_size(&s, sizeof(s) - 1), sizeof(s) - 1);
}

/* BLAKE2b-256 of "abc", from an independent implementation (coreutils' b2sum -l 256). */
static void the_digest_is_blake2b(void **state)
{
    static const char expected[] =
        "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    struct trustlet_manifest m = {0};
    struct trustlet_trailer t;
    struct signing_key key;
    char hex[65];
    (void)state;
    key_generate(&key);
    signature_make("abc", 3, &m, &key, &t);
    assert_string_equal(hex_format(t.manifest.digest, 32, hex), expected);
}

static void every_altered_byte_is_seen(void **state)
{
    struct signing_key key;
    struct signed_program s = signed_program(&key);
    struct trustlet_trailer read;
    (void)state;
    for (size_t i = 0; i < sizeof(s) - sizeof(s.trailer.reserved) - sizeof(s.trailer.magic); i++) {
        ((uint8_t *)&s)[i] ^= 1;
        assert_int_not_equal(signature_verify(&s, sizeof(s), &read), SK_OK);
        ((uint8_t *)&s)[i] ^= 1;
    }
    s.program.bytes[0] ^= 1;
    assert_int_equal(signature_verify(&s, sizeof(s), &read), SK_IMAGE_BAD_DIGEST);
    s.trailer.manifest.flags ^= TRUSTLET_DEBUGGABLE;
    assert_int_equal(signature_verify(&s, sizeof(s), &read), SK_IMAGE_BAD_SIGNATURE);
    s.trailer.magic[0] ^= 1;
    assert_int_equal(signature_verify(&s, sizeof(s), &read), SK_IMAGE_UNSIGNED);
}

static void a_shortened_file_is_seen(void **state)
{
    struct signing_key key;
    struct signed_program s = signed_program(&key);
    struct trustlet_trailer read;
    (void)state;
    assert_int_equal(signature_verify((uint8_t *)&s + 8, sizeof(s) - 8, &read), SK_IMAGE_TRUNCATED);
    assert_int_equal(signature_verify(&s.trailer, sizeof(s.trailer), &read), SK_IMAGE_TRUNCATED);
    assert_int_equal(signature_verify(&s, 100, &read), SK_IMAGE_UNSIGNED);
}

/* ---- Key files ---- */

static char directory[] = "/tmp/ium-test-XXXXXX";

static const char *in_directory(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static void keys_survive_their_file(void **state)
{
    struct signing_key key, read;
    struct stat info;
    (void)state;
    key_generate(&key);
    assert_true(key_write(in_directory("key"), &key));
    assert_int_equal(stat(in_directory("key"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_true(key_read(in_directory("key"), &read));
    assert_memory_equal(&read, &key, sizeof(key));
    assert_false(key_write(in_directory("key"), &key));
    assert_int_equal(errno, EEXIST);
    assert_false(key_read(in_directory("key.pub"), &read));
    assert_int_equal(errno, EINVAL);
    assert_false(key_read(in_directory("none"), &read));
    assert_int_equal(errno, ENOENT);
}

static void mixed_key_pairs_are_refused(void **state)
{
    struct signing_key key, other;
    (void)state;
    key_generate(&key);
    key_generate(&other);
    memcpy(key.public_key, other.public_key, sizeof(key.public_key));
    assert_true(key_write(in_directory("mixed"), &key));
    assert_false(key_read(in_directory("mixed"), &other));
    assert_int_equal(errno, EINVAL);
}

/* ---- Words ---- */

static void every_status_and_kind_has_its_words(void **state)
{
    const char *unknown = openvsm_status_text((enum sk_status)9999);
    (void)state;
    for (int s = SK_OK; s <= SK_NO_RANDOM; s++) {
        if (s > SK_WATCHDOG && s < SK_IMAGE_UNSIGNED)
            continue;
        assert_string_not_equal(openvsm_status_text((enum sk_status)s), unknown);
    }
    for (uint16_t k = SK_AUDIT_MEMORY; k <= SK_AUDIT_PORT; k++)
        assert_non_null(openvsm_audit_kind(k));
    assert_null(openvsm_audit_kind(0));
    assert_null(openvsm_audit_kind(999));
}

static int make_directory(void **state)
{
    (void)state;
    return sodium_init() < 0 || !mkdtemp(directory) ? -1 : 0;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"key", "key.pub", "mixed", "mixed.pub"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(in_directory(names[i]));
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_exact),
        cmocka_unit_test(sizes_print_short),
        cmocka_unit_test(a_policy_file_sets_everything),
        cmocka_unit_test(a_wrong_line_is_named),
        cmocka_unit_test(fixed_arguments_leave_room_for_their_end),
        cmocka_unit_test(limits_must_go_together),
        cmocka_unit_test(classes_print_as_they_are_written),
        cmocka_unit_test(programs_are_judged),
        cmocka_unit_test(what_is_signed_verifies),
        cmocka_unit_test(the_digest_is_blake2b),
        cmocka_unit_test(every_altered_byte_is_seen),
        cmocka_unit_test(a_shortened_file_is_seen),
        cmocka_unit_test(keys_survive_their_file),
        cmocka_unit_test(mixed_key_pairs_are_refused),
        cmocka_unit_test(every_status_and_kind_has_its_words),
    };
    return cmocka_run_group_tests_name("ium", tests, make_directory, remove_directory);
}
