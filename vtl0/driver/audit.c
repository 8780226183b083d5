// SPDX-License-Identifier: GPL-2.0-only
/*
 * The audit ring: VTL1 writes it, VTL0 may only read it. Handed to user space, and at a bounded
 * rate to the kernel's log.
 */
#include "driver.h"

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#define LOG_EVERY_MS 1000
#define LOG_LINES    10 /* at most, each time */
#define PAGE_RECORDS (PAGE_SIZE / sizeof(struct sk_audit_record))
/* How far back the record of a refusal just now may stand: VTL1 counts it into one of its newest
 * 32, and other CPUs may have made some since. */
#define RECENT       64u

static const struct sk_audit_ring *ring;
static u64 logged; /* sequence of the newest record in the kernel's log */

static void log_new(struct work_struct *work);
/* Deferrable: an idle CPU is not woken for it. */
static DECLARE_DEFERRABLE_WORK(log_work, log_new);

/* VTL1 may overwrite a record while we copy it: its sequence says whether it did. */
static bool copy_record(u64 sequence, struct sk_audit_record *record)
{
    const struct sk_audit_record *r = &ring->records[(sequence - 1) % ring->capacity];

    if (READ_ONCE(r->sequence) != sequence)
        return false;
    rmb(); /* the sequence is written last, so it is read first ... */
    memcpy(record, r, sizeof(*record));
    rmb(); /* ... and read again at the end */
    return READ_ONCE(r->sequence) == sequence && record->sequence == sequence;
}

/* The oldest record after that one which is still in the ring. */
static u64 first_after(u64 after, u64 newest)
{
    u64 oldest = newest > ring->capacity ? newest - ring->capacity + 1 : 1;

    return max(after < newest ? after + 1 : newest + 1, oldest);
}

static const char *kind_name(u16 kind)
{
    static const char *const names[] = {
        [SK_AUDIT_MEMORY] = "memory",       [SK_AUDIT_MSR] = "msr",
        [SK_AUDIT_HYPERCALL] = "hypercall", [SK_AUDIT_SKCALL] = "secure-call",
        [SK_AUDIT_ANSWER] = "answer",       [SK_AUDIT_IMAGE] = "image",
        [SK_AUDIT_SYSCALL] = "syscall",     [SK_AUDIT_FAULT] = "fault",
        [SK_AUDIT_REGISTER] = "register",   [SK_AUDIT_ATTEMPT] = "attempt",
        [SK_AUDIT_PORT] = "port",
    };

    return kind < ARRAY_SIZE(names) && names[kind] ? names[kind] : "unknown";
}

u64 audit_newest_at(u64 rip)
{
    u64 newest = READ_ONCE(ring->newest), s;
    struct sk_audit_record record;

    for (s = newest; s && newest - s < min(RECENT, ring->capacity); s--)
        if (copy_record(s, &record) && record.cpl == 3 && record.rip == rip && !record.process)
            return s;
    return 0;
}

/* Kernel code is named by symbol: %pS. */
static void log_record(const struct sk_audit_record *r)
{
    struct openvsm_who who;

    if (r->cpl == 3 && witness_find(r->sequence, &who))
        pr_notice("audit %llu: %s, address %#llx value %#llx, by process %d (%s) at %#llx\n",
                  r->sequence, kind_name(r->kind), r->address, r->value, who.pid, who.name, r->rip);
    else if (r->cpl == 0 && r->rip)
        pr_notice("audit %llu: %s, address %#llx value %#llx, by %pS\n", r->sequence,
                  kind_name(r->kind), r->address, r->value, (void *)r->rip);
    else
        pr_notice("audit %llu: %s, address %#llx value %#llx, trustlet %llu\n", r->sequence,
                  kind_name(r->kind), r->address, r->value, r->process);
}

static void log_new(struct work_struct *work)
{
    u64 newest = READ_ONCE(ring->newest), s = first_after(logged, newest);
    struct sk_audit_record record;
    int lines = 0;

    for (; s <= newest && lines < LOG_LINES; s++) {
        if (copy_record(s, &record)) {
            log_record(&record);
            lines++;
        }
    }
    if (s <= newest)
        pr_notice("audit: %llu more records, see ium audit\n", newest - s + 1);
    logged = newest;
    trustlets_end_orphans();
    schedule_delayed_work(&log_work, msecs_to_jiffies(LOG_EVERY_MS));
}

static void fill_page(u64 after, struct sk_audit_record *records)
{
    u64 newest = READ_ONCE(ring->newest), s = first_after(after, newest);
    size_t count = 0;

    for (; s <= newest && count < PAGE_RECORDS; s++)
        if (copy_record(s, &records[count]))
            count++;
    if (count < PAGE_RECORDS)
        memset(&records[count], 0, sizeof(*records)); /* a copy that was given up */
}

long audit_read(struct openvsm_page __user *argument)
{
    void *page = (void *)get_zeroed_page(GFP_KERNEL);
    struct openvsm_page q;
    long error = -EFAULT;

    if (!page)
        return -ENOMEM;
    if (!copy_from_user(&q, argument, sizeof(q))) {
        fill_page(q.index, page);
        error = query_answer(argument, &q, page, SK_OK);
    }
    free_page((unsigned long)page);
    return error;
}

/* %pS writes an address that it has no name for as a number. */
long audit_symbol(struct openvsm_symbol __user *argument)
{
    struct openvsm_symbol q = {};

    if (get_user(q.address, &argument->address))
        return -EFAULT;
    snprintf(q.name, sizeof(q.name), "%pS", (void *)q.address);
    if (q.name[0] == '0')
        memset(q.name, 0, sizeof(q.name));
    return copy_to_user(argument, &q, sizeof(q)) ? -EFAULT : 0;
}

static bool ring_is_sound(u64 bytes)
{
    return bytes >= sizeof(*ring) && ring->capacity &&
           ring->record_size == sizeof(struct sk_audit_record) &&
           ring->capacity <= (bytes - sizeof(*ring)) / sizeof(struct sk_audit_record);
}

int audit_init(void)
{
    struct sk_words out, in = {{SK_CALL_AUDIT_RING}};

    if (sk_call(&in, &out, SK_TO_THE_END) || out.w[0] != SK_OK)
        return -EIO;
    ring = memremap(out.w[1], out.w[2], MEMREMAP_WB);
    if (!ring)
        return -ENOMEM;
    if (!ring_is_sound(out.w[2])) {
        memunmap((void *)ring);
        return -EIO;
    }
    logged = READ_ONCE(ring->newest); /* what an earlier load of the driver has logged */
    schedule_delayed_work(&log_work, msecs_to_jiffies(LOG_EVERY_MS));
    return 0;
}

void audit_exit(void)
{
    cancel_delayed_work_sync(&log_work);
    memunmap((void *)ring);
}
