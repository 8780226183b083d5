/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages between VTL0 and VTL1 while the system runs. One donation and one return are under way at a
 * time; what was begun is finished by the same call made again (SK_AGAIN).
 */
#include "call.h"
#include "frame.h"
#include "hypercall.h"
#include "image_cache.h"
#include "normal_memory.h"
#include "process.h"
#include "spinlock.h"
#include "string.h"

/* A chunk is scrubbed between two looks for an interrupt: 512 instructions a page. */
#define CHUNK         64u
#define DEPOSIT_PAGES 8u

static struct {
    struct spinlock lock;
    bool active;
    uint64_t list_gpa, count; /* name the call under way */
    uint64_t frames[SK_LIST_MAX];
    uint64_t done;
} donation;

static struct {
    struct spinlock lock;
    uint64_t list_gpa, max; /* of the call under way, 0: none */
    uint64_t done;
} reclaim;

/*
 * A time-out means that a CPU did not answer the hypervisor's flush. Every page of that batch is
 * nobody's then, and VTL1 cannot reach it any more than VTL0 can: to touch one would be a fault.
 */
static bool is_quarantined(uint16_t hv_status)
{
    return hv_status == HV_STATUS_TIMEOUT;
}

/* The hypervisor ran out of nested page tables: give it pages of ours. */
static bool deposit_tables(void)
{
    uint64_t frames[DEPOSIT_PAGES];
    uint32_t count = 0, done = 0;
    uint16_t status = HV_STATUS_SUCCESS;

    while (count < DEPOSIT_PAGES && (frames[count] = frame_alloc_reserve()) != FRAME_NONE)
        count++;
    if (count > 0)
        status = hypercall_deposit(frames, count, &done);
    for (uint32_t i = 0; i < count; i++)
        if (i < done)
            frame_deposit(frames[i]);
        else if (is_quarantined(status))
            frame_quarantine(frames[i]);
        else
            frame_put(frames[i]);
    return done > 0;
}

/* Changes VTL0's rights to frames, bringing the tables that it needs. */
static uint16_t protect(const uint64_t *frames, uint32_t count, uint32_t flags, uint32_t *done)
{
    uint32_t part = 0;
    uint16_t status = HV_STATUS_SUCCESS;

    *done = 0;
    do {
        status = hypercall_protect(frames + *done, count - *done, flags, &part);
        *done += part;
    } while ((status == HV_STATUS_INSUFFICIENT_MEMORY || status == HV_STATUS_NO_RESOURCES) &&
             deposit_tables());
    return status;
}

/* Every page must be VTL0's and unpinned; all of them or none begin to move. */
static enum sk_status donation_begin(uint64_t list_gpa, uint64_t count)
{
    enum sk_status status = normal_memory_read_list(donation.frames, list_gpa, count);

    if (status != SK_OK)
        return status;
    for (uint64_t i = 0; i < count; i++) {
        if (!frame_begin_donation(donation.frames[i])) {
            while (i > 0)
                frame_give(donation.frames[--i]);
            return SK_ACCESS_DENIED;
        }
    }
    donation.active = true;
    donation.list_gpa = list_gpa;
    donation.count = count;
    donation.done = 0;
    return SK_OK;
}

/* Gives up what has not moved; `end` is where the batch that failed ends. */
static void donation_abort(uint16_t hv_status, uint64_t end)
{
    uint64_t i = donation.done;

    while (is_quarantined(hv_status) && i < end)
        frame_quarantine(donation.frames[i++]);
    for (; i < donation.count; i++)
        frame_give(donation.frames[i]);
    donation.active = false;
}

static enum sk_status donation_chunk(void)
{
    const uint64_t *frames = donation.frames + donation.done;
    uint64_t left = donation.count - donation.done;
    uint32_t count = left < CHUNK ? (uint32_t)left : CHUNK;
    uint32_t moved = 0;
    uint16_t status = protect(frames, count, HV_MAP_NONE, &moved);

    for (uint32_t i = 0; i < moved; i++) {
        memset(frame_pointer(frames[i]), 0, PAGE_SIZE);
        frame_keep(frames[i]);
    }
    uint64_t end = donation.done + count;

    donation.done += moved;
    if (moved == count)
        return SK_OK;
    donation_abort(status, end);
    return status == HV_STATUS_INSUFFICIENT_MEMORY || status == HV_STATUS_NO_RESOURCES
               ? SK_LIMIT
               : SK_ACCESS_DENIED;
}

static enum sk_status donate(uint64_t list_gpa, uint64_t count)
{
    enum sk_status status = SK_OK;

