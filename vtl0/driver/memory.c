// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages lent to VTL1.
 *
 * They leave Linux in runs. The page before a run stays with us, unused: load_unaligned_zeropad()
 * may read a few bytes past the end of a page, into the next one, and its fixup does not survive
 * the #GP that a page of VTL1 answers with. So a run also comes back as a whole: Linux gets no page
 * of it while another one is still VTL1's. PageOffline keeps /proc/kcore and hibernation away.
 */
#include "driver.h"

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#define HUGE_ORDER   9  /* 2 MiB: VTL1's nested tables keep one entry for it */
#define BLOCK_ORDER  10 /* two of them, for an aligned one with a page before it */
#define TAKE_BACK_MS 1000

struct run {
    struct list_head link;
    struct page *guard;
    struct page *pages;
    unsigned int count;
    unsigned int lent; /* pages that VTL1 has: those that are PageOffline */
};

static DEFINE_MUTEX(lock); /* guards the list page and all runs */
static LIST_HEAD(runs);
static u64 *list; /* GPFNs, for donation and reclaim */
static unsigned long total_lent;

static void take_back_later(struct work_struct *work);
static DECLARE_DELAYED_WORK(later, take_back_later);

static struct page *block_alloc(unsigned int order, gfp_t how)
{
    struct page *block = alloc_pages(GFP_KERNEL | __GFP_ACCOUNT | __GFP_NOWARN | how, order);

    if (block)
        split_page(block, order);
    return block;
}

/* The upper half of a 4 MiB block; of the lower half only its last page is kept, as the guard. */
static bool take_huge(struct run *run)
{
    struct page *block = block_alloc(BLOCK_ORDER, __GFP_NORETRY);
    unsigned int i;

    if (!block)
        return false;
    for (i = 0; i + 1 < 1u << HUGE_ORDER; i++)
        __free_page(block + i);
    run->pages = block + (1u << HUGE_ORDER);
    run->count = 1u << HUGE_ORDER;
    return true;
}

/* A block of a smaller order: the guard first, the run behind it. */
static bool take_small(struct run *run, u64 want)
{
    int order = min_t(int, HUGE_ORDER - 1, ilog2(want) + 1);
    struct page *block = NULL;

    for (; order >= 1 && !block; order--) {
        block = block_alloc(order, order > 1 ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL);
        run->count = (1u << order) - 1;
    }
    run->pages = block ? block + 1 : NULL;
    return block;
}

static struct run *run_take(u64 want)
{
    struct run *run = kzalloc(sizeof(*run), GFP_KERNEL);
    unsigned int i;

    if (!run)
        return NULL;
    if (!take_huge(run) && !take_small(run, want)) {
        kfree(run);
        return NULL;
    }
    run->guard = run->pages - 1;
    for (i = 0; i < run->count; i++)
        set_page_private(run->pages + i, (unsigned long)run);
    list_add_tail(&run->link, &runs);
    return run;
}

static void run_free(struct run *run)
{
    unsigned int i;

    for (i = 0; i < run->count; i++) {
        set_page_private(run->pages + i, 0);
        __free_page(run->pages + i);
    }
    __free_page(run->guard);
    list_del(&run->link);
    kfree(run);
}

/* Writes all pages of the run that VTL1 does not have into the list. Offline from here on: no
 * reader of /proc/kcore may be in them when they go. -> how many. */
static unsigned int list_idle(const struct run *run)
{
    unsigned int i, count = 0;

    page_offline_begin();
    for (i = 0; i < run->count; i++) {
        if (PageOffline(run->pages + i))
            continue;
        __SetPageOffline(run->pages + i);
        list[count++] = page_to_pfn(run->pages + i);
    }
    page_offline_end();
    return count;
}

/* After a donation that did not go through whole: which pages are gone is the hypervisor's word. */
static unsigned int count_gone(unsigned int count)
{
    unsigned int i, gone = 0;

    for (i = 0; i < count; i++)
        if (hv_page_is_ours(list[i]))
            __ClearPageOffline(pfn_to_page(list[i]));
        else
            gone++;
    return gone;
}

/* MEMORY_DONATE or MEMORY_RECLAIM with the list's first `count` entries, however many calls that
 * takes. *done: how many it got to. -> enum sk_status */
