/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as an instruction of VTL0 that stores to a device. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../../hypervisor/instruction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned count = size > INSTRUCTION_MAX ? INSTRUCTION_MAX : (unsigned)size;
    for (unsigned code_size = 4; code_size <= 8; code_size += 4) {
        struct store store;
        if (!instruction_decode_store(data, count, code_size, &store))
            continue;
        if (store.length == 0 || store.length > count || store.reg > 15 || store.size > 8)
            abort();
        /* What it read is what it says: the same bytes alone mean the same. */
        struct store alone;
        if (!instruction_decode_store(data, store.length, code_size, &alone) ||
            alone.length != store.length || alone.immediate != store.immediate)
            abort();
    }
    return 0;
}
