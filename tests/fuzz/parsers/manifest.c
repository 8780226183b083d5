/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer: any bytes as a trailer. What is accepted can be printed and counted with. */
#include "manifest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct trustlet_manifest *m)
{
    size_t length = strnlen(m->name, sizeof(m->name));
    if (length == 0 || length == sizeof(m->name) || m->stack_size > m->max_memory)
        abort();
    for (size_t i = 0; i < length; i++)
        if (!isgraph((unsigned char)m->name[i]))
            abort();
    /* fixed_args: every string ends in the field, and an empty one ends the list. */
    for (size_t at = 0; at < sizeof(m->fixed_args) && m->fixed_args[at] != 0;) {
        at += strnlen(m->fixed_args + at, sizeof(m->fixed_args) - at) + 1;
        if (at >= sizeof(m->fixed_args))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trustlet_trailer trailer;
    memset(&trailer, 0, sizeof(trailer));
    memcpy(&trailer, data, size < sizeof(trailer) ? size : sizeof(trailer));
    memcpy(trailer.magic, TRUSTLET_MAGIC, sizeof(trailer.magic));
    if (manifest_check(&trailer) == SK_OK)
        check(&trailer.manifest);
    return 0;
}
