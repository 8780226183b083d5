/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the Secure Kernel's ELF file. Needs no CPU. */
#ifndef HYPERVISOR_ELF_H
#define HYPERVISOR_ELF_H

#include "types.h"

#define ELF_SEGMENTS_MAX 16u
#define ELF_IMAGE_MAX    (64ull << 20)

struct elf_segment {
    uint64_t address; /* virtual */
    const uint8_t *data;
    uint64_t file_size, memory_size;
    bool writable, executable;
};
struct elf_image {
    uint64_t entry;
    uint64_t size; /* from base to the last segment's end */
    uint32_t count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* An ELF64 ET_EXEC for x86-64, all segments within [base, base + ELF_IMAGE_MAX), none writable and
 * executable, no two on one page, the entry in an executable one. NULL, or what is wrong. */
const char *elf_read(const void *file, uint64_t size, uint64_t base, struct elf_image *image);

#endif
