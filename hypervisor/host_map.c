/* SPDX-License-Identifier: BSD-2-Clause */
#include "host_map.h"
#include "cpu.h"
#include "log.h"
#include "slat.h"

#define PTE_PRESENT   (1ull << 0)
#define PTE_WRITE     (1ull << 1)
#define PTE_LARGE     (1ull << 7)
#define PTE_NX        (1ull << 63)
#define ENTRIES       512u
#define BOOT_GIB      4u /* mapped by entry.S */
#define CPUID_PAGE1GB (1u << 26)

/* entry.S, hypervisor.lds */
extern uint64_t boot_directory_pointers[ENTRIES], boot_directories[BOOT_GIB * ENTRIES];
extern const uint8_t image_start[], text_end[], rodata_end[];

/* The image's 2 MiB, page by page. */
static uint64_t image_table[ENTRIES] __attribute__((aligned(4096)));

static uint64_t rights_at(uint64_t address)
{
    if (address >= (uint64_t)image_start && address < (uint64_t)text_end)
        return 0;
    if (address >= (uint64_t)text_end && address < (uint64_t)rodata_end)
        return PTE_NX;
    return PTE_NX | PTE_WRITE;
}

static void protect_image(void)
{
    uint64_t base = align_down((uint64_t)image_start, PAGE_SIZE_2M);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint64_t page = base + i * PAGE_SIZE;
        image_table[i] = page | PTE_PRESENT | rights_at(page);
    }
    for (uint32_t i = 0; i < ARRAY_SIZE(boot_directories); i++)
        boot_directories[i] |= PTE_NX;
    boot_directories[base / PAGE_SIZE_2M] = (uint64_t)image_table | PTE_PRESENT | PTE_WRITE;
}

static bool has_huge_pages(void)
{
    return cpu_cpuid(0x80000001u, 0).edx & CPUID_PAGE1GB;
}

bool host_map_add(struct range range)
{
    uint64_t end = range.base + range.size;
    if (end < range.base || end > SLAT_LIMIT)
        return false;
    uint64_t first = range.base / PAGE_SIZE_1G;
    for (uint64_t gib = first < BOOT_GIB ? BOOT_GIB : first; gib * PAGE_SIZE_1G < end; gib++) {
        if (!has_huge_pages())
            return false;
        boot_directory_pointers[gib] =
            gib * PAGE_SIZE_1G | PTE_PRESENT | PTE_WRITE | PTE_LARGE | PTE_NX;
    }
    return true;
}

void host_map_complete(const struct range *ram, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!host_map_add(ram[i]))
            fatal("memory above 4 GiB takes a CPU with 1 GiB pages, and ends at 512 GiB");
    protect_image();
    uint64_t cr3;
    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
}
