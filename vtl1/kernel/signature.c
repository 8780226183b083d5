/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One check at a time. A check that its caller gave up is forgotten when another trailer comes; the
 * last answer is kept, for a caller that must come again for want of memory.
 */
#include "signature.h"

#include "crypto.h"
#include "job.h"
#include "spinlock.h"
#include "string.h"

static struct {
    struct spinlock lock;
    bool running; /* on a CPU: nobody else touches the rest */
    bool over, good;
    struct trustlet_trailer trailer; /* all zero: none yet; no such trailer has the magic */
    struct job job;
} check;

static void verify(void *unused)
{
    const struct trustlet_trailer *t = &check.trailer;
    (void)unused;
    check.good = crypto_verify(t->signature, &t->manifest, sizeof(t->manifest), t->signer);
}

/* False: another CPU has it. */
static bool begin(const struct trustlet_trailer *trailer)
{
    spin_lock(&check.lock);
    bool free = !check.running;
    if (free && memcmp(&check.trailer, trailer, sizeof(*trailer)) != 0) {
        check.trailer = *trailer;
        check.over = false;
        check.good = false;
        job_begin(&check.job, verify, NULL);
    }
    check.running = true;
    spin_unlock(&check.lock);
    return free;
}

enum sk_status signature_check(const struct trustlet_trailer *trailer)
{
    enum sk_status status = SK_AGAIN;
    if (!begin(trailer))
        return SK_BUSY;
    if (!check.over)
        check.over = job_run(&check.job);
    if (check.over)
        status = check.good ? SK_OK : SK_IMAGE_BAD_SIGNATURE;
    spin_lock(&check.lock);
    check.running = false;
    spin_unlock(&check.lock);
    return status;
}
