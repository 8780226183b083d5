/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_machine.h"
#include "audit.h"
#include "fpu.h"
#include "job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

struct trustlet_trailer trailer;
struct call call;
unsigned image_audits;
static int fpu_depth;

void fpu_begin(void)
{
    assert_int_equal(fpu_depth++, 0);
}

void fpu_end(void)
{
    assert_int_equal(--fpu_depth, 0);
}

/* A job that is put aside as often as interrupts come. */
static void (*job_function)(void *);

void job_begin(struct job *job, void (*function)(void *), void *argument)
{
    (void)job;
    (void)argument;
    job_function = function;
}

bool job_run(struct job *job)
{
    (void)job;
    if (call_must_yield())
        return false;
    job_function(NULL);
    return true;
}

void audit_write(const struct sk_audit_record *event)
{
    assert_int_equal(event->kind, SK_AUDIT_IMAGE);
    image_audits++;
}

void *gpa(uint64_t at)
{
    return (void *)(DIRECT_MAP_BASE + at);
}

void sign(uint8_t seed_byte)
{
    uint8_t seed[32], public[32], secret[64];
    memset(seed, seed_byte, sizeof(seed));
    crypto_sign_seed_keypair(public, secret, seed);
    memcpy(trailer.signer, public, sizeof(public));
    crypto_sign_detached(trailer.signature, NULL, (const uint8_t *)&trailer.manifest,
                         sizeof(trailer.manifest), secret);
}

void make_trailer(uint64_t id, const void *file, size_t size)
{
    trailer = (struct trustlet_trailer){
        .manifest = {.version = TRUSTLET_MANIFEST_VERSION,
                     .trustlet_id = id,
                     .name = "test",
                     .security_version = 2,
                     .max_threads = 1,
                     .max_memory = 1 << 24,
                     .stack_size = 1 << 16,
                     .image_size = size},
    };
    memcpy(trailer.magic, TRUSTLET_MAGIC, sizeof(trailer.magic));
    crypto_generichash(trailer.manifest.digest, 32, file, size, NULL, 0);
    sign(TRUSTED);
}

void publish(const void *file, size_t size)
{
    memcpy(gpa(TRAILER_GPA), &trailer, sizeof(trailer));
    memcpy(gpa(FILE_GPA), file, size);
    for (uint64_t i = 0; i < SK_LIST_MAX; i++)
        ((uint64_t *)gpa(LIST_GPA))[i] = FILE_GPA / PAGE_SIZE + i;
}
