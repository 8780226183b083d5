/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trustlet's signature block and its secure system calls.
 *
 * A signed trustlet is an ordinary static ELF file with struct trustlet_trailer appended, at any
 * file size. The ELF part is untouched; remove the trailer and the plain program is back.
 */
#ifndef OPENVSM_TRUSTLET_H
#define OPENVSM_TRUSTLET_H

#include <openvsm/types.h>

#define TRUSTLET_MAGIC            "OVSMSIG1" /* the file's last eight bytes */
#define TRUSTLET_MANIFEST_VERSION 1u
#define TRUSTLET_NAME_MAX         32u
#define TRUSTLET_DIGEST_SIZE      32u /* BLAKE2b-256 */
#define TRUSTLET_KEY_SIZE         32u /* Ed25519 */
#define TRUSTLET_SIGNATURE_SIZE   64u
#define TRUSTLET_IMAGE_MAX        (512ull << 20)

/* manifest.flags */
#define TRUSTLET_DEBUGGABLE       (1u << 0) /* registers and memory may be shown to VTL0 */
#define TRUSTLET_FIXED_ARGS       (1u << 1) /* argv comes from fixed_args, the caller's is refused */
#define TRUSTLET_NO_ENVIRONMENT   (1u << 2) /* environment is dropped */
#define TRUSTLET_CALLABLE         (1u << 3) /* VTL0 may call into it */

/* Classes of marshalled system calls: symbol, bit, name in policy files. */
#define TRUSTLET_CLASS_LIST(X)                                                                     \
    X(BASIC, 0, "basic") /* exit, ids, uname, real time: always granted */                         \
    X(FILE_READ, 1, "file-read")                                                                   \
    X(FILE_WRITE, 2, "file-write")                                                                 \
    X(TERMINAL, 3, "terminal")                                                                     \
    X(NET_CLIENT, 4, "net-client")                                                                 \
    X(NET_SERVER, 5, "net-server")                                                                 \
    X(UNIX_SOCKET, 6, "unix-socket")
enum trustlet_class {
#define TRUSTLET_CLASS_ENUM(symbol, bit, name) TRUSTLET_CLASS_##symbol = 1u << (bit),
    TRUSTLET_CLASS_LIST(TRUSTLET_CLASS_ENUM)
#undef TRUSTLET_CLASS_ENUM
        TRUSTLET_CLASS_ALL = (1u << 7) - 1,
};

struct trustlet_manifest {
    uint32_t version; /* TRUSTLET_MANIFEST_VERSION */
    uint32_t flags;
    uint64_t trustlet_id;
    char name[TRUSTLET_NAME_MAX]; /* NUL-padded, at least one NUL */
    uint32_t security_version;
    uint32_t classes; /* TRUSTLET_CLASS_* */
    uint32_t max_threads;
    uint32_t reserved0;
    uint64_t max_memory;                  /* bytes */
    uint64_t stack_size;                  /* bytes, of the first thread */
    uint64_t image_size;                  /* bytes of the ELF file, without the trailer */
    uint8_t digest[TRUSTLET_DIGEST_SIZE]; /* of those bytes */
    char fixed_args[256];                 /* NUL-separated, empty string ends */
    uint8_t reserved[136];
};
static_assert(sizeof(struct trustlet_manifest) == 512, "manifest layout is signed");

/* The signature covers the manifest's 512 bytes. */
struct trustlet_trailer {
    struct trustlet_manifest manifest;
    uint8_t signer[TRUSTLET_KEY_SIZE];
    uint8_t signature[TRUSTLET_SIGNATURE_SIZE];
    uint8_t reserved[24];
    uint8_t magic[8];
};
static_assert(sizeof(struct trustlet_trailer) == 640, "trailer layout is on disk");

/* The keys that a Secure Kernel trusts stand in its file, where installing finds and replaces them.
 */
#define TRUSTED_KEYS_MARKER "OpenVSM keys 01" /* with its NUL; occurs once in the file */
#define TRUSTED_KEYS_MAX    8u
struct trusted_key {
    uint8_t key[TRUSTLET_KEY_SIZE];
    uint32_t development; /* 1: made by the build, for development */
};
struct trusted_keys {
    char marker[16];
    uint32_t count; /* of keys; the rest are zero */
    struct trusted_key keys[TRUSTED_KEYS_MAX];
};
static_assert(sizeof(struct trusted_keys) == 308, "trusted keys are on disk");

