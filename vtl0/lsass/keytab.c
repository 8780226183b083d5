/* SPDX-License-Identifier: BSD-2-Clause */
/* MIT's keytab file, version 2: 05 02, then length-prefixed entries, all big-endian. */
#include "lsassd.h"

#include <string.h>

/* Reads from the front of b and moves on; zero bytes when it is too short, which `bad` notes. */
struct reader {
    struct bytes rest;
    bool bad;
};

static struct bytes take(struct reader *r, size_t size)
{
    struct bytes got = bytes_of(r->rest.data, size);

    if (size > r->rest.size) {
        r->bad = true;
        return bytes_of(NULL, 0);
    }
    r->rest = bytes_of(r->rest.data + size, r->rest.size - size);
    return got;
}

static uint32_t number(struct reader *r, size_t size)
{
    struct bytes raw = take(r, size);
    uint32_t value = 0;

    for (size_t i = 0; i < raw.size; i++)
        value = value << 8 | raw.data[i];
    return value;
}

static bool equals(struct bytes b, const char *text)
{
    return b.size == strlen(text) && memcmp(b.data, text, b.size) == 0;
}

/* One entry. -> whether it is this principal's. */
static bool read_entry(struct reader *r, const struct der_principal *who, const char *realm,
                       struct keytab_key *key)
{
    uint32_t components = number(r, 2);
    bool same = components == who->count && equals(take(r, number(r, 2)), realm);

    if (!same)
        return false;
    for (uint32_t i = 0; i < components; i++)
        same = equals(take(r, number(r, 2)), who->components[i]) && same;
    number(r, 4); /* name type */
    number(r, 4); /* timestamp */
    key->kvno = number(r, 1);
    key->enctype = (int32_t)number(r, 2);
    key->key = take(r, number(r, 2));
    if (r->rest.size >= 4) /* the version in full, in newer files */
        key->kvno = number(r, 4);
    return same && !r->bad;
}

/* Keeps only the newest version's keys. */
static int keep(struct keytab_key *out, int count, int room, const struct keytab_key *key)
{
    if (count && key->kvno < out[0].kvno)
        return count;
    if (count && key->kvno > out[0].kvno)
        count = 0;
    if (count < room)
        out[count++] = *key;
    return count;
}

int keytab_find(struct bytes file, const struct der_principal *who, const char *realm,
                struct keytab_key *out, int room)
{
    struct reader r = {.rest = file};
    int count = 0;

    if (number(&r, 2) != 0x0502)
        return -1;
    while (r.rest.size >= 4 && !r.bad) {
        int32_t size = (int32_t)number(&r, 4);
        /* A negative length is a hole where an entry was deleted. */
        struct reader entry = {.rest = take(&r, (size_t)(size < 0 ? -(int64_t)size : size))};
        struct keytab_key key = {0};

        if (size > 0 && read_entry(&entry, who, realm, &key))
            count = keep(out, count, room, &key);
    }
    return r.bad ? -1 : count;
}
