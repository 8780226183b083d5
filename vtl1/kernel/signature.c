/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One signature at a time. What its caller gave up is forgotten when another trailer comes; the
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
    const uint8_t *secret; /* to sign with; NULL: check */
    uint8_t made[TRUSTLET_SIGNATURE_SIZE];
    struct trustlet_trailer trailer; /* all zero: none yet; no such trailer has the magic */
    struct job job;
} check;

static void compute(void *unused)
{
    const struct trustlet_trailer *t = &check.trailer;
    const void *message = &t->manifest;
    size_t size = sizeof(t->manifest);
    int wrong = 0;
    (void)unused;
    if (check.secret != NULL)
        wrong = crypto_sign_ed25519_detached(check.made, NULL, message, size, check.secret);
    else
        wrong = crypto_sign_ed25519_verify_detached(t->signature, message, size, t->signer);
    check.good = wrong == 0;
}

/* False: another CPU has it. */
static bool begin(const struct trustlet_trailer *trailer, const uint8_t *secret)
{
    spin_lock(&check.lock);
    bool free = !check.running;
    if (free &&
        (check.secret != secret || memcmp(&check.trailer, trailer, sizeof(*trailer)) != 0)) {
        check.trailer = *trailer;
        check.over = false;
        check.good = false;
        check.secret = secret;
        job_begin(&check.job, compute, NULL);
    }
    check.running = true;
    spin_unlock(&check.lock);
    return free;
}

static enum sk_status work(const struct trustlet_trailer *trailer, const uint8_t *secret,
                           uint8_t *made)
{
    enum sk_status status = SK_AGAIN;
    if (!begin(trailer, secret))
        return SK_BUSY;
    if (!check.over)
        check.over = job_run(&check.job);
    if (check.over)
        status = check.good ? SK_OK : SK_IMAGE_BAD_SIGNATURE;
    if (check.over && secret != NULL)
        memcpy(made, check.made, sizeof(check.made));
    spin_lock(&check.lock);
    check.running = false;
    spin_unlock(&check.lock);
    return status;
}

enum sk_status signature_check(const struct trustlet_trailer *trailer)
{
    return work(trailer, NULL, NULL);
}

enum sk_status signature_make(struct trustlet_trailer *trailer, const uint8_t *secret)
{
    return work(trailer, secret, trailer->signature);
}
