/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vault SOCKET: makes a 32-byte secret, keeps it, and answers on a UNIX socket. It is an ordinary
 * program; what makes its secret safe is where it runs.
 *
 *   hmac TEXT  ->  HMAC-SHA256 of TEXT under the secret, in hexadecimal
 *   reveal     ->  the secret, if started with --reveal-to-tests, and the vault ends; a test that
 *                  looked for traces of the secret learns afterwards what to look for
 *   quit       ->  the vault ends
 *
 * vault --ask SOCKET WORD…: sends one such line to a vault and prints the answer.
 * vault --hmac SECRET TEXT: what a vault with this secret would answer.
 */
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SECRET_SIZE crypto_auth_hmacsha256_KEYBYTES
#define CLIENTS     16
#define LINE_MAX_   1024

struct client {
    int fd; /* -1: unused */
    size_t used;
    char line[LINE_MAX_];
};

struct vault {
    uint8_t secret[SECRET_SIZE];
    bool reveals;
    bool over;
    struct client clients[CLIENTS];
};

static int fail(const char *what)
{
    fprintf(stderr, "vault: %s: %s\n", what, strerror(errno));
    return 1;
}

static bool fill_address(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    strcpy(address->sun_path, path);
    return true;
}

/* ---- the vault ---- */

static int listen_at(const char *path)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !fill_address(&address, path))
        return -1;
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, CLIENTS) < 0)
        return -1;
    return fd;
}

static void say_bytes(int fd, const uint8_t *bytes, size_t size)
{
    char text[2 * SECRET_SIZE + 2];
    sodium_bin2hex(text, sizeof(text), bytes, size);
    text[2 * size] = '\n';
    /* A client that went away loses its answer, nothing else. */
    send(fd, text, 2 * size + 1, MSG_NOSIGNAL);
    sodium_memzero(text, sizeof(text));
}

static void say(int fd, const char *text)
{
    send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void answer(struct vault *v, int fd, const char *line)
{
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    if (!strncmp(line, "hmac ", 5)) {
        crypto_auth_hmacsha256(mac, (const uint8_t *)line + 5, strlen(line + 5), v->secret);
        say_bytes(fd, mac, sizeof(mac));
    } else if (!strcmp(line, "reveal") && v->reveals) {
        say_bytes(fd, v->secret, sizeof(v->secret));
        v->over = true;
    } else if (!strcmp(line, "quit")) {
        say(fd, "bye\n");
        v->over = true;
    } else {
        say(fd, "refused\n");
    }
}

static void drop(struct client *c)
{
    close(c->fd);
    c->fd = -1;
    c->used = 0;
}

/* Takes what has come in and answers every whole line. */
static void serve(struct vault *v, struct client *c)
{
    ssize_t got = read(c->fd, c->line + c->used, sizeof(c->line) - c->used);
    if (got <= 0) {
        drop(c);
        return;
    }
    c->used += (size_t)got;
    char *end;
    while (!v->over && (end = memchr(c->line, '\n', c->used))) {
        *end = 0;
        answer(v, c->fd, c->line);
        size_t taken = (size_t)(end - c->line) + 1;
        memmove(c->line, end + 1, c->used - taken);
        c->used -= taken;
    }
    if (c->used == sizeof(c->line)) {
        say(c->fd, "refused\n");
        drop(c);
    }
}

static void admit(struct vault *v, int listener)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return;
    for (int i = 0; i < CLIENTS; i++) {
        if (v->clients[i].fd < 0) {
            v->clients[i] = (struct client){.fd = fd};
            return;
        }
    }
    say(fd, "busy\n");
    close(fd);
}

static int serve_all(struct vault *v, int listener)
{
    while (!v->over) {
        struct pollfd set[CLIENTS + 1] = {{.fd = listener, .events = POLLIN}};
        for (int i = 0; i < CLIENTS; i++)
            set[i + 1] = (struct pollfd){.fd = v->clients[i].fd, .events = POLLIN};
        if (poll(set, CLIENTS + 1, -1) < 0 && errno != EINTR)
            return fail("poll");
        if (set[0].revents)
            admit(v, listener);
        for (int i = 0; i < CLIENTS && !v->over; i++)
            if (set[i + 1].revents && v->clients[i].fd == set[i + 1].fd)
                serve(v, &v->clients[i]);
    }
    return 0;
}

static int keep(const char *path, bool reveals)
{
    static struct vault vault;
    vault.reveals = reveals;
    for (int i = 0; i < CLIENTS; i++)
        vault.clients[i].fd = -1;
    if (sodium_init() < 0 || getrandom(vault.secret, SECRET_SIZE, 0) != (ssize_t)SECRET_SIZE)
        return fail("no random bytes");
    int listener = listen_at(path);
    if (listener < 0)
        return fail(path);
    printf("vault: listening at %s\n", path);
    fflush(stdout);
    int status = serve_all(&vault, listener);
    unlink(path);
    sodium_memzero(vault.secret, sizeof(vault.secret));
    return status;
}

/* ---- the asking side ---- */

static int ask(const char *path, char **words)
{
    struct sockaddr_un address;
    char text[LINE_MAX_] = "";
    size_t size = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || !fill_address(&address, path) ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return fail(path);
    for (; *words && size < sizeof(text); words++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s", size ? " " : "", *words);
    if (size >= sizeof(text) - 1)
        return fail("too long");
    text[size++] = '\n';
    if (write(fd, text, size) != (ssize_t)size)
        return fail(path);
    ssize_t got = read(fd, text, sizeof(text));
    if (got <= 0)
        return fail("no answer");
    return fwrite(text, 1, (size_t)got, stdout) == (size_t)got ? 0 : 1;
}

static int hmac(const char *hex, const char *text)
{
    uint8_t secret[SECRET_SIZE], mac[crypto_auth_hmacsha256_BYTES];
    char answer[2 * sizeof(mac) + 1];
    size_t size = 0;
    if (sodium_hex2bin(secret, sizeof(secret), hex, strlen(hex), NULL, &size, NULL) ||
        size != sizeof(secret)) {
        fprintf(stderr, "vault: a secret is 64 hexadecimal digits\n");
        return 2;
    }
    crypto_auth_hmacsha256(mac, (const uint8_t *)text, strlen(text), secret);
    puts(sodium_bin2hex(answer, sizeof(answer), mac, sizeof(mac)));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "--hmac"))
        return hmac(argv[2], argv[3]);
    if (argc >= 4 && !strcmp(argv[1], "--ask"))
        return ask(argv[2], argv + 3);
    bool reveals = argc == 3 && !strcmp(argv[1], "--reveal-to-tests");
    if (argc == 2 + reveals && argv[argc - 1][0] != '-')
        return keep(argv[argc - 1], reveals);
    fprintf(stderr, "usage: vault [--reveal-to-tests] SOCKET\n       vault --ask SOCKET WORD...\n");
    return 2;
}
