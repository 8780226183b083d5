/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer: any bytes as the first page of a file. What is accepted must be safe to map. */
#include "address_space.h"
#include "elf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct image_layout *layout)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < layout->segment_count; i++) {
        const struct image_segment *s = &layout->segments[i];
        unsigned both = ACCESS_WRITE | ACCESS_EXECUTE;
        if (s->address < end || (s->address | s->size | s->file_offset) % PAGE_SIZE != 0 ||
            s->file_bytes > s->size || (s->access & both) == both || s->size > USER_END)
            abort();
        end = s->address + s->size;
        if (end > USER_END)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct image_layout layout;
    size_t bytes = size < PAGE_SIZE ? size : PAGE_SIZE;
    uint64_t file_size = size < PAGE_SIZE ? size : 1ull << 32;
    if (elf_parse(data, bytes, file_size, &layout) == SK_OK)
        check(&layout);
    return 0;
}
