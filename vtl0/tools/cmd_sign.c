/* SPDX-License-Identifier: BSD-2-Clause */
/* ium sign, ium keygen. */
#define _GNU_SOURCE
#include "ium.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy.h"
#include "sign.h"
#include "text.h"
#include "token.h"

/* Options that are policy keys of the same name, in the order of struct sign_request.values. */
static const char *const policy_keys[] = {
    "id",         "name",       "security-version", "classes",   "max-memory", "max-threads",
    "stack-size", "debuggable", "environment",      "arguments", "calls",
};
#define KEY_COUNT (sizeof(policy_keys) / sizeof(policy_keys[0]))

struct sign_request {
    char *key, *out;
    const char *policy;
    char *values[KEY_COUNT];
};

/* A file is named after itself: "busybox" for /usr/bin/busybox. */
static void name_after(struct trustlet_manifest *m, const char *path)
{
    struct policy_error ignored;
    const char *slash = strrchr(path, '/');
    char name[TRUSTLET_NAME_MAX];
    snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
    policy_set(m, "name", name, &ignored);
}

static bool apply_policy_file(struct trustlet_manifest *m, const char *path)
{
    struct policy_error error = {0};
    FILE *file = fopen(path, "re");
    if (!file) {
        ium_errno("%s", path);
        return false;
    }
    bool good = policy_read(m, file, &error);
    fclose(file);
    if (!good)
        ium_error("%s:%u: %s", path, error.line, error.text);
    return good;
}

static bool make_manifest(const struct sign_request *r, const char *path,
                          struct trustlet_manifest *m)
{
    struct policy_error error = {0};
    policy_defaults(m);
    name_after(m, path);
    if (r->policy && !apply_policy_file(m, r->policy))
        return false;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (r->values[i] && !policy_set(m, policy_keys[i], r->values[i], &error)) {
            ium_error("--%s: %s", policy_keys[i], error.text);
            return false;
        }
    }
    if (!policy_check(m, &error)) {
        ium_error("%s", error.text);
        return false;
    }
    return true;
}

static bool write_all(int fd, const void *bytes, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *)bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (uint64_t)n;
    }
    return true;
}

bool write_whole(const char *out, mode_t mode, const void *bytes, uint64_t size, const void *more,
                 uint64_t more_size)
{
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.XXXXXX", out) < 0)
        return false;
    int fd = mkostemp(temporary, O_CLOEXEC);
    bool good = fd >= 0 && write_all(fd, bytes, size) && write_all(fd, more, more_size) &&
                !fchmod(fd, mode);
    if (fd >= 0)
        good = !close(fd) && good;
    good = good && !rename(temporary, out);
    if (!good) {
        ium_errno("%s", out);
        if (fd >= 0)
            unlink(temporary);
    }
    free(temporary);
    return good;
}

static bool check_program(const char *path, const struct ium_file *file, uint64_t plain)
{
    enum sk_status status = signature_check_program(file->bytes, plain);
    if (status == SK_OK && plain > TRUSTLET_IMAGE_MAX) {
        ium_error("%s: a trustlet's file has at most 512 MiB", path);
        return false;
    }
    if (status == SK_OK)
        return true;
    const char *advice = openvsm_status_advice(status);
    ium_error("%s: %s%s%s", path, openvsm_status_text(status), advice ? "; " : "",
              advice ? advice : "");
    return false;
}

/* A key of ours, or one that stays in its token. */
struct signer {
    const struct signing_key *key;
    struct token_key *token;
    uint8_t public_key[TRUSTLET_KEY_SIZE]; /* the token's */
};

static bool make_trailer(const struct ium_file *file, uint64_t plain, const struct signer *s,
                         const struct trustlet_manifest *m, struct trustlet_trailer *t)
{
    if (s->key) {
        signature_make(file->bytes, plain, m, s->key, t);
        return true;
    }
    signature_prepare(file->bytes, plain, m, s->public_key, t);
    if (!token_sign(s->token, &t->manifest, sizeof(t->manifest), t->signature))
        return false;
    bool good = !crypto_sign_verify_detached(t->signature, (const uint8_t *)&t->manifest,
                                             sizeof(t->manifest), s->public_key);
    if (!good)
        ium_error("the token's signature does not fit its own public key");
    return good;
}

static bool sign_file(const char *out, const char *path, const struct signer *signer,
                      const struct trustlet_manifest *m)
{
    struct trustlet_trailer trailer;
    struct ium_file file;
    struct stat info;
    char classes[160];
    if (stat(path, &info) || !ium_map_file(path, &file)) {
        ium_errno("%s", path);
        return false;
    }
    uint64_t plain = signature_plain_size(file.bytes, file.size);
    bool good =
        check_program(path, &file, plain) && make_trailer(&file, plain, signer, m, &trailer) &&
        write_whole(out, info.st_mode & 07777, file.bytes, plain, &trailer, sizeof(trailer));
    ium_unmap_file(&file);
    if (good)
        printf("%s: signed as %s, id 0x%llx, security version %u, classes %s\n", out, m->name,
               (unsigned long long)m->trustlet_id, m->security_version,
               policy_format_classes(m->classes, classes, sizeof(classes)));
    return good;
}

