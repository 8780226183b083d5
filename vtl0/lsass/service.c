/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions: log on, list, renew, lock, log off; status and audit. */
#include "lsassd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVERY_ONE UINT64_MAX
#define SESSIONS  1024

static int copy_tickets(const struct entry *e, lsa_session_info *r)
{
    r->tickets.tickets_val = calloc(STORE_TICKETS, sizeof(lsa_ticket));
    if (!r->tickets.tickets_val)
        return -1;
    for (int i = 0; i < STORE_TICKETS; i++) {
        const struct ticket *t = &e->tickets[i];
        lsa_ticket *out = &r->tickets.tickets_val[r->tickets.tickets_len];
        char name[2 * DER_NAME_MAX];

        if (!t->der)
            continue;
        principal_print(&t->server, t->realm, name, sizeof(name));
        *out = (lsa_ticket){.server = strdup(name),
                            .ticket_enctype = t->ticket_enctype,
                            .key_enctype = t->key.enctype,
                            .flags = t->flags,
                            .starttime = t->starttime,
                            .endtime = t->endtime,
                            .renew_till = t->renew_till};
        if (!out->server)
            return -1;
        r->tickets.tickets_len++;
    }
    return 0;
}

static lsa_status describe(const struct entry *e, lsa_session_info *r)
{
    r->id = e->id;
    r->uid = e->uid;
    r->state = e->state;
    r->ntlm = e->nt.blob.lsa_blob_val != NULL;
    r->principal = strdup(e->name);
    return r->principal && copy_tickets(e, r) == 0 ? LSA_OK : LSA_NO_MEMORY;
}

lsa_status serve_logon(struct work *w, lsa_logon_args *a, lsa_session_info *r)
{
    struct entry *e = NULL;
    lsa_status status = LSA_OK;

    snprintf(w->about, sizeof(w->about), "%s", a->principal);
    status = logon(w, w->uid, a, &e);
    if (status)
        return status;
    status = describe(e, r);
    store_put(&w->d->store, e);
    return status;
}

lsa_status serve_list(struct work *w, lsa_select *a, lsa_list *r)
{
    uint64_t ids[SESSIONS];
    size_t count = store_ids(&w->d->store, w->uid, ids, SESSIONS);
    lsa_status status = LSA_OK;

    r->sessions.sessions_val = calloc(count + 1, sizeof(lsa_session_info));
    if (!r->sessions.sessions_val)
        return LSA_NO_MEMORY;
    for (size_t i = 0; i < count && status == LSA_OK; i++) {
        struct entry *e = NULL;

        if (a->id != 0 && a->id != EVERY_ONE && a->id != ids[i])
            continue;
        e = store_get(&w->d->store, ids[i], w->uid);
        if (!e)
            continue;
        status = describe(e, &r->sessions.sessions_val[r->sessions.sessions_len++]);
        store_put(&w->d->store, e);
    }
    return status;
}

static lsa_status missing(struct work *w, uint64_t id)
{
    if (id)
        return say(w, LSA_NO_SESSION, "there is no session %llu of yours; see lsa list",
                   (unsigned long long)id);
    return say(w, LSA_NO_SESSION, "nobody is logged on here; start with: lsa logon USER@REALM");
}

lsa_status serve_renew(struct work *w, lsa_select *a, lsa_session_info *r)
{
    struct entry *e = store_get(&w->d->store, a->id, w->uid);
    lsa_status status = LSA_OK;

    if (!e)
        return missing(w, a->id);
    snprintf(w->about, sizeof(w->about), "%s", e->name);
    if (e->state == LSA_SESSION_LOCKED)
        status =
            say(w, LSA_LOCKED, "the session of %s is locked; log on again to unlock it", e->name);
    else
        status = exchange_renew(w, e);
    if (status == LSA_OK)
        status = describe(e, r);
    store_put(&w->d->store, e);
    return status;
}

typedef void end_function(struct work *w, struct entry *e);

static void lock_one(struct work *w, struct entry *e)
{
    session_end(w, e, LSA_SESSION_LOCKED);
}

static void log_off_one(struct work *w, struct entry *e)
{
    session_end(w, e, LSA_SESSION_EXPIRED);
    store_remove(&w->d->store, e);
}

static lsa_status end_sessions(struct work *w, uint64_t id, end_function *end)
{
    uint64_t ids[SESSIONS];
    size_t count = store_ids(&w->d->store, w->uid, ids, SESSIONS);
    size_t done = 0;

    for (size_t i = 0; i < count; i++) {
        struct entry *e = NULL;

        if (id != EVERY_ONE && id != 0 && id != ids[i])
            continue;
        e = store_get(&w->d->store, ids[i], w->uid);
        if (!e)
            continue;
        /* Root's "all" and "newest" are its own, not everybody's. */
        if ((id == 0 || id == EVERY_ONE) && e->uid != w->uid) {
            store_put(&w->d->store, e);
            continue;
        }
        snprintf(w->about, sizeof(w->about), "%s", e->name);
        end(w, e);
        store_put(&w->d->store, e);
        done++;
        if (id == 0)
            break;
    }
    return done || id == EVERY_ONE ? LSA_OK : missing(w, id);
}

/* The keys are wiped at once; the name stays, to say "locked". */
lsa_status serve_lock(struct work *w, lsa_select *a, lsa_nothing *r)
{
    (void)r;
    return end_sessions(w, a->id, lock_one);
}

lsa_status serve_logoff(struct work *w, lsa_select *a, lsa_nothing *r)
{
    (void)r;
    return end_sessions(w, a->id, log_off_one);
}

lsa_status serve_status(struct work *w, lsa_nothing *a, lsa_state *r)
{
    lsa_status status = ISO(w, GetRunningServices, lsa_nothing, a, lsa_services, &r->lsaiso);

    r->sessions = (u_int)store_count(&w->d->store);
    r->connected = status == LSA_OK;
    return LSA_OK;
}

lsa_status serve_audit(struct work *w, lsa_audit_args *a, lsa_audit *r)
{
    if (w->uid != 0 && w->uid != geteuid())
        return say(w, LSA_DENIED, "only root reads the audit");
    return ISO(w, GetAuditRecords, lsa_audit_args, a, lsa_audit, r);
}
