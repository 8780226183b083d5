/* SPDX-License-Identifier: BSD-2-Clause */
#include "version.h"

#include "manifest.h"
#include "spinlock.h"
#include "version_floors.h"

struct version_seen {
    uint64_t trustlet_id;
    int signer; /* index of the trusted key */
    uint32_t version;
};

static struct {
    struct spinlock lock;
    uint32_t count;
    struct version_seen seen[VERSION_IDS_MAX];
} table;

static int signer_of(const struct trustlet_trailer *t)
{
    return manifest_signer(t, trusted_keys.keys, trusted_keys.count);
}

static struct version_seen *find(const struct trustlet_trailer *t)
{
    int signer = signer_of(t);
    for (uint32_t i = 0; i < table.count; i++) {
        struct version_seen *seen = &table.seen[i];
        if (seen->trustlet_id == t->manifest.trustlet_id && seen->signer == signer)
            return seen;
    }
    return NULL;
}

uint32_t version_floor(const struct trustlet_trailer *t)
{
    const uint32_t count = sizeof(version_floors) / sizeof(version_floors[0]);
    uint32_t floor = manifest_floor(&t->manifest, version_floors, count);
    WITH_LOCK(&table.lock);
    const struct version_seen *seen = find(t);
    return seen && seen->version > floor ? seen->version : floor;
}

enum sk_status version_runs(const struct trustlet_trailer *t)
{
    const struct trustlet_manifest *m = &t->manifest;
    if (m->trustlet_id == 0)
        return SK_OK;
    WITH_LOCK(&table.lock);
    struct version_seen *seen = find(t);
    if (!seen && table.count == VERSION_IDS_MAX)
        return SK_LIMIT;
    if (!seen) {
        seen = &table.seen[table.count++];
        *seen = (struct version_seen){.trustlet_id = m->trustlet_id, .signer = signer_of(t)};
    }
    if (m->security_version < seen->version)
        return SK_IMAGE_REVOKED;
    seen->version = m->security_version;
    return SK_OK;
}
