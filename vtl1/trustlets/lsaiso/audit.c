/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit.h"

#include <openvsm/trustlet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "clock.h"
#include "operations.h"

void call_names(struct call *c, const char *principal)
{
    snprintf(c->principal, sizeof(c->principal), "%.*s", (int)sizeof(c->principal) - 1, principal);
}

void audit_report(const struct call *c, const char *kind)
{
    char text[TRUSTLET_AUDIT_MAX + 1] = "";

    snprintf(text, sizeof(text), "%-8.7s%.16s", kind, c->principal);
    syscall(TRUSTLET_SYSCALL_AUDIT, text, strlen(text));
}

/* What says that somebody tries what he may not, or too much. A peer's broken message is no such
 * thing, and no caller's mistake about a session is. */
static const char *refusal(lsa_status status)
{
    switch (status) {
    case LSA_BUSY:
        return "limited";
    case LSA_DENIED:
    case LSA_POLICY:
    case LSA_USAGE:
    case LSA_BLOB_REFUSED:
    case LSA_NO_SUCH_OPERATION:
        return "refused";
    default:
        return NULL;
    }
}

void audit_add(const struct call *c, uint32_t operation, lsa_status status)
{
    struct lsaiso *iso = c->iso;
    uint64_t slot = iso->audit_next % AUDIT_SLOTS;
    lsa_audit_record *record = &iso->audit[slot];

    record->sequence = ++iso->audit_next;
    record->milliseconds = clock_monotonic_ms();
    record->uid = c->uid;
    record->pid = c->pid;
    record->operation = operation;
    record->status = status;
    record->session = c->session;
    memcpy(iso->audit_names[slot], c->principal, sizeof(c->principal));
    if (refusal(status))
        audit_report(c, refusal(status));
}

lsa_status op_audit(struct call *c, const lsa_audit_args *a, lsa_audit *r)
{
    struct lsaiso *iso = c->iso;
    uint64_t first = iso->audit_next > AUDIT_SLOTS ? iso->audit_next - AUDIT_SLOTS : 0;
    uint64_t from = a->after > first ? a->after : first;

    r->records.records_val = calloc(64, sizeof(lsa_audit_record));
    if (!r->records.records_val)
        return LSA_NO_MEMORY;
    for (uint64_t at = from; at < iso->audit_next && r->records.records_len < 64; at++) {
        lsa_audit_record *out = &r->records.records_val[r->records.records_len];

        *out = iso->audit[at % AUDIT_SLOTS];
        out->principal = strdup(iso->audit_names[at % AUDIT_SLOTS]);
        if (!out->principal)
            return LSA_NO_MEMORY;
        r->records.records_len++;
    }
    return LSA_OK;
}

/* `rate` tokens a second, up to `burst`. */
struct allowance {
    uint32_t rate;
    uint32_t burst;
};
/* lsassd works for everybody and has more. */
static const struct allowance of_caller = {.rate = 2000, .burst = 20000};
static const struct allowance of_manager = {.rate = 4000, .burst = 40000};
static const struct allowance of_guesses = {.rate = 5, .burst = 100};
#define GUESS 10

static lsa_status take(struct limit *l, const struct allowance *a, uint32_t tokens)
{
    uint64_t now = clock_monotonic_ms();
    uint64_t gained = 0;

    if (l->refilled == 0) {
        l->tokens = a->burst;
        l->refilled = now;
    }
    gained = (now - l->refilled) * a->rate / 1000;
    if (gained) {
        l->refilled = now;
        l->tokens = gained > a->burst - l->tokens ? a->burst : l->tokens + (uint32_t)gained;
    }
    if (l->tokens < tokens)
        return LSA_BUSY;
    l->tokens -= tokens;
    return LSA_OK;
}

/* Two callers in one slot share it: never more than their allowance, perhaps less. Which two, only
 * this run's key says. */
static uint32_t slot(const struct lsaiso *iso, const void *who, size_t size)
{
    uint8_t hash[crypto_shorthash_BYTES];

    crypto_shorthash(hash, who, size, iso->limit_key);
    return get_le32(hash) % LIMIT_SLOTS;
}

lsa_status limit_call(struct lsaiso *iso, uint32_t uid, uint32_t tokens)
{
    if (uid == iso->manager)
        return take(&iso->manager_limit, &of_manager, tokens);
    return take(&iso->callers[slot(iso, &uid, sizeof(uid))], &of_caller, tokens);
}

lsa_status limit_guess(struct lsaiso *iso, const char *user)
{
    return take(&iso->users[slot(iso, user, strlen(user))], &of_guesses, GUESS);
}