    if (!donation.active) {
        status = donation_begin(list_gpa, count);
        if (status != SK_OK)
            donation.done = 0;
    } else if (donation.list_gpa != list_gpa || donation.count != count) {
        return SK_BUSY;
    }
    while (status == SK_OK && donation.done < donation.count) {
        status = donation_chunk();
        if (status == SK_OK && donation.done < donation.count && call_must_yield())
            return SK_AGAIN;
    }
    donation.active = false;
    return status;
}

enum sk_status sk_call_memory_donate(struct call *call)
{
    uint64_t list_gpa = call->argument[0], count = call->argument[1];

    call->result[0] = 0;
    if (!spin_try(&donation.lock))
        return SK_BUSY;
    enum sk_status status = donate(list_gpa, count);

    if (status != SK_BUSY)
        call->result[0] = donation.done;
    spin_unlock(&donation.lock);
    return status;
}

/* One page back to VTL0: scrubbed since it was freed. */
static uint32_t reclaim_chunk(uint64_t *gpfns, uint32_t count)
{
    uint64_t frames[CHUNK];
    uint32_t taken = 0, moved = 0;
    uint16_t status = HV_STATUS_SUCCESS;

    while (taken < count && (frames[taken] = frame_begin_reclaim()) != FRAME_NONE)
        taken++;
    if (taken > 0)
        status = protect(frames, taken, HV_MAP_ALL, &moved);
    for (uint32_t i = 0; i < taken; i++) {
        if (i < moved) {
            frame_give(frames[i]);
            gpfns[i] = frames[i] / PAGE_SIZE;
        } else if (is_quarantined(status)) {
            frame_quarantine(frames[i]);
        } else {
            frame_keep(frames[i]);
        }
    }
    return moved;
}

/* Table pages that the merging of nested tables has left over come home. */
static void withdraw_tables(void)
{
    uint64_t frames[CHUNK];
    uint32_t count = 0;

    hypercall_withdraw(frames, CHUNK, &count);
    for (uint32_t i = 0; i < count && i < CHUNK; i++)
        frame_withdrawn(frames[i]);
}

static enum sk_status reclaim_pages(uint64_t list_gpa, uint64_t max)
{
    uint64_t gpfns[CHUNK];

    while (reclaim.done < max) {
        uint64_t left = max - reclaim.done;
        uint32_t moved = reclaim_chunk(gpfns, left < CHUNK ? (uint32_t)left : CHUNK);

        if (moved == 0)
            break;
        /* The list is VTL0's and pinned by the caller: the write cannot fail now. */
        normal_memory_write(list_gpa + reclaim.done * sizeof(uint64_t), gpfns,
                            moved * sizeof(uint64_t));
        reclaim.done += moved;
        if (reclaim.done < max && call_must_yield())
            return SK_AGAIN;
    }
    withdraw_tables();
    return SK_OK;
}

static enum sk_status reclaim_call(uint64_t list_gpa, uint64_t max)
{
    volatile void *mapped = NULL;

    if (max == 0 || max > SK_LIST_MAX || list_gpa == 0)
        return SK_INVALID_ARGUMENT;
    if (reclaim.list_gpa != 0 && (reclaim.list_gpa != list_gpa || reclaim.max != max))
        return SK_BUSY;
    enum sk_status status = normal_memory_pin(list_gpa, 1, &mapped);

    if (status != SK_OK)
        return status;
    if (reclaim.list_gpa == 0) {
        reclaim.list_gpa = list_gpa;
        reclaim.max = max;
        reclaim.done = 0;
    }
    status = reclaim_pages(list_gpa, max);
    normal_memory_unpin(list_gpa, 1);
    if (status != SK_AGAIN)
        reclaim.list_gpa = 0;
    return status;
}

/* When nothing else is free and no trustlet lives, what is still lent is in images that nobody
 * runs: they go too. False: an interrupt waits. */
static bool free_images(void)
{
    struct frame_counts counts = frame_counts();

    while (counts.reclaimable == 0 && counts.donated > 0 && process_live_count() == 0 &&
           image_cache_shrink()) {
        if (call_must_yield())
            return false;
        counts = frame_counts();
    }
    return true;
}

enum sk_status sk_call_memory_reclaim(struct call *call)
{
    uint64_t list_gpa = call->argument[0], max = call->argument[1];

    call->result[0] = 0;
    if (!free_images())
        return SK_AGAIN;
    if (!spin_try(&reclaim.lock))
        return SK_BUSY;
    enum sk_status status = reclaim_call(list_gpa, max);

    if (status == SK_OK)
        call->result[0] = reclaim.done;
    spin_unlock(&reclaim.lock);
    return status;
}

enum sk_status sk_call_memory_status(struct call *call)
{
    struct frame_counts counts = frame_counts();

    call->result[0] = counts.boot_pool;
    call->result[1] = counts.free;
    call->result[2] = counts.donated;
    call->result[3] = counts.reclaimable;
    call->result[4] = counts.deposited;
    return SK_OK;
}
