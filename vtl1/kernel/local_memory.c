/* SPDX-License-Identifier: BSD-2-Clause */
/* The trustlet's own memory. VTL0 hears of none of this. */
#include "local.h"

#include "call.h"
#include "linux_abi.h"
#include "marshal.h"
#include "page_table.h"
#include "thread.h"
#include "user_copy.h"

#define ACCESS_MASK    ((unsigned)(ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE))
#define PREAD_MAX      65536u

/* Tables and region objects that touching the memory may cost beside it. */
#define OVERHEAD_PAGES 64u
#define OVERHEAD_SHARE 256u

enum map_stage { MAP_BEGIN = 0, MAP_FILL, MAP_ASKED };

static bool round_up(uint64_t size, uint64_t *pages)
{
    if (__builtin_add_overflow(size, PAGE_MASK, pages))
        return false;
    *pages &= ~PAGE_MASK;
    return *pages <= USER_END;
}

/* Bytes mapped in [from, to) for the access at least, touched or not. */
static uint64_t mapped_bytes(const struct address_space *space, uint64_t from, uint64_t to,
                             unsigned access)
{
    uint64_t sum = 0;
    for (const struct region *r = region_first(space, from); r && r->start < to; r = r->next) {
        uint64_t start = r->start > from ? r->start : from, end = r->end < to ? r->end : to;
        if ((r->access & access) == access)
            sum += end - start;
    }
    return sum;
}

/*
 * Will the manifest's limit still hold when all that is writable has been touched? Asked before it
 * is promised, so that too much is an error at mmap and not an end later.
 */
static bool may_commit(struct thread *thread, uint64_t more)
{
    const struct address_space *space = &thread->process->space;
    uint64_t pages = (mapped_bytes(space, 0, USER_END, ACCESS_WRITE) + more) / PAGE_SIZE;
    bool may = pages + pages / OVERHEAD_SHARE + OVERHEAD_PAGES <= space->page_limit;
    if (!may)
        syscall_name(thread, -ENOMEM, SK_LACKS_MAX_MEMORY);
    return may;
}

enum syscall_action local_brk(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    if (given[0] > space->brk && !may_commit(thread, given[0] - space->brk))
        return syscall_return(thread, (int64_t)space->brk);
    return syscall_return_memory(thread, address_space_brk(space, given[0]));
}

/* Where the mapping goes: -errno, ADDRESS_SPACE_AGAIN, or the address. */
static int64_t map_place(struct address_space *space, uint64_t hint, uint64_t size, uint64_t flags)
{
    if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
        uint64_t found = address_space_find(space, hint & ~PAGE_MASK, size);
        return found != 0 ? (int64_t)found : -ENOMEM;
    }
    if (hint & PAGE_MASK)
        return -EINVAL;
    if (hint < USER_START)
        return -EPERM;
    if (!user_range(hint, size))
        return -ENOMEM;
    if (flags & MAP_FIXED_NOREPLACE)
        return address_space_is_mapped(space, hint, size) ? -EEXIST : (int64_t)hint;
    int error = address_space_unmap(space, hint, size);
    return error != 0 ? error : (int64_t)hint;
}

static int64_t map_memory(struct thread *thread, const uint64_t given[6], unsigned access)
{
    struct address_space *space = &thread->process->space;
    uint64_t size = 0;
    if (given[1] == 0)
        return -EINVAL;
    if (!round_up(given[1], &size))
        return -ENOMEM;
    if ((access & ACCESS_WRITE) && !may_commit(thread, size))
        return -ENOMEM;
    int64_t address = map_place(space, given[0], size, given[3]);
    if (address < 0)
        return address;
    int error = address_space_map(space, (uint64_t)address, size, access);
    return error != 0 ? error : address;
}

/* ---- a file: its bytes are VTL0's word, copied in once; what changes in the file later does not
 * show here, nor the other way round ---- */

static enum syscall_action fill_request(struct thread *thread, const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    uint64_t left = given[1] - s->done;
    uint64_t room = thread->bounce_size < PREAD_MAX ? thread->bounce_size : PREAD_MAX;
    s->total = left < room ? left : room;
    uint64_t arguments[6] = {(uint64_t)(int64_t)(int32_t)given[4], thread->bounce_user, s->total,
                             given[5] + s->done};
    return marshal_ask(thread, __NR_pread64, arguments);
}

