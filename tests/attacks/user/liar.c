// SPDX-License-Identifier: BSD-2-Clause
/*
 * A host process that lies. The trustlet `caller` makes each marshalled call once; for each of
 * them, and each kind of lie, a fresh instance gets the truth up to that call and then the lie. It
 * must die with SK_DEATH_LYING_ANSWER there, be recorded, and never see the lie (it would exit 3).
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host.h"

#define TRUSTLET  "/usr/lib/openvsm/trustlets/attack-caller"
#define CALLS_MAX 64u

static const struct attack_call plainly;

/* The requests in order, learnt from an honest run. */
struct script {
    uint64_t numbers[CALLS_MAX];
    uint64_t counts[CALLS_MAX]; /* argument 2: how many bytes at most */
    uint32_t length;
};

static bool begin(struct host *host)
{
    static const char *const words[] = {"caller", NULL};
    uint32_t status = 0;

    if (host_start(host, TRUSTLET, words, &status))
        return true;
    bail("%s: status %u", TRUSTLET, status);
}

static bool wants_call(const struct host_return *back)
{
    return back->status == SK_OK && back->reason == SK_RUN_SYSCALL;
}

static bool is_exit(const struct host_return *back)
{
    return back->status == SK_OK && back->reason == SK_RUN_EXIT;
}

static void honest_run(struct script *script)
{
    struct host host = {0};
    struct host_return back = {0};

    begin(&host);
    for (;;) {
        back = host_run_until(&host, &plainly);
        if (!wants_call(&back) || script->length == CALLS_MAX)
            break;
        script->numbers[script->length] = host.channel->number;
        script->counts[script->length++] = host.channel->arguments[2];
        host_answer(&host, host_syscall(&host));
    }
    ok(is_exit(&back) && back.result[0] == 0 && back.result[1] == 0 && script->length >= 20,
       "control: with true answers to its %u calls the trustlet ends well (exit %llu signal %llu)",
       script->length, (unsigned long long)back.result[0], (unsigned long long)back.result[1]);
    host_stop(&host);
}

/* Answers truly until the call at index is asked for. -> false if it never is. */
static bool advance(struct host *host, uint32_t index)
{
    for (uint32_t i = 0;; i++) {
        struct host_return back = host_run_until(host, &plainly);

        if (!wants_call(&back))
            return false;
        if (i == index)
            return true;
        host_answer(host, host_syscall(host));
    }
}

/* Is it the trustlet's call that was marshalled as `asked`? Vectored calls go piece by piece. */
static bool is_call(uint64_t called, uint64_t asked)
{
    return called == asked || (called == SYS_readv && asked == SYS_read) ||
           (called == SYS_writev && asked == SYS_write);
}

/* Gives the lie and looks at what becomes of the trustlet. */
static bool dies_of(const struct script *script, uint32_t index, int64_t lie)
{
    struct host host = {0};
    struct sk_audit_record record = {0};
    struct host_return back = {0};
    bool died = false, recorded = false;

    begin(&host);
    if (!advance(&host, index))
        bail("call %u did not come again", index);
    audit_mark();
    host_syscall(&host);
    host_answer(&host, lie);
    back = host_run_until(&host, &plainly);
    died = is_exit(&back) && back.result[3] == SK_DEATH_LYING_ANSWER &&
           is_call(back.result[2], script->numbers[index]);
    recorded = audit_find(SK_AUDIT_ANSWER, back.result[2], &record) &&
               record.value == (uint64_t)lie && record.process == host.process;
    if (!died || !recorded)
        note("call %llu, answer %lld: status %llu reason %llu death %llu at %llu, recorded %d",
             (unsigned long long)script->numbers[index], (long long)lie,
             (unsigned long long)back.status, (unsigned long long)back.reason,
             (unsigned long long)back.result[3], (unsigned long long)back.result[2], recorded);
    host_stop(&host);
    return died && recorded;
}

/* The least answer that is too large for this call; 0 if every positive one may be true. */
static int64_t too_large(uint64_t number, uint64_t count)
{
    switch (number) {
    case SYS_read:
    case SYS_pread64:
    case SYS_write:
    case SYS_getdents64:
    case SYS_sendto:
    case SYS_recvfrom:
        return (int64_t)count + 1;
    case SYS_lseek:
        return 0;
    case SYS_close:
    case SYS_fstat:
    case SYS_newfstatat:
    case SYS_uname:
    case SYS_bind:
    case SYS_getsockname:
    case SYS_unlink:
        return 1;
    case SYS_poll:
        return 2;
    default:
        return 1ll << 31;
    }
}

static void lie_about_everything(const struct script *script)
{
    for (uint32_t i = 0; i < script->length; i++) {
        uint64_t number = script->numbers[i];
        int64_t large = too_large(number, script->counts[i]);

        if (number == SYS_exit_group || number == SYS_exit)
            continue;
        ok(dies_of(script, i, -4096) && dies_of(script, i, INT64_MIN) &&
               (!large || dies_of(script, i, large)) && (!large || dies_of(script, i, INT64_MAX)),
           "request %u (system call %llu): every lie kills the trustlet and is recorded", i,
           (unsigned long long)number);
    }
}

