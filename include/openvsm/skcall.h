/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secure Kernel calls: the driver in VTL0's kernel asks, the Secure Kernel answers.
 *
 * Issue: VtlCall (VMMCALL, RCX = 0x11, RAX = 0) with RDI = call number, RSI, RDX, R8, R9, R10 =
 * arguments 0..4. Answer: RDI = enum sk_status, RSI, RDX, R8, R9, R10 = results 0..4; RAX and RCX
 * are clobbered; RBX, RBP, R11..R15 and all vector state come back as they were.
 *
 * Make calls with interrupts enabled. SK_AGAIN means: progress was made or an interrupt waits; let
 * VTL0 run its interrupts, then make the same call again (the cursor is kept in the object that the
 * call names).
 * Handles are never reused while the machine runs; a stale one gets SK_NOT_FOUND.
 *
 * Lists are memory of VTL0: 1 to SK_LIST_MAX uint64_t GPFNs within one page, copied once. The calls
 * that move the pages of a list keep nothing: with SK_AGAIN too they say how many they got to, and
 * the next call names the rest of the list.
 */
#ifndef OPENVSM_SKCALL_H
#define OPENVSM_SKCALL_H

#include <openvsm/types.h>

#define SK_ABI_VERSION 1u
#define SK_LIST_MAX    512u

enum sk_status {
    SK_OK = 0,
    SK_AGAIN = 1,
    SK_NO_MEMORY = 2,    /* result 0: how many more pages to donate, then repeat the call */
    SK_INVALID_CALL = 3, /* no such call number */
    SK_INVALID_ARGUMENT = 4,
    SK_NOT_FOUND = 5,     /* no such handle or thread */
    SK_BUSY = 6,          /* another CPU is in it */
    SK_ACCESS_DENIED = 7, /* a page is not VTL0's, or is pinned */
    SK_BAD_STATE = 8,     /* the object is not ready for this call */
    SK_LIMIT = 9,         /* a table or the manifest's limit is full */
    SK_WATCHDOG = 10,     /* a hardware watchdog runs, and trustlets do not live beside one */
    /* Images, each refusal with its own word. */
    SK_IMAGE_UNSIGNED = 20,
    SK_IMAGE_MALFORMED_MANIFEST = 21,
    SK_IMAGE_UNKNOWN_SIGNER = 22,
    SK_IMAGE_BAD_SIGNATURE = 23,
    SK_IMAGE_REVOKED = 24, /* result 0: the lowest security version accepted */
    SK_IMAGE_TRUNCATED = 25,
    SK_IMAGE_BAD_DIGEST = 26,
    SK_IMAGE_NOT_ELF = 27,
    SK_IMAGE_DYNAMIC = 28, /* has a PT_INTERP: must be linked statically */
    SK_IMAGE_WX = 29,      /* a segment is writable and executable */
    SK_IMAGE_BAD_LAYOUT = 30,
    SK_NO_RANDOM = 31, /* the CPU has no RDRAND */
    /* What the manifest says against this start. */
    SK_RULE_ARGUMENTS = 40, /* arguments are fixed, and the caller gave some */
    SK_RULE_MEMORY = 41,    /* max-memory is too small for the program itself */
    SK_RULE_STACK = 42,     /* stack-size is too small for arguments and environment */
};