/*
 * Secure system calls: trustlet to Secure Kernel, never seen by VTL0. Issued like any system call;
 * Linux itself answers ENOSYS to these numbers. Errors are negative errno values.
 *
 * IDENTITY (struct trustlet_identity *, its size) -> 0
 * SEAL     (enum trustlet_seal, bytes, size, to, room) -> bytes written: size + OVERHEAD
 * UNSEAL   (sealed, size, to, room) -> bytes written; EBADMSG: altered, sealed in another boot, or
 *             not for this trustlet; EACCES: sealed by a newer version of it
 * ACCEPT   (struct trustlet_call *, buffer, its size, nanoseconds) -> 0: a call has come. If this
 *             thread has one open, that one is answered first, with what stands in *call and the
 *             buffer. Nanoseconds: ~0: no limit; 0: only answers. ETIMEDOUT: no call came.
 *             ECANCELED: the caller has gone, the answer was dropped; nothing was waited for.
 *             EMSGSIZE: the answer is longer than the caller's room, the call stays open. EPERM:
 *             the manifest does not let it be called.
 * AUDIT    (text, its size) -> 0: a record in the audit log, with at most AUDIT_MAX bytes of text.
 *             Its first eight bytes say what kind of thing happened: of one kind at most sixteen
 *             records stand among the newest, further ones are counted into the last.
 * REPORT   (64 bytes, struct trustlet_report *) -> 0
 * VERIFY   (struct trustlet_report *) -> 0. EBADMSG: not made on this machine in this boot, or
 *             altered.
 */
#define TRUSTLET_SYSCALL_BASE 0x08000000u
#define TRUSTLET_SYSCALL_LIST(X)                                                                   \
    X(0, IDENTITY, identity)                                                                       \
    X(1, SEAL, seal)                                                                               \
    X(2, UNSEAL, unseal)                                                                           \
    X(3, ACCEPT, accept)                                                                           \
    X(4, AUDIT, audit)                                                                             \
    X(5, REPORT, report)                                                                           \
    X(6, VERIFY, verify)
enum trustlet_syscall {
#define TRUSTLET_SYSCALL_ENUM(number, symbol, handler)                                             \
    TRUSTLET_SYSCALL_##symbol = TRUSTLET_SYSCALL_BASE + (number),
    TRUSTLET_SYSCALL_LIST(TRUSTLET_SYSCALL_ENUM)
#undef TRUSTLET_SYSCALL_ENUM
};

/* Who I am, by the manifest that the Secure Kernel has verified. */
struct trustlet_identity {
    uint64_t trustlet_id;
    uint64_t instance; /* of this process; never the same again in this boot */
    uint32_t security_version;
    uint32_t flags;
    uint32_t classes;
    uint32_t reserved;
    char name[TRUSTLET_NAME_MAX];
    uint8_t digest[TRUSTLET_DIGEST_SIZE]; /* of the ELF file */
    uint8_t signer[TRUSTLET_KEY_SIZE];
};
static_assert(sizeof(struct trustlet_identity) == 128, "trustlet ABI");

/* A call from VTL0, and the answer to it. */
struct trustlet_call {
    uint64_t number;
    uint64_t words[4];
    uint32_t bytes;         /* of the buffer: what the caller sent, then what goes back */
    uint32_t room;          /* at most so many bytes may go back */
    uint32_t pid, uid, gid; /* of the caller: the word of VTL0's kernel, in its first namespace */
    uint32_t reserved;
};
static_assert(sizeof(struct trustlet_call) == 64, "trustlet ABI");

/*
 * What the Secure Kernel says about a trustlet, signed with a key that it made when it started and
 * that never leaves it. The digests are those of vtl1_boot.h.
 */
#define TRUSTLET_REPORT_MAGIC    "OVSMREP1"
#define TRUSTLET_REPORT_DATA     64u
#define TRUSTLET_REPORT_SIGNED   512u      /* bytes that the signature covers */
#define TRUSTLET_DEVELOPMENT_KEY (1u << 0) /* the Secure Kernel trusts a development key */
struct trustlet_report {
    uint8_t magic[8];
    uint32_t flags;
    uint32_t reserved0;
    struct trustlet_identity identity;
    uint8_t data[TRUSTLET_REPORT_DATA]; /* the trustlet's own: what it wants to have said */
    uint8_t secure_kernel[32];          /* digests */
    uint8_t hypervisor[32];
    uint8_t reserved1[240];
    uint8_t key[TRUSTLET_KEY_SIZE]; /* of this boot */
    uint8_t signature[TRUSTLET_SIGNATURE_SIZE];
};
static_assert(offsetof(struct trustlet_report, key) == TRUSTLET_REPORT_SIGNED, "trustlet ABI");
static_assert(offsetof(struct trustlet_report, key) == offsetof(struct trustlet_trailer, signer) &&
                  offsetof(struct trustlet_report, signature) ==
                      offsetof(struct trustlet_trailer, signature),
              "a report is signed as a trailer is");

/* Who may unseal. Sealing is bound to this boot: what must outlive it needs a root that a changed
 * boot cannot reach, and there is none yet. */
enum trustlet_seal {
    TRUSTLET_SEAL_EXACT = 1,  /* the same file */
    TRUSTLET_SEAL_ID = 2,     /* same signer and trustlet ID, the same security version or newer */
    TRUSTLET_SEAL_SIGNER = 3, /* any trustlet of the same signer */
};
#define TRUSTLET_SEAL_OVERHEAD 56u
#define TRUSTLET_SEAL_MAX      4032u /* bytes sealed at once */
#define TRUSTLET_AUDIT_MAX     24u

#endif