static enum syscall_action fill_end(struct thread *thread, const uint64_t given[6], int64_t result)
{
    struct syscall_state *s = &thread->syscall;
    struct address_space *space = &thread->process->space;
    uint64_t size = (given[1] + PAGE_MASK) & ~PAGE_MASK;
    int error = result < 0
                    ? address_space_unmap(space, s->address, size)
                    : address_space_protect(space, s->address, size,
                                            (unsigned)given[2] & ACCESS_MASK, &thread->cursor);
    if (error == ADDRESS_SPACE_AGAIN)
        return SYSCALL_AGAIN;
    if (result == -EISDIR)
        result = -ENODEV;
    return syscall_return(thread, result < 0 ? result : (int64_t)s->address);
}

static enum syscall_action fill_answer(struct thread *thread, const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    int64_t result = 0;
    if (!marshal_answered(thread, &result))
        return SYSCALL_MARSHAL;
    if (result < -LINUX_MAX_ERRNO || result > (int64_t)s->total)
        return marshal_lie(thread, result);
    if (result > 0) {
        int error = user_copy_out(&thread->process->space, s->address + s->done, thread->bounce,
                                  (uint64_t)result);
        if (error == -ENOMEM)
            return syscall_return_memory(thread, error);
        s->done += (uint64_t)result;
    }
    if (result > 0 && s->done < given[1])
        return fill_request(thread, given);
    return fill_end(thread, given, result < 0 ? result : 0);
}

/* VTL0 was asked how the file is open. */
static enum syscall_action map_begin(struct thread *thread, const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    bool shared_write = (given[3] & MAP_TYPE) == MAP_SHARED && (given[2] & ACCESS_WRITE);
    int64_t result = 0;
    if (!marshal_answered(thread, &result))
        return SYSCALL_MARSHAL;
    if (result < -LINUX_MAX_ERRNO || result > INT32_MAX)
        return marshal_lie(thread, result);
    if (result < 0)
        return syscall_return(thread, result);
    if ((result & O_ACCMODE) == O_WRONLY || (shared_write && (result & O_ACCMODE) != O_RDWR))
        return syscall_return(thread, -EACCES);
    if (shared_write)
        return syscall_return(thread, -ENODEV);
    int64_t address = map_memory(thread, given, ACCESS_READ | ACCESS_WRITE);
    if (address < 0)
        return syscall_return_memory(thread, address);
    s->address = (uint64_t)address;
    s->stage = MAP_FILL;
    return fill_request(thread, given);
}

static enum syscall_action map_file(struct thread *thread, const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    uint64_t arguments[6] = {(uint64_t)(int64_t)(int32_t)given[4], F_GETFL};
    if (s->stage == MAP_FILL)
        return fill_answer(thread, given);
    if (s->stage == MAP_ASKED)
        return map_begin(thread, given);
    if ((given[5] & PAGE_MASK) || (given[2] & ACCESS_EXECUTE))
        return syscall_return(thread, given[5] & PAGE_MASK ? -EINVAL : -EACCES);
    s->stage = MAP_ASKED;
    return marshal_ask(thread, __NR_fcntl, arguments);
}

enum syscall_action local_mmap(struct thread *thread, const uint64_t given[6])
{
    uint64_t type = given[3] & MAP_TYPE;
    if ((given[2] & ~(uint64_t)ACCESS_MASK) || type < MAP_SHARED || type > MAP_SHARED_VALIDATE)
        return syscall_return(thread, -EINVAL);
    if (!(given[3] & MAP_ANONYMOUS))
        return map_file(thread, given);
    return syscall_return_memory(thread, map_memory(thread, given, (unsigned)given[2]));
}

/* Address and size of a range that the trustlet names; -EINVAL, or 0 with *size in whole pages. */
static int page_range(const uint64_t given[6], uint64_t *size)
{
    if ((given[0] & PAGE_MASK) || !round_up(given[1], size) || !user_range(given[0], *size))
        return -EINVAL;
    return 0;
}

enum syscall_action local_munmap(struct thread *thread, const uint64_t given[6])
{
    uint64_t size = 0;
    if (page_range(given, &size) != 0 || size == 0)
        return syscall_return(thread, -EINVAL);
    return syscall_return_memory(thread,
                                 address_space_unmap(&thread->process->space, given[0], size));
}

