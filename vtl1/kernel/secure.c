/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identity, sealing and a voice in the audit log. A sealed blob is a header and the bytes under
 * XChaCha20-Poly1305; its key comes from a secret of this boot and from what the policy binds it
 * to, so that another trustlet has another key and no comparison decides anything but the version.
 */
#include "secure.h"

#include "audit.h"
#include "crypto.h"
#include "fpu.h"
#include "image.h"
#include "linux_abi.h"
#include "random.h"
#include "spinlock.h"
#include "string.h"
#include "thread.h"
#include "user_copy.h"

#define SEAL_MAGIC 0x4c4145534d53564full /* "OVSMSEAL" */
#define KEY_SIZE   crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE   crypto_aead_xchacha20poly1305_ietf_ABYTES

struct seal_header {
    uint64_t magic;
    uint32_t policy;  /* enum trustlet_seal */
    uint32_t version; /* of who sealed */
    uint8_t nonce[NONCE_SIZE];
};
static_assert(sizeof(struct seal_header) + TAG_SIZE == TRUSTLET_SEAL_OVERHEAD, "trustlet ABI");
static_assert(TRUSTLET_SEAL_MAX + TRUSTLET_SEAL_OVERHEAD <= PAGE_SIZE,
              "a blob is worked on in one");

/* What the key is bound to; all that the policy does not name stays zero. */
struct seal_binding {
    uint64_t policy;
    uint64_t trustlet_id;
    uint8_t signer[TRUSTLET_KEY_SIZE];
    uint8_t digest[TRUSTLET_DIGEST_SIZE];
};

/* The blob's one page; frame_put scrubs it. */
struct blob {
    struct seal_header header;
    uint8_t bytes[PAGE_SIZE - sizeof(struct seal_header)];
};

static struct {
    struct spinlock lock;
    bool made;
    uint8_t key[KEY_SIZE];
} boot_secret;

static bool make_boot_secret(void)
{
    WITH_LOCK(&boot_secret.lock);
    if (!boot_secret.made)
        boot_secret.made = random_bytes(boot_secret.key, sizeof(boot_secret.key));
    return boot_secret.made;
}

/* -EINVAL: there is no such policy. fpu_begin was called. */
static int derive_key(const struct process *process, uint32_t policy, uint8_t key[static KEY_SIZE])
{
    struct seal_binding binding = {.policy = policy};
    if (policy < TRUSTLET_SEAL_EXACT || policy > TRUSTLET_SEAL_SIGNER)
        return -EINVAL;
    memcpy(binding.signer, image_trailer(process->image)->signer, sizeof(binding.signer));
    if (policy != TRUSTLET_SEAL_SIGNER)
        binding.trustlet_id = process->manifest->trustlet_id;
    if (policy == TRUSTLET_SEAL_EXACT)
        memcpy(binding.digest, process->manifest->digest, sizeof(binding.digest));
    crypto_generichash_blake2b(key, KEY_SIZE, (const void *)&binding, sizeof(binding),
                               boot_secret.key, KEY_SIZE);
    return 0;
}

static int seal_blob(const struct process *process, struct blob *blob, uint64_t size)
{
    uint8_t key[KEY_SIZE];
    fpu_begin();
    int error = derive_key(process, blob->header.policy, key);
    if (error == 0)
        crypto_aead_xchacha20poly1305_ietf_encrypt(
            blob->bytes, NULL, blob->bytes, size, (const void *)&blob->header, sizeof(blob->header),
            NULL, blob->header.nonce, key);
    fpu_end();
    wipe(key, sizeof(key));
    return error;
}

/* size: of the sealed bytes, with the tag. */
static int open_blob(const struct process *process, struct blob *blob, uint64_t size)
{
    uint8_t key[KEY_SIZE];
    fpu_begin();
    int error =
        blob->header.magic == SEAL_MAGIC ? derive_key(process, blob->header.policy, key) : -EINVAL;
    if (error == 0)
        error = crypto_aead_xchacha20poly1305_ietf_decrypt(
            blob->bytes, NULL, NULL, blob->bytes, size, (const void *)&blob->header,
            sizeof(blob->header), blob->header.nonce, key);
    fpu_end();
    wipe(key, sizeof(key));
    if (error != 0)
        return -EBADMSG;
    return blob->header.version <= process->manifest->security_version ? 0 : -EACCES;
}

