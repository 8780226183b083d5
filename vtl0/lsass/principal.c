/* SPDX-License-Identifier: BSD-2-Clause */
#include "principal.h"

#include <stdio.h>
#include <string.h>

int principal_parse(const char *text, int32_t type, struct der_principal *p)
{
    memset(p, 0, sizeof(*p));
    p->type = type;
    for (;;) {
        size_t size = strcspn(text, "/");

        if (p->count == DER_COMPONENTS || size >= DER_NAME_MAX || size == 0)
            return -1;
        memcpy(p->components[p->count++], text, size);
        if (text[size] == '\0')
            return 0;
        text += size + 1;
    }
}

void principal_print(const struct der_principal *p, const char *realm, char *out, size_t room)
{
    size_t at = 0;

    for (uint32_t i = 0; i < p->count && at < room; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%s", i ? "/" : "", p->components[i]);
    if (at < room && realm)
        snprintf(out + at, room - at, "@%s", realm);
}