bool sign_program(const char *program, const char *policy, const char *out,
                  const struct signing_key *key)
{
    const struct sign_request r = {.policy = policy};
    const struct signer signer = {.key = key};
    struct trustlet_manifest manifest;
    return make_manifest(&r, program, &manifest) && sign_file(out, program, &signer, &manifest);
}

static int sign_by_token(const struct sign_request *r, const char *path,
                         const struct trustlet_manifest *m)
{
    struct signer signer = {.key = NULL};
    signer.token = token_open(r->key, signer.public_key);
    bool good = signer.token && sign_file(r->out, path, &signer, m);
    token_close(signer.token);
    return good ? IUM_OK : IUM_FAILED;
}

static int sign_by_file(const struct sign_request *r, const char *path,
                        const struct trustlet_manifest *m)
{
    struct signing_key key;
    const struct signer signer = {.key = &key};
    if (!key_read(r->key, &key)) {
        if (errno == EINVAL)
            ium_error("%s: not a key made by ium keygen", r->key);
        else
            ium_errno("%s", r->key);
        return IUM_FAILED;
    }
    bool good = sign_file(r->out, path, &signer, m);
    sodium_memzero(&key, sizeof(key));
    return good ? IUM_OK : IUM_FAILED;
}

static int sign_with(const struct sign_request *r, poptContext context)
{
    struct trustlet_manifest manifest;
    const char *path = poptGetArg(context);
    if (!path || poptPeekArg(context) || !r->key || !r->out) {
        ium_error("sign wants --key KEY, -o OUT and one FILE; try 'ium sign --help'");
        return IUM_USAGE;
    }
    if (!make_manifest(r, path, &manifest))
        return IUM_USAGE;
    if (sodium_init() < 0)
        return IUM_FAILED;
    return token_is_uri(r->key) ? sign_by_token(r, path, &manifest)
                                : sign_by_file(r, path, &manifest);
}

int ium_sign(int argc, const char **argv)
{
    struct sign_request r = {0};
    const struct poptOption options[] = {
        {"key", 'k', POPT_ARG_STRING, &r.key, 0,
         "secret key: a file made by ium keygen, or a PKCS#11 URI", "KEY"},
        {"output", 'o', POPT_ARG_STRING, &r.out, 0, "the signed file", "FILE"},
        {"policy", 'p', POPT_ARG_STRING, (char **)&r.policy, 0, "read these settings from a file",
         "FILE"},
        {"id", 0, POPT_ARG_STRING, &r.values[0], 0, "trustlet ID (default 0)", "NUMBER"},
        {"name", 0, POPT_ARG_STRING, &r.values[1], 0, "name (default: the file's)", "NAME"},
        {"security-version", 0, POPT_ARG_STRING, &r.values[2], 0, "default 1", "NUMBER"},
        {"classes", 0, POPT_ARG_STRING, &r.values[3], 0,
         "system calls it may make: basic, file-read, file-write, terminal, net-client, "
         "net-server, unix-socket (default: all)",
         "LIST"},
        {"max-memory", 0, POPT_ARG_STRING, &r.values[4], 0, "default 256M", "SIZE"},
        {"max-threads", 0, POPT_ARG_STRING, &r.values[5], 0, "default 64", "NUMBER"},
        {"stack-size", 0, POPT_ARG_STRING, &r.values[6], 0, "default 8M", "SIZE"},
        {"debuggable", 0, POPT_ARG_STRING, &r.values[7], 0, "may VTL0 look into it?", "yes|no"},
        {"environment", 0, POPT_ARG_STRING, &r.values[8], 0, "the caller's", "accept|drop"},
        {"arguments", 0, POPT_ARG_STRING, &r.values[9], 0, "the caller's, or these words",
         "accept|WORDS"},
        {"calls", 0, POPT_ARG_STRING, &r.values[10], 0, "may VTL0 call into it? (default refuse)",
         "accept|refuse"},
        POPT_AUTOHELP POPT_TABLEEND,
    };
    poptContext context =
        ium_options("ium sign", argc, argv, options, "--key KEY -o OUT [OPTION...] FILE");
    if (!context)
        return IUM_USAGE;
    int code = sign_with(&r, context);
    poptFreeContext(context);
    return code;
}

static int generate(const char *path)
{
    struct signing_key key;
    char hex[2 * TRUSTLET_KEY_SIZE + 1];
    if (sodium_init() < 0) {
        ium_error("the system has no random source");
        return IUM_FAILED;
    }
    key_generate(&key);
    bool good = key_write(path, &key);
    if (good)
        printf("%s: secret key, keep it away from machines that run trustlets\n"
               "%s.pub: public key %s\n",
               path, path, hex_format(key.public_key, sizeof(key.public_key), hex));
    else
        ium_errno("%s", path);
    sodium_memzero(&key, sizeof(key));
    return good ? IUM_OK : IUM_FAILED;
}

int ium_keygen(int argc, const char **argv)
{
    const struct poptOption options[] = {POPT_AUTOHELP POPT_TABLEEND};
    poptContext context = ium_options("ium keygen", argc, argv, options, "FILE");
    if (!context)
        return IUM_USAGE;
    const char *path = poptGetArg(context);
    int code = IUM_USAGE;
    if (!path || poptPeekArg(context))
        ium_error("keygen wants one FILE, the secret key to make; try 'ium keygen --help'");
    else
        code = generate(path);
    poptFreeContext(context);
    return code;
}