/*
 * number, symbol, handler suffix.
 *
 * NULL            does nothing.
 * INFO            -> SK_ABI_VERSION, CPU count, SK_INFO_* flags, live processes, processes ever run
 * MEMORY_STATUS   -> pages of the boot pool, free pages, donated pages now, pages reclaimable now,
 *                    page-table pages deposited with the hypervisor
 * MEMORY_DONATE   (list gpa, count) -> pages accepted. The pages become VTL1's, are scrubbed.
 * MEMORY_RECLAIM  (list gpa, max) -> pages given back, scrubbed; their GPFNs are in the list.
 * IMAGE_OPEN      (gpa of a page that starts with a trustlet_trailer) -> image handle, 1 if the
 *                    verified image is already known and needs no data
 * IMAGE_WRITE     (image, list gpa, count, file offset, bytes): offset a page multiple, in order.
 * IMAGE_SEAL      (image): digest and ELF are checked. Then the image may be run.
 * IMAGE_CLOSE     (image): drops the caller's reference.
 * PROCESS_CREATE  (image, gpa of struct sk_start, bytes, 0) -> process, index of its first thread
 *                    With SK_AGAIN and SK_NO_MEMORY result 1 is the unfinished process, or 0: the
 *                    next call's last argument. A caller that will not go on destroys it.
 * PROCESS_DESTROY (process): ends it and frees all it had.
 * PROCESS_INFO    (index from 0, gpa of a page for struct sk_process_info)
 * THREAD_ATTACH   (process, thread, channel gpa, pages, user address): the pages are contiguous,
 *                    at least 2, at most 64, and pinned until the thread ends
 * THREAD_RUN      (process, thread) -> enum sk_run, then see there
 * THREAD_KILL     (process, Linux signal number): the process ends at its threads' next run
 * AUDIT_RING      -> gpa, bytes of struct sk_audit_ring, readable by VTL0, not writable
 * AUDIT_REPORT    (process or 0, enum sk_attempt, VTL0's process id of who tried): VTL0's own word
 * STATISTICS      -> XSAVEs and XRSTORs done by VTL1 since boot, on all CPUs
 * TRUSTLET_CALL   (process, gpa of struct sk_trustlet_call) -> enum sk_called; index of a thread to
 *                    wake, ~0 for none; 1 if the thread that served waits for the next call
 * already. A waiting thread of the trustlet gets the call and runs on this CPU until it has
 * answered; if it needs VTL0 before that, its own carrier takes over. SK_ACCESS_DENIED: its
 * manifest does not let it be called. TRUSTLET_CANCEL (process, the same gpa): VTL1 will not touch
 * the caller's memory any more.
 * PROCESS_RING    (process) -> nanoseconds after which to ring again (0: no need), then results 1
 * to 3 as of SK_RUN_WAKE. VTL0 says when VTL1 looks at its clock, no more.
 */
#define SK_CALL_LIST(X)                                                                            \
    X(0, NULL, null)                                                                               \
    X(1, INFO, info)                                                                               \
    X(2, MEMORY_STATUS, memory_status)                                                             \
    X(3, MEMORY_DONATE, memory_donate)                                                             \
    X(4, MEMORY_RECLAIM, memory_reclaim)                                                           \
    X(5, IMAGE_OPEN, image_open)                                                                   \
    X(6, IMAGE_WRITE, image_write)                                                                 \
    X(7, IMAGE_SEAL, image_seal)                                                                   \
    X(8, IMAGE_CLOSE, image_close)                                                                 \
    X(9, PROCESS_CREATE, process_create)                                                           \
    X(10, PROCESS_DESTROY, process_destroy)                                                        \
    X(11, PROCESS_INFO, process_info)                                                              \
    X(12, THREAD_ATTACH, thread_attach)                                                            \
    X(13, THREAD_RUN, thread_run)                                                                  \
    X(14, THREAD_KILL, thread_kill)                                                                \
    X(15, AUDIT_RING, audit_ring)                                                                  \
    X(16, AUDIT_REPORT, audit_report)                                                              \
    X(17, STATISTICS, statistics)                                                                  \
    X(18, TRUSTLET_CALL, trustlet_call)                                                            \
    X(19, TRUSTLET_CANCEL, trustlet_cancel)                                                        \
    X(20, MEASUREMENT, measurement)                                                                \
    X(21, PROCESS_RING, process_ring)

enum sk_call_number {
#define SK_CALL_ENUM(number, name, handler) SK_CALL_##name = number,
    SK_CALL_LIST(SK_CALL_ENUM)
#undef SK_CALL_ENUM
        SK_CALL_COUNT
};

/* What this boot is known by; vtl1_boot.h says what the digests are of. */
enum sk_measurement {
    SK_MEASUREMENT_SECURE_KERNEL = 0,
    SK_MEASUREMENT_HYPERVISOR = 1,
    SK_MEASUREMENT_REPORT_KEY = 2, /* public key that signs reports; zero without a random source */
    SK_MEASUREMENTS
};

#define SK_INFO_DEVELOPMENT_KEY (1u << 0) /* the built-in signing key is the development key */
#define SK_INFO_KEYS_SHIFT      32        /* above it: how many keys are trusted */

