/* SPDX-License-Identifier: BSD-2-Clause */
#include "epoll.h"

#include "linux_abi.h"
#include "process.h"
#include "region.h"

#include <linux/eventpoll.h>

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct epoll_entry))
#define FRAMES            16u /* 2048 registrations: each of 1024 descriptors, while it is changed */

struct epoll_entry {
    int32_t epfd, fd;
    uint32_t events;
    uint32_t number; /* no two registrations have the same; 0: unused */
    uint64_t data;
    uint32_t round; /* in which it was last reported */
    bool spent;     /* EPOLLONESHOT, reported */
};
static_assert(sizeof(struct epoll_entry) == 32, "128 in a frame");

struct epoll_table {
    uint32_t newest; /* registration */
    uint32_t round;
    struct epoll_entry *frame[FRAMES];
};

static struct epoll_entry *entry_at(const struct epoll_table *table, uint64_t index)
{
    struct epoll_entry *entries =
        index / ENTRIES_PER_FRAME < FRAMES ? table->frame[index / ENTRIES_PER_FRAME] : NULL;
    return entries ? &entries[index % ENTRIES_PER_FRAME] : NULL;
}

/* An unused entry, in a new frame if need be. NULL: *error */
static struct epoll_entry *entry_new(struct process *process, uint64_t *index, int *error)
{
    struct epoll_table *table = process->epoll;
    struct epoll_entry *entry = NULL;
    for (*index = 0; (entry = entry_at(table, *index)) != NULL; ++*index)
        if (entry->number == 0)
            return entry;
    *error = -ENOSPC;
    if (*index / ENTRIES_PER_FRAME >= FRAMES)
        return NULL;
    uint64_t frame = space_alloc(&process->space, error);
    if (frame != FRAME_NONE)
        table->frame[*index / ENTRIES_PER_FRAME] = frame_pointer(frame);
    return entry_at(table, *index);
}

int epoll_register(struct process *process, int32_t epfd, int32_t fd,
                   const struct epoll_event *event, uint64_t *token)
{
    int error = 0;
    uint64_t index = 0;
    if (!process->epoll) {
        uint64_t frame = space_alloc(&process->space, &error);
        if (frame == FRAME_NONE)
            return error;
        process->epoll = frame_pointer(frame);
    }
    struct epoll_entry *entry = entry_new(process, &index, &error);
    if (!entry)
        return error;
    if (++process->epoll->newest == 0)
        process->epoll->newest = 1;
    *entry = (struct epoll_entry){.epfd = epfd,
                                  .fd = fd,
                                  .events = event->events,
                                  .number = process->epoll->newest,
                                  .data = event->data};
    *token = (uint64_t)entry->number << 32 | index;
    return 0;
}

static struct epoll_entry *entry_of(const struct process *process, uint64_t token)
{
    struct epoll_entry *entry = process->epoll ? entry_at(process->epoll, (uint32_t)token) : NULL;
    return entry && token >> 32 != 0 && entry->number == token >> 32 ? entry : NULL;
}

void epoll_settle(struct process *process, int32_t epfd, int32_t fd, uint64_t token, bool done)
{
    struct epoll_entry *mine = entry_of(process, token), *entry = NULL;
    if (!done && mine)
        mine->number = 0;
    if (!done || !process->epoll)
        return;
    for (uint64_t i = 0; (entry = entry_at(process->epoll, i)) != NULL; i++)
        if (entry != mine && entry->epfd == epfd && entry->fd == fd)
            entry->number = 0;
}

void epoll_forget(struct process *process, uint32_t first, uint32_t last)
{
    struct epoll_entry *entry = NULL;
    for (uint64_t i = 0; process->epoll && (entry = entry_at(process->epoll, i)) != NULL; i++) {
        uint32_t epfd = (uint32_t)entry->epfd, fd = (uint32_t)entry->fd;
        if ((fd >= first && fd <= last) || (epfd >= first && epfd <= last))
            entry->number = 0;
    }
}

void epoll_begin_round(struct process *process)
{
    if (process->epoll)
        process->epoll->round++;
}

bool epoll_translate(struct process *process, int32_t epfd, struct epoll_event *event)
{
    struct epoll_entry *entry = entry_of(process, event->data);
    if (!entry || entry->epfd != epfd || entry->spent || entry->round == process->epoll->round)
        return false;
    event->events &= entry->events | EPOLLERR | EPOLLHUP;
    event->data = entry->data;
    if (event->events == 0)
        return false;
    entry->round = process->epoll->round;
    entry->spent = (entry->events & EPOLLONESHOT) != 0;
    return true;
}

void epoll_free(struct process *process)
{
    struct epoll_table *table = process->epoll;
    for (unsigned i = 0; table && i < FRAMES; i++)
        if (table->frame[i])
            space_free(&process->space, frame_address(table->frame[i]));
    if (table)
        space_free(&process->space, frame_address(table));
    process->epoll = NULL;
}
