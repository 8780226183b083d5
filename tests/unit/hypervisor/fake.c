/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

struct fake_flush fake_flush;
static uint8_t *memory;

void fake_reset(void)
{
    if (memory)
        munmap(memory, FAKE_MEMORY);
    memory = mmap(NULL, FAKE_MEMORY, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    fake_flush = (struct fake_flush){.answers = true};
}

void *hpa_pointer(hpa_t address)
{
    if (!memory || address.value >= FAKE_MEMORY)
        abort();
    return memory + address.value;
}

bool slat_flush_cpus(uint64_t cpus)
{
    fake_flush.cpus = cpus;
    return fake_flush.answers;
}

bool slat_flush_all_cpus(void)
{
    fake_flush.count++;
    if (fake_flush.before)
        fake_flush.before();
    return fake_flush.answers;
}

void slat_serve_flush(void)
{
    sched_yield();
}
