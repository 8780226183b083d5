/* SPDX-License-Identifier: BSD-2-Clause */
#include "version.h"

#include "manifest.h"
#include "spinlock.h"

#define ANY_SIGNER (-1)

/* Free entries, which have ID 0, stand behind all others. */
static struct version_seen {
    uint64_t trustlet_id;
    int32_t signer; /* index of the trusted key */
    uint32_t version;
} seen[VERSION_IDS_MAX] = {
    /* A line here, and a new build, is how a trustlet with a known hole is taken out of service,
     * for every boot. This is no real one: the tests sign one with this ID to see it refused. */
    {.trustlet_id = 0x7e57f1004, .signer = ANY_SIGNER, .version = 2},
};
static struct spinlock lock;

static int32_t signer_of(const struct trustlet_trailer *t)
{
    return manifest_signer(t, trusted_keys.keys, trusted_keys.count);
}

/* -> the floor. *own: the entry of this ID and signer, or a free one, or NULL. */
static uint32_t look(const struct trustlet_trailer *t, struct version_seen **own)
{
    uint32_t floor = 0;
    int32_t signer = signer_of(t);
    *own = NULL;
    for (uint32_t i = 0; i < VERSION_IDS_MAX && !*own; i++) {
        bool mine = seen[i].trustlet_id == t->manifest.trustlet_id;
        if (seen[i].trustlet_id == 0 || (mine && seen[i].signer == signer))
            *own = &seen[i];
        if (mine && (*own || seen[i].signer == ANY_SIGNER) && seen[i].version > floor)
            floor = seen[i].version;
    }
    return floor;
}

uint32_t version_floor(const struct trustlet_trailer *t)
{
    struct version_seen *own;
    WITH_LOCK(&lock);
    return look(t, &own);
}

enum sk_status version_runs(const struct trustlet_trailer *t)
{
    const struct trustlet_manifest *m = &t->manifest;
    struct version_seen *own;
    WITH_LOCK(&lock);
    if (m->security_version < look(t, &own))
        return SK_IMAGE_REVOKED;
    if (m->trustlet_id == 0)
        return SK_OK;
    if (!own)
        return SK_LIMIT;
    *own = (struct version_seen){m->trustlet_id, signer_of(t), m->security_version};
    return SK_OK;
}
