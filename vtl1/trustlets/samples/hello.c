/* SPDX-License-Identifier: BSD-2-Clause */
/* The shortest trustlet: any static program is one once it is signed. */
#include <stdio.h>

int main(void)
{
    printf("hello from VTL1\n");
    return 0;
}
