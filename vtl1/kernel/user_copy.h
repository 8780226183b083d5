/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User memory, by walking the trustlet's page tables in software: SMAP is never lifted and no fault
 * can happen in the kernel, whatever address the trustlet passes. Pages not yet present are made
 * so.
 *
 * All return 0, -EFAULT, or -ENOMEM (no free frame: give up the call with SYSCALL_NEED_MEMORY and
 * do it again from its start). A copy may have been done in part then. Process lock held.
 */
#ifndef SK_USER_COPY_H
#define SK_USER_COPY_H

#include "address_space.h"

/* Each byte of the kernel's side is touched once: it may be the bounce buffer, which VTL0 changes.
 */
int user_copy_in(struct address_space *space, volatile void *to, uint64_t from, uint64_t size);
int user_copy_out(struct address_space *space, uint64_t to, const volatile void *from,
                  uint64_t size);
/* A NUL-ended string of at most size - 1 characters: its length, -ENAMETOOLONG, or as above. */
int64_t user_copy_string(struct address_space *space, volatile char *to, uint64_t from,
                         uint64_t size);
/* True if [address, address + size) lies in user space (it may be unmapped). */
bool user_range(uint64_t address, uint64_t size);

#endif
