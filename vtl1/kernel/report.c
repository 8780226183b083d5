/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports: what the Secure Kernel says of a trustlet, under a key of this boot that never leaves
 * it.
 */
#include "report.h"

#include "call.h"
#include "cpu.h"
#include "crypto.h"
#include "fpu.h"
#include "linux_abi.h"
#include "random.h"
#include "secure.h"
#include "signature.h"
#include "string.h"
#include "thread.h"
#include "user_copy.h"

static struct {
    bool made;
    uint8_t measurement[SK_MEASUREMENTS][32];
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
} boot;

void report_init(const struct vtl1_boot_info *info)
{
    uint8_t seed[crypto_sign_ed25519_SEEDBYTES];
    memcpy(boot.measurement[SK_MEASUREMENT_SECURE_KERNEL], info->secure_kernel_digest, 32);
    memcpy(boot.measurement[SK_MEASUREMENT_HYPERVISOR], info->hypervisor_digest, 32);
    boot.made = random_bytes(seed, sizeof(seed));
    if (!boot.made)
        return;
    fpu_begin();
    crypto_sign_ed25519_seed_keypair(boot.measurement[SK_MEASUREMENT_REPORT_KEY], boot.secret,
                                     seed);
    fpu_end();
    wipe(seed, sizeof(seed));
}

enum sk_status sk_call_measurement(struct call *call)
{
    uint64_t which = call->argument[0];
    if (which >= SK_MEASUREMENTS)
        return SK_INVALID_ARGUMENT;
    memcpy(call->result, boot.measurement[which], sizeof(boot.measurement[which]));
    return SK_OK;
}

/* A report is signed as a trailer is. */
union signed_report {
    struct trustlet_report report;
    struct trustlet_trailer trailer;
};

/* A job has the vector unit and the CPU's registers for itself, and holds no lock. */
static enum sk_status work(struct thread *thread, union signed_report *r, const uint8_t *secret)
{
    fpu_leave_thread(thread);
    process_unlock(thread->process);
    enum sk_status status =
        secret ? signature_make(&r->trailer, secret) : signature_check(&r->trailer);
    process_lock(thread->process);
    cpu_set_registers(this_cpu(), &thread->registers);
    fpu_enter_thread(thread);
    return status;
}

static enum syscall_action finish(struct thread *thread, enum sk_status status)
{
    if (status == SK_AGAIN || status == SK_BUSY)
        return SYSCALL_AGAIN;
    return syscall_return(thread, status == SK_OK ? 0 : -EBADMSG);
}

enum syscall_action secure_report(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    union signed_report r = {.report = {.magic = TRUSTLET_REPORT_MAGIC}};
    int error =
        boot.made ? user_copy_in(space, r.report.data, given[0], TRUSTLET_REPORT_DATA) : -EIO;
    if (error != 0)
        return syscall_return_memory(thread, error);
    r.report.flags = trusts_development_key() ? TRUSTLET_DEVELOPMENT_KEY : 0;
    secure_identify(thread->process, &r.report.identity);
    memcpy(r.report.secure_kernel, boot.measurement, 64);
    memcpy(r.report.key, boot.measurement[SK_MEASUREMENT_REPORT_KEY], sizeof(r.report.key));
    enum sk_status status = work(thread, &r, boot.secret);
    if (status == SK_OK)
        error = user_copy_out(space, given[1], &r, sizeof(r.report));
    return error != 0 ? syscall_return_memory(thread, error) : finish(thread, status);
}

enum syscall_action secure_verify(struct thread *thread, const uint64_t given[6])
{
    union signed_report r = {0};
    int error = user_copy_in(&thread->process->space, &r, given[0], sizeof(r.report));
    if (error != 0)
        return syscall_return_memory(thread, error);
    /* Not by the key in it: by the one of this boot. */
    memcpy(r.report.key, boot.measurement[SK_MEASUREMENT_REPORT_KEY], sizeof(r.report.key));
    return finish(thread, work(thread, &r, NULL));
}
