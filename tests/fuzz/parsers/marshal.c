/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: any bytes as system calls of a trustlet and as VTL0's answers to them. No answer that
 * leaves its contract may come through, and the engine never reads or writes beyond what the
 * arguments name.
 */
#include "marshal_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS_MAX 16u
#define PIECE     0x20000u

static const uint8_t *input;
static size_t left;

static uint64_t take(unsigned bytes)
{
    uint64_t value = 0;
    unsigned count = bytes < left ? bytes : (unsigned)left;

    memcpy(&value, input, count);
    input += count;
    left -= count;
    return value;
}

/* What VTL0 writes into the bounce buffer, and what it says the result is. */
static int64_t answer_from_input(void)
{
    unsigned writes = (unsigned)take(1) % 16;

    for (unsigned i = 0; i < writes; i++) {
        unsigned at = (unsigned)take(2) % BOUNCE_SIZE;

        bounce[at] = (uint8_t)take(1);
    }
    switch (take(1) % 4) {
    case 0:
        return (int64_t)take(2);
    case 1:
        return -(int64_t)take(2);
    case 2:
        return (int64_t)take(8);
    default:
        return 0;
    }
}

static uint64_t argument_from_input(unsigned i)
{
    switch (take(1) % 4) {
    case 0:
        return take(1);
    case 1:
        return take(2);
    case 2:
        return take(8);
    default:
        return USER + (2 * (uint64_t)(i % 3) + 1) * PIECE + take(2);
    }
}

static void one_call(void)
{
    uint64_t number = take(2) % (SYSCALL_TABLE_SIZE + 2), a[6];

    for (unsigned i = 0; i < 6; i++)
        a[i] = argument_from_input(i);
    /* Left to the machine that runs it: they end the thread, or wait. */
    if (number < SYSCALL_TABLE_SIZE && syscall_table[number].kind != SYSCALL_HOST)
        return;
    int64_t result = call(answer_from_input, number, a[0], a[1], a[2], a[3], a[4], a[5]);

    if (broke_pipe())
        return;
    if (process.dead)
        assert_lie();
    else if (number < SYSCALL_TABLE_SIZE)
        assert_result_sound(&syscall_table[number], a, result);
    audits = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;

    if (!made)
        machine(NULL);
    made = true;
    setup(NULL);
    input = data;
    left = size;
    /* What the arguments point at is the input too. */
    for (unsigned k = 0; k < 3; k++)
        put(USER + (2 * k + 1) * PIECE, data, size < 4096 ? size : 4096);
    for (unsigned i = 0; left && i < CALLS_MAX; i++)
        one_call();
    teardown(NULL);
    return 0;
}
