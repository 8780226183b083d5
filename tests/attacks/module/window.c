// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fresh page tables onto any frame: a vmap() of one dummy page gives kernel addresses and the
 * tables that belong to them; its last-level entries are then rewritten by hand, so that no check
 * of Linux (pfn_valid, memory types, e820) stands between the attacker and a frame.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <asm/io.h>
#include <asm/special_insns.h>
#include "attacker.h"

#define ENTRY_PRESENT    0x001ull
#define ENTRY_LARGE      0x080ull
#define ENTRY_FRAME      0x000ffffffffff000ull
#define ENTRY_NO_EXECUTE (1ull << 63)
/* Present, writable, accessed, dirty. */
#define ENTRY_DATA       0x063ull
#define ENTRY_UNCACHED   0x018ull /* PCD and PWT */

/* The last-level entry that maps address, found as the CPU finds it (APM Vol.2 5.3). */
static u64 *walk(unsigned long address)
{
    u64 *table = __va(__read_cr3() & ENTRY_FRAME);
    int shift = pgtable_l5_enabled() ? 48 : 39;

    for (; shift > 12; shift -= 9) {
        u64 entry = table[(address >> shift) & 511];

        if (!(entry & ENTRY_PRESENT) || (entry & ENTRY_LARGE))
            return NULL;
        table = __va(entry & ENTRY_FRAME);
    }
    return &table[(address >> 12) & 511];
}

static int find_entries(struct window *window)
{
    unsigned int i = 0;

    for (i = 0; i < WINDOW_PAGES; i++) {
        unsigned long address = (unsigned long)window->base + i * PAGE_SIZE;

        /* Touch it, so that this process's top level has the kernel's entry. */
        READ_ONCE(*(u64 *)address);
        window->entry[i] = walk(address);
        if (!window->entry[i])
            return -ENXIO;
        window->original[i] = *window->entry[i];
    }
    return 0;
}

int window_open(struct window *window)
{
    struct page *pages[WINDOW_PAGES] = {};
    struct page *dummy = alloc_page(GFP_KERNEL | __GFP_ZERO);
    unsigned int i = 0;
    int error = 0;

    if (!dummy)
        return -ENOMEM;
    for (i = 0; i < WINDOW_PAGES; i++)
        pages[i] = dummy;
    window->base = vmap(pages, WINDOW_PAGES, VM_MAP, PAGE_KERNEL);
    if (!window->base) {
        __free_page(dummy);
        return -ENOMEM;
    }
    error = find_entries(window);
    if (error) {
        vunmap(window->base);
        __free_page(dummy);
    }
    return error;
}

void window_close(struct window *window)
{
    struct page *dummy = pfn_to_page((window->original[0] & ENTRY_FRAME) >> PAGE_SHIFT);
    unsigned int i = 0;

    for (i = 0; i < WINDOW_PAGES; i++)
        WRITE_ONCE(*window->entry[i], window->original[i]);
    vunmap(window->base);
    __free_page(dummy);
}

void *window_set(struct window *window, unsigned int first, u64 gpa, unsigned int pages, u64 bits)
{
    unsigned int i = 0;

    for (i = 0; i < pages; i++) {
        char *address = (char *)window->base + (first + i) * PAGE_SIZE;

        WRITE_ONCE(*window->entry[first + i], ((gpa + i * PAGE_SIZE) & ENTRY_FRAME) | bits);
        asm volatile("invlpg (%0)" : : "r"(address) : "memory");
    }
    return (char *)window->base + first * PAGE_SIZE;
}

void *reach(struct attacker *attacker, u64 gpa, u32 via, bool executable)
{
    u64 bits = ENTRY_DATA | (executable ? 0 : ENTRY_NO_EXECUTE);

    if (via == ATTACK_VIA_DIRECT_MAP)
        return __va(gpa);
    if (via == ATTACK_VIA_UNCACHED)
        bits |= ENTRY_UNCACHED;
    /* Two pages, so that an operand may lie across the frame's end. */
    return (char *)window_set(&attacker->window, 0, gpa & PAGE_MASK, 2, bits) + offset_in_page(gpa);
}
