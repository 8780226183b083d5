/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page ownership. See slat.h for what an owner means.
 *
 * Locks, outermost first:
 *   slat.transition  one change of owners or rights at a time, from its check to its last flush.
 *                    Who waits for it serves flushes meanwhile: its holder may be waiting for us.
 *   slat.lock        the entries of both trees, the pins, the counts. Held for one page's work,
 *                    never across a flush.
 *   memory_pool.lock
 *
 * A transition goes through three steps, so that at no moment two owners can reach a page:
 *   1. check a page, then take away what it must lose in either tree (rights become old AND new);
 *      it belongs to nobody from here on;
 *   2. one flush of all CPUs for the whole batch, if anything was taken away;
 *   3. give what it gains, write down the new owner, merge tables that became uniform.
 * Whatever can fail is in 1 before the page is touched: step 3 finds the tables already split.
 *
 * A table page that a merge cuts off may still stand in another CPU's paging-structure cache
 * (APM Vol.2 5.5.2), so it waits untouched in limbo until the next flush of all CPUs.
 */
#include "slat.h"

/* Deposits must work when nothing is left: one page's splits, in both trees, are kept for them. */
#define DEPOSIT_RESERVE 4u

static const unsigned default_rights[SLAT_OWNERS][2] = {
    [SLAT_DEVICE] = {SLAT_ALL, 0},
    [SLAT_VTL0] = {SLAT_ALL, SLAT_READ | SLAT_WRITE},
    [SLAT_VTL1] = {0, SLAT_ALL},
};

/* A change of state for every page of a batch. */
struct change {
    enum slat_owner owner;
    unsigned rights[2];
    unsigned from;    /* bit n: owner n may be changed */
    unsigned reserve; /* table pages that must stay free */
};

/* ---- The trees ---- */

static bool is_ram(unsigned owner)
{
    return owner == SLAT_VTL0 || owner == SLAT_VTL1;
}

/* VTL1's tree carries no owners: its entries then merge across all that VTL1 may not touch. */
static unsigned tag_of(unsigned vtl, enum slat_owner owner)
{
    return vtl ? 0 : owner;
}

static uint64_t *entry_at(hpa_t table, gpa_t address, unsigned level)
{
    uint64_t *entries = hpa_pointer(table);
    return &entries[address.value >> slat_entry_shift(level) & (SLAT_ENTRIES - 1)];
}

/* Other CPUs' page walkers read entries at any time: each is written whole, after what it points
 * to. */
static void entry_write(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* Once: a reader without the lock must not see two values of one entry. */
static uint64_t entry_read(const uint64_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

/*
 * The trees are read far more often than changed (each APIC write of VTL0 walks its page tables),
 * and by all CPUs at once; a lock would make them wait for one another, and under an emulator for
 * the host's scheduler. So a reader looks at the version before and after, and begins again if an
 * entry was changed meanwhile. A table that it still walks cannot be given away under it: tables
 * stay in limbo until every CPU has served a flush, which no reader does.
 */
static uint32_t read_begin(const struct slat *slat)
{
    for (;;) {
        uint32_t version = __atomic_load_n(&slat->version, __ATOMIC_ACQUIRE);
        if (!(version & 1))
            return version;
        __builtin_ia32_pause();
    }
}

static bool read_was_disturbed(const struct slat *slat, uint32_t version)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&slat->version, __ATOMIC_RELAXED) != version;
}

