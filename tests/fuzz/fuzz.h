/* SPDX-License-Identifier: BSD-2-Clause */
/* The in-guest fuzzer: one thread per CPU, each with files and pages of its own. */
#ifndef FUZZ_H
#define FUZZ_H

#include "host.h"

#define FUZZ_CPUS_MAX 7u
#define FUZZ_PAGES    8u /* of the arena, per thread */
#define FUZZ_CALLER   "/usr/lib/openvsm/trustlets/attack-caller"

/* What went wrong, per kind; all must stay 0. */
struct fuzz_faults {
    uint64_t leaked;     /* an access to a frame that is not VTL0's succeeded */
    uint64_t accepted;   /* a call or image that must be refused was accepted */
    uint64_t unscrubbed; /* a page that came back from VTL1 was not zero, or not VTL0's */
    uint64_t believed;   /* a trustlet saw an answer that no kernel gives */
};

struct fuzzer {
    uint32_t index;
    uint64_t random;
    uint64_t operations;       /* still to do */
    const uint64_t *forbidden; /* GPAs: boot_frames() */
    uint64_t forbidden_count;
    uint64_t protected_process; /* a handle that no operation may name */
    void *image;                /* the caller trustlet, for mutation */
    uint64_t image_size;
    struct fuzz_faults faults;
    /* The instance that this thread carries and lies to. */
    struct host host;
    bool carrying;
    bool lied;    /* it may die from now on */
    int files[4]; /* that it opened truly, or -1 */
    uint64_t instances;
};

/* 0..limit-1 */
uint64_t fuzz_below(struct fuzzer *fuzzer, uint64_t limit);
void *fuzz_page(struct fuzzer *fuzzer, uint32_t index);
uint64_t fuzz_page_gpa(struct fuzzer *fuzzer, uint32_t index);
/* A frame that is VTL1's or the hypervisor's. */
uint64_t fuzz_forbidden(struct fuzzer *fuzzer);

/* One operation each. */
void fuzz_hypercall(struct fuzzer *fuzzer);
void fuzz_skcall(struct fuzzer *fuzzer);
void fuzz_reclaim(struct fuzzer *fuzzer);
void fuzz_touch(struct fuzzer *fuzzer);
void fuzz_privileged(struct fuzzer *fuzzer);
void fuzz_ioctl(struct fuzzer *fuzzer);
void fuzz_image(struct fuzzer *fuzzer);
void fuzz_exchange(struct fuzzer *fuzzer);
/* Ends the instance in hand. */
void fuzz_drop(struct fuzzer *fuzzer);

#endif
