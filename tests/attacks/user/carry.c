// SPDX-License-Identifier: BSD-2-Clause
/*
 * attack-carry RECORDS FILE ARGV0 ARG…: the host process of a trustlet, as an attacker would write
 * it: it answers truly, but after every return and preemption it writes all that VTL0 can read of
 * the CPU to the file RECORDS (which is VTL0's memory, and so is streamed to the host with it).
 * Every other call is made with AVX, every fourth with SSE too, switched off. RECORDS is a ring.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "host.h"

#define RECORDS_MAX 4096u /* of one page each */

static int records;
static uint64_t count;

static struct host_return run_recorded(struct host *host)
{
    static struct attack_record record;
    static const struct attack_call ways[] = {
        {.flags = 0},
        {.flags = ATTACK_CALL_XCR0, .xcr0 = 3},
        {.flags = 0},
        {.flags = ATTACK_CALL_XCR0, .xcr0 = 1},
    };
    struct attack_call request = ways[count % 4];
    struct host_return back = {0};

    request.record = (uint64_t)&record;
    back = host_run_raw(host, &request);
    if (pwrite(records, &record, sizeof(record), (off_t)(count++ % RECORDS_MAX * sizeof(record))) !=
        (ssize_t)sizeof(record))
        bail("records: %s", strerror(errno));
    return back;
}

static int carry(struct host *host)
{
    for (;;) {
        struct host_return back = run_recorded(host);

        if (back.status == SK_NO_MEMORY || (back.status == SK_OK && back.reason == SK_RUN_MEMORY))
            back = host_run(host);
        if (back.status == SK_AGAIN || back.status == SK_BUSY ||
            (back.status == SK_OK && back.reason == SK_RUN_PREEMPTED))
            continue;
        if (back.status != SK_OK)
            bail("THREAD_RUN: status %llu", (unsigned long long)back.status);
        if (back.reason == SK_RUN_EXIT)
            return back.result[1] ? 128 + (int)back.result[1] : (int)back.result[0];
        if (back.reason == SK_RUN_SYSCALL)
            host_answer(host, host_syscall(host));
    }
}

int main(int argc, char **argv)
{
    struct host host = {0};
    uint32_t status = 0;

    if (argc < 4)
        bail("usage: attack-carry RECORDS FILE ARGV0 ARG...");
    attacker_start();
    records = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (records < 0)
        bail("%s: %s", argv[1], strerror(errno));
    if (!host_start(&host, argv[2], (const char *const *)argv + 3, &status))
        bail("%s: status %u", argv[2], status);
    return carry(&host);
}
