/* SPDX-License-Identifier: BSD-2-Clause */
#include "user_copy.h"
#include "linux_abi.h"
#include "string.h"

bool user_range(uint64_t address, uint64_t size)
{
    return address <= USER_END && size <= USER_END - address;
}

/* The limit of the manifest looks like any other lack of memory to a system call. */
static int copy_error(int error)
{
    return error == -EDQUOT ? -ENOMEM : error;
}

/* Copies between kernel memory and user memory page by page; `out`: towards the user. */
static int user_move(struct address_space *space, uint64_t user, volatile uint8_t *kernel,
                     uint64_t size, bool out)
{
    int error = 0;

    if (!user_range(user, size))
        return -EFAULT;
    while (size > 0) {
        uint64_t room = PAGE_SIZE - user % PAGE_SIZE;
        uint64_t bytes = size < room ? size : room;
        volatile uint8_t *page =
            address_space_pointer(space, user, out ? ACCESS_WRITE : ACCESS_READ, &error);

        if (page == NULL)
            return copy_error(error);
        if (out)
            copy_volatile(page, kernel, bytes);
        else
            copy_volatile(kernel, page, bytes);
        user += bytes;
        kernel += bytes;
        size -= bytes;
    }
    return 0;
}

int user_copy_in(struct address_space *space, volatile void *to, uint64_t from, uint64_t size)
{
    return user_move(space, from, to, size, false);
}

int user_copy_out(struct address_space *space, uint64_t to, const volatile void *from,
                  uint64_t size)
{
    return user_move(space, to, (volatile uint8_t *)(uintptr_t)from, size, true);
}

int64_t user_copy_string(struct address_space *space, volatile char *to, uint64_t from,
                         uint64_t size)
{
    const char *page = NULL;
    int error = 0;

    for (uint64_t length = 0; length < size; length++, from++) {
        if (page == NULL || from % PAGE_SIZE == 0) {
            page = address_space_pointer(space, from, ACCESS_READ, &error);
            if (page == NULL)
                return copy_error(error);
        }
        to[length] = *page++;
        if (to[length] == 0)
            return (int64_t)length;
    }
    return -ENAMETOOLONG;
}