/* Why THREAD_RUN came back with SK_OK; results 1.. depend on it. */
enum sk_run {
    SK_RUN_SYSCALL = 0,   /* the host process makes the call in the channel, then runs us again */
    SK_RUN_PREEMPTED = 1, /* an interrupt waits for VTL0 */
    SK_RUN_WAIT = 2,      /* result 1: nanoseconds at most, ~0 = until woken by SK_RUN_WAKE */
    SK_RUN_WAKE = 3,      /* results 1, 2: a bit for each waiting thread to run again, by index;
                             3: SK_TELL_*; then run us again */
    SK_RUN_SPAWN = 4, /* result 1: index of a new thread that wants a carrier. Where there is none
                         for it: -EAGAIN as the answer in the channel, and it never was */
    SK_RUN_THREAD_EXIT = 5, /* results as for WAKE; the index may be used again */
    SK_RUN_EXIT = 6,   /* result 1: exit status 0..255; result 2: signal or 0; 3: fault address;
                          result 4: enum sk_death */
    SK_RUN_MEMORY = 7, /* result 1: pages to donate, then run us again */
    SK_RUN_ACCEPT = 8, /* as WAIT; the thread waits for a call, and has answered the last one */
};
#define SK_TELL_WAKE  (1u << 0) /* a bit is set in results 1, 2 */
#define SK_TELL_KICK  (1u << 1) /* sk_channel.interrupt was set in one of the threads' channels */
#define SK_TELL_CLOCK (1u << 2) /* PROCESS_RING is to be called: it knows when again */
enum sk_death {
    SK_DEATH_EXIT = 0,
    SK_DEATH_FAULT = 1,        /* the program's own fault: signal and address say which */
    SK_DEATH_LYING_ANSWER = 2, /* VTL0's answer broke a return contract; result 3: call number */
    SK_DEATH_KILLED = 3,
    SK_DEATH_MEMORY = 4,
};

/* PROCESS_CREATE's start block, contiguous VTL0 memory, copied once. */
#define SK_START_MAX (128u << 10)
struct sk_start {
    uint32_t bytes; /* of the whole block */
    uint32_t argc;
    uint32_t envc;
    uint32_t reserved;
    uint32_t uid, euid, gid, egid; /* VTL0's word, for auxv and getuid */
    uint64_t host_pid;
    char strings[]; /* argc + envc NUL-ended strings */
};

/*
 * A thread's channel: the first page of the pages attached; the rest is the bounce buffer. VTL1
 * writes the request with addresses already those of the host process's mapping; the host writes
 * the result. Everything here is hostile to VTL1 and is copied once.
 */
struct sk_channel {
    uint64_t sequence; /* VTL1 counts requests; the answer repeats it */
    uint64_t number;   /* Linux x86-64 system call, with SK_REQUEST_PART or without */
    uint64_t arguments[6];
    uint64_t answered; /* = sequence */
    int64_t result;
    uint64_t interrupt; /* VTL1: = sequence, if it is to end with EINTR where Linux ends such a call
                           so; what becomes of that is VTL1's affair */
    uint8_t reserved[OPENVSM_PAGE_SIZE - 88];
};
static_assert(sizeof(struct sk_channel) == OPENVSM_PAGE_SIZE, "channel header is one page");
/*
 * The trustlet wants more than stands in this request. Of read, readv and preadv2, which have moved
 * something already: 0 where it would have to wait. Of sendto and sendmsg: EMSGSIZE unless the
 * socket is a stream. Of recvfrom: EMSGSIZE where a message was longer than the buffer.
 */
#define SK_REQUEST_PART   (1ull << 32)

/* TRUSTLET_CALL: a call from VTL0 into a trustlet. It stands at the start of a page. */
#define SK_CALL_BYTES_MAX (64u << 10)
#define SK_CALL_PAGES_MAX 17u
enum sk_called {
    SK_CALLED = 0,        /* a thread has it: sk_trustlet_call.state says how far it is */
    SK_CALLED_NOBODY = 1, /* no thread waits: again after an SK_RUN_ACCEPT */
};
enum sk_call_state {
    SK_CALL_OPEN = 0,
    SK_CALL_ANSWERED = 1,
    SK_CALL_ABORTED = 2, /* the thread that had it has ended, or a page was not VTL0's */
};
struct sk_trustlet_call {
    uint32_t state;         /* enum sk_call_state, written by VTL1 last */
    uint32_t pid, uid, gid; /* of the caller: VTL0's word */
    uint64_t number;
    uint64_t words[4];                 /* to the trustlet, then its answer */
    uint32_t in;                       /* bytes of the buffer that the trustlet gets */
    uint32_t out;                      /* bytes that it may give back, then that it gave */
    uint64_t offset;                   /* of the buffer in the first page */
    uint64_t pages[SK_CALL_PAGES_MAX]; /* GPAs */
};
static_assert(sizeof(struct sk_trustlet_call) == 208, "Secure Kernel ABI");

