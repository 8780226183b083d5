/* SPDX-License-Identifier: BSD-2-Clause */
/* What a thread keeps of a system call while VTL0 works on it. Belongs to marshal.c. */
#ifndef SK_SYSCALL_STATE_H
#define SK_SYSCALL_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct syscall_entry;

/* Where an argument's bytes stand in the bounce buffer. */
struct marshal_slot {
    uint32_t offset;
    uint32_t bytes;
};

struct syscall_state {
    const struct syscall_entry *entry; /* the call under way; NULL: none */
    uint64_t sequence;                 /* of the newest request in the channel */
    uint64_t asked[6];                 /* the arguments as VTL0 got them */
    struct marshal_slot slot[6];
    uint64_t total;    /* bytes that the call wants to move */
    uint64_t done;     /* bytes moved by the parts of this call that are over */
    uint64_t deadline; /* VTL1's clock, of a sleep */
    uint64_t address;  /* of a file mapping being filled */
    uint64_t token;    /* of epoll_ctl */
    bool gathered;     /* bytes of the trustlet stand in the bounce buffer */
    bool cut;          /* the request holds less than the trustlet gave */
    uint32_t used;     /* bytes of the bounce buffer in use */
    uint32_t stage;    /* of a call made of several steps; 0 = not begun */

    /* Of the thread, not of one call. */
    char name[16]; /* prctl(PR_SET_NAME); empty: the manifest's */
};

#endif
