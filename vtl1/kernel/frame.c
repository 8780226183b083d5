/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame.h"
#include "sk_assert.h"
#include "spinlock.h"
#include "string.h"

/* Kept in the boot pool for the hypervisor's nested page tables, so that a donation can always
 * bring its own. */
#define RESERVE_PAGES 64u
#define COUNT_MAX     ((1u << 26) - 1)

struct frame {
    uint32_t state : 4;
    uint32_t donated : 1; /* came from VTL0 while the system ran, may go back */
    uint32_t count : 27;
};
static_assert(sizeof(struct frame) == 4, "1 MiB for each GiB of RAM");

struct frame_range {
    uint64_t base;
    uint64_t size;
    struct frame *frames;
};

/* A free frame holds the GPA of the next one in its first word; all else in it is zero. */
struct free_list {
    uint64_t first;
    uint64_t count;
};

static struct {
    struct spinlock lock;
    struct frame_range ranges[VTL1_MAX_RAM_RANGES];
    uint32_t range_count;
    uint64_t fresh;     /* the boot pool from here on was never handed out */
    uint64_t fresh_end; /* it is not in a list, and is zeroed when taken */
    struct free_list boot;
    struct free_list given; /* donated and free */
    uint64_t boot_pool;
    uint64_t donated;
    uint64_t deposited;
} memory;

static struct frame *frame_find(uint64_t gpa)
{
    for (uint32_t i = 0; i < memory.range_count; i++) {
        const struct frame_range *range = &memory.ranges[i];

        if (gpa - range->base < range->size)
            return &range->frames[(gpa - range->base) / PAGE_SIZE];
    }
    return NULL;
}

/* A frame that must be in this state: VTL1's own bookkeeping, never a value from outside. */
static struct frame *frame_expect(uint64_t gpa, enum frame_state state)
{
    struct frame *frame = frame_find(gpa);

    SK_CHECK(frame != NULL && frame->state == state);
    return frame;
}

static void list_push(struct free_list *list, uint64_t gpa)
{
    *(uint64_t *)frame_pointer(gpa) = list->first;
    list->first = gpa;
    list->count++;
}

static uint64_t list_pop(struct free_list *list)
{
    uint64_t gpa = list->first;
    uint64_t *link = frame_pointer(gpa);

    list->first = *link;
    list->count--;
    *link = 0;
    return gpa;
}

static uint64_t fresh_pages(void)
{
    return (memory.fresh_end - memory.fresh) / PAGE_SIZE;
}

static void frame_free(uint64_t gpa, struct frame *frame)
{
    frame->state = FRAME_FREE;
    frame->count = 0;
    list_push(frame->donated ? &memory.given : &memory.boot, gpa);
}

static void range_add(uint64_t base, uint64_t size, struct frame *frames)
{
    uint64_t count = size / PAGE_SIZE;

    for (uint64_t i = 0; i < count; i++)
        frames[i] = (struct frame){.state = FRAME_VTL0};
    memory.ranges[memory.range_count++] =
        (struct frame_range){.base = base, .size = size, .frames = frames};
}

static void range_mark_pool(const struct vtl1_boot_info *info, uint64_t kernel_end)
{
    for (uint64_t gpa = info->pool.base; gpa < info->pool.base + info->pool.size;
         gpa += PAGE_SIZE) {
        struct frame *frame = frame_expect(gpa, FRAME_VTL0);

        frame->state = gpa < kernel_end ? FRAME_KERNEL : FRAME_FREE;
    }
}

const char *frame_init(const struct vtl1_boot_info *info)
{
    uint64_t pages = 0;

    if (info->ram_range_count == 0 || info->ram_range_count > VTL1_MAX_RAM_RANGES)
        return "Secure Kernel: the list of RAM ranges is malformed";
    for (uint32_t i = 0; i < info->ram_range_count; i++)
        pages += info->ram[i].size / PAGE_SIZE;
    uint64_t start = info->pool.base + ((info->pool_used + PAGE_MASK) & ~PAGE_MASK);
    uint64_t end = info->pool.base + info->pool.size;
    uint64_t table = (pages * sizeof(struct frame) + PAGE_MASK) & ~PAGE_MASK;

    if (start > end || table > (end - start) / 2)
        return "Secure Kernel: the VTL1 pool is too small for this machine's memory (vtl1=SIZE)";
    struct frame *frames = frame_pointer(start);

    for (uint32_t i = 0; i < info->ram_range_count; i++) {
        range_add(info->ram[i].base, info->ram[i].size, frames);
        frames += info->ram[i].size / PAGE_SIZE;
    }
    memory.fresh = start + table;
    memory.fresh_end = end;
    memory.boot_pool = info->pool.size / PAGE_SIZE;
    range_mark_pool(info, memory.fresh);
    return NULL;
}

uint64_t frame_alloc_kernel(uint64_t pages)
{
    WITH_LOCK(&memory.lock);
    uint64_t gpa = memory.fresh;

    if (pages > fresh_pages())
        return FRAME_NONE;
    memory.fresh += pages * PAGE_SIZE;
    for (uint64_t i = 0; i < pages; i++)
        frame_expect(gpa + i * PAGE_SIZE, FRAME_FREE)->state = FRAME_KERNEL;
    memset(frame_pointer(gpa), 0, pages * PAGE_SIZE);
    return gpa;
}

