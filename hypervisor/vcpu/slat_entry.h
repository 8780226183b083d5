/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nested page-table entries as AMD's nested paging reads them: the format of long-mode page tables
 * (APM Vol.2 15.25.5, 5.3). slat.c builds and reads entries only through these functions, so that
 * EPT can come as another header.
 *
 * Level 1 is a 4 KiB leaf's, 2 the page directory, 3 the directory pointers, 4 the root.
 */
#ifndef HYPERVISOR_VCPU_SLAT_ENTRY_H
#define HYPERVISOR_VCPU_SLAT_ENTRY_H

#include "../address.h"

#define SLAT_READ          1u
#define SLAT_WRITE         2u
#define SLAT_EXECUTE       4u
#define SLAT_ALL           7u

#define SLAT_LEVELS        4u
#define SLAT_ENTRIES       512u

#define NPT_PRESENT        (1ull << 0)
#define NPT_WRITE          (1ull << 1)
/* A nested walk counts as a user access (APM Vol.2 15.25.5), so every entry has it. */
#define NPT_USER           (1ull << 2)
#define NPT_ACCESSED       (1ull << 5)
#define NPT_DIRTY          (1ull << 6)
#define NPT_LARGE          (1ull << 7)
#define NPT_NX             (1ull << 63)
#define NPT_ADDRESS        0x000ffffffffff000ull
/* Bits 58:52 are software's (APM Vol.2 5.3.3); who owns the page stands there. */
#define NPT_TAG_SHIFT      52u
#define NPT_TAG_MASK       7ull
/*
 * Bits that the CPU ignores and an AMD IOMMU reads (48882, 2.2.3), so that devices walk the same
 * tree: the level of the table pointed to (0 for a leaf) and what a device may do.
 */
#define NPT_IOMMU_LEVEL(n) ((uint64_t)(n) << 9)
#define NPT_IOMMU_READ     (1ull << 61)
#define NPT_IOMMU_WRITE    (1ull << 62)

static inline unsigned slat_entry_shift(unsigned level)
{
    return PAGE_SHIFT + 9u * (level - 1);
}

/* rights 0 gives an entry that is not present and carries only its tag. Accessed and dirty are set
 * from the start: the CPU then never writes an entry, and equal pages have equal entries. */
static inline uint64_t slat_entry_leaf(gpa_t page, unsigned level, unsigned rights, unsigned tag)
{
    uint64_t entry = (uint64_t)tag << NPT_TAG_SHIFT;
    if (!rights)
        return entry;
    entry |= page.value | NPT_PRESENT | NPT_USER | NPT_ACCESSED | NPT_DIRTY;
    entry |= level > 1 ? NPT_LARGE : 0;
    entry |= NPT_IOMMU_READ;
    entry |= rights & SLAT_WRITE ? NPT_WRITE | NPT_IOMMU_WRITE : 0;
    entry |= rights & SLAT_EXECUTE ? 0 : NPT_NX;
    return entry;
}

/* level is that of the entry, one above the table's. */
static inline uint64_t slat_entry_table(hpa_t table, unsigned level)
{
    return table.value | NPT_IOMMU_LEVEL(level - 1) | NPT_IOMMU_READ | NPT_IOMMU_WRITE |
           NPT_PRESENT | NPT_WRITE | NPT_USER | NPT_ACCESSED;
}

static inline bool slat_entry_is_table(uint64_t entry, unsigned level)
{
    return level > 1 && (entry & NPT_PRESENT) && !(entry & NPT_LARGE);
}

static inline hpa_t slat_entry_table_address(uint64_t entry)
{
    return hpa(entry & NPT_ADDRESS);
}

static inline unsigned slat_entry_rights(uint64_t entry)
{
    if (!(entry & NPT_PRESENT))
        return 0;
    return SLAT_READ | (entry & NPT_WRITE ? SLAT_WRITE : 0) | (entry & NPT_NX ? 0 : SLAT_EXECUTE);
}

static inline unsigned slat_entry_tag(uint64_t entry)
{
    return (unsigned)(entry >> NPT_TAG_SHIFT & NPT_TAG_MASK);
}

/* What makes two leaves the same but for the address they map. */
static inline uint64_t slat_entry_kind(uint64_t entry)
{
    return entry & ~NPT_ADDRESS;
}

#endif