static int32_t find_call(const struct script *script, uint64_t number)
{
    for (uint32_t i = 0; i < script->length; i++)
        if (script->numbers[i] == number)
            return (int32_t)i;
    return -1;
}

/* A length that the kernel is to write back, made too long. argument: which holds its address. */
static void long_length(const struct script *script, uint64_t number, unsigned int argument)
{
    int32_t index = find_call(script, number);
    struct host host = {0};
    struct host_return back = {0};
    int64_t result = 0;

    if (index < 0) {
        skip("a length that comes back too long", "the call is not marshalled");
        return;
    }
    begin(&host);
    advance(&host, (uint32_t)index);
    result = host_syscall(&host);
    *(uint32_t *)host.channel->arguments[argument] = 0xfffffff0;
    host_answer(&host, result);
    while (back = host_run_until(&host, &plainly), wants_call(&back))
        host_answer(&host, host_syscall(&host));
    ok(is_exit(&back) && (back.result[3] == SK_DEATH_LYING_ANSWER ||
                          (back.result[3] == SK_DEATH_EXIT && back.result[0] == 0)),
       "system call %llu with a written-back length of 4 GiB: not believed (exit %llu, death %llu)",
       (unsigned long long)number, (unsigned long long)back.result[0],
       (unsigned long long)back.result[3]);
    host_stop(&host);
}

/* No answer, and the answer to another request: the trustlet must not move. */
static void wrong_sequence(void)
{
    struct host host = {0};
    struct host_return back = {0};
    uint64_t sequence = 0;

    begin(&host);
    advance(&host, 2);
    sequence = host.channel->sequence;
    back = host_run_until(&host, &plainly);
    ok(!(back.status == SK_OK && back.reason == SK_RUN_SYSCALL &&
         host.channel->sequence != sequence),
       "running it on without an answer gets nothing done (status %llu reason %llu)",
       (unsigned long long)back.status, (unsigned long long)back.reason);
    host_stop(&host);

    begin(&host);
    advance(&host, 2);
    sequence = host.channel->sequence;
    host.channel->result = 0;
    host.channel->answered = sequence - 1;
    back = host_run_until(&host, &plainly);
    ok(!(back.status == SK_OK && back.reason == SK_RUN_SYSCALL &&
         host.channel->sequence != sequence),
       "the answer to an older request is not taken (status %llu reason %llu)",
       (unsigned long long)back.status, (unsigned long long)back.reason);
    host_stop(&host);
}

/* Another thread of the host changes the answer all the time, so that it differs between any two
 * reads of it. One copy, then checked: either the trustlet sees a possible value or it dies. */
struct flipper {
    struct sk_channel *channel;
    volatile bool stop;
};
static void *flip(void *argument)
{
    struct flipper *flipper = argument;
    volatile struct sk_channel *channel = flipper->channel;

    while (!flipper->stop) {
        channel->result = 0;
        channel->result = 1ll << 40;
    }
    return NULL;
}

static void race_one(uint32_t *died, uint32_t *ended, uint32_t *wrong)
{
    struct host host = {0};
    struct flipper flipper = {0};
    struct host_return back = {0};
    pthread_t thread;

    begin(&host);
    flipper.channel = host.channel;
    if (pthread_create(&thread, NULL, flip, &flipper))
        bail("no thread");
    while (back = host_run_until(&host, &plainly), wants_call(&back))
        host_answer(&host, 0);
    flipper.stop = true;
    pthread_join(thread, NULL);
    *died += is_exit(&back) && back.result[3] == SK_DEATH_LYING_ANSWER;
    *ended += is_exit(&back) && back.result[3] == SK_DEATH_EXIT && back.result[0] == 0;
    *wrong += !is_exit(&back) || (back.result[3] != SK_DEATH_LYING_ANSWER && back.result[0] != 0);
    host_stop(&host);
}

static void race(void)
{
    uint32_t died = 0, ended = 0, wrong = 0;

    if (cpu_count() < 2) {
        skip("answers that change while they are read", "that takes two CPUs");
        return;
    }
    for (unsigned int i = 0; i < 20; i++)
        race_one(&died, &ended, &wrong);
    ok(wrong == 0,
       "answers that change while they are read: %u died, %u ended well, %u believed it", died,
       ended, wrong);
}

int main(void)
{
    struct script script = {0};

    attacker_start();
    run_only_if(under_openvsm(), "there is no trustlet to lie to");
    honest_run(&script);
    lie_about_everything(&script);
    long_length(&script, SYS_getsockname, 2);
    long_length(&script, SYS_recvfrom, 5);
    wrong_sequence();
    race();
    return done_testing();
}
