/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One hypercall under way. hypercall.c decodes it (copies the input in once, pins the output page,
 * changes nothing else) and then runs the handler; handlers check the values in their copy before
 * their first side effect. The entry points that exits use stand in exits.h.
 */
#ifndef HYPERVISOR_HYPERCALL_H
#define HYPERVISOR_HYPERCALL_H

#include "cpu.h"
#include "partition.h"

struct hypercall {
    struct cpu *cpu;
    struct partition *partition;
    unsigned vtl;       /* the caller's */
    uint32_t rep_count; /* 0 for a simple call */
    uint32_t reps_done; /* counts from the caller's rep start, which is its first value */
    gpa_t output_page;  /* pinned; meaningful if output is not NULL */
    void *output;       /* where the output block lies: a guest may read and write it meanwhile */
    uint64_t input[OPENVSM_PAGE_SIZE / 8]; /* header, then all repetitions; our copy */
};

/* How much a call takes and gives, in bytes. */
struct hypercall_shape {
    uint16_t header; /* fixed input */
    uint16_t input;  /* per repetition; 0 and output 0: a simple call */
    uint16_t output; /* per repetition, or of a simple call */
    bool rep;
    bool partition; /* the input begins with a partition's ID, which must be HV_PARTITION_SELF */
};

/* The element of repetition i, and where its output goes. */
static inline const void *hypercall_element(const struct hypercall *call,
                                            const struct hypercall_shape *shape, uint32_t i)
{
    return (const uint8_t *)call->input + shape->header + (uint64_t)i * shape->input;
}

/* Of bytes that are reserved. */
static inline bool is_zero(const uint8_t *bytes, unsigned length)
{
    uint8_t any = 0;
    for (unsigned i = 0; i < length; i++)
        any |= bytes[i];
    return !any;
}

/* Every handler and its shape, from the one list. */
#define HYPERCALL_DECLARE(code, name, who, handler)                                                \
    enum hv_status call_##handler(struct hypercall *call);                                         \
    extern const struct hypercall_shape shape_##handler;
HV_CALL_LIST(HYPERCALL_DECLARE)
#undef HYPERCALL_DECLARE

/* HV_INPUT_VTL: the target VTL of a call that looks at its own VTL or a lower one.
 * INVALID_PARAMETER: bits that must be zero. ACCESS_DENIED: above the caller. */
enum hv_status hypercall_target_vtl(unsigned caller, uint8_t input_vtl, unsigned *target);

/* Synthetic MSRs of either VTL of this CPU (synthetic_msr.c). False: #GP. */
bool synthetic_msr_read(struct cpu *cpu, unsigned vtl, uint32_t msr, uint64_t *value);
bool synthetic_msr_write(struct cpu *cpu, unsigned vtl, uint32_t msr, uint64_t value);

/* Where the VTL call and return stubs stand in the hypercall page. */
#define HYPERCALL_PAGE_VTL_CALL   0x10u
#define HYPERCALL_PAGE_VTL_RETURN 0x20u

#endif
