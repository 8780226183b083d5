// SPDX-License-Identifier: BSD-2-Clause
/*
 * Calls into a trustlet by raw Secure Kernel calls: structures and buffers that are not VTL0's,
 * lengths that lie. The trustlet must serve on, and every refusal leave a record.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../calls/calls.h"
#include "attacker.h"

#define SHARED 2u /* arena pages */
#define BYTES  3u
#define INFO   4u

static pid_t host;

/* -> the trustlet's handle, once it waits. */
static uint64_t start(void)
{
    char said[64];
    int pipes[2];
    const struct sk_process_info *info = arena_page(INFO);

    if (pipe(pipes) != 0)
        bail("pipe");
    host = fork();
    if (host == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execlp("ium", "ium", "run", "callee", NULL);
        _exit(127);
    }
    if (read(pipes[0], said, sizeof(said)) <= 0)
        bail("the trustlet does not start");
    for (uint64_t i = 0;
         skcall_finish(SK_CALL_PROCESS_INFO, i, arena_gpa(INFO), 0, 0, 0).status == SK_OK; i++)
        if (info->host_pid == (uint64_t)host)
            return info->process;
    bail("there is no such trustlet");
}

static struct sk_trustlet_call *prepare(uint64_t number, uint32_t in, uint32_t out, uint64_t page)
{
    struct sk_trustlet_call *shared = arena_page(SHARED);

    *shared = (struct sk_trustlet_call){.number = number, .in = in, .out = out, .pages = {page}};
    return shared;
}

/* A thread that was preempted while it served is to be carried on: here by the attacker. */
static void carry_on(uint64_t process, uint64_t thread)
{
    struct sk_answer answer = {0};

    do
        answer = skcall_finish(SK_CALL_THREAD_RUN, process, thread, 0, 0, 0);
    while (answer.status == SK_OK && answer.results[0] == SK_RUN_PREEMPTED);
}

/* Until a thread waits: its carrier may be on the way there. */
static uint64_t make(uint64_t process, uint64_t gpa)
{
    struct sk_answer answer = {0};

    for (int i = 0; i < 1000; i++) {
        answer = skcall_finish(SK_CALL_TRUSTLET_CALL, process, gpa, 0, 0, 0);
        if (answer.status != SK_OK || answer.results[0] != SK_CALLED_NOBODY)
            break;
        usleep(1000);
    }
    if (answer.status == SK_OK && answer.results[1] != ~0ull)
        carry_on(process, answer.results[1]);
    return answer.status;
}

static bool ends(const struct sk_trustlet_call *shared, enum sk_call_state state)
{
    return *(volatile const uint32_t *)&shared->state == state;
}

static bool serves(uint64_t process)
{
    const struct sk_trustlet_call *shared = prepare(CALL_ECHO, 64, 64, arena_gpa(BYTES));
    uint8_t *bytes = arena_page(BYTES);

    memset(bytes, 1, 64);
    return make(process, arena_gpa(SHARED)) == SK_OK && ends(shared, SK_CALL_ANSWERED) &&
           shared->out == 64 && bytes[63] == (1 ^ ECHO_XOR);
}

static void not_its_own(uint64_t process, const char *what, uint64_t gpa)
{
    const struct sk_trustlet_call *shared = prepare(CALL_ECHO, 64, 64, gpa);

    ok(make(process, arena_gpa(SHARED)) == SK_ACCESS_DENIED && serves(process),
       "%s as the buffer that goes there is refused", what);
    shared = prepare(CALL_FILL, 0, 64, gpa);
    ok(make(process, arena_gpa(SHARED)) == SK_OK && ends(shared, SK_CALL_ABORTED) &&
           serves(process),
       "%s as the buffer that comes back is not written: the call is aborted", what);
    ok(make(process, gpa) == SK_ACCESS_DENIED && serves(process),
       "%s as the call itself is refused", what);
}

static void lies(uint64_t process)
{
    struct sk_trustlet_call *shared =
        prepare(CALL_ECHO, SK_CALL_BYTES_MAX + 1, 0, arena_gpa(BYTES));

    ok(make(process, arena_gpa(SHARED)) == SK_INVALID_ARGUMENT, "too many bytes there are refused");
    prepare(CALL_FILL, 0, ~0u, arena_gpa(BYTES));
    ok(make(process, arena_gpa(SHARED)) == SK_INVALID_ARGUMENT, "too much room is refused");
    shared = prepare(CALL_ECHO, 64, 64, arena_gpa(BYTES));
    shared->offset = ~0ull - 8;
    ok(make(process, arena_gpa(SHARED)) == SK_INVALID_ARGUMENT, "a wrapping offset is refused");
    prepare(CALL_ECHO, 64, 64, arena_gpa(BYTES) + 1);
    ok(make(process, arena_gpa(SHARED)) == SK_ACCESS_DENIED, "a page that is none is refused");
    ok(make(process, arena_gpa(SHARED) + OPENVSM_PAGE_SIZE - 8) == SK_ACCESS_DENIED,
       "a call that is not at a page's start is refused");
    ok(serves(process), "the trustlet serves on");
}

int main(void)
{
    struct frames frames;
    struct sk_audit_record record = {0};

    attacker_start();
    frames = survey();
    uint64_t process = start();
    ok(serves(process), "control: a raw call with VTL0's own memory is served");
    audit_mark();
    not_its_own(process, "VTL1's memory", find_frame(&frames, FRAME_CLOSED, 0));
    not_its_own(process, "the hypervisor's memory", HYPERVISOR_BASE);
    not_its_own(process, "the local APIC", 0xfee00000);
    ok(audit_find(SK_AUDIT_SKCALL, ~0ull, &record), "refusals are recorded");
    lies(process);
    kill(host, SIGKILL);
    waitpid(host, NULL, 0);
    return done_testing();
}
