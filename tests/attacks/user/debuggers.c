// SPDX-License-Identifier: BSD-2-Clause
/*
 * The tools that people know, gdb, gcore and strace as Debian has them, on an ordinary process and
 * on the host of a trustlet. They are large, and come over the scratch disk.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attacker.h"
#include "victim.h"

/* gdb wants Python's own modules, and gcore is a script for bash. */
#define TOOLS                                                                                      \
    "/usr/bin/gdb /usr/bin/gcore /usr/bin/strace /bin/bash /usr/bin/env /usr/lib/python3.11"
#define FETCH                                                                                      \
    "cd / && size=$(host dynamic " TOOLS ") && "                                                   \
    "dd if=/dev/nvme0n1 bs=1M count=$size 2>/dev/null | tar x"
#define REFUSED "Operation not permitted"

static char output[65536];

/* Runs the command; the start of what it prints, on both channels, is in output. -> its exit
 * status, or -1. */
static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
    char command[512] = "", rest[4096] = "";
    va_list arguments;
    FILE *from = NULL;
    int status = 0;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    from = popen(command, "r");
    if (!from)
        bail("%s: no process", command);
    output[fread(output, 1, sizeof(output) - 1, from)] = '\0';
    while (fread(rest, 1, sizeof(rest), from))
        ;
    status = pclose(from);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void refused(const char *tool)
{
    uint64_t who = 0;
    bool recorded = attach_is_recorded(&who);

    ok(strstr(output, REFUSED), "%s on the host of a trustlet: " REFUSED, tool);
    ok(recorded && who != 0, "... and recorded, by process %llu", (unsigned long long)who);
}

static void gdb(const struct victim *plain, const struct victim *secure)
{
    const char *format = "gdb -nx -batch -p %d -ex 'x/gx %#lx' 2>&1";
    char word[32] = "";

    run(format, plain->pid, MARK_ADDRESS);
    snprintf(word, sizeof(word), "0x%016llx", (unsigned long long)plain->word);
    if (!ok(strstr(output, word), "control: gdb shows an ordinary process's secret"))
        note("%.300s", output);
    audit_mark();
    run(format, secure->pid, MARK_ADDRESS);
    refused("gdb");
}

static void gcore(const struct victim *plain, const struct victim *secure)
{
    char path[32] = "";

    snprintf(path, sizeof(path), "/tmp/gcore.%d", plain->pid);
    run("gcore -o /tmp/gcore %d 2>&1", plain->pid);
    ok(file_has(path, plain->word), "control: gcore's file has an ordinary process's secret");
    unlink(path);
    audit_mark();
    run("gcore -o /tmp/gcore %d 2>&1", secure->pid);
    refused("gcore");
    snprintf(path, sizeof(path), "/tmp/gcore.%d", secure->pid);
    ok(access(path, F_OK), "it leaves no file");
}

static void strace(const struct victim *plain, const struct victim *secure)
{
    run("strace -p %d 2>&1 | head -n 5", plain->pid);
    ok(strstr(output, "poll("), "control: strace sees an ordinary process's system calls");
    audit_mark();
    run("strace -p %d 2>&1", secure->pid);
    refused("strace");
    ok(run("strace -f -o /tmp/trace busybox true") == 0 && run("cat /tmp/trace") == 0 &&
           strstr(output, "execve("),
       "control: a program under strace from its start");
    ok(run("strace -f -o /tmp/trace ium run busybox true 2>&1") == 126,
       "a trustlet does not start under strace (%.100s)", strtok(output, "\n"));
}

int main(void)
{
    struct victim plain, secure;

    attacker_start();
    if (!under_openvsm()) {
        puts("1..0 # SKIP there are no trustlets here");
        return 0;
    }
    setenv("PATH", "/bin:/sbin:/usr/bin", 1);
    if (system(FETCH))
        bail("the tools do not come over the scratch disk");
    victim_start(&plain, false);
    victim_start(&secure, true);
    gdb(&plain, &secure);
    gcore(&plain, &secure);
    strace(&plain, &secure);
    ok(victim_end(&secure) == 0, "the trustlet ends well, its secret whole");
    ok(victim_end(&plain) == 0, "so does the ordinary process");
    return done_testing();
}