static int64_t seal(struct process *process, const uint64_t given[6], struct blob *blob)
{
    uint64_t size = given[2], whole = size + TRUSTLET_SEAL_OVERHEAD;
    if (size > TRUSTLET_SEAL_MAX)
        return -EMSGSIZE;
    if (given[4] < whole)
        return -ENOSPC;
    blob->header = (struct seal_header){.magic = SEAL_MAGIC,
                                        .policy = (uint32_t)given[0],
                                        .version = process->manifest->security_version};
    if (!make_boot_secret() || !random_bytes(blob->header.nonce, NONCE_SIZE))
        return -EIO;
    int error = user_copy_in(&process->space, blob->bytes, given[1], size);
    if (error == 0)
        error = seal_blob(process, blob, size);
    if (error == 0)
        error = user_copy_out(&process->space, given[3], blob, whole);
    return error != 0 ? error : (int64_t)whole;
}

static int64_t unseal(struct process *process, const uint64_t given[6], struct blob *blob)
{
    uint64_t whole = given[1], size = whole - TRUSTLET_SEAL_OVERHEAD;
    if (whole < TRUSTLET_SEAL_OVERHEAD || size > TRUSTLET_SEAL_MAX)
        return -EBADMSG;
    if (given[3] < size)
        return -ENOSPC;
    if (!make_boot_secret())
        return -EIO;
    int error = user_copy_in(&process->space, blob, given[0], whole);
    if (error == 0)
        error = open_blob(process, blob, size + TAG_SIZE);
    if (error == 0)
        error = user_copy_out(&process->space, given[2], blob->bytes, size);
    return error != 0 ? error : (int64_t)size;
}

typedef int64_t (*blob_call)(struct process *process, const uint64_t given[6], struct blob *blob);

static enum syscall_action with_blob(struct thread *thread, const uint64_t given[6], blob_call make)
{
    uint64_t frame = frame_alloc();
    if (frame == FRAME_NONE)
        return syscall_return_memory(thread, -ENOMEM);
    int64_t result = make(thread->process, given, frame_pointer(frame));
    frame_put(frame);
    return syscall_return_memory(thread, result);
}

enum syscall_action secure_seal(struct thread *thread, const uint64_t given[6])
{
    return with_blob(thread, given, seal);
}

enum syscall_action secure_unseal(struct thread *thread, const uint64_t given[6])
{
    return with_blob(thread, given, unseal);
}

void secure_identify(const struct process *process, struct trustlet_identity *who)
{
    const struct trustlet_manifest *m = process->manifest;
    *who = (struct trustlet_identity){.trustlet_id = m->trustlet_id,
                                      .instance = process->handle,
                                      .security_version = m->security_version,
                                      .flags = m->flags,
                                      .classes = m->classes};
    memcpy(who->name, m->name, sizeof(who->name));
    memcpy(who->digest, m->digest, sizeof(who->digest));
    memcpy(who->signer, image_trailer(process->image)->signer, sizeof(who->signer));
}

enum syscall_action secure_identity(struct thread *thread, const uint64_t given[6])
{
    struct trustlet_identity who;
    if (given[1] != sizeof(who))
        return syscall_return(thread, -EINVAL);
    secure_identify(thread->process, &who);
    return syscall_return_memory(
        thread, user_copy_out(&thread->process->space, given[0], &who, sizeof(who)));
}

/* The text goes where other records have addresses: records fold by its first eight bytes. */
enum syscall_action secure_audit(struct thread *thread, const uint64_t given[6])
{
    struct sk_audit_record event = {
        .kind = SK_AUDIT_TRUSTLET, .cpl = 3, .process = thread->process->handle};
    uint64_t text[TRUSTLET_AUDIT_MAX / sizeof(uint64_t)] = {0};
    if (given[1] > sizeof(text))
        return syscall_return(thread, -EMSGSIZE);
    int error = user_copy_in(&thread->process->space, text, given[0], given[1]);
    event.rip = text[0];
    event.address = text[1];
    event.value = text[2];
    if (error == 0)
        audit_write(&event);
    return syscall_return_memory(thread, error);
}

const struct syscall_entry secure_table[SECURE_CALLS] = {
#define SECURE_ENTRY(row, symbol, handler)                                                         \
    [row] = {.name = "trustlet_" #handler, .kind = SYSCALL_LOCAL, .local = secure_##handler},
    TRUSTLET_SYSCALL_LIST(SECURE_ENTRY)
#undef SECURE_ENTRY
};
