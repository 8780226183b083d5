/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trustlet's ELF file asks for. A pure function of the file's first page and its size: it
 * touches no page, so it is tested and fuzzed on the host.
 */
#ifndef SK_ELF_H
#define SK_ELF_H

#include "image.h"

/* A segment's size in memory; the manifest's limit is applied when pages are really used. */
#define ELF_MEMORY_MAX (1ull << 36)

/*
 * Reads the headers. first: the file's first `bytes` bytes, at most one page is needed; all
 * program headers must lie in them. file_size: of the ELF part, without the trailer. A
 * position-independent file is laid out from address 0.
 * -> SK_OK and *out, or SK_IMAGE_NOT_ELF, _DYNAMIC, _WX, _TRUNCATED, _BAD_LAYOUT.
 */
enum sk_status elf_parse(const void *first, size_t bytes, uint64_t file_size,
                         struct image_layout *out);

#endif
