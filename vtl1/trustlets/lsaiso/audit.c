/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "clock.h"
#include "operations.h"

void call_names(struct call *c, const char *principal)
{
    snprintf(c->principal, sizeof(c->principal), "%.*s", (int)sizeof(c->principal) - 1, principal);
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

uint64_t limit_user(const char *name)
{
    uint8_t hash[8];
    uint64_t who = 0;

    crypto_generichash(hash, sizeof(hash), (const uint8_t *)name, strlen(name), NULL, 0);
    memcpy(&who, hash, sizeof(who));
    return who | UINT64_C(1) << 63;
}

int limit_take(struct lsaiso *iso, uint64_t who, struct allowance allowance, uint32_t tokens)
{
    uint64_t now = clock_monotonic_ms();
    struct limit *l = &iso->limits[who % LIMIT_SLOTS];
    uint64_t gained = 0;

    /* Two callers in one slot share it: never more than their allowance, perhaps less. */
    if (l->refilled == 0) {
        l->tokens = allowance.burst;
        l->refilled = now;
    }
    gained = (now - l->refilled) * allowance.rate / 1000;
    if (gained) {
        l->refilled = now;
        l->tokens =
            gained > allowance.burst - l->tokens ? allowance.burst : l->tokens + (uint32_t)gained;
    }
    if (l->tokens < tokens)
        return -1;
    l->tokens -= tokens;
    return 0;
}
