/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_table.h"
#include "call.h"
#include "linux_abi.h"
#include "image.h"
#include "sk_assert.h"
#include "string.h"

/* Frames freed between two looks for a waiting interrupt: about 600 instructions each. */
#define FREE_CHUNK  48u
#define GUARD_PAGES 16u
#define USER_SPAN   (1ull << 47) /* what the lower half of the tables maps */

static bool range_valid(uint64_t address, uint64_t size)
{
    return address % PAGE_SIZE == 0 && size % PAGE_SIZE == 0 && size > 0 && address >= USER_START &&
           address < USER_END && size <= USER_END - address;
}

int address_space_create(struct address_space *space, uint64_t page_limit)
{
    int error = 0;

    memset(space, 0, sizeof(*space));
    space->page_limit = page_limit;
    space->root = space_alloc(space, &error);
    if (space->root == FRAME_NONE)
        return error;
    memcpy((uint64_t *)frame_pointer(space->root) + 256,
           (const uint64_t *)frame_pointer(kernel_cr3) + 256, 256 * sizeof(uint64_t));
    space->mmap_top = USER_END;
    return 0;
}

bool address_space_is_mapped(const struct address_space *space, uint64_t address, uint64_t size)
{
    const struct region *region = region_first(space, address);

    return region != NULL && region->start < address + size;
}

static int map_region(struct address_space *space, struct region model, uint64_t size)
{
    if (!range_valid(model.start, size))
        return -EINVAL;
    if (model.access & ~(ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE))
        return -EINVAL;
    if ((model.access & ACCESS_WRITE) && (model.access & ACCESS_EXECUTE))
        return -EACCES;
    if (address_space_is_mapped(space, model.start, size))
        return -EEXIST;
    model.end = model.start + size;
    return region_insert(space, &model);
}

int address_space_map(struct address_space *space, uint64_t address, uint64_t size, unsigned access)
{
    if (access & ACCESS_EXECUTE)
        return -EACCES;
    return map_region(space, (struct region){.start = address, .access = (uint8_t)access}, size);
}

int address_space_map_stack(struct address_space *space, uint64_t top, uint64_t size)
{
    uint64_t guard = GUARD_PAGES * PAGE_SIZE;

    if (size > USER_END || top < size + guard + USER_START)
        return -EINVAL;
    int error = address_space_map(space, top - size, size, ACCESS_READ | ACCESS_WRITE);
    if (error != 0)
        return error;
    return map_region(space, (struct region){.start = top - size - guard, .fixed = true}, guard);
}

int address_space_map_image(struct address_space *space, struct image *image, uint64_t base,
                            const struct image_segment *s)
{
    if (s->file_offset % PAGE_SIZE != 0)
        return -EINVAL;
    return map_region(space,
                      (struct region){.start = base + s->address,
                                      .image = image,
                                      .file_offset = s->file_offset,
                                      .file_bytes = s->file_bytes,
                                      .access = (uint8_t)s->access,
                                      .may_execute = (s->access & ACCESS_EXECUTE) != 0},
                      s->size);
}

uint64_t address_space_find(const struct address_space *space, uint64_t hint, uint64_t size)
{
    uint64_t best = 0, low = USER_START;

    if (range_valid(hint, size) && !address_space_is_mapped(space, hint, size))
        return hint;
    if (size == 0 || size > USER_END)
        return 0;
    /* The highest gap below mmap_top that is wide enough. */
    for (const struct region *r = space->regions;; r = r->next) {
        uint64_t high = r == NULL || r->start > space->mmap_top ? space->mmap_top : r->start;

        if (high > low && high - low >= size)
            best = high - size;
        if (r == NULL || r->end >= space->mmap_top)
            return best;
        low = r->end;
    }
}

/* Takes pages away from `at`, at most FREE_CHUNK of them and at most to the end of one lowest
 * table. Returns where it stopped. */