enum syscall_action local_mprotect(struct thread *thread, const uint64_t given[6])
{
    uint64_t size = 0;
    if (page_range(given, &size) != 0 || (given[2] & ~(uint64_t)ACCESS_MASK))
        return syscall_return(thread, -EINVAL);
    if (size == 0)
        return syscall_return(thread, 0);
    struct address_space *space = &thread->process->space;
    uint64_t more = size - mapped_bytes(space, given[0], given[0] + size, ACCESS_WRITE);
    if ((given[2] & ACCESS_WRITE) && thread->cursor == 0 && !may_commit(thread, more))
        return syscall_return(thread, -ENOMEM);
    return syscall_return_memory(
        thread, address_space_protect(space, given[0], size, (unsigned)given[2], &thread->cursor));
}

/* A byte for each page: is it there? */
enum syscall_action local_mincore(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    uint64_t size = 0;
    int error = given[0] & PAGE_MASK ? -EINVAL : page_range(given, &size) != 0 ? -ENOMEM : 0;
    while (error == 0 && thread->cursor < size / PAGE_SIZE) {
        uint64_t at = given[0] + thread->cursor * PAGE_SIZE;
        const uint64_t *entry = page_table_entry(space, at);
        uint8_t there = entry != NULL && *entry != 0;
        error = address_space_is_mapped(space, at, PAGE_SIZE)
                    ? user_copy_out(space, given[2] + thread->cursor, &there, sizeof(there))
                    : -ENOMEM;
        thread->cursor += error == 0;
        if (error == 0 && call_must_yield())
            return SYSCALL_AGAIN;
    }
    return syscall_return_memory(thread, error);
}

/* ---- mremap: anonymous memory of one kind ---- */

enum move_stage { MOVE_BEGIN = 0, MOVE_PAGES, MOVE_BACK, MOVE_END, MOVE_SHRINK };
#define MOVE_CHUNK (256u * PAGE_SIZE) /* between two looks for a waiting interrupt */

/* The region that holds all of the range and may be moved, or NULL. */
static const struct region *movable(const struct address_space *space, uint64_t address,
                                    uint64_t size)
{
    const struct region *r = region_at(space, address);
    return r && !r->image && !r->fixed && r->end - address >= size ? r : NULL;
}

/* In place, where nothing is in the way. */
static int64_t grow(struct thread *thread, const struct region *region, uint64_t address,
                    uint64_t old_size, uint64_t new_size)
{
    struct address_space *space = &thread->process->space;
    uint64_t end = address + old_size, more = new_size - old_size;
    if (!user_range(end, more) || address_space_is_mapped(space, end, more) ||
        ((region->access & ACCESS_WRITE) && !may_commit(thread, more)))
        return -ENOMEM;
    int error = address_space_map(space, end, more, region->access);
    return error != 0 ? error : (int64_t)address;
}

/* The place that the pages will have. */
static int64_t move_begin(struct thread *thread, const struct region *region,
                          const uint64_t given[6], uint64_t old_size, uint64_t new_size)
{
    struct address_space *space = &thread->process->space;
    unsigned access = region->access;
    uint64_t more = new_size > old_size ? new_size - old_size : 0;
    if ((access & ACCESS_WRITE) && !may_commit(thread, more))
        return -ENOMEM;
    bool fixed = given[3] & MREMAP_FIXED;
    int64_t to = map_place(space, fixed ? given[4] : 0, new_size, fixed ? MAP_FIXED : 0);
    if (to < 0)
        return to;
    thread->syscall.address = (uint64_t)to;
    return address_space_map(space, (uint64_t)to, new_size, access);
}

/* Pages from the cursor on. 0, ADDRESS_SPACE_AGAIN; -ENOMEM, -EDQUOT for a table over there. */
static int move_pages(struct thread *thread, uint64_t from, uint64_t to, uint64_t size)
{
    struct address_space *space = &thread->process->space;
    uint64_t at = from + thread->cursor, end = from + size;
    int error = 0;
    while ((at = page_table_skip(space, at, end)) < end) {
        uint64_t *old = page_table_entry(space, at);
        uint64_t *new = *old != 0 ? page_table_build(space, to + (at - from), &error) : NULL;
        if (error != 0)
            return error;
        if (new &&*new == 0) {
            *new = *old;
            *old = 0;
            page_table_flush(at);
        }
        at += PAGE_SIZE;
        thread->cursor = at - from;
        if (thread->cursor % MOVE_CHUNK == 0 && call_must_yield())
            return ADDRESS_SPACE_AGAIN;
    }
    /* A CPU that does not answer only sees the trustlet's own page in its old place, too. */
    page_table_flush_others(space);
    return 0;
}

