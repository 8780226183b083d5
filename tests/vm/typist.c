/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * typist KEYS COMMAND ARG…: runs the command on a terminal of its own (24 x 80) and types the KEYS,
 * one each time the screen has been quiet for a while. \r, \033 and the like are written as in C.
 * Prints what came to the screen. Exit status: the command's, 128 + the signal that killed it, or
 * 124 when it did not end within half a minute of the last key.
 */
#define _GNU_SOURCE
#include <err.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUIET_MS 300
#define END_MS   30000

/* "\033" and "\r" to bytes, in place. -> how many. */
static size_t unescape(char *text)
{
    char *out = text;

    for (const char *in = text; *in != '\0';) {
        if (in[0] == '\\' && in[1] == 'r') {
            *out++ = '\r';
            in += 2;
        } else if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3') {
            char octal[4] = {in[1], in[2], in[3], '\0'};

            *out++ = (char)strtol(octal, NULL, 8);
            in += 4;
        } else {
            *out++ = *in++;
        }
    }
    return (size_t)(out - text);
}

/* Copies the screen until it has been quiet for so long. -> false at its end. */
static bool copy_until_quiet(int terminal, int milliseconds)
{
    struct pollfd ready = {.fd = terminal, .events = POLLIN};
    char buffer[4096];

    while (poll(&ready, 1, milliseconds) > 0) {
        ssize_t count = read(terminal, buffer, sizeof(buffer));

        if (count <= 0)
            return false;
        fwrite(buffer, 1, (size_t)count, stdout);
    }
    return true;
}

/* -> false when the command did not end. */
static bool type(int terminal, const char *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!copy_until_quiet(terminal, QUIET_MS))
            return true;
        if (write(terminal, &keys[i], 1) != 1)
            return true;
    }
    return !copy_until_quiet(terminal, END_MS);
}

int main(int argc, char **argv)
{
    const struct winsize size = {.ws_row = 24, .ws_col = 80};
    int terminal = -1;
    int status = 0;
    size_t count;
    pid_t child;

    if (argc < 3)
        errx(2, "usage: typist KEYS COMMAND ARG...");
    count = unescape(argv[1]);
    child = forkpty(&terminal, NULL, NULL, &size);
    if (child < 0)
        err(2, "forkpty");
    if (child == 0) {
        execvp(argv[2], argv + 2);
        err(127, "%s", argv[2]);
    }
    if (!type(terminal, argv[1], count)) {
        kill(child, SIGKILL);
        return 124;
    }
    waitpid(child, &status, 0);
    fflush(stdout);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
