/* SPDX-License-Identifier: BSD-2-Clause */
#include "page_table.h"

#define TOP_LEVEL 3
#define ENTRIES   512u

static unsigned shift_of(int level)
{
    return 12u + 9u * (unsigned)level;
}

static unsigned index_of(uint64_t address, int level)
{
    return (unsigned)(address >> shift_of(level)) % ENTRIES;
}

static uint64_t *table_of(uint64_t entry)
{
    return frame_pointer(entry & PTE_FRAME);
}

uint64_t *page_table_entry(const struct address_space *space, uint64_t address)
{
    uint64_t *table = frame_pointer(space->root);

#pragma GCC unroll 3
    for (int level = TOP_LEVEL; level > 0; level--) {
        uint64_t entry = table[index_of(address, level)];

        if ((entry & PTE_PRESENT) == 0)
            return NULL;
        table = table_of(entry);
    }
    return &table[index_of(address, 0)];
}

uint64_t *page_table_build(struct address_space *space, uint64_t address, int *error)
{
    uint64_t *table = frame_pointer(space->root);

    *error = 0;
    for (int level = TOP_LEVEL; level > 0; level--) {
        uint64_t *entry = &table[index_of(address, level)];

        if ((*entry & PTE_PRESENT) == 0) {
            uint64_t frame = space_alloc(space, error);

            if (frame == FRAME_NONE)
                return NULL;
            *entry = frame | PTE_PRESENT | PTE_WRITE | PTE_USER;
        }
        table = table_of(*entry);
    }
    return &table[index_of(address, 0)];
}

uint64_t page_table_skip(const struct address_space *space, uint64_t address, uint64_t end)
{
    while (address < end) {
        const uint64_t *table = frame_pointer(space->root);
        int level = TOP_LEVEL;

        while (level > 0 && (table[index_of(address, level)] & PTE_PRESENT)) {
            table = table_of(table[index_of(address, level)]);
            level--;
        }
        if (level == 0)
            return address;
        /* Nothing below this entry: on to the next one of its level. */
        address = ((address >> shift_of(level)) + 1) << shift_of(level);
    }
    return end;
}

/* A table in it may lie outside the range that is pruned. */
static bool is_empty(const uint64_t *table)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        if (table[i] != 0)
            return false;
    return true;
}

static void prune(struct gone *gone, uint64_t *table, int level, uint64_t base,
                  const uint64_t range[4])
{
    uint64_t span = 1ull << shift_of(level);
    uint64_t start = range[0] > base ? range[0] : base;

    for (uint64_t at = start >> shift_of(level) << shift_of(level);
         at < range[1] && at - base < span * ENTRIES; at += span) {
        uint64_t *entry = &table[index_of(at, level)];

        if ((*entry & PTE_PRESENT) == 0)
            continue;
        if (level > 1)
            prune(gone, table_of(*entry), level - 1, at, range);
        if (gone->count == GONE_MAX)
            return;
        if (at >= range[2] && at + span <= range[3] && (level == 1 || is_empty(table_of(*entry)))) {
            gone->frames[gone->count++] = *entry & PTE_FRAME;
            *entry = 0;
        }
    }
}

void page_table_prune(struct address_space *space, struct gone *gone, uint64_t start, uint64_t end,
                      uint64_t low, uint64_t high)
{
    const uint64_t range[4] = {start, end, low, high};

    prune(gone, frame_pointer(space->root), TOP_LEVEL, 0, range);
}
