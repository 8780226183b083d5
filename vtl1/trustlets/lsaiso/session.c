/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "clock.h"

#define CONTEXTS_PER_OWNER (CONTEXT_SLOTS / 4)

/* A handle is a random number above the slot: found in one step, not to be guessed. */
static uint64_t new_handle(uint32_t slot)
{
    uint64_t random = 0;

    randombytes_buf(&random, sizeof(random));
    return ((random >> 2 | UINT64_C(1) << 61) & ~UINT64_C(0xffff)) | slot;
}

static uint32_t slot_of(uint64_t handle, uint32_t slots)
{
    return (uint32_t)(handle & 0xffff) % slots;
}

struct session *session_any(struct lsaiso *iso, uint64_t id)
{
    struct session *s = iso->sessions[slot_of(id, SESSION_SLOTS)];

    return s && sodium_memcmp(&s->id, &id, sizeof(id)) == 0 ? s : NULL;
}

static void wipe_keys(struct lsaiso *iso, struct session *s)
{
    sodium_memzero(s->wrap_key, sizeof(s->wrap_key));
    sodium_memzero(s->exchanges, sizeof(s->exchanges));
    sodium_memzero(s->as_nonces, sizeof(s->as_nonces));
    for (uint32_t i = 0; i < CONTEXT_SLOTS && iso->context_count; i++)
        if (iso->contexts[i] && iso->contexts[i]->session == s->id)
            context_destroy(iso, iso->contexts[i]);
}

/* 0 alive; else why it ended, with its keys wiped. */
static lsa_status check_time(struct lsaiso *iso, struct session *s, uint64_t now)
{
    if (s->locked)
        return LSA_LOCKED;
    if (now < s->expires && now - s->used < s->idle)
        return LSA_OK;
    if (s->expires) {
        wipe_keys(iso, s);
        s->expires = 0;
    }
    return LSA_EXPIRED;
}

lsa_status session_find(struct call *c, uint64_t id, struct session **s)
{
    uint64_t now = clock_monotonic_ms();
    lsa_status status = LSA_OK;

    *s = session_any(c->iso, id);
    if (!*s)
        return LSA_NO_SESSION;
    c->session = id;
    call_names(c, (*s)->client.components[0]);
    status = check_time(c->iso, *s, now);
    if (status == LSA_OK)
        (*s)->used = now;
    return status;
}

lsa_status session_open(struct call *c, uint32_t owner, struct session **s)
{
    struct lsaiso *iso = c->iso;
    uint32_t slot = randombytes_uniform(SESSION_SLOTS);

    if (iso->session_count >= SESSION_SLOTS)
        return fail(c, LSA_BUSY, "lsaiso holds %u sessions, its limit; log some off",
                    SESSION_SLOTS);
    while (iso->sessions[slot])
        slot = (slot + 1) % SESSION_SLOTS;
    *s = calloc(1, sizeof(**s));
    if (!*s)
        return LSA_NO_MEMORY;
    (*s)->id = new_handle(slot);
    (*s)->owner = owner;
    (*s)->used = clock_monotonic_ms();
    (*s)->expires = (*s)->used + iso->policy.max_lifetime;
    (*s)->idle = iso->policy.max_idle;
    randombytes_buf((*s)->wrap_key, sizeof((*s)->wrap_key));
    iso->sessions[slot] = *s;
    iso->session_count++;
    c->session = (*s)->id;
    return LSA_OK;
}

void session_lock(struct lsaiso *iso, struct session *s)
{
    wipe_keys(iso, s);
    s->locked = 1;
}

void session_destroy(struct lsaiso *iso, struct session *s)
{
    uint32_t slot = slot_of(s->id, SESSION_SLOTS);

    wipe_keys(iso, s);
    sodium_memzero(s, sizeof(*s));
    free(s);
    iso->sessions[slot] = NULL;
    iso->session_count--;
}

void session_sweep(struct lsaiso *iso)
{
    uint64_t now = clock_monotonic_ms();

    for (uint32_t n = 0; n < 4; n++) {
        struct session *s = iso->sessions[iso->sweep % SESSION_SLOTS];
        struct context *x = iso->contexts[iso->sweep % CONTEXT_SLOTS];

        if (s)
            check_time(iso, s, now);
        if (x && now >= x->expires)
            context_destroy(iso, x);
        iso->sweep++;
    }
}

struct exchange *session_new_exchange(struct session *s)
{
    struct exchange *oldest = &s->exchanges[0];

    for (uint32_t i = 1; i < SESSION_EXCHANGES; i++)
        if (s->exchanges[i].issued < oldest->issued)
            oldest = &s->exchanges[i];
    sodium_memzero(oldest, sizeof(*oldest));
    oldest->id = new_handle((uint32_t)(oldest - s->exchanges));
    oldest->issued = clock_monotonic_ms();
    return oldest;
}

struct exchange *session_exchange(struct session *s, uint64_t id)
{
    struct exchange *e = &s->exchanges[slot_of(id, SESSION_EXCHANGES)];

    if (id == 0 || sodium_memcmp(&e->id, &id, sizeof(id)))
        return NULL;
    if (clock_monotonic_ms() - e->issued < EXCHANGE_MS)
        return e;
    sodium_memzero(e, sizeof(*e));
    return NULL;
}

static uint32_t contexts_of(const struct lsaiso *iso, uint32_t owner)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < CONTEXT_SLOTS; i++)
        count += iso->contexts[i] && iso->contexts[i]->owner == owner;
    return count;
}

lsa_status context_open(struct call *c, const struct session *s, struct context **x)
{
    struct lsaiso *iso = c->iso;
    uint32_t slot = randombytes_uniform(CONTEXT_SLOTS);

    /* Counted only once the table is so full that one user could starve the others. */
    if (iso->context_count >= CONTEXT_SLOTS || (iso->context_count >= CONTEXTS_PER_OWNER &&
                                                contexts_of(iso, s->owner) >= CONTEXTS_PER_OWNER))
        return fail(c, LSA_BUSY, "too many security contexts are open; close some");
    while (iso->contexts[slot])
        slot = (slot + 1) % CONTEXT_SLOTS;
    *x = calloc(1, sizeof(**x));
    if (!*x)
        return LSA_NO_MEMORY;
    (*x)->id = new_handle(slot);
    (*x)->session = s->id;
    (*x)->owner = s->owner;
    (*x)->expires = s->expires;
    iso->contexts[slot] = *x;
    iso->context_count++;
    return LSA_OK;
}

lsa_status context_find(struct call *c, uint64_t id, struct context **x)
{
    struct session *s = NULL;
    lsa_status status = LSA_OK;

    *x = c->iso->contexts[slot_of(id, CONTEXT_SLOTS)];
    if (!*x || sodium_memcmp(&(*x)->id, &id, sizeof(id)))
        return LSA_NO_CONTEXT;
    status = session_find(c, (*x)->session, &s);
    if (status)
        return status;
    if (clock_monotonic_ms() < (*x)->expires)
        return LSA_OK;
    context_destroy(c->iso, *x);
    return LSA_EXPIRED;
}

void context_destroy(struct lsaiso *iso, struct context *x)
{
    iso->contexts[slot_of(x->id, CONTEXT_SLOTS)] = NULL;
    iso->context_count--;
    sodium_memzero(x, sizeof(*x));
    free(x);
}
