/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest ordinary program. */
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