struct sk_process_info {
    uint64_t process;
    uint64_t host_pid;
    uint64_t trustlet_id;
    char name[32];
    uint32_t security_version;
    uint32_t threads;
    uint64_t pages; /* of VTL1 memory */
    uint64_t syscalls_local;
    uint64_t syscalls_marshalled;
    uint64_t preemptions;
    uint64_t user_entries; /* times VTL1 entered this trustlet's ring 3 */
    uint64_t start_ns;     /* VTL1's monotonic clock */
    uint32_t flags;        /* manifest flags */
    uint32_t classes;
};

/* The audit log: written by VTL1 only, read by anyone. */
enum sk_audit_kind {
    SK_AUDIT_MEMORY = 1,    /* VTL0 touched a page that is not its own */
    SK_AUDIT_MSR = 2,       /* VTL0 used a guarded MSR */
    SK_AUDIT_HYPERCALL = 3, /* a hypercall was refused */
    SK_AUDIT_SKCALL = 4,    /* a Secure Kernel call was refused */
    SK_AUDIT_ANSWER = 5,    /* a marshalled answer broke its contract */
    SK_AUDIT_IMAGE = 6,     /* an image was refused */
    SK_AUDIT_SYSCALL = 7,   /* a trustlet's call was refused (named once): value is SK_LACKS_* */
    SK_AUDIT_FAULT = 8,     /* a trustlet died of its own fault */
    SK_AUDIT_REGISTER = 9,  /* VTL0 used a guarded register or instruction */
    SK_AUDIT_PORT = 11,     /* VTL0 wrote what is guarded to an I/O port */
    SK_AUDIT_ATTEMPT = 10,  /* VTL0 itself turned somebody away: address is an enum sk_attempt */
    SK_AUDIT_TRUSTLET = 12, /* a trustlet says so: rip, address and value are 24 bytes of text */
};
/*
 * What a trustlet's manifest lacks for a call that was refused: in the low half TRUSTLET_CLASS_*,
 * of which one would do (to open a file for both: all), else one of these. 0: no manifest grants
 * it.
 */
#define SK_LACKS_CLASSES    0xffffffffull
#define SK_LACKS_MAX_MEMORY (1ull << 32)
#define SK_LACKS_THREADS    (1ull << 33)
#define SK_LACKS_CALLS      (1ull << 34)
/* What somebody wanted to do to a trustlet through an API of VTL0. */
enum sk_attempt {
    SK_ATTEMPT_READ_MEMORY = 1,
    SK_ATTEMPT_WRITE_MEMORY = 2,
    SK_ATTEMPT_ALLOCATE_MEMORY = 3,
    SK_ATTEMPT_CREATE_THREAD = 4,
    SK_ATTEMPT_QUEUE_CODE = 5,
    SK_ATTEMPT_ATTACH = 6,         /* as a debugger, or to read and write all memory */
    SK_ATTEMPT_START_WATCHDOG = 7, /* a hardware watchdog, while trustlets live */
    SK_ATTEMPT_END
};
struct sk_audit_record {
    uint64_t sequence; /* from 1; 0 = empty; written last */
    uint64_t time_ns;  /* VTL1's monotonic clock */
    uint16_t kind;     /* enum sk_audit_kind */
    uint16_t cpu;
    uint8_t access; /* enum hv_access_type for SK_AUDIT_MEMORY */
    uint8_t cpl;
    uint16_t status;  /* the status that the caller got, where it got one */
    uint64_t rip;     /* VTL0's, where the attempt came from VTL0 code */
    uint64_t address; /* GPA, MSR number, call number … by kind */
    uint64_t value;   /* what was to be written, the answer given … by kind */
    uint64_t process; /* trustlet, or 0 */
    uint64_t count;   /* how many like it were folded into this one */
};
static_assert(sizeof(struct sk_audit_record) == 64, "audit record");
struct sk_audit_ring {
    uint64_t newest;   /* sequence of the newest record */
    uint32_t capacity; /* records; record s stands at index (s - 1) % capacity */
    uint32_t record_size;
    uint64_t reserved[6];
    struct sk_audit_record records[];
};

#endif
