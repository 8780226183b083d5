/* SPDX-License-Identifier: BSD-2-Clause */
/* The trustlet's own memory. VTL0 hears of none of this. */
#include "local.h"

#include "answer.h"
#include "linux_abi.h"
#include "marshal.h"
#include "region.h"
#include "thread.h"
#include "user_copy.h"

#define ACCESS_MASK    ((unsigned)(ACCESS_READ | ACCESS_WRITE | ACCESS_EXECUTE))
#define MREMAP_FLAGS   7u
#define PREAD_MAX      65536u

/* Tables and region objects that touching the memory may cost beside it. */
#define OVERHEAD_PAGES 64u
#define OVERHEAD_SHARE 256u

enum map_stage { MAP_BEGIN = 0, MAP_FILL };

static bool round_up(uint64_t size, uint64_t *pages)
{
    if (__builtin_add_overflow(size, PAGE_MASK, pages))
        return false;
    *pages &= ~PAGE_MASK;
    return *pages <= USER_END;
}

/* Bytes in [from, to) that the trustlet may write, touched or not. */
static uint64_t writable_bytes(const struct address_space *space, uint64_t from, uint64_t to)
{
    uint64_t sum = 0;
    for (const struct region *r = region_first(space, from); r && r->start < to; r = r->next) {
        uint64_t start = r->start > from ? r->start : from, end = r->end < to ? r->end : to;
        if (r->access & ACCESS_WRITE)
            sum += end - start;
    }
    return sum;
}

/*
 * Will the manifest's limit still hold when all that is writable has been touched? Asked before it
 * is promised, so that too much is an error at mmap and not an end later.
 */
static bool may_commit(const struct address_space *space, uint64_t more)
{
    uint64_t pages = (writable_bytes(space, 0, USER_END) + more) / PAGE_SIZE;
    return pages + pages / OVERHEAD_SHARE + OVERHEAD_PAGES <= space->page_limit;
}

enum syscall_action local_brk(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    if (given[0] > space->brk && !may_commit(space, given[0] - space->brk))
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

static int64_t map_memory(struct address_space *space, const uint64_t given[6], unsigned access)
{
    uint64_t size = 0;
    if (given[1] == 0)
        return -EINVAL;
    if (!round_up(given[1], &size))
        return -ENOMEM;
    if ((access & ACCESS_WRITE) && !may_commit(space, size))
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
        int error = user_copy_from_normal(&thread->process->space, s->address + s->done,
                                          thread->bounce, (uint64_t)result);
        if (error == -ENOMEM)
            return syscall_return_memory(thread, error);
        s->done += (uint64_t)result;
    }
    if (result > 0 && s->done < given[1])
        return fill_request(thread, given);
    return fill_end(thread, given, result < 0 ? result : 0);
}

static enum syscall_action map_file(struct thread *thread, const uint64_t given[6])
{
    struct syscall_state *s = &thread->syscall;
    if (s->stage == MAP_FILL)
        return fill_answer(thread, given);
    if ((given[5] & PAGE_MASK) || (given[2] & ACCESS_EXECUTE))
        return syscall_return(thread, given[5] & PAGE_MASK ? -EINVAL : -EACCES);
    if ((given[3] & MAP_TYPE) == MAP_SHARED && (given[2] & ACCESS_WRITE))
        return syscall_return(thread, -ENODEV);
    int64_t address = map_memory(&thread->process->space, given, ACCESS_READ | ACCESS_WRITE);
    if (address < 0)
        return syscall_return_memory(thread, address);
    s->address = (uint64_t)address;
    s->stage = MAP_FILL;
    return fill_request(thread, given);
}

enum syscall_action local_mmap(struct thread *thread, const uint64_t given[6])
{
    if (given[2] & ~(uint64_t)ACCESS_MASK)
        return syscall_return(thread, -EINVAL);
    if (!(given[3] & MAP_ANONYMOUS))
        return map_file(thread, given);
    return syscall_return_memory(thread,
                                 map_memory(&thread->process->space, given, (unsigned)given[2]));
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
    uint64_t more = size - writable_bytes(space, given[0], given[0] + size);
    if ((given[2] & ACCESS_WRITE) && thread->cursor == 0 && !may_commit(space, more))
        return syscall_return(thread, -ENOMEM);
    return syscall_return_memory(
        thread, address_space_protect(space, given[0], size, (unsigned)given[2], &thread->cursor));
}

/* Grows in place where nothing is in the way. A move is left to the C library, which copies. */
static int64_t grow(struct address_space *space, uint64_t address, uint64_t old_size,
                    uint64_t new_size)
{
    int error = 0;
    uint64_t end = address + old_size, more = new_size - old_size;
    if (!user_range(end, more) || address_space_is_mapped(space, end, more) ||
        !may_commit(space, more))
        return -ENOMEM;
    if (!address_space_pointer(space, end - 1, ACCESS_WRITE, &error))
        return error == -EFAULT ? -EFAULT : -ENOMEM;
    error = address_space_map(space, end, more, ACCESS_READ | ACCESS_WRITE);
    return error != 0 ? error : (int64_t)address;
}

enum syscall_action local_mremap(struct thread *thread, const uint64_t given[6])
{
    struct address_space *space = &thread->process->space;
    uint64_t old_size = 0, new_size = 0, address = given[0];
    int64_t result = (int64_t)address;
    if (page_range(given, &old_size) != 0 || !round_up(given[2], &new_size) || old_size == 0 ||
        new_size == 0 || (given[3] & ~(uint64_t)MREMAP_FLAGS))
        return syscall_return(thread, -EINVAL);
    if (new_size > old_size)
        result = grow(space, address, old_size, new_size);
    if (new_size < old_size) {
        int error = address_space_unmap(space, address + new_size, old_size - new_size);
        result = error != 0 ? error : result;
    }
    return syscall_return_memory(thread, result);
}

enum syscall_action local_madvise(struct thread *thread, const uint64_t given[6])
{
    uint64_t size = 0;
    if (page_range(given, &size) != 0)
        return syscall_return(thread, -EINVAL);
    switch (given[2]) {
    case MADV_DONTNEED:
    case MADV_FREE:
        return syscall_return_memory(
            thread, address_space_discard(&thread->process->space, given[0], size));
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
        return syscall_return(thread, 0);
    default:
        return syscall_return(thread, -EINVAL);
    }
}