/* Boot pages first: donated ones stay free for VTL0 to take back. */
static uint64_t frame_take(uint64_t reserve)
{
    uint64_t gpa = FRAME_NONE;
    bool fresh = false;

    spin_lock(&memory.lock);
    if (memory.boot.count + fresh_pages() > reserve) {
        fresh = memory.boot.count == 0;
        gpa = fresh ? memory.fresh : list_pop(&memory.boot);
        memory.fresh += fresh ? PAGE_SIZE : 0;
    } else if (memory.given.count > 0) {
        gpa = list_pop(&memory.given);
    }
    if (gpa != FRAME_NONE) {
        struct frame *frame = frame_expect(gpa, FRAME_FREE);

        frame->state = FRAME_USED;
        frame->count = 1;
    }
    spin_unlock(&memory.lock);
    if (fresh)
        memset(frame_pointer(gpa), 0, PAGE_SIZE);
    return gpa;
}

uint64_t frame_alloc(void)
{
    return frame_take(RESERVE_PAGES);
}

uint64_t frame_alloc_reserve(void)
{
    return frame_take(0);
}

void frame_get(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    struct frame *frame = frame_expect(gpa, FRAME_USED);

    SK_CHECK(frame->count > 0 && frame->count < COUNT_MAX);
    frame->count++;
}

void frame_put(uint64_t gpa)
{
    spin_lock(&memory.lock);
    struct frame *frame = frame_expect(gpa, FRAME_USED);

    SK_CHECK(frame->count > 0);
    bool last = --frame->count == 0;

    spin_unlock(&memory.lock);
    if (!last)
        return;
    memset(frame_pointer(gpa), 0, PAGE_SIZE);
    spin_lock(&memory.lock);
    frame_free(gpa, frame);
    spin_unlock(&memory.lock);
}

enum frame_state frame_state(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    const struct frame *frame = frame_find(gpa);

    return frame == NULL ? FRAME_NO_RAM : (enum frame_state)frame->state;
}

struct frame_counts frame_counts(void)
{
    WITH_LOCK(&memory.lock);
    return (struct frame_counts){
        .boot_pool = memory.boot_pool,
        .free = memory.boot.count + memory.given.count + fresh_pages(),
        .donated = memory.donated,
        .reclaimable = memory.given.count,
        .deposited = memory.deposited,
    };
}

bool frame_available(void)
{
    WITH_LOCK(&memory.lock);
    return memory.given.count > 0 || memory.boot.count + fresh_pages() > RESERVE_PAGES;
}

uint64_t frame_wanted(uint64_t needed)
{
    /* Whole runs: VTL0 then gives aligned 2 MiB, whose nested mapping need not be split. */
    return (needed + FRAMES_PER_RUN - 1) / FRAMES_PER_RUN * FRAMES_PER_RUN;
}

bool frame_pin(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    struct frame *frame = frame_find(gpa);
    bool good = frame != NULL && frame->state == FRAME_VTL0 && frame->count < COUNT_MAX;

    if (good)
        frame->count++;
    return good;
}

void frame_unpin(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    struct frame *frame = frame_expect(gpa, FRAME_VTL0);

    SK_CHECK(frame->count > 0);
    frame->count--;
}

bool frame_begin_donation(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    struct frame *frame = frame_find(gpa);
    bool good =
        frame != NULL && gpa != FRAME_NONE && frame->state == FRAME_VTL0 && frame->count == 0;

    if (good)
        frame->state = FRAME_MOVING;
    return good;
}

void frame_give(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    struct frame *frame = frame_expect(gpa, FRAME_MOVING);

    memory.donated -= frame->donated;
    *frame = (struct frame){.state = FRAME_VTL0};
}

void frame_keep(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    struct frame *frame = frame_expect(gpa, FRAME_MOVING);

    memory.donated += !frame->donated;
    frame->donated = 1;
    frame_free(gpa, frame);
}

void frame_quarantine(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    struct frame *frame = frame_find(gpa);

    SK_CHECK(frame != NULL && (frame->state == FRAME_MOVING || frame->state == FRAME_USED));
    memory.donated -= frame->donated;
    *frame = (struct frame){.state = FRAME_QUARANTINED};
}

uint64_t frame_begin_reclaim(void)
{
    WITH_LOCK(&memory.lock);
    if (memory.given.count == 0)
        return FRAME_NONE;
    uint64_t gpa = list_pop(&memory.given);

    frame_expect(gpa, FRAME_FREE)->state = FRAME_MOVING;
    return gpa;
}

void frame_deposit(uint64_t gpa)
{
    WITH_LOCK(&memory.lock);
    struct frame *frame = frame_expect(gpa, FRAME_USED);

    SK_CHECK(frame->count == 1);
    frame->state = FRAME_DEPOSITED;
    memory.deposited++;
}

void frame_withdrawn(uint64_t gpa)
{
    memset(frame_pointer(gpa), 0, PAGE_SIZE);
    WITH_LOCK(&memory.lock);
    memory.deposited--;
    frame_free(gpa, frame_expect(gpa, FRAME_DEPOSITED));
}
