/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers each call with its first word + 1 and the buffer as it came, its first byte changed. */
#include <openvsm_trustlet.h>

#include <stdio.h>

static _Alignas(4096) unsigned char buffer[4096];

int main(void)
{
    struct trustlet_call call;

    puts("ready");
    fflush(stdout);
    while (ium_accept(&call, buffer, sizeof(buffer)) == 0) {
        call.words[0]++;
        buffer[0]++;
    }
    perror("callee");
    return 1;
}