static uint64_t clear_some(struct address_space *space, struct gone *gone, uint64_t at,
                           uint64_t end)
{
    uint64_t stop = (at / TABLE_SPAN + 1) * TABLE_SPAN;

    for (stop = stop < end ? stop : end; at < stop && gone->count < FREE_CHUNK; at += PAGE_SIZE) {
        uint64_t *entry = page_table_entry(space, at);

        if (entry != NULL && *entry != 0) {
            gone->frames[gone->count++] = *entry & (PTE_FRAME | PTE_SHARED);
            *entry = 0;
            page_table_flush(at);
        }
    }
    return at;
}

/* A CPU that does not answer may go on using them: then nobody gets them any more. */
static void free_gone(struct address_space *space, const struct gone *gone)
{
    bool forgotten = gone->count == 0 || page_table_flush_others(space);

    for (unsigned i = 0; i < gone->count; i++) {
        uint64_t frame = gone->frames[i] & PTE_FRAME;
        bool own = (gone->frames[i] & PTE_SHARED) == 0;

        space->pages -= own;
        if (forgotten)
            frame_put(frame);
        else if (own)
            frame_quarantine(frame);
    }
}

/* Takes a whole region away from its start upwards; what is gone is gone when it must yield. */
static int region_unmap(struct address_space *space, struct region *region)
{
    uint64_t end = region->end;
    const struct region *below = region_below(space, region->start);
    uint64_t low = below == NULL ? 0 : below->end;
    uint64_t next = region->next == NULL ? USER_SPAN : region->next->start;

    for (uint64_t at = region->start; at < end;) {
        struct gone gone = {.count = 0};
        uint64_t start = page_table_skip(space, at, end);
        uint64_t stop = start < end ? clear_some(space, &gone, start, end) : end;

        region_trim(space, region, stop);
        page_table_prune(space, &gone, at, stop, low, stop < end ? stop : next);
        free_gone(space, &gone);
        at = stop;
        if (at < end && call_must_yield())
            return ADDRESS_SPACE_AGAIN;
    }
    return 0;
}

/* True if a guard lies in the range: those stay until the space is destroyed. */
static bool range_is_fixed(const struct address_space *space, uint64_t address, uint64_t size)
{
    for (const struct region *r = region_first(space, address);
         r != NULL && r->start < address + size; r = r->next)
        if (r->fixed)
            return true;
    return false;
}

int address_space_unmap(struct address_space *space, uint64_t address, uint64_t size)
{
    if (!range_valid(address, size))
        return -EINVAL;
    if (range_is_fixed(space, address, size))
        return -EACCES;
    int error = region_split(space, address);

    if (error == 0)
        error = region_split(space, address + size);
    while (error == 0) {
        struct region *region = region_first(space, address);

        if (region == NULL || region->start >= address + size)
            break;
        error = region_unmap(space, region);
        if (error == 0 && call_must_yield())
            error = ADDRESS_SPACE_AGAIN;
    }
    return error;
}

/* Nothing is mapped: the tables that are left. */
static int free_tables(struct address_space *space)
{
    struct gone gone = {.count = GONE_MAX};

    while (gone.count == GONE_MAX) {
        gone.count = 0;
        page_table_prune(space, &gone, 0, USER_SPAN, 0, USER_SPAN);
        free_gone(space, &gone);
        if (gone.count == GONE_MAX && call_must_yield())
            return ADDRESS_SPACE_AGAIN;
    }
    return 0;
}

int address_space_destroy(struct address_space *space)
{
    if (space->root == FRAME_NONE)
        return 0;
    for (struct region *r = space->regions; r != NULL; r = r->next)
        r->fixed = false;
    int error = address_space_unmap(space, USER_START, USER_END - USER_START);

    if (error == 0)
        error = free_tables(space);
    if (error != 0)
        return error;
    region_free_all(space);
    space_free(space, space->root);
    space->root = FRAME_NONE;
    SK_CHECK(space->pages == 0);
    return 0;
}

