/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trustlet can ask of the Secure Kernel besides ordinary system calls. Include this file;
 * there is nothing to link. Functions return what openvsm/trustlet.h says, or -1 with errno; in an
 * ordinary process they fail with ENOSYS.
 */
#ifndef OPENVSM_TRUSTLET_SDK_H
#define OPENVSM_TRUSTLET_SDK_H

#include <errno.h>
#include <openvsm/trustlet.h>
#include <sys/types.h>
#include <unistd.h>

/* Who I am. -> 0 */
static inline int trustlet_identity(struct trustlet_identity *identity)
{
    return (int)syscall(TRUSTLET_SYSCALL_IDENTITY, identity, sizeof(*identity));
}

/* Seals `size` bytes, at most TRUSTLET_SEAL_MAX, for whom the policy says. -> bytes written to
 * `to`: size + TRUSTLET_SEAL_OVERHEAD. */
static inline ssize_t trustlet_seal(enum trustlet_seal policy, const void *bytes, size_t size,
                                    void *to, size_t room)
{
    return syscall(TRUSTLET_SYSCALL_SEAL, policy, bytes, size, to, room);
}

/* -> bytes written to `to`. EBADMSG: altered, of another boot, or not for this trustlet. */
static inline ssize_t trustlet_unseal(const void *sealed, size_t size, void *to, size_t room)
{
    return syscall(TRUSTLET_SYSCALL_UNSEAL, sealed, size, to, room);
}

/* What the Secure Kernel says about this trustlet, with 64 bytes of the trustlet's own, signed. ->
 * 0
 */
static inline int trustlet_report(const uint8_t data[TRUSTLET_REPORT_DATA],
                                  struct trustlet_report *report)
{
    return (int)syscall(TRUSTLET_SYSCALL_REPORT, data, report);
}

/* -> 0: the report was made on this machine in this boot. EBADMSG: it was not, or was altered. */
static inline int trustlet_verify(const struct trustlet_report *report)
{
    return (int)syscall(TRUSTLET_SYSCALL_VERIFY, report);
}

/*
 * Waits for a call from VTL0, for which the policy must say `calls = accept`. The caller's bytes
 * come into the buffer. The thread then serves the call; what it leaves in *call (words, bytes) and
 * in the buffer is the answer, which the next ium_accept or ium_reply of this thread gives.
 * -> 0, or -1: EPERM policy, EMSGSIZE the answer is longer than call->room (it is still to be
 * given), ECANCELED the caller went away while the call was served; go on with ium_accept.
 */
static inline int ium_accept(struct trustlet_call *call, void *buffer, size_t size)
{
    return (int)syscall(TRUSTLET_SYSCALL_ACCEPT, call, buffer, size, ~0ul);
}

/* The same, for at most that many nanoseconds: then ETIMEDOUT. */
static inline int ium_accept_for(struct trustlet_call *call, void *buffer, size_t size,
                                 unsigned long nanoseconds)
{
    return (int)syscall(TRUSTLET_SYSCALL_ACCEPT, call, buffer, size, nanoseconds);
}

/* Gives the answer and waits for nothing: for the last call before the thread ends. -> 0, or -1 as
 * ium_accept. */
static inline int ium_reply(struct trustlet_call *call, void *buffer, size_t size)
{
    return ium_accept_for(call, buffer, size, 0) < 0 && errno == ETIMEDOUT ? 0 : -1;
}

/* A record in the audit log (ium audit), of at most TRUSTLET_AUDIT_MAX bytes. The first eight name
 * the kind; no secrets: VTL0 reads them. -> 0 */
static inline int trustlet_audit(const char *text, size_t size)
{
    return (int)syscall(TRUSTLET_SYSCALL_AUDIT, text, size);
}

#endif
