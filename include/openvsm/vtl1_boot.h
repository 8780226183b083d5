/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypervisor hands to the Secure Kernel when it starts VTL1.
 *
 * The Secure Kernel is an ELF64 ET_EXEC linked at VTL1_KERNEL_BASE. The hypervisor copies its
 * segments to the start of the VTL1 pool and builds the first page tables there:
 *   - the segments at their linked addresses with their own rights (never W and X together);
 *   - a direct map of all RAM ranges at VTL1_DIRECT_MAP + gpa, read-write, no-execute. What VTL1
 *     may really touch there is decided by the SLAT.
 * Each CPU then enters e_entry in 64-bit mode, interrupts off, CPL 0, with CS/SS flat, EFER.NXE,
 * CR0.WP, RDI = address of struct vtl1_boot_info in the direct map, RSI = VP index, no stack. The
 * boot CPU (VP 0) goes first and alone; the others follow one at a time after it has returned. A
 * CPU says that it is ready by a fast VtlReturn with RDI = 0, or refuses with RDI = the address of
 * a NUL-ended sentence in its image, which the hypervisor prints before it stops the machine.
 */
#ifndef OPENVSM_VTL1_BOOT_H
#define OPENVSM_VTL1_BOOT_H

#include <openvsm/types.h>

#define VTL1_KERNEL_BASE    0xffffffff80000000ull
#define VTL1_DIRECT_MAP     0xffff888000000000ull
#define VTL1_BOOT_MAGIC     0x3156535400314c54ull
#define VTL1_MAX_CPUS       64u
#define VTL1_MAX_RAM_RANGES 64u

struct vtl1_range {
    uint64_t base; /* GPA, page aligned */
    uint64_t size; /* bytes, page multiple */
};

struct vtl1_boot_info {
    uint64_t magic;
    uint32_t cpu_count;
    uint32_t ram_range_count;
    uint64_t tsc_hz;        /* calibrated before VTL0 could touch any timer */
    uint64_t cr3;           /* the first page tables, in the pool */
    struct vtl1_range pool; /* VTL1's boot memory, the kernel's image at its start */
    uint64_t pool_used;     /* bytes from pool.base taken by image, tables and this page */
    uint64_t kernel_size;   /* bytes of the image in memory */
    /* BLAKE2b-256 of the hypervisor's text and read-only data as they are in memory (in its ELF
     * file: the two read-only segments), and of the Secure Kernel's file. */
    uint8_t hypervisor_digest[32], secure_kernel_digest[32];
    uint64_t reserved[4];
    /* RAM that VTL0 or VTL1 owns at boot; the hypervisor's own is left out. */
    struct vtl1_range ram[VTL1_MAX_RAM_RANGES];
};
static_assert(sizeof(struct vtl1_boot_info) <= OPENVSM_PAGE_SIZE, "boot info is one page");

#endif
