/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trustlet can ask of the Secure Kernel besides ordinary system calls. Include this file;
 * there is nothing to link. Functions return what openvsm/trustlet.h says, or -1 with errno; in an
 * ordinary process they fail with ENOSYS.
 */
#ifndef OPENVSM_TRUSTLET_SDK_H
#define OPENVSM_TRUSTLET_SDK_H

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

#endif
