/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: any bytes as the start block that VTL0 gives to PROCESS_CREATE. What is accepted must
 * have become a stack: argc, that many pointers into it, NULL, more of them, NULL.
 */
#include "fake.h"
#include "start.h"
#include "user_copy.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 0x100000ull
#define MAX   0x8000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct trustlet_manifest manifest;
static struct process process;

static uint64_t word(uint64_t address)
{
    uint64_t value = 0;

    if (user_copy_in(&process.space, &value, address, 8) != 0)
        abort();
    return value;
}

/* -> where the list ends. */
static uint64_t check_list(uint64_t at, uint64_t count)
{
    static char text[SK_START_MAX];

    for (uint64_t i = 0; i < count; i++, at += 8)
        if (user_copy_string(&process.space, text, word(at), sizeof(text)) < 0)
            abort();
    if (word(at) != 0)
        abort();
    return at + 8;
}

static void check_stack(const struct sk_start *header)
{
    uint64_t sp = start_stack_pointer(&process);

    if (sp % 16 != 0 || word(sp) != header->argc)
        abort();
    check_list(check_list(sp + 8, header->argc), header->envc);
}

static void try(uint64_t bytes, const struct sk_start *header)
{
    memset(&process.start, 0, sizeof(process.start));
    process.manifest = &manifest;
    if (address_space_create(&process.space, UINT64_MAX) != 0)
        abort();
    enum sk_status status = start_begin(&process, BLOCK, bytes);

    if (status == SK_OK) {
        do
            status = start_continue(&process);
        while (status == SK_AGAIN);
        if (status == SK_OK)
            check_stack(header);
    }
    while (address_space_destroy(&process.space) == ADDRESS_SPACE_AGAIN) {
    }
}

/* The first byte: bit 0, the header tells the true size and counts that may fit; the rest, how long
 * the work goes on without a pause. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sk_start header;

    if (frame_counts().free == 0) {
        fake_machine();
        kernel_cr3 = frame_alloc();
        process.image = fake_image();
    }
    if (size < sizeof(header) + 1 || size > MAX)
        return 0;
    memcpy(&header, data + 1, sizeof(header));
    if (data[0] & 1) {
        header.bytes = (uint32_t)size - 1;
        header.argc %= 64;
        header.envc %= 64;
    }
    fake_yield_every = data[0] >> 1;
    memcpy(frame_pointer(BLOCK), data + 1, size - 1);
    memcpy(frame_pointer(BLOCK), &header, sizeof(header));
    try(size - 1, &header);
    fake_yield_every = 0;
    return 0;
}
