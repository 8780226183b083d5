/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake.h"
#include "call.h"
#include "page_table.h"
#include "sk_assert.h"
#include "string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

uint64_t kernel_cr3;
unsigned fake_yield_every;
unsigned fake_flushes;
bool fake_flush_fails;
void (*fake_at_flush)(const struct address_space *space);
static unsigned yield_calls;

void fake_machine(void)
{
    static struct vtl1_boot_info info = {
        .magic = VTL1_BOOT_MAGIC,
        .ram_range_count = 2,
        .pool = {FAKE_POOL, FAKE_POOL_SIZE},
        .pool_used = 5 * PAGE_SIZE,
        .ram = {{0, FAKE_RAM}, {FAKE_HIGH, FAKE_HIGH_SIZE}},
    };
    size_t size = FAKE_HIGH + FAKE_HIGH_SIZE;
    void *ram = mmap((void *)DIRECT_MAP_BASE, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    assert_ptr_equal(ram, (void *)DIRECT_MAP_BASE);
    memset(ram, 0xa5, size);
    assert_null(frame_init(&info));
}

bool call_must_yield(void)
{
    return fake_yield_every != 0 && ++yield_calls % fake_yield_every == 0;
}

void page_table_flush(uint64_t address)
{
    (void)address;
}

bool page_table_flush_others(const struct address_space *space)
{
    fake_flushes++;
    if (fake_at_flush != NULL)
        fake_at_flush(space);
    return !fake_flush_fails;
}

void sk_panic(const char *sentence)
{
    fprintf(stderr, "sk_panic: %s\n", sentence);
    abort();
}

void copy_volatile(volatile void *to, const volatile void *from, size_t size)
{
    memcpy((void *)(uintptr_t)to, (const void *)(uintptr_t)from, size);
}

void wipe(volatile void *memory, size_t size)
{
    memset((void *)(uintptr_t)memory, 0, size);
}
