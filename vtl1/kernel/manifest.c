/* SPDX-License-Identifier: BSD-2-Clause */
#include "manifest.h"
#include "string.h"

#include <stdbool.h>

static bool all_zero(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    uint8_t seen = 0;
    for (size_t i = 0; i < size; i++)
        seen |= p[i];
    return seen == 0;
}

/* Printable, ended by a NUL, padded with NULs: it is shown in terminals and logs. */
static bool name_is_sound(const char name[TRUSTLET_NAME_MAX])
{
    size_t length = 0;
    while (length < TRUSTLET_NAME_MAX && name[length] > ' ' && name[length] < 0x7f)
        length++;
    return length > 0 && length < TRUSTLET_NAME_MAX &&
           all_zero(name + length, TRUSTLET_NAME_MAX - length);
}

/* NUL-separated strings, ended by an empty one: the list must end inside its field. */
static bool fixed_args_are_sound(const struct trustlet_manifest *m)
{
    size_t size = sizeof(m->fixed_args);
    if (!(m->flags & TRUSTLET_FIXED_ARGS))
        return all_zero(m->fixed_args, size);
    return m->fixed_args[0] != 0 && m->fixed_args[size - 1] == 0 && m->fixed_args[size - 2] == 0;
}

static bool limits_are_sound(const struct trustlet_manifest *m)
{
    return m->max_threads >= 1 && m->max_threads <= MANIFEST_MAX_THREADS && m->max_memory > 0 &&
           m->max_memory <= MANIFEST_MAX_MEMORY && m->stack_size >= MANIFEST_MIN_STACK &&
           m->stack_size <= MANIFEST_MAX_STACK && m->stack_size <= m->max_memory &&
           m->image_size > 0 && m->image_size <= TRUSTLET_IMAGE_MAX;
}

enum sk_status manifest_check(const struct trustlet_trailer *t)
{
    const uint32_t known_flags =
        TRUSTLET_DEBUGGABLE | TRUSTLET_FIXED_ARGS | TRUSTLET_NO_ENVIRONMENT | TRUSTLET_CALLABLE;
    const struct trustlet_manifest *m = &t->manifest;
    if (memcmp(t->magic, TRUSTLET_MAGIC, sizeof(t->magic)) != 0)
        return SK_IMAGE_UNSIGNED;
    if (m->version != TRUSTLET_MANIFEST_VERSION || (m->flags & ~known_flags) ||
        (m->classes & ~(uint32_t)TRUSTLET_CLASS_ALL))
        return SK_IMAGE_MALFORMED_MANIFEST;
    if (!name_is_sound(m->name) || !fixed_args_are_sound(m) || !limits_are_sound(m))
        return SK_IMAGE_MALFORMED_MANIFEST;
    if (m->reserved0 != 0 || !all_zero(m->reserved, sizeof(m->reserved)) ||
        !all_zero(t->reserved, sizeof(t->reserved)))
        return SK_IMAGE_MALFORMED_MANIFEST;
    return SK_OK;
}

int manifest_signer(const struct trustlet_trailer *t, const struct trusted_key *keys,
                    uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(t->signer, keys[i].key, TRUSTLET_KEY_SIZE) == 0)
            return (int)i;
    return -1;
}
