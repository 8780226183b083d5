/* SPDX-License-Identifier: BSD-2-Clause */
#include "normal_memory.h"
#include "string.h"

enum sk_status normal_memory_pin(uint64_t gpa, uint64_t pages, volatile void **mapped)
{
    if (gpa % PAGE_SIZE != 0 || pages == 0 || pages > SK_LIST_MAX || gpa + pages * PAGE_SIZE < gpa)
        return SK_INVALID_ARGUMENT;
    for (uint64_t i = 0; i < pages; i++) {
        if (!frame_pin(gpa + i * PAGE_SIZE)) {
            normal_memory_unpin(gpa, i);
            return SK_ACCESS_DENIED;
        }
    }
    *mapped = frame_pointer(gpa);
    return SK_OK;
}

void normal_memory_unpin(uint64_t gpa, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++)
        frame_unpin(gpa + i * PAGE_SIZE);
}

/* Between [gpa, gpa + size), pinned meanwhile, and one of ours: `to`, or where that is NULL `from`.
 */
static enum sk_status move(uint64_t gpa, void *to, const void *from, uint64_t size)
{
    volatile void *mapped = NULL;
    uint64_t offset = gpa % PAGE_SIZE, pages = (offset + size + PAGE_MASK) / PAGE_SIZE;

    if (size == 0)
        return SK_OK;
    if (size > SK_LIST_MAX * PAGE_SIZE - PAGE_SIZE)
        return SK_INVALID_ARGUMENT;
    enum sk_status status = normal_memory_pin(gpa - offset, pages, &mapped);
    if (status != SK_OK)
        return status;
    volatile void *theirs = (volatile uint8_t *)mapped + offset;
    copy_volatile(to != NULL ? to : theirs, to != NULL ? theirs : from, size);
    normal_memory_unpin(gpa - offset, pages);
    return SK_OK;
}

enum sk_status normal_memory_read(void *to, uint64_t gpa, uint64_t size)
{
    return move(gpa, to, NULL, size);
}

enum sk_status normal_memory_write(uint64_t gpa, const void *from, uint64_t size)
{
    return move(gpa, NULL, from, size);
}

bool normal_memory_list_sound(uint64_t gpa, uint64_t count)
{
    return gpa != 0 && gpa % sizeof(uint64_t) == 0 && count >= 1 && count <= SK_LIST_MAX &&
           gpa % PAGE_SIZE + count * sizeof(uint64_t) <= PAGE_SIZE;
}

enum sk_status normal_memory_read_list(uint64_t *to, uint64_t gpa, uint64_t count)
{
    if (!normal_memory_list_sound(gpa, count))
        return SK_INVALID_ARGUMENT;
    enum sk_status status = normal_memory_read(to, gpa, count * sizeof(*to));

    for (uint64_t i = 0; status == SK_OK && i < count; i++) {
        if (to[i] > UINT64_MAX / PAGE_SIZE)
            status = SK_INVALID_ARGUMENT;
        to[i] *= PAGE_SIZE;
    }
    return status;
}