static void change_begin(struct slat *slat)
{
    spin_lock(&slat->lock);
    __atomic_store_n(&slat->version, slat->version + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static void change_end(struct slat *slat)
{
    __atomic_store_n(&slat->version, slat->version + 1, __ATOMIC_RELEASE);
    spin_unlock(&slat->lock);
}

/* The entry that maps an address below SLAT_LIMIT. */
struct leaf {
    uint64_t *entry;
    unsigned level;
};

static struct leaf find_leaf(const struct slat *slat, unsigned vtl, gpa_t address)
{
    unsigned level = SLAT_LEVELS;
    uint64_t *entry = entry_at(slat->root[vtl], address, level);
    uint64_t value = entry_read(entry);
    while (slat_entry_is_table(value, level)) {
        entry = entry_at(slat_entry_table_address(value), address, --level);
        value = entry_read(entry);
    }
    return (struct leaf){entry, level};
}

/* The same address in both trees: what there is to know about a page comes from one look. */
struct leaves {
    struct leaf vtl[2];
};

static struct leaves find_leaves(const struct slat *slat, gpa_t address)
{
    return (struct leaves){{find_leaf(slat, 0, address), find_leaf(slat, 1, address)}};
}

static struct slat_page state_of(const struct leaves *at)
{
    uint64_t vtl0 = entry_read(at->vtl[0].entry);
    return (struct slat_page){
        .owner = slat_entry_tag(vtl0),
        .rights = {slat_entry_rights(vtl0), slat_entry_rights(entry_read(at->vtl[1].entry))},
    };
}

static gpa_t leaf_base(gpa_t address, unsigned level)
{
    return gpa(address.value & ~((1ull << slat_entry_shift(level)) - 1));
}

static gpa_t leaf_end(gpa_t address, unsigned level)
{
    return gpa(leaf_base(address, level).value + (1ull << slat_entry_shift(level)));
}

/* Replaces a leaf by a table of 512 smaller ones that say the same. */
static void split(uint64_t *entry, gpa_t base, unsigned level, hpa_t table)
{
    unsigned rights = slat_entry_rights(*entry);
    unsigned tag = slat_entry_tag(*entry);
    uint64_t *entries = hpa_pointer(table);
    for (unsigned i = 0; i < SLAT_ENTRIES; i++) {
        gpa_t page = gpa(base.value + ((uint64_t)i << slat_entry_shift(level - 1)));
        entries[i] = slat_entry_leaf(page, level - 1, rights, tag);
    }
    entry_write(entry, slat_entry_table(table, level));
}

/* Splits down to the page's own entry. The caller has made sure that there are table pages. */
static void split_to_page(struct slat *slat, unsigned vtl, gpa_t page, struct leaf *leaf)
{
    while (leaf->level > 1) {
        gpa_t base = leaf_base(page, leaf->level);
        split(leaf->entry, base, leaf->level, memory_take_table(slat->pool));
        *leaf = find_leaf(slat, vtl, page);
    }
}

static void set_page(struct slat *slat, unsigned vtl, gpa_t page, struct leaf *leaf,
                     unsigned rights, enum slat_owner owner)
{
    split_to_page(slat, vtl, page, leaf);
    entry_write(leaf->entry, slat_entry_leaf(page, 1, rights, tag_of(vtl, owner)));
}

static bool is_uniform(const uint64_t *entries, unsigned level)
{
    uint64_t kind = slat_entry_kind(entries[0]);
    /* The far end first: a run that is being changed page by page then costs one comparison a
     * page. */
    for (unsigned i = SLAT_ENTRIES - 1; i > 0; i--)
        if (slat_entry_kind(entries[i]) != kind)
            return false;
    return !slat_entry_is_table(entries[0], level);
}

/* The entry of `level` on an address' way down, if the way goes that far. */
static uint64_t *find_entry(const struct slat *slat, unsigned vtl, gpa_t address, unsigned level)
{
    unsigned depth = SLAT_LEVELS;
    uint64_t *entry = entry_at(slat->root[vtl], address, depth);
    while (depth > level && slat_entry_is_table(*entry, depth))
        entry = entry_at(slat_entry_table_address(*entry), address, --depth);
    return depth == level ? entry : NULL;
}

/* Merges the table around an entry of this level, if all in it are the same. */
static bool merge_one(struct slat *slat, unsigned vtl, gpa_t address, uint64_t *entry,
                      unsigned level)
{
    uint64_t *table = (uint64_t *)((uintptr_t)entry & ~(uintptr_t)PAGE_MASK);
    if (!is_uniform(table, level) || slat->limbo_count == SLAT_LIMBO)
        return false;
    uint64_t *above = find_entry(slat, vtl, address, level + 1);
    unsigned rights = slat_entry_rights(*entry);
    unsigned tag = slat_entry_tag(*entry);
    slat->limbo[slat->limbo_count++] = slat_entry_table_address(*above);
    entry_write(above, slat_entry_leaf(leaf_base(address, level + 1), level + 1, rights, tag));
    return true;
}

/* After the page's entry was written: 512 GiB leaves do not exist, so at most twice. */
static void merge(struct slat *slat, unsigned vtl, gpa_t page, uint64_t *entry)
{
    if (merge_one(slat, vtl, page, entry, 1)) {
        uint64_t *above = find_entry(slat, vtl, page, 2);
        merge_one(slat, vtl, page, above, 2);
    }
}

/* ---- Boot ---- */

/* 512 GiB of devices. */
static void fill_pointers(hpa_t pointers, gpa_t base, unsigned rights)
{
    uint64_t *entries = hpa_pointer(pointers);
    for (uint64_t i = 0; i < SLAT_ENTRIES; i++)
        entries[i] = slat_entry_leaf(gpa(base.value + i * PAGE_SIZE_1G), 3, rights, SLAT_DEVICE);
}

static hpa_t new_root(struct memory_pool *pool, unsigned rights)
{
    hpa_t root = memory_take_table(pool);
    hpa_t pointers = memory_take_table(pool);
    if (!root.value || !pointers.value)
        return hpa(0);
    fill_pointers(pointers, gpa(0), rights);
    *(uint64_t *)hpa_pointer(root) = slat_entry_table(pointers, SLAT_LEVELS);
    return root;
}

bool slat_init(struct slat *slat, struct memory_pool *pool)
{
    __builtin_memset(slat, 0, sizeof(*slat));
    slat->pool = pool;
    for (unsigned vtl = 0; vtl < 2; vtl++)
        slat->root[vtl] = new_root(pool, default_rights[SLAT_DEVICE][vtl]);
    return slat->root[0].value && slat->root[1].value;
}

static void free_tables(struct slat *slat, uint64_t entry, unsigned level)
{
    if (!slat_entry_is_table(entry, level))
        return;
    hpa_t table = slat_entry_table_address(entry);
    const uint64_t *entries = hpa_pointer(table);
    for (unsigned i = 0; i < SLAT_ENTRIES; i++)
        free_tables(slat, entries[i], level - 1);
    memory_give_table(slat->pool, table);
}

struct assignment {
    gpa_t base, end;
    unsigned rights, tag;
};

static bool assign_table(struct slat *slat, hpa_t table, unsigned level,
                         const struct assignment *to, gpa_t from);

/* The part of the range that starts at `from`, inside one entry. */
static bool assign_entry(struct slat *slat, uint64_t *entry, unsigned level,
                         const struct assignment *to, gpa_t from)
{
    gpa_t base = leaf_base(from, level);
    bool whole = base.value >= to->base.value && leaf_end(from, level).value <= to->end.value;
    if (whole && level < SLAT_LEVELS) {
        free_tables(slat, *entry, level);
        entry_write(entry, slat_entry_leaf(base, level, to->rights, to->tag));
        return true;
    }
    if (!slat_entry_is_table(*entry, level)) {
        hpa_t table = memory_take_table(slat->pool);
        if (!table.value)
            return false;
        split(entry, base, level, table);
    }
    return assign_table(slat, slat_entry_table_address(*entry), level - 1, to, from);
}

static bool assign_table(struct slat *slat, hpa_t table, unsigned level,
                         const struct assignment *to, gpa_t from)
{
    gpa_t stop = leaf_end(from, level + 1);
    while (from.value < to->end.value && from.value < stop.value) {
        if (!assign_entry(slat, entry_at(table, from, level), level, to, from))
            return false;
        from = leaf_end(from, level);
    }
    return true;
}

static void count_pages(struct slat *slat, unsigned owner, uint64_t pages)
{
    if (owner != SLAT_DEVICE)
        slat->pages[owner] += pages;
}

/* Takes the pages of [base, end) off their present owners' counts. */
static void uncount_range(struct slat *slat, gpa_t base, gpa_t end)
{
    while (base.value < end.value) {
        struct leaf leaf = find_leaf(slat, 0, base);
        unsigned owner = slat_entry_tag(*leaf.entry);
        uint64_t stop = leaf_end(base, leaf.level).value;
        stop = stop < end.value ? stop : end.value;
        count_pages(slat, owner, -((stop - base.value) >> PAGE_SHIFT));
        base.value = stop;
    }
}

bool slat_boot_assign(struct slat *slat, gpa_t base, uint64_t size, enum slat_owner owner)
{
    if (base.value > SLAT_LIMIT || size > SLAT_LIMIT - base.value)
        return false;
    gpa_t end = gpa(base.value + size);
    uncount_range(slat, base, end);
    count_pages(slat, owner, size >> PAGE_SHIFT);
    for (unsigned vtl = 0; vtl < 2; vtl++) {
        struct assignment to = {base, end, default_rights[owner][vtl], tag_of(vtl, owner)};
        if (!assign_table(slat, slat->root[vtl], SLAT_LEVELS, &to, base))
            return false;
    }
    return true;
}

bool slat_boot_hide_device(struct slat *slat, gpa_t base, uint64_t size)
{
    if (base.value > SLAT_LIMIT || size > SLAT_LIMIT - base.value)
        return false;
    struct assignment to = {base, gpa(base.value + size), 0, SLAT_DEVICE};
    return assign_table(slat, slat->root[0], SLAT_LEVELS, &to, base);
}

static bool map_far(struct slat *slat, uint64_t *entry, gpa_t base)
{
    if (slat->far_tables == SLAT_FAR || memory_tables_free(slat->pool) <= DEPOSIT_RESERVE)
        return false;
    hpa_t pointers = memory_take(slat->pool, 1);
    if (!pointers.value)
        return false;
    slat->far_tables++;
    fill_pointers(pointers, base, default_rights[SLAT_DEVICE][0]);
    entry_write(entry, slat_entry_table(pointers, SLAT_LEVELS));
    return true;
}

bool slat_reach_far(struct slat *slat, gpa_t address)
{
    if (address.value < SLAT_LIMIT || address.value >= SLAT_LIMIT * SLAT_ENTRIES)
        return false;
    spin_lock(&slat->lock);
    uint64_t *entry = entry_at(slat->root[0], address, SLAT_LEVELS);
    bool mapped = slat_entry_is_table(*entry, SLAT_LEVELS) ||
                  map_far(slat, entry, leaf_base(address, SLAT_LEVELS));
    spin_unlock(&slat->lock);
    return mapped;
}

/* ---- Questions ---- */

struct slat_page slat_lookup(struct slat *slat, gpa_t address)
{
    if (address.value >= SLAT_LIMIT)
        return (struct slat_page){.owner = SLAT_DEVICE};
    struct slat_page page;
    uint32_t version;
    do {
        version = read_begin(slat);
        struct leaves at = find_leaves(slat, address);
        page = state_of(&at);
    } while (read_was_disturbed(slat, version));
    return page;
}

static bool allowed(const struct slat *slat, unsigned vtl, gpa_t address, uint64_t length,
                    bool write)
{
    if (length > SLAT_LIMIT || address.value > SLAT_LIMIT - length)
        return false;
    unsigned needed = write ? SLAT_READ | SLAT_WRITE : SLAT_READ;
    uint64_t end = address.value + length;
    while (address.value < end) {
        struct leaves at = find_leaves(slat, address);
        struct slat_page page = state_of(&at);
        if (!is_ram(page.owner) || (page.rights[vtl] & needed) != needed)
            return false;
        address = leaf_end(address, 1);
    }
    return true;
}

bool slat_access_ok(struct slat *slat, unsigned vtl, gpa_t address, uint64_t length, bool write)
{
    uint32_t version;
    bool ok;
    do {
        version = read_begin(slat);
        ok = allowed(slat, vtl, address, length, write);
    } while (read_was_disturbed(slat, version));
    return ok;
}

bool slat_copy_in(struct slat *slat, unsigned vtl, gpa_t from, void *to, uint64_t length)
{
    uint32_t version;
    bool ok, copied = false;
    do {
        version = read_begin(slat);
        ok = length <= PAGE_SIZE && allowed(slat, vtl, from, length, false);
        if (ok)
            __builtin_memcpy(to, hpa_pointer(hpa(from.value)), length);
        copied |= ok;
    } while (read_was_disturbed(slat, version));
    if (copied && !ok)
        __builtin_memset(to, 0, length); /* the page changed hands under the copy */
    return ok;
}

void slat_statistics(struct slat *slat, struct hv_statistics *statistics)
{
    spin_lock(&slat->lock);
    statistics->vtl0_pages = slat->pages[SLAT_VTL0];
    statistics->vtl1_pages = slat->pages[SLAT_VTL1];
    statistics->hypervisor_pages = slat->pages[SLAT_HYPERVISOR];
    statistics->ram_pages = statistics->vtl0_pages + statistics->vtl1_pages +
                            statistics->hypervisor_pages + slat->pages[SLAT_QUARANTINED];
    spin_unlock(&slat->lock);
    statistics->table_pages = memory_tables_used(slat->pool);
    statistics->table_pages_free = memory_tables_free(slat->pool);
}

/* ---- Pins ---- */

static struct slat_pin *find_pin(struct slat *slat, uint64_t gpfn)
{
    for (uint32_t i = 0; i < slat->pin_count; i++)
        if (slat->pins[i].gpfn == gpfn)
            return &slat->pins[i];
    return NULL;
}

static enum hv_status add_pin(struct slat *slat, uint64_t gpfn)
{
    struct slat_pin *pin = find_pin(slat, gpfn);
    if (!pin && slat->pin_count == SLAT_PINS)
        return HV_STATUS_NO_RESOURCES;
    if (!pin) {
        pin = &slat->pins[slat->pin_count++];
        *pin = (struct slat_pin){.gpfn = gpfn};
    }
    pin->count++;
    return HV_STATUS_SUCCESS;
}

enum hv_status slat_pin(struct slat *slat, unsigned vtl, gpa_t page, bool write, void **pointer)
{
    spin_lock(&slat->lock);
    enum hv_status status = HV_STATUS_ACCESS_DENIED;
    page.value &= ~PAGE_MASK;
    if (allowed(slat, vtl, page, PAGE_SIZE, write))
        status = add_pin(slat, page.value >> PAGE_SHIFT);
    spin_unlock(&slat->lock);
    if (status == HV_STATUS_SUCCESS)
        *pointer = hpa_pointer(hpa(page.value));
    return status;
}

void slat_unpin(struct slat *slat, gpa_t page)
{
    spin_lock(&slat->lock);
    struct slat_pin *pin = find_pin(slat, page.value >> PAGE_SHIFT);
    if (pin && --pin->count == 0)
        *pin = slat->pins[--slat->pin_count];
    spin_unlock(&slat->lock);
}

/* ---- Transitions ---- */

static void transition_begin(struct slat *slat)
{
    uint32_t ticket = spinlock_ticket(&slat->transition);
    while (!spinlock_is_my_turn(&slat->transition, ticket)) {
        slat_serve_flush();
        __builtin_ia32_pause();
    }
}

static void transition_end(struct slat *slat)
{
    spin_unlock(&slat->transition);
}

/* After a flush no CPU's caches hold the tables that were cut off before it. */
static bool flush_all(struct slat *slat)
{
    uint32_t cut_off = slat->limbo_count;
    if (!slat_flush_all_cpus())
        return false;
    while (cut_off)
        memory_give_table(slat->pool, slat->limbo[--cut_off]);
    slat->limbo_count = 0;
    return true;
}

static bool is_done(const struct slat_page *page, const struct change *change)
{
    return page->owner == change->owner && page->rights[0] == change->rights[0] &&
           page->rights[1] == change->rights[1];
}

/* Table pages that the change takes: VTL0's tree always says something new, VTL1's only where its
 * rights differ. */
static enum hv_status check_tables(struct slat *slat, const struct leaves *at,
                                   const struct change *change)
{
    struct slat_page now = state_of(at);
    unsigned needed = 0;
    if (!is_done(&now, change))
        needed += at->vtl[0].level - 1;
    if (now.rights[1] != change->rights[1])
        needed += at->vtl[1].level - 1;
    if (needed && needed + change->reserve > memory_tables_free(slat->pool))
        return HV_STATUS_INSUFFICIENT_MEMORY;
    return HV_STATUS_SUCCESS;
}

/* Step 1a: may the page make this change? Changes nothing. */
static enum hv_status check_page(struct slat *slat, uint64_t gpfn, const struct leaves *at,
                                 const struct change *change)
{
    enum slat_owner owner = slat_entry_tag(*at->vtl[0].entry);
    if (!(change->from & 1u << owner))
        return owner == SLAT_DEVICE ? HV_STATUS_INVALID_PARAMETER : HV_STATUS_ACCESS_DENIED;
    if (find_pin(slat, gpfn))
        return HV_STATUS_OPERATION_DENIED;
    return check_tables(slat, at, change);
}

/* Step 1b: old AND new rights, nobody's, split as far as step 3 will need. True if something was
 * taken away. */
static bool restrict_page(struct slat *slat, gpa_t page, struct leaves *at,
                          const struct change *change)
{
    struct slat_page now = state_of(at);
    enum slat_owner nobody = now.owner == SLAT_DEVICE ? SLAT_DEVICE : SLAT_QUARANTINED;
    bool restricted = false;
    if (is_done(&now, change))
        return false;
    for (unsigned vtl = 0; vtl < 2; vtl++) {
        unsigned kept = now.rights[vtl] & change->rights[vtl];
        restricted = restricted || kept != now.rights[vtl];
        if (vtl == 0 || now.rights[vtl] != change->rights[vtl])
            set_page(slat, vtl, page, &at->vtl[vtl], kept, nobody);
    }
    count_pages(slat, now.owner, -1ull);
    count_pages(slat, nobody, 1);
    return restricted;
}

static enum hv_status start_page(struct slat *slat, uint64_t gpfn, const struct change *change,
                                 bool *restricted)
{
    if (gpfn >= SLAT_LIMIT >> PAGE_SHIFT)
        return HV_STATUS_INVALID_PARAMETER;
    gpa_t page = gpa(gpfn << PAGE_SHIFT);
    change_begin(slat);
    struct leaves at = find_leaves(slat, page);
    enum hv_status status = check_page(slat, gpfn, &at, change);
    if (status == HV_STATUS_SUCCESS && restrict_page(slat, page, &at, change))
        *restricted = true;
    change_end(slat);
    return status;
}

/* Step 3, for a page that is in between owners. */
static void finish_page(struct slat *slat, uint64_t gpfn, const struct change *change)
{
    gpa_t page = gpa(gpfn << PAGE_SHIFT);
    change_begin(slat);
    struct leaves at = find_leaves(slat, page);
    struct slat_page now = state_of(&at);
    if (!is_done(&now, change)) {
        count_pages(slat, now.owner, -1ull);
        count_pages(slat, change->owner, 1);
        for (unsigned vtl = 0; vtl < 2; vtl++) {
            /* A larger leaf is one that says it already: VTL1's never changed, or, in quarantine,
             * VTL0's that was merged. To split it again might find no table. */
            if (at.vtl[vtl].level == 1) {
                set_page(slat, vtl, page, &at.vtl[vtl], change->rights[vtl], change->owner);
                merge(slat, vtl, page, at.vtl[vtl].entry);
            }
        }
    }
    bool full = slat->limbo_count == SLAT_LIMBO;
    change_end(slat);
    if (full)
        flush_all(slat); /* on time-out: no more merges until a flush succeeds */
}

/* A CPU did not answer, and may still reach what was taken away: those pages stay nobody's. */
static void quarantine(struct slat *slat, const uint64_t *gpfn, uint32_t count)
{
    const struct change nobody = {.owner = SLAT_QUARANTINED};
    for (uint32_t i = 0; i < count; i++)
        if (slat_lookup(slat, gpa(gpfn[i] << PAGE_SHIFT)).owner == SLAT_QUARANTINED)
            finish_page(slat, gpfn[i], &nobody);
}

static enum hv_status transition(struct slat *slat, const struct change *change,
                                 const uint64_t *gpfn, uint32_t count, uint32_t *done)
{
    enum hv_status status = HV_STATUS_SUCCESS;
    bool restricted = false;
    uint32_t started = 0;
    while (started < count) {
        status = start_page(slat, gpfn[started], change, &restricted);
        if (status == HV_STATUS_INSUFFICIENT_MEMORY && slat->limbo_count && flush_all(slat))
            continue;
        if (status != HV_STATUS_SUCCESS)
            break;
        started++;
    }
    *done = 0;
    if (restricted && !flush_all(slat)) {
        quarantine(slat, gpfn, started);
        return HV_STATUS_TIMEOUT;
    }
    while (*done < started)
        finish_page(slat, gpfn[(*done)++], change);
    return status;
}

/* VTL0 or VTL1 => VTL1 if VTL0 may not write afterwards, VTL0 if it may. */
enum hv_status slat_protect(struct slat *slat, const uint64_t *gpfn, uint32_t count,
                            unsigned rights, uint32_t *done)
{
    enum slat_owner owner = rights & SLAT_WRITE ? SLAT_VTL0 : SLAT_VTL1;
    struct change change = {
        .owner = owner,
        .rights = {rights, default_rights[owner][1]},
        .from = 1u << SLAT_VTL0 | 1u << SLAT_VTL1,
        .reserve = DEPOSIT_RESERVE,
    };
    transition_begin(slat);
    enum hv_status status = transition(slat, &change, gpfn, count, done);
    transition_end(slat);
    return status;
}

/* VTL1 => HYPERVISOR, then into the pool. */
enum hv_status slat_deposit(struct slat *slat, const uint64_t *gpfn, uint32_t count, uint32_t *done)
{
    const struct change change = {.owner = SLAT_HYPERVISOR, .from = 1u << SLAT_VTL1};
    transition_begin(slat);
    enum hv_status status = transition(slat, &change, gpfn, count, done);
    for (uint32_t i = 0; i < *done; i++)
        memory_deposit(slat->pool, hpa(gpfn[i] << PAGE_SHIFT));
    transition_end(slat);
    return status;
}

/* HYPERVISOR => VTL1 for one deposited page, if the tables that this may split do not need it. The
 * caller's list may lie in memory that a guest writes: nothing is read back from it. */
static bool withdraw_one(struct slat *slat, uint64_t *taken)
{
    struct change change = {
        .owner = SLAT_VTL1,
        .rights = {0, SLAT_ALL},
        .from = 1u << SLAT_HYPERVISOR,
        .reserve = DEPOSIT_RESERVE + 1, /* the page itself */
    };
    hpa_t page = memory_peek_deposited(slat->pool);
    uint64_t gpfn = page.value >> PAGE_SHIFT;
    uint32_t done;
    if (!page.value || memory_tables_free(slat->pool) <= DEPOSIT_RESERVE)
        return false;
    spin_lock(&slat->lock);
    struct leaves at = find_leaves(slat, gpa(page.value));
    enum hv_status status = check_page(slat, gpfn, &at, &change);
    spin_unlock(&slat->lock);
    if (status != HV_STATUS_SUCCESS)
        return false;
    memory_withdraw(slat->pool);
    change.reserve = DEPOSIT_RESERVE;
    /* Quarantined on time-out: nobody's, so VTL1 does not get it. */
    if (transition(slat, &change, &gpfn, 1, &done) != HV_STATUS_SUCCESS)
        return false;
    *taken = gpfn;
    return true;
}

enum hv_status slat_withdraw(struct slat *slat, uint64_t *gpfn, uint32_t count, uint32_t *done)
{
    transition_begin(slat);
    if (slat->limbo_count)
        flush_all(slat);
    *done = 0;
    while (*done < count && withdraw_one(slat, &gpfn[*done]))
        ++*done;
    transition_end(slat);
    return HV_STATUS_SUCCESS;
}

/* DEVICE => DEVICE; the page keeps its owner, VTL0 loses or regains write and execute. */
enum hv_status slat_trap_device_writes(struct slat *slat, gpa_t page, bool trap)
{
    const struct change change = {
        .owner = SLAT_DEVICE,
        .rights = {trap ? SLAT_READ : SLAT_ALL, 0},
        .from = 1u << SLAT_DEVICE,
    };
    uint64_t gpfn = page.value >> PAGE_SHIFT;
    uint32_t done;
    transition_begin(slat);
    enum hv_status status = transition(slat, &change, &gpfn, 1, &done);
    transition_end(slat);
    return status;
}
