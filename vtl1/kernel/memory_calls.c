/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages between VTL0 and VTL1 while the system runs. Nothing is kept from one call to the next: a
 * call says how far it got, and VTL0 asks for the rest of its list.
 */
#include "call.h"
#include "frame.h"
#include "hypercall.h"
#include "image_cache.h"
#include "normal_memory.h"
#include "process.h"
#include "string.h"

/* A chunk is scrubbed between two looks for an interrupt: 512 instructions a page. */
#define CHUNK         64u
#define DEPOSIT_PAGES 8u

/*
 * Pages that did not move stay whose they were. But a time-out means that a CPU did not answer the
 * hypervisor's flush. Every page of that batch is nobody's then, and VTL1 cannot reach it any more
 * than VTL0 can: to touch one would be a fault.
 */
static void give_up(const uint64_t *frames, uint32_t count, uint16_t hv_status,
                    void (*keep)(uint64_t gpa))
{
    for (uint32_t i = 0; i < count; i++)
        (hv_status == HV_STATUS_TIMEOUT ? frame_quarantine : keep)(frames[i]);
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
    for (uint32_t i = 0; i < done; i++)
        frame_deposit(frames[i]);
    give_up(frames + done, count - done, status, frame_put);
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
static enum sk_status donation_begin(uint64_t *frames, uint64_t list_gpa, uint32_t count)
{
    enum sk_status status = normal_memory_read_list(frames, list_gpa, count);

    for (uint32_t i = 0; status == SK_OK && i < count; i++) {
        if (!frame_begin_donation(frames[i])) {
            give_up(frames, i, HV_STATUS_SUCCESS, frame_give);
            status = SK_ACCESS_DENIED;
        }
    }
    return status;
}

static enum sk_status donate_chunk(uint64_t list_gpa, uint32_t count, uint32_t *moved)
{
    uint64_t frames[CHUNK];
    enum sk_status status = donation_begin(frames, list_gpa, count);

    *moved = 0;
    if (status != SK_OK)
        return status;
    uint16_t hv_status = protect(frames, count, HV_MAP_NONE, moved);
    for (uint32_t i = 0; i < *moved; i++) {
        memset(frame_pointer(frames[i]), 0, PAGE_SIZE);
        frame_keep(frames[i]);
    }
    give_up(frames + *moved, count - *moved, hv_status, frame_give);
    if (*moved == count)
        return SK_OK;
    return hv_status == HV_STATUS_INSUFFICIENT_MEMORY || hv_status == HV_STATUS_NO_RESOURCES
               ? SK_LIMIT
               : SK_ACCESS_DENIED;
}

static uint32_t chunk_of(uint64_t left)
{
    return left < CHUNK ? (uint32_t)left : CHUNK;
}

enum sk_status sk_call_memory_donate(struct call *call)
{
    uint64_t list_gpa = call->argument[0], count = call->argument[1], done = 0;
    enum sk_status status = normal_memory_list_sound(list_gpa, count) ? SK_OK : SK_INVALID_ARGUMENT;

    while (status == SK_OK && done < count) {
        uint32_t moved = 0;
        status = donate_chunk(list_gpa + done * sizeof(uint64_t), chunk_of(count - done), &moved);
        done += moved;
        if (status == SK_OK && done < count && call_must_yield())
            status = SK_AGAIN;
    }
    call->result[0] = done;
    return status;
}

/* Pages back to VTL0: scrubbed since they were freed. -> how many; the list has their GPFNs. */
static uint32_t reclaim_chunk(uint64_t list_gpa, uint32_t count)
{
    uint64_t frames[CHUNK];
    uint32_t taken = 0, moved = 0;
    uint16_t status = HV_STATUS_SUCCESS;

    while (taken < count && (frames[taken] = frame_begin_reclaim()) != FRAME_NONE)
        taken++;
    if (taken > 0)
        status = protect(frames, taken, HV_MAP_ALL, &moved);
    give_up(frames + moved, taken - moved, status, frame_keep);
    for (uint32_t i = 0; i < moved; i++) {
        frame_give(frames[i]);
        frames[i] /= PAGE_SIZE;
    }
    /* The list is VTL0's and pinned by the caller: the write cannot fail now. */
    normal_memory_write(list_gpa, frames, moved * sizeof(uint64_t));
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

static enum sk_status reclaim_pages(uint64_t list_gpa, uint64_t max, uint64_t *done)
{
    uint32_t moved = 1;

    while (*done < max && moved > 0) {
        moved = reclaim_chunk(list_gpa + *done * sizeof(uint64_t), chunk_of(max - *done));
        *done += moved;
        if (*done < max && moved > 0 && call_must_yield())
            return SK_AGAIN;
    }
    withdraw_tables();
    return SK_OK;
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
    volatile void *mapped = NULL;

    call->result[0] = 0;
    if (!normal_memory_list_sound(list_gpa, max))
        return SK_INVALID_ARGUMENT;
    if (!free_images())
        return SK_AGAIN;
    enum sk_status status = normal_memory_pin(list_gpa & ~PAGE_MASK, 1, &mapped);
    if (status != SK_OK)
        return status;
    status = reclaim_pages(list_gpa, max, &call->result[0]);
    normal_memory_unpin(list_gpa & ~PAGE_MASK, 1);
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