int address_space_discard(struct address_space *space, uint64_t address, uint64_t size)
{
    if (!range_valid(address, size))
        return -EINVAL;
    uint64_t end = address + size;

    for (uint64_t at = page_table_skip(space, address, end); at < end;) {
        struct gone gone = {.count = 0};

        at = page_table_skip(space, clear_some(space, &gone, at, end), end);
        free_gone(space, &gone);
        if (at < end && call_must_yield())
            return ADDRESS_SPACE_AGAIN;
    }
    return 0;
}

static uint64_t leaf_rights(uint64_t entry, unsigned access)
{
    entry &= ~(PTE_USER | PTE_NO_EXECUTE);
    entry |= access != 0 ? PTE_USER : 0;
    entry |= access & ACCESS_EXECUTE ? 0 : PTE_NO_EXECUTE;
    /* Write is given by the fault, which knows whether the frame must be copied first. */
    return access & ACCESS_WRITE ? entry : entry & ~PTE_WRITE;
}

/* May the whole range get this access? 0, or the error that mprotect(2) gives. */
static int protect_check(const struct address_space *space, uint64_t address, uint64_t end,
                         unsigned access)
{
    uint64_t covered = address;

    for (const struct region *r = region_first(space, address); r != NULL && r->start <= covered;
         r = r->next) {
        if (r->fixed || ((access & ACCESS_EXECUTE) && !r->may_execute))
            return -EACCES;
        covered = r->end;
        if (covered >= end)
            return 0;
    }
    return -ENOMEM;
}

static int protect_regions(struct address_space *space, uint64_t address, uint64_t end,
                           unsigned access)
{
    int error = protect_check(space, address, end, access);

    if (error == 0)
        error = region_split(space, address);
    if (error == 0)
        error = region_split(space, end);
    for (struct region *r = region_first(space, address); error == 0 && r != NULL && r->start < end;
         r = r->next) {
        r->access = (uint8_t)access;
        r->may_execute = r->may_execute && (access & ACCESS_WRITE) == 0;
    }
    return error;
}

int address_space_protect(struct address_space *space, uint64_t address, uint64_t size,
                          unsigned access, uint64_t *cursor)
{
    if (!range_valid(address, size) || access > 7)
        return -EINVAL;
    if ((access & ACCESS_WRITE) && (access & ACCESS_EXECUTE))
        return -EACCES;
    uint64_t end = address + size, at = *cursor;

    if (at == 0) {
        int error = protect_regions(space, address, end, access);

        if (error != 0)
            return error;
        at = address;
    }
    while ((at = page_table_skip(space, at, end)) < end) {
        uint64_t stop = (at / TABLE_SPAN + 1) * TABLE_SPAN;

        bool changed = false;

        for (stop = stop < end ? stop : end; at < stop; at += PAGE_SIZE) {
            uint64_t *entry = page_table_entry(space, at);

            if (*entry != 0) {
                *entry = leaf_rights(*entry, access);
                page_table_flush(at);
                changed = true;
            }
        }
        if (changed && !page_table_flush_others(space))
            return -ENOMEM;
        *cursor = at;
        if (at < end && call_must_yield())
            return ADDRESS_SPACE_AGAIN;
    }
    return 0;
}