static u64 list_call(u64 number, u64 count, u64 *done)
{
    struct sk_words w;

    *done = 0;
    do {
        w = (struct sk_words){{number, virt_to_phys(list + *done), count - *done}};
        vtl_call(&w);
        *done += min(w.w[1], count - *done);
        cond_resched();
    } while (w.w[0] == SK_AGAIN);
    return w.w[0];
}

/* Lends all of the run that is idle. -> how many pages; a run of which none went is freed. */
static unsigned int run_lend(struct run *run)
{
    unsigned int gone = list_idle(run);
    u64 done;

    if (list_call(SK_CALL_MEMORY_DONATE, gone, &done) != SK_OK || done != gone)
        gone = count_gone(gone);
    run->lent += gone;
    total_lent += gone;
    if (!run->lent)
        run_free(run);
    return gone;
}

/* Pages that came back from a run which could not go home as a whole. -> how many were lent. */
static u64 lend_idle(u64 want)
{
    struct run *run, *next;
    u64 lent = 0;

    list_for_each_entry_safe(run, next, &runs, link)
    {
        if (lent >= want)
            break;
        if (run->lent < run->count)
            lent += run_lend(run);
    }
    return lent;
}

int memory_donate(u64 pages)
{
    struct run *run;
    u64 total, lent = 1;

    mutex_lock(&lock);
    for (total = lend_idle(pages); total < pages && lent; total += lent) {
        run = run_take(pages - total);
        lent = run ? run_lend(run) : 0;
    }
    mutex_unlock(&lock);
    return total < pages ? -ENOMEM : 0;
}

static void page_returned(u64 pfn)
{
    struct page *page;
    struct run *run;

    if (WARN_ON_ONCE(!pfn_valid(pfn)))
        return;
    page = pfn_to_page(pfn);
    if (WARN_ON_ONCE(!PageOffline(page) || !page_private(page)))
        return;
    run = (struct run *)page_private(page);
    __ClearPageOffline(page);
    total_lent--;
    if (--run->lent == 0)
        run_free(run);
}

/* One list of pages. -> how many came back. */
static u64 reclaim_some(void)
{
    u64 i, count = 0;

    if (total_lent)
        list_call(SK_CALL_MEMORY_RECLAIM, SK_LIST_MAX, &count);
    for (i = 0; i < count; i++)
        page_returned(list[i]);
    return count;
}

unsigned long memory_take_back(void)
{
    unsigned long kept;

    mutex_lock(&lock);
    while (reclaim_some())
        cond_resched();
    kept = total_lent;
    mutex_unlock(&lock);
    return kept;
}

/* Marks those pages of the run that are in the range. */
static void mark_lent(const struct run *run, u64 first, u64 count, u8 *denied)
{
    u64 pfn = page_to_pfn(run->pages), end = min(pfn + run->count, first + count);

    for (pfn = max(pfn, first); pfn < end; pfn++)
        if (PageOffline(pfn_to_page(pfn)))
            denied[pfn - first] |= OPENVSM_MAP_LENT;
}

int memory_map(u64 first, u64 count, u8 *denied)
{
    const struct run *run;
    int error;

    mutex_lock(&lock);
    error = hv_page_access(first, count, denied);
    list_for_each_entry(run, &runs, link) mark_lent(run, first, count, denied);
    mutex_unlock(&lock);
    return error;
}

static void take_back_later(struct work_struct *work)
{
    memory_take_back();
}

/* Later, because the next trustlet often comes at once and would need the same pages again. */
void memory_unneeded(void)
{
    if (READ_ONCE(total_lent))
        mod_delayed_work(system_unbound_wq, &later, msecs_to_jiffies(TAKE_BACK_MS));
}

int memory_init(void)
{
    list = (u64 *)get_zeroed_page(GFP_KERNEL);
    return list ? 0 : -ENOMEM;
}

void memory_exit(void)
{
    unsigned long kept;

    cancel_delayed_work_sync(&later);
    kept = memory_take_back();
    if (kept)
        pr_warn("VTL1 keeps %lu pages until the next boot\n", kept);
    free_page((unsigned long)list);
}
