/* SPDX-License-Identifier: BSD-2-Clause */
/* Random bytes that a test knows. */
#include "fake.h"
#include "random.h"

#include <string.h>

bool fake_no_random;

bool random_bytes(void *to, uint64_t size)
{
    memset(to, fake_no_random ? 0 : 0x77, size);
    return !fake_no_random;
}