static uint64_t page_up(uint64_t bytes)
{
    return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

int64_t address_space_brk(struct address_space *space, uint64_t wanted)
{
    uint64_t old_end = page_up(space->brk);
    int error = 0;

    if (wanted < space->brk_start || wanted >= USER_END)
        return (int64_t)space->brk;
    if (page_up(wanted) > old_end) {
        error = address_space_map(space, old_end, page_up(wanted) - old_end,
                                  ACCESS_READ | ACCESS_WRITE);
    } else if (page_up(wanted) < old_end) {
        error = address_space_unmap(space, page_up(wanted), old_end - page_up(wanted));
    }
    if (error == ADDRESS_SPACE_AGAIN)
        return error;
    if (error == 0)
        space->brk = wanted;
    return (int64_t)space->brk;
}

/* A private frame with the image's bytes of this page (or zeroes), or FRAME_NONE. */
static uint64_t private_frame(struct address_space *space, const struct region *region,
                              uint64_t page, int *error)
{
    uint64_t offset = page - region->start;
    uint64_t frame = space_alloc(space, error);

    if (frame == FRAME_NONE || region->image == NULL || offset >= region->file_bytes)
        return frame;
    uint64_t bytes = region->file_bytes - offset;
    uint64_t source = image_frame(region->image, (region->file_offset + offset) / PAGE_SIZE);

    memcpy(frame_pointer(frame), frame_pointer(source), bytes < PAGE_SIZE ? bytes : PAGE_SIZE);
    return frame;
}

static int fault_absent(struct address_space *space, const struct region *region, uint64_t page,
                        uint64_t *entry)
{
    uint64_t offset = page - region->start, bits = PTE_PRESENT, frame = FRAME_NONE;
    int error = 0;

    if ((region->access & ACCESS_WRITE) == 0 && region->image != NULL &&
        offset < region->file_bytes) {
        frame = image_frame(region->image, (region->file_offset + offset) / PAGE_SIZE);
        frame_get(frame);
        bits |= PTE_SHARED;
    } else {
        frame = private_frame(space, region, page, &error);
        if (frame == FRAME_NONE)
            return error;
        bits |= region->access & ACCESS_WRITE ? PTE_WRITE : 0;
    }
    *entry = leaf_rights(frame | bits, region->access);
    return 0;
}

/* A present page that the region allows to be written: its first write. */
static int fault_write(struct address_space *space, uint64_t page, uint64_t *entry)
{
    uint64_t old = *entry;
    int error = 0;

    if (old & PTE_SHARED) {
        uint64_t frame = space_alloc(space, &error);

        if (frame == FRAME_NONE)
            return error;
        memcpy(frame_pointer(frame), frame_pointer(old & PTE_FRAME), PAGE_SIZE);
        *entry = (old & ~(PTE_FRAME | PTE_SHARED)) | frame | PTE_WRITE;
        page_table_flush(page);
        free_gone(space, &(struct gone){{old & (PTE_FRAME | PTE_SHARED)}, 1});
        return 0;
    }
    *entry = old | PTE_WRITE;
    page_table_flush(page);
    return 0;
}

int address_space_fault(struct address_space *space, uint64_t address, unsigned access)
{
    uint64_t page = address & ~PAGE_MASK;
    const struct region *region = address < USER_END ? region_at(space, address) : NULL;
    int error = 0;

    if (region == NULL || region->access == 0 ||
        (access & (ACCESS_WRITE | ACCESS_EXECUTE) & ~region->access))
        return -EFAULT;
    uint64_t *entry = page_table_build(space, page, &error);

    if (entry == NULL)
        return error;
    if (*entry == 0)
        return fault_absent(space, region, page, entry);
    if ((access & ACCESS_WRITE) && (*entry & PTE_WRITE) == 0)
        return fault_write(space, page, entry);
    page_table_flush(page);
    return 0;
}

void *address_space_pointer(struct address_space *space, uint64_t address, unsigned access,
                            int *error)
{
    uint64_t needed = PTE_PRESENT | PTE_USER | (access & ACCESS_WRITE ? PTE_WRITE : 0);
    uint64_t *entry = NULL;

    *error = 0;
    if (address < USER_END)
        entry = page_table_entry(space, address);
    if (entry == NULL || (*entry & needed) != needed) {
        *error = address_space_fault(space, address, access);
        if (*error != 0)
            return NULL;
        entry = page_table_entry(space, address);
        SK_CHECK(entry != NULL && (*entry & needed) == needed);
    }
    return frame_pointer((*entry & PTE_FRAME) + address % PAGE_SIZE);
}
