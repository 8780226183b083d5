/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One Secure Kernel call as VTL0's registers hold it (openvsm/skcall.h).
 */
#ifndef SK_CALL_H
#define SK_CALL_H

#include <openvsm/skcall.h>
#include <stdbool.h>

/* VTL0's shared registers, pushed by entry.S in this order. */
struct call {
    union {
        uint64_t argument[5]; /* RSI, RDX, R8, R9, R10: read all before writing a result */
        uint64_t result[5];
    };
    uint64_t rdi; /* call number, then status */
    uint64_t rax, rcx, rbx, rbp;
    uint64_t r11, r12, r13, r14, r15;
};

/* One handler for each call in SK_CALL_LIST: sk_call_null, sk_call_info ... */
#define SK_CALL_HANDLER(number, name, handler) enum sk_status sk_call_##handler(struct call *call);
SK_CALL_LIST(SK_CALL_HANDLER)
#undef SK_CALL_HANDLER

/* Is one of the keys that sign trustlets the build's? */
bool trusts_development_key(void);

/*
 * True when an interrupt waits for VTL0. Ask at least once every 50,000 instructions of work, store
 * the cursor in the object, drop all locks and return SK_AGAIN.
 */
bool call_must_yield(void);

#endif
