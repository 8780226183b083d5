/* SPDX-License-Identifier: BSD-2-Clause */
/* Any record, from lsassd or from anybody: the first byte says from whom. */
#include "iso.h"

#include <stdlib.h>

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void prepare(void)
{
    static const struct policy policy = {
        .allow_rc4 = 1, .max_lifetime = 24 * 3600000, .max_idle = 12 * 3600000};

    if (sodium_init() < 0 || lsaiso_init(&test_iso, MANAGER, &policy))
        abort();
}

/* Handles that calls can guess: two sessions, with the numbers 1 and 2. */
static void make_sessions(void)
{
    for (uint64_t id = 1; id <= 2; id++) {
        struct session *s = calloc(1, sizeof(*s));

        s->id = id;
        s->expires = UINT64_MAX;
        s->idle = UINT64_MAX;
        s->client.count = 1;
        strcpy(s->client.components[0], "alice");
        strcpy(s->realm, TEST_REALM);
        test_iso.sessions[id] = s;
        test_iso.session_count++;
    }
}

static void end_sessions(void)
{
    for (uint32_t i = 0; i < SESSION_SLOTS; i++)
        if (test_iso.sessions[i]) {
            free(test_iso.sessions[i]);
            test_iso.sessions[i] = NULL;
        }
    for (uint32_t i = 0; i < CONTEXT_SLOTS && test_iso.context_count; i++)
        if (test_iso.contexts[i]) {
            free(test_iso.contexts[i]);
            test_iso.contexts[i] = NULL;
        }
    test_iso.session_count = test_iso.context_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    uint8_t *record = NULL;
    uint8_t *out = NULL;
    size_t out_size = 0;

    if (!ready)
        prepare();
    ready = true;
    /* Argon2id would be all that there is time for. */
    if (size < 13 || (data[12] == (EnrolUser & 0xff) && data[11] == 0) ||
        (data[12] == (PasswordValidateInteractive & 0xff) && data[11] == 0))
        return 0;
    make_sessions();
    test_monotonic_ms += 1000; /* the rate limit is another test's */
    record = malloc(size);
    memcpy(record, data + 1, size - 1);
    if (rpc_serve(&test_iso, data[0] & 1 ? OWNER : MANAGER, 1, record, size - 1, &out, &out_size) ==
        0)
        free(out);
    free(record);
    end_sessions();
    return 0;
}
