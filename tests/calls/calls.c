/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls into a trustlet, from ordinary processes: what goes there and comes back, callers at the
 * same time, what the trustlet does while it serves, time-outs, and the death of either side.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../vtl0/lib/openvsm.h"
#include "calls.h"

#define MS 1000000ull

static unsigned count, failures;

__attribute__((format(printf, 2, 3))) static void ok(bool good, const char *format, ...)
{
    va_list arguments;
    int error = errno;
    va_start(arguments, format);
    printf("%sok %u - ", good ? "" : "not ", ++count);
    vprintf(format, arguments);
    puts("");
    if (!good)
        printf("# errno %d (%s)\n", error, strerror(error));
    failures += !good;
    va_end(arguments);
    fflush(stdout);
}

/* A running trustlet. */
struct callee {
    pid_t host;
    char said[64]; /* its first line */
};

/* NULL: its own room. `many`: several threads serve. */
static struct callee start_with(const char *name, const char *room, const char *many)
{
    struct callee c = {0};
    int pipes[2];
    if (pipe(pipes) != 0)
        err(1, "pipe");
    c.host = fork();
    if (c.host == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execlp("ium", "ium", "run", name, room, many, NULL);
        _exit(127);
    }
    close(pipes[1]);
    FILE *out = fdopen(pipes[0], "r");
    if (!fgets(c.said, sizeof(c.said), out))
        strcpy(c.said, "nothing");
    fclose(out);
    return c;
}

static struct callee start(const char *name, const char *room)
{
    return start_with(name, room, NULL);
}

static struct openvsm_trustlet *connect_to(const struct callee *c)
{
    struct openvsm_trustlet *t = NULL;
    if (openvsm_connect(c->host, &t) != 0)
        err(1, "connect to %d", (int)c->host);
    return t;
}

/* One call with one word and no buffer. -> 0 or errno; *word is the answer's. */
static int ask(struct openvsm_trustlet *t, uint64_t number, uint64_t *word)
{
    uint64_t words[4] = {*word};
    int result = openvsm_call(t, number, words, NULL);
    *word = words[0];
    return result == 0 ? 0 : errno;
}

static int end_of(struct callee *c)
{
    int status = -1;
    waitpid(c->host, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static void stop(struct callee *c)
{
    kill(c->host, SIGKILL);
    waitpid(c->host, NULL, 0);
}

/* ---- what goes there and comes back ---- */

static bool echoes(struct openvsm_trustlet *t, unsigned char *bytes, uint32_t in, uint32_t out)
{
    uint64_t words[4] = {in, out, 3, ~0ull};
    struct openvsm_buffer b = {.bytes = bytes, .in = in, .out = out};
    uint32_t back = in < out ? in : out, larger = in > out ? in : out;
    for (uint32_t i = 0; i < larger; i++)
        bytes[i] = (unsigned char)(i * 7 + in);
    if (openvsm_call(t, CALL_ECHO, words, &b) != 0 || b.out != back || words[0] != in + 1ull ||
        words[1] != out + 1ull || words[2] != 4 || words[3] != 0)
        return false;
    for (uint32_t i = 0; i < larger; i++)
        if (bytes[i] != (unsigned char)((i * 7 + in) ^ (i < back ? ECHO_XOR : 0)))
            return false;
    return true;
}

static void buffers(struct openvsm_trustlet *t)
{
    static const uint32_t sizes[] = {0, 1, 4095, 4096, 4097, 65535, 65536};
    static unsigned char area[70000];
    bool good = true;
    for (unsigned i = 0; i < 7; i++)
        for (unsigned j = 0; j < 7; j++)
            for (unsigned offset = 0; offset < 4096; offset += 1365)
                good &= echoes(t, area + offset, sizes[i], sizes[j]);
    ok(good, "words and buffers of 0 to 64 KiB at any offset go there and come back");
    uint64_t words[4] = {0};
    struct openvsm_buffer b = {.bytes = area, .in = 65537};
    ok(openvsm_call(t, CALL_ECHO, words, &b) != 0 && errno == EMSGSIZE, "65537 bytes: EMSGSIZE");
    b = (struct openvsm_buffer){.bytes = (void *)0x1000, .in = 100};
    ok(openvsm_call(t, CALL_ECHO, words, &b) != 0 && errno == EFAULT, "no such memory: EFAULT");
    b.bytes = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ok(openvsm_call(t, CALL_ECHO, words, &b) == 0,
       "a buffer that only goes there may be read-only");
    b.out = 1;
    ok(openvsm_call(t, CALL_ECHO, words, &b) != 0 && errno == EFAULT, "one to write to may not");
}

static void credentials(struct openvsm_trustlet *t)
{
    uint64_t words[4] = {0};
    ok(openvsm_call(t, CALL_WHO, words, NULL) == 0 && words[0] == (uint64_t)getpid() &&
           words[1] == 0 && words[2] == 0,
       "the trustlet learns pid, uid and gid");
}

static void other_user(struct callee *c)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        uint64_t words[4] = {0};
        struct openvsm_trustlet *t = NULL;
        if (setgid(1234) != 0 || setuid(4321) != 0 || openvsm_connect(c->host, &t) != 0 ||
            openvsm_call(t, CALL_WHO, words, NULL) != 0)
            _exit(1);
        _exit(words[0] == (uint64_t)getpid() && words[1] == 4321 && words[2] == 1234 ? 0 : 2);
    }
    waitpid(child, &status, 0);
    ok(status == 0, "another user may call, and is named");
}

