/* SPDX-License-Identifier: BSD-2-Clause */
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MARGIN_S 60

struct entry *entry_new(void)
{
    struct entry *e = calloc(1, sizeof(*e));

    if (e)
        pthread_mutex_init(&e->lock, NULL);
    return e;
}

void sealed_clear(struct sealed *s)
{
    free(s->blob.lsa_blob_val);
    memset(s, 0, sizeof(*s));
}

int sealed_set(struct sealed *to, int32_t enctype, const lsa_blob *blob)
{
    char *copy = malloc(blob->lsa_blob_len + 1);

    if (!copy)
        return -1;
    memcpy(copy, blob->lsa_blob_val, blob->lsa_blob_len);
    sealed_clear(to);
    to->enctype = enctype;
    to->blob.lsa_blob_val = copy;
    to->blob.lsa_blob_len = blob->lsa_blob_len;
    return 0;
}

void ticket_clear(struct ticket *t)
{
    free(t->der);
    sealed_clear(&t->key);
    memset(t, 0, sizeof(*t));
}

void entry_clear(struct entry *e)
{
    for (int i = 0; i < STORE_KEYS; i++)
        sealed_clear(&e->keys[i]);
    sealed_clear(&e->nt);
    for (int i = 0; i < STORE_TICKETS; i++)
        ticket_clear(&e->tickets[i]);
}

void entry_free(struct entry *e)
{
    entry_clear(e);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

void store_add(struct store *s, struct entry *e)
{
    pthread_mutex_lock(&s->lock);
    e->id = ++s->last_id;
    e->references = 2;
    pthread_mutex_lock(&e->lock);
    e->next = s->first;
    s->first = e;
    pthread_mutex_unlock(&s->lock);
}

static bool matches(const struct entry *e, uint64_t id, uint32_t uid)
{
    if (id == 0)
        return e->uid == uid && e->state == LSA_ACTIVE;
    return e->id == id && (e->uid == uid || uid == 0);
}

struct entry *store_get(struct store *s, uint64_t id, uint32_t uid)
{
    struct entry *e = NULL;

    pthread_mutex_lock(&s->lock);
    for (e = s->first; e && !matches(e, id, uid); e = e->next)
        ;
    if (e)
        e->references++;
    pthread_mutex_unlock(&s->lock);
    /* Never wait for an entry with the store locked: its exchange may take seconds. */
    if (e)
        pthread_mutex_lock(&e->lock);
    return e;
}

void store_put(struct store *s, struct entry *e)
{
    int left = 0;

    pthread_mutex_unlock(&e->lock);
    pthread_mutex_lock(&s->lock);
    left = --e->references;
    pthread_mutex_unlock(&s->lock);
    if (left == 0)
        entry_free(e);
}

void store_remove(struct store *s, struct entry *e)
{
    pthread_mutex_lock(&s->lock);
    for (struct entry **at = &s->first; *at; at = &(*at)->next)
        if (*at == e) {
            *at = e->next;
            e->references--;
            break;
        }
    pthread_mutex_unlock(&s->lock);
}

size_t store_count(struct store *s)
{
    size_t count = 0;

    pthread_mutex_lock(&s->lock);
    for (struct entry *e = s->first; e; e = e->next)
        count++;
    pthread_mutex_unlock(&s->lock);
    return count;
}

size_t store_count_of(struct store *s, uint32_t uid)
{
    size_t count = 0;

    pthread_mutex_lock(&s->lock);
    for (struct entry *e = s->first; e; e = e->next)
        count += e->uid == uid;
    pthread_mutex_unlock(&s->lock);
    return count;
}

size_t store_ids(struct store *s, uint32_t uid, uint64_t *ids, size_t room)
{
    size_t count = 0;

    pthread_mutex_lock(&s->lock);
    for (struct entry *e = s->first; e && count < room; e = e->next)
        if (e->uid == uid || uid == 0)
            ids[count++] = e->id;
    pthread_mutex_unlock(&s->lock);
    return count;
}

int64_t entry_now(const struct entry *e)
{
    return (int64_t)time(NULL) + e->skew;
}

static bool same(const struct ticket *t, const struct der_principal *server, const char *realm)
{
    return t->der && der_principal_equal(&t->server, server) && !strcmp(t->realm, realm);
}

struct ticket *entry_ticket(struct entry *e, const struct der_principal *server, const char *realm)
{
    for (int i = 0; i < STORE_TICKETS; i++)
        if (same(&e->tickets[i], server, realm) && e->tickets[i].endtime > entry_now(e) + MARGIN_S)
            return &e->tickets[i];
    return NULL;
}

struct ticket *entry_slot(struct entry *e, const struct der_principal *server, const char *realm)
{
    struct ticket *first = NULL;

    for (int i = 0; i < STORE_TICKETS; i++)
        if (same(&e->tickets[i], server, realm))
            return &e->tickets[i];
    for (int i = 0; i < STORE_TICKETS; i++) {
        struct ticket *t = &e->tickets[i];

        if (!t->der)
            return t;
        if (strcmp(t->server.components[0], "krbtgt") && (!first || t->endtime < first->endtime))
            first = t;
    }
    return first ? first : &e->tickets[STORE_TICKETS - 1];
}
