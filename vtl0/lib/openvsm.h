/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libopenvsm: hosting a trustlet from an ordinary process of VTL0.
 *
 *   struct openvsm *host;
 *   struct openvsm_end end;
 *   openvsm_open(&host);
 *   openvsm_image(host, bytes, size, &refusal);
 *   openvsm_start(host, argc, argv, envp, &refusal);
 *   openvsm_carry(host, &end);
 *   openvsm_close(host);
 *
 * The host process *is* the trustlet as VTL0 sees it: its file descriptors, working directory,
 * user and terminal are the trustlet's, and a signal that ends the host ends the trustlet. The
 * library keeps one file descriptor, OPENVSM_FD_FLOOR or above, which the trustlet cannot use.
 *
 * Functions return 0, or -1 with errno. One host serves one trustlet; its functions are for one
 * thread, except that the library itself starts a carrier for each further thread of the trustlet.
 */
#ifndef OPENVSM_H
#define OPENVSM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <openvsm/device.h>
#include <openvsm/hypercall.h>
#include <openvsm/trustlet.h>

#define OPENVSM_FD_FLOOR 200

struct openvsm;

/* Why the Secure Kernel said no: errno is then EPERM (images) or what fits the status. */
struct openvsm_refusal {
    enum sk_status status; /* SK_OK: the kernel or the library failed, errno alone says why */
    uint64_t detail;       /* SK_IMAGE_REVOKED: the lowest security version accepted */
};

/* How a trustlet ended. */
struct openvsm_end {
    int status;       /* exit status, 0..255 */
    int signal;       /* Linux signal number that killed it, or 0 */
    uint64_t address; /* SK_DEATH_FAULT: where; SK_DEATH_LYING_ANSWER: the system call */
    enum sk_death death;
};

/* Opens the device. errno: ENOENT no driver, EACCES no permission, ENODEV no hypervisor. */
int openvsm_open(struct openvsm **host);
/* Ends the trustlet if it still lives, and frees the host. NULL is allowed. */
void openvsm_close(struct openvsm *host);

/* Gives the signed file to the Secure Kernel. bytes: page-aligned (mmap the file). */
int openvsm_image(struct openvsm *host, const void *bytes, uint64_t size,
                  struct openvsm_refusal *refusal);
/* Makes the process. E2BIG: arguments and environment exceed SK_START_MAX. */
int openvsm_start(struct openvsm *host, int argc, const char *const *argv, const char *const *envp,
                  struct openvsm_refusal *refusal);
/* Runs it to its end. SIGPIPE must be left as it is: it ends a trustlet as it would a program. */
int openvsm_carry(struct openvsm *host, struct openvsm_end *end);
/* Asks for the trustlet's end by that signal; openvsm_carry then returns. Any thread may call. */
int openvsm_kill(struct openvsm *host, int signal);

/* Questions about the machine; any open host will do. */
/* A register-only Secure Kernel call: number and arguments in, status and results out. */
int openvsm_query(struct openvsm *host, struct openvsm_skcall *call);
/* Counters of one CPU and pages by owner. EINVAL: there is no such CPU. */
int openvsm_statistics(struct openvsm *host, uint32_t cpu, struct hv_statistics *out);
/* What VTL0 may do to physical pages: OPENVSM_MAP_* for each, from that page frame on. Not all of
 * one moment if they are more than OPENVSM_MAP_PAGES. EINVAL: beyond what can be addressed. */
int openvsm_memory_map(struct openvsm *host, uint64_t first, uint64_t count, uint8_t *pages);
/* The trustlet at an index, from 0 on. ENOENT: none there or beyond. */
int openvsm_process_info(struct openvsm *host, uint64_t index, struct sk_process_info *out);
/* Audit records newer than `after`, oldest first. -> how many, or -1. */
#define OPENVSM_AUDIT_RECORDS (OPENVSM_PAGE_SIZE / sizeof(struct sk_audit_record))
int openvsm_audit(struct openvsm *host, uint64_t after,
                  struct sk_audit_record records[OPENVSM_AUDIT_RECORDS]);
/* What of VTL0's kernel is at symbol->address; an empty name where it knows nothing. */
int openvsm_symbol(struct openvsm *host, struct openvsm_symbol *symbol);
/* Which process the audit record who->sequence, of ring 3, is about; pid 0 where VTL0's kernel does
 * not know. Its own word: VTL1 knows no processes. */
int openvsm_who(struct openvsm *host, struct openvsm_who *who);

/*
 * Is that process the host of a live trustlet? 0 with *secure, or -1: could not tell (ESRCH no such
 * process, EACCES). The word of VTL0's kernel: a hostile one can forge it.
 */
int openvsm_is_secure_process(pid_t pid, bool *secure);
/* Makes an audit record of an attempt on a trustlet that an API turned away. ESRCH: not one. */
int openvsm_report_attempt(pid_t pid, enum sk_attempt operation);

/*
 * Calling into a trustlet. A connection may be used by many threads at once; a forked child makes
 * its own. Any user may connect to a trustlet whose policy says `calls = accept`; the trustlet sees
 * who calls.
 */
struct openvsm_trustlet;
/* The bytes that go along: the trustlet gets `in` of them; up to `out` come back in their place,
 * and `out` then says how many. At most SK_CALL_BYTES_MAX each. */
struct openvsm_buffer {
    void *bytes;
    uint32_t in;
    uint32_t out;
};
/* Connects to the trustlet that the process hosts. ESRCH: it hosts none; ENOENT: no driver. */
int openvsm_connect(pid_t host, struct openvsm_trustlet **trustlet);
/* Calls in progress go on. NULL is allowed. */
void openvsm_disconnect(struct openvsm_trustlet *trustlet);
/* For the calls that begin afterwards; ~0, as at first: no limit. */
void openvsm_set_timeout(struct openvsm_trustlet *trustlet, uint64_t nanoseconds);
/*
 * The trustlet gets number, words and buffer (NULL: none), and its answer replaces words and
 * buffer. EACCES: its policy lets nobody call it. EMSGSIZE: it takes no buffer so long. ETIMEDOUT:
 * no answer in time, though it may have acted. ECONNRESET: it has ended.
 */
int openvsm_call(struct openvsm_trustlet *trustlet, uint64_t number, uint64_t words[4],
                 struct openvsm_buffer *buffer);

/*
 * Reports, which trustlets make with trustlet_report: is it one of this boot's Secure Kernel? 0, or
 * -1 with EBADMSG. The key is SK_MEASUREMENT_REPORT_KEY;
 * the answer is as good as the way that the key came by. Link
 * with libsodium.
 */
int openvsm_verify_report(const struct trustlet_report *report,
                          const uint8_t key[TRUSTLET_KEY_SIZE]);
/* What this boot is known by: a digest, or the key that signs its reports. VTL0's word, when VTL0
 * asks. */
int openvsm_measurement(enum sk_measurement which, uint8_t value[32]);

#endif