static enum syscall_action move(struct thread *thread, const uint64_t given[6], uint64_t old_size,
                                uint64_t new_size)
{
    struct address_space *space = &thread->process->space;
    struct syscall_state *s = &thread->syscall;
    uint64_t size = old_size < new_size ? old_size : new_size;
    int64_t error = 0;
    if (s->stage == MOVE_BEGIN) {
        error = move_begin(thread, movable(space, given[0], old_size), given, old_size, new_size);
        s->stage = error == 0 ? MOVE_PAGES : MOVE_BEGIN;
    }
    if (s->stage == MOVE_PAGES) {
        error = move_pages(thread, given[0], s->address, size);
        bool given_up = error == -EDQUOT || (error == -ENOMEM && thread->asked_memory);
        s->stage = error == 0 ? MOVE_END : given_up ? MOVE_BACK : MOVE_PAGES;
        thread->cursor = given_up ? 0 : thread->cursor;
        if (error == -ENOMEM && !given_up && frame_available())
            return SYSCALL_AGAIN;
    }
    if (s->stage == MOVE_BACK) {
        error = move_pages(thread, s->address, given[0], size); /* their tables are there */
        if (error == 0)
            error = address_space_unmap(space, s->address, new_size);
        return error == 0 ? syscall_return(thread, -ENOMEM) : SYSCALL_AGAIN;
    }
    if (error == 0)
        error = address_space_unmap(space, given[0], old_size);
    return syscall_return_memory(thread, error != 0 ? error : (int64_t)s->address);
}

/* MREMAP_FIXED: somewhere else, and where it may be. */
static bool target_sound(const uint64_t given[6], uint64_t old_size, uint64_t new_size)
{
    return (given[3] & MREMAP_MAYMOVE) && (given[4] & PAGE_MASK) == 0 &&
           user_range(given[4], new_size) &&
           (given[4] >= given[0] + old_size || given[0] >= given[4] + new_size);
}

enum syscall_action local_mremap(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    uint64_t old_size = 0, new_size = 0, address = given[0];
    bool fixed = given[3] & MREMAP_FIXED;
    int64_t result = (int64_t)address;
    if (page_range(given, &old_size) != 0 || !round_up(given[2], &new_size) || old_size == 0 ||
        new_size == 0 || (given[3] & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED)) ||
        (fixed && !target_sound(given, old_size, new_size)))
        return syscall_return(thread, -EINVAL);
    bool shrinking = thread->syscall.stage == MOVE_SHRINK; /* part of it may be gone already */
    if (thread->syscall.stage != MOVE_BEGIN && !shrinking)
        return move(thread, given, old_size, new_size);
    const struct region *region = movable(space, address, shrinking ? new_size : old_size);
    if (!region)
        return syscall_return(thread, -EFAULT);
    if (!fixed && new_size > old_size)
        result = grow(thread, region, address, old_size, new_size);
    if (fixed || (result == -ENOMEM && (given[3] & MREMAP_MAYMOVE)))
        return move(thread, given, old_size, new_size);
    if (new_size < old_size) {
        thread->syscall.stage = MOVE_SHRINK;
        int error = address_space_unmap(space, address + new_size, old_size - new_size);
        result = error != 0 ? error : result;
    }
    return syscall_return_memory(thread, result);
}

/* Only two of those that the table knows change anything. */
enum syscall_action local_madvise(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    uint64_t size = 0;
    int error = page_range(given, &size);
    bool discards = (uint32_t)given[2] == MADV_DONTNEED || (uint32_t)given[2] == MADV_FREE;
    if (error == 0 && discards)
        error = address_space_discard(space, given[0], size);
    if (error == 0 && discards && mapped_bytes(space, given[0], given[0] + size, 0) < size)
        return syscall_return(thread, -ENOMEM); /* as Linux: what is mapped is discarded */
    return syscall_return_memory(thread, error);
}
