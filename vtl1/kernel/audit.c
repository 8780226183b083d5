/* SPDX-License-Identifier: BSD-2-Clause */
#include "audit.h"
#include "call.h"
#include "cpu.h"
#include "frame.h"
#include "hypercall.h"
#include "process.h"
#include "spinlock.h"
#include "time.h"

#define RING_PAGES 8u
#define RECENT     32u /* records that a new one may be folded into */
#define ALIKE_MAX  16u /* of those: from one place, with different addresses */

static struct {
    struct spinlock lock;
    struct sk_audit_ring *ring;
    uint64_t gpa;
} audit;

const char *audit_init(void)
{
    uint64_t frames[RING_PAGES];
    uint32_t done = 0;

    audit.gpa = frame_alloc_kernel(RING_PAGES);
    if (audit.gpa == FRAME_NONE)
        return "Secure Kernel: no memory for the audit log";
    for (unsigned i = 0; i < RING_PAGES; i++)
        frames[i] = audit.gpa + i * PAGE_SIZE;
    audit.ring = frame_pointer(audit.gpa);
    audit.ring->record_size = sizeof(struct sk_audit_record);
    audit.ring->capacity =
        (RING_PAGES * PAGE_SIZE - sizeof(struct sk_audit_ring)) / sizeof(struct sk_audit_record);
    if (hypercall_protect(frames, RING_PAGES, HV_MAP_READ, &done) != HV_STATUS_SUCCESS)
        return "Secure Kernel: the hypervisor would not show the audit log to VTL0";
    return NULL;
}

static struct sk_audit_record *record_of(uint64_t sequence)
{
    return &audit.ring->records[(sequence - 1) % audit.ring->capacity];
}

static bool alike(const struct sk_audit_record *record, const struct sk_audit_record *event)
{
    return record->kind == event->kind && record->access == event->access &&
           record->cpl == event->cpl && record->status == event->status &&
           record->rip == event->rip && record->process == event->process;
}

/*
 * The record that the event is counted into, or NULL: the same thing again, or one more of many
 * from the same instruction (a scan of memory must not push out all else).
 */
static struct sk_audit_record *fold_target(const struct sk_audit_record *event)
{
    struct sk_audit_record *newest_alike = NULL;
    uint64_t newest = audit.ring->newest;
    unsigned count = 0;

    for (uint64_t i = 0; i < RECENT && i < newest; i++) {
        struct sk_audit_record *record = record_of(newest - i);

        if (!alike(record, event))
            continue;
        if (record->address == event->address)
            return record;
        newest_alike = newest_alike == NULL ? record : newest_alike;
        count++;
    }
    return count >= ALIKE_MAX ? newest_alike : NULL;
}

static void append(const struct sk_audit_record *event)
{
    uint64_t sequence = audit.ring->newest + 1;
    struct sk_audit_record *record = record_of(sequence);

    /* A reader that sees the same sequence before and after its copy has a whole record. */
    __atomic_store_n(&record->sequence, 0, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *record = *event;
    record->time_ns = time_monotonic_ns();
    record->cpu = (uint16_t)this_cpu()->index;
    record->count = 1;
    __atomic_store_n(&record->sequence, sequence, __ATOMIC_RELEASE);
    __atomic_store_n(&audit.ring->newest, sequence, __ATOMIC_RELEASE);
}

void audit_write(const struct sk_audit_record *event)
{
    if (audit.ring == NULL)
        return;
    WITH_LOCK(&audit.lock);
    struct sk_audit_record *record = fold_target(event);

    if (record == NULL) {
        append(event);
    } else {
        /* The latest of them is what the record shows. */
        record->time_ns = time_monotonic_ns();
        record->address = event->address;
        record->value = event->value;
        record->count++;
    }
}

enum sk_status sk_call_audit_ring(struct call *call)
{
    call->result[0] = audit.gpa;
    call->result[1] = RING_PAGES * PAGE_SIZE;
    return SK_OK;
}

/* VTL0 is believed here because it speaks against itself; floods fold like all others. */
enum sk_status sk_call_audit_report(struct call *call)
{
    uint64_t operation = call->argument[1];

    if (operation < SK_ATTEMPT_READ_MEMORY || operation >= SK_ATTEMPT_END)
        return SK_INVALID_ARGUMENT;
    if (call->argument[0] != 0) {
        struct process *process = process_find(call->argument[0]);

        if (process == NULL)
            return SK_NOT_FOUND;
        process_unlock(process);
    }
    audit_write(&(struct sk_audit_record){.kind = SK_AUDIT_ATTEMPT,
                                          .address = operation,
                                          .value = call->argument[2],
                                          .process = call->argument[0]});
    return SK_OK;
}