/* ---- what the trustlet does while it serves ---- */

static void serving(struct openvsm_trustlet *t)
{
    unsigned char bytes[10];
    uint64_t words[4] = {0}, word = 30;
    ok(openvsm_call(t, CALL_MARSHAL, words, NULL) == 0 && words[0] == CALLEE_ROOM &&
           words[1] == (uint64_t)getpid(),
       "it makes system calls of VTL0");
    ok(ask(t, CALL_SLEEP, &word) == 0, "it sleeps");
    word = 50;
    ok(ask(t, CALL_SPIN, &word) == 0, "it is preempted");
    word = 24;
    ok(ask(t, CALL_MEMORY, &word) == 0, "it needs memory of VTL0");
    word = 0;
    ok(ask(t, CALL_TOO_LONG, &word) == 0 && word == EMSGSIZE,
       "an answer longer than the caller's room is refused, and the call stays open");
    word = 0;
    ok(ask(t, CALL_BAD_BUFFER, &word) == 0 && echoes(t, bytes, 10, 10) &&
           ask(t, CALL_CANCELLED, &word) == 0 && word == FAULT_SEEN,
       "a bad buffer is the trustlet's own error, and the next call is served");
}

/* ---- many, time, death ---- */

#define CALLERS 8
#define CALLS   200

static int call_often(const struct callee *c, unsigned seed)
{
    struct openvsm_trustlet *t = connect_to(c);
    unsigned char *area = malloc(9000);
    for (unsigned i = 0; i < CALLS; i++) {
        uint64_t words[4] = {0};
        if (!echoes(t, area, (seed * 997 + i * 31) % 9000, 8192))
            return 1;
        if (i % 16 == seed && openvsm_call(t, CALL_MARSHAL, words, NULL) != 0)
            return 2;
    }
    openvsm_disconnect(t);
    return 0;
}

static void many_callers(const struct callee *c)
{
    int status = 0, bad = 0;
    for (unsigned i = 0; i < CALLERS; i++)
        if (fork() == 0)
            _exit(call_often(c, i));
    for (unsigned i = 0; i < CALLERS; i++) {
        wait(&status);
        bad += status != 0;
    }
    ok(bad == 0, "%d callers at the same time, each gets its own answers", CALLERS);
}

static void time_outs(struct openvsm_trustlet *t)
{
    uint64_t word = 300;
    openvsm_set_timeout(t, 20 * MS);
    ok(ask(t, CALL_SLEEP, &word) == ETIMEDOUT, "no answer in time: ETIMEDOUT");
    word = 0;
    ok(ask(t, CALL_ECHO, &word) == ETIMEDOUT, "no thread free in time: ETIMEDOUT");
    openvsm_set_timeout(t, ~0ull);
    word = 0;
    ok(ask(t, CALL_CANCELLED, &word) == 0 && word == FAULT_SEEN + 1,
       "the trustlet learns that its answer was dropped, and serves on");
}

static void caller_dies(const struct callee *c, struct openvsm_trustlet *t)
{
    uint64_t before = 0, word = 0;
    ask(t, CALL_CANCELLED, &before);
    pid_t child = fork();
    if (child == 0) {
        word = 900;
        ask(connect_to(c), CALL_SLEEP, &word);
        _exit(0);
    }
    /* It is busy from the moment that a call of ours finds nobody. */
    openvsm_set_timeout(t, 20 * MS);
    while (ask(t, CALL_ECHO, &word) == 0)
        usleep(1000);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    openvsm_set_timeout(t, ~0ull);
    ok(ask(t, CALL_CANCELLED, &word) == 0 && word == before + 1,
       "a caller killed in the middle: its answer is dropped, the next is served");
}

static void callee_dies(uint64_t number, const char *how)
{
    struct callee c = start("callee", NULL);
    struct openvsm_trustlet *t = connect_to(&c);
    uint64_t word = 0;
    int error = ask(t, number, &word);
    ok(error == ECONNRESET && ask(t, CALL_ECHO, &word) == ECONNRESET,
       "a trustlet that %s: ECONNRESET, then and later (%d)", how, error);
    end_of(&c);
    openvsm_disconnect(t);
}

