/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ium provision: makes an installation trust itself. A key is made in memory; its public half goes
 * into a copy of the Secure Kernel, its secret half signs the programs and is forgotten.
 */
#define _GNU_SOURCE
#include "ium.h"

#include <errno.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sign.h"

struct request {
    char *kernel, *out, *trustlets;
    char **owner_keys; /* ends with NULL; or NULL */
};

static bool add_key(struct trusted_keys *table, const uint8_t *key)
{
    if (table->count == TRUSTED_KEYS_MAX) {
        ium_error("a Secure Kernel trusts at most %u keys", TRUSTED_KEYS_MAX);
        return false;
    }
    memcpy(table->keys[table->count++].key, key, TRUSTLET_KEY_SIZE);
    return true;
}

static bool add_owner_keys(struct trusted_keys *table, char **paths)
{
    for (; paths && *paths; paths++) {
        uint8_t key[TRUSTLET_KEY_SIZE];
        if (!key_read_public(*paths, key)) {
            ium_errno("%s: no public key", *paths);
            return false;
        }
        if (!add_key(table, key))
            return false;
    }
    return true;
}

/* -> the table in the file, or NULL: there must be one, not two. */
static uint8_t *find_table(uint8_t *file, uint64_t size)
{
    static const char marker[] = TRUSTED_KEYS_MARKER;
    uint8_t *found = memmem(file, size, marker, sizeof(marker));
    if (!found || (uint64_t)(file + size - found) < sizeof(struct trusted_keys))
        return NULL;
    uint8_t *rest = found + sizeof(marker);
    return memmem(rest, (size_t)(file + size - rest), marker, sizeof(marker)) ? NULL : found;
}

static bool write_kernel(const struct request *r, const struct trusted_keys *table)
{
    struct ium_file file;
    if (!ium_map_file(r->kernel, &file)) {
        ium_errno("%s", r->kernel);
        return false;
    }
    uint8_t *copy = malloc(file.size);
    bool good = copy != NULL;
    if (good) {
        memcpy(copy, file.bytes, file.size);
        uint8_t *place = find_table(copy, file.size);
        good = place != NULL;
        if (good)
            memcpy(place, table, sizeof(*table));
        else
            ium_error("%s: not a Secure Kernel that can be given keys", r->kernel);
    }
    good = good && write_whole(r->out, 0644, copy, file.size, NULL, 0);
    free(copy);
    ium_unmap_file(&file);
    return good;
}

/* PROGRAM or PROGRAM:POLICY, into the folder under the program's name. */
static bool sign_one(const struct request *r, const char *operand, const struct signing_key *key)
{
    char *program = strdup(operand), *out = NULL;
    char *policy = program ? strchr(program, ':') : NULL;
    if (policy)
        *policy++ = 0;
    bool good = program && asprintf(&out, "%s/%s", r->trustlets, basename(program)) >= 0 &&
                sign_program(program, policy, out, key);
    free(out);
    free(program);
    return good;
}

/* The programs first: a Secure Kernel that trusts a key that signed nothing would be of no use. */
static bool provision(const struct request *r, poptContext context)
{
    struct trusted_keys table = {.marker = TRUSTED_KEYS_MARKER};
    struct signing_key key;
    if (sodium_init() < 0) {
        ium_error("the system has no random source");
        return false;
    }
    sodium_mlock(&key,
                 sizeof(key)); /* not to be swapped out; where that fails, it works all the same */
    key_generate(&key);
    bool good = add_key(&table, key.public_key) && add_owner_keys(&table, r->owner_keys);
    const char *operand = NULL;
    while (good && (operand = poptGetArg(context)))
        good = sign_one(r, operand, &key);
    sodium_munlock(&key, sizeof(key)); /* wipes */
    return good && write_kernel(r, &table);
}

int ium_provision(int argc, const char **argv)
{
    struct request r = {0};
    const struct poptOption options[] = {
        {"kernel", 'k', POPT_ARG_STRING, &r.kernel, 0, "the Secure Kernel as it was built", "FILE"},
        {"output", 'o', POPT_ARG_STRING, &r.out, 0, "the Secure Kernel to start", "FILE"},
        {"trustlets", 't', POPT_ARG_STRING, &r.trustlets, 0, "where signed programs go", "FOLDER"},
        {"owner-key", 0, POPT_ARG_ARGV, &r.owner_keys, 0,
         "also trust this public key, whose secret half is kept elsewhere", "FILE"},
        POPT_AUTOHELP POPT_TABLEEND,
    };
    poptContext context = ium_options("ium provision", argc, argv, options,
                                      "-k KERNEL -o OUT -t FOLDER [PROGRAM[:POLICY]...]");
    if (!context)
        return IUM_USAGE;
    int code = IUM_USAGE;
    if (!r.kernel || !r.out || !r.trustlets)
        ium_error("provision wants --kernel, --output and --trustlets; try 'ium provision --help'");
    else
        code = provision(&r, context) ? IUM_OK : IUM_FAILED;
    poptFreeContext(context);
    return code;
}