static void callee_is_killed(void)
{
    struct callee c = start("callee", NULL);
    struct openvsm_trustlet *t = connect_to(&c);
    uint64_t word = 900;
    pid_t killer = fork();
    if (killer == 0) {
        usleep(100000);
        kill(c.host, SIGKILL);
        _exit(0);
    }
    ok(ask(t, CALL_SLEEP, &word) == ECONNRESET, "a trustlet that is killed: ECONNRESET");
    waitpid(killer, NULL, 0);
    end_of(&c);
    openvsm_disconnect(t);
}

static void last_answer(void)
{
    struct callee c = start("callee", NULL);
    struct openvsm_trustlet *t = connect_to(&c);
    uint64_t word = 0;
    int error = ask(t, CALL_LAST, &word);
    ok(error == 0 && word == 77 && end_of(&c) == 0, "an answer may be the last thing it does");
    openvsm_disconnect(t);
}

/* As many calls at once as threads wait: each answers only when all of them serve one. */
static bool all_meet(const struct callee *c, unsigned callers)
{
    int status = 0, bad = 0;
    for (unsigned i = 0; i < callers; i++) {
        if (fork() == 0) {
            struct openvsm_trustlet *t = connect_to(c);
            uint64_t word = 0;
            openvsm_set_timeout(t, 30000 * MS);
            _exit(ask(t, CALL_MEET, &word));
        }
    }
    for (unsigned i = 0; i < callers; i++) {
        wait(&status);
        bad += status != 0;
    }
    return bad == 0;
}

/* The caller of a thread that ends learns of it, and nobody else. */
static void many_servers(void)
{
    struct callee c = start_with("callee", "65536", "many");
    struct openvsm_trustlet *t = connect_to(&c);
    uint64_t word = 0;
    ok(all_meet(&c, SERVERS) && all_meet(&c, SERVERS), "%u waiting threads serve at once, twice",
       SERVERS);
    for (unsigned i = 1; i < SERVERS; i++) {
        int error = ask(t, CALL_QUIT, &word);
        word = i;
        ok(error == ECONNRESET && ask(t, CALL_ECHO, &word) == 0 && word == i + 1,
           "a thread that ends while it serves: ECONNRESET, the %u others go on", SERVERS - i);
    }
    openvsm_disconnect(t);
    stop(&c);
}

static void small_room(void)
{
    static unsigned char bytes[101];
    struct callee c = start("callee", "100");
    struct openvsm_trustlet *t = connect_to(&c);
    uint64_t words[4] = {0};
    struct openvsm_buffer b = {.bytes = bytes, .in = 101};
    ok(openvsm_call(t, CALL_ECHO, words, &b) != 0 && errno == EMSGSIZE,
       "more than the trustlet takes: EMSGSIZE");
    b.in = 100;
    ok(openvsm_call(t, CALL_ECHO, words, &b) == 0, "as much as it takes goes through");
    openvsm_disconnect(t);
    stop(&c);
}

static void not_callable(void)
{
    struct callee c = start("callee-closed", NULL);
    ok(strstr(c.said, "Operation not permitted"), "without the policy a trustlet cannot wait: %s",
       strtok(c.said, "\n"));
    end_of(&c);
    uint64_t word = 0;
    int pipes[2];
    if (pipe(pipes) != 0)
        err(1, "pipe");
    c.host = fork();
    if (c.host == 0) {
        dup2(pipes[0], STDIN_FILENO);
        execlp("ium", "ium", "run", "busybox", "cat", NULL);
        _exit(127);
    }
    struct openvsm_trustlet *t = NULL;
    while (openvsm_connect(c.host, &t) != 0)
        usleep(10000);
    openvsm_set_timeout(t, 1000 * MS);
    ok(ask(t, CALL_ECHO, &word) == EACCES, "nor can it be called: EACCES");
    openvsm_disconnect(t);
    stop(&c);
}

int main(void)
{
    struct openvsm_trustlet *t = NULL;
    struct callee c = start("callee", NULL);
    ok(strstr(c.said, "timed out"), "a wait ends in time: %s", strtok(c.said, "\n"));
    ok(openvsm_connect(getpid(), &t) != 0 && errno == ESRCH, "no trustlet there: ESRCH");
    t = connect_to(&c);
    buffers(t);
    credentials(t);
    other_user(&c);
    serving(t);
    many_callers(&c);
    time_outs(t);
    caller_dies(&c, t);
    openvsm_disconnect(t);
    stop(&c);
    callee_dies(CALL_EXIT, "ends");
    callee_dies(CALL_FAULT, "faults");
    callee_is_killed();
    last_answer();
    many_servers();
    small_room();
    not_callable();
    printf("1..%u\n", count);
    return failures != 0;
}
