/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the machine under test:
 *   guest relay PORT           a KDC on loopback, whose answers come from the host's
 * (tests/host/lsa) guest relay-web PORT       the same for the host's web server, one request a
 * connection guest client SERVICE TEXT  establishes a context with the host's acceptor, sends it
 * the text, prints what it read, and holds the context until its input ends
 */
#define _GNU_SOURCE /* memmem */
#include <arpa/inet.h>
#include <openvsm/lsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nettle/base64.h>

#include "connection.h"

#define LINE 65536

/* Runs `host lsa VERB BASE64`; -> its first line in `line`, or -1. */
static int ask_host(const char *verb, const void *data, size_t size, char *line)
{
    char *command = calloc(1, BASE64_ENCODE_RAW_LENGTH(size) + 64);
    size_t at = (size_t)sprintf(command, "host lsa %s ", verb);
    FILE *answer = NULL;
    int got = 0;

    base64_encode_raw(command + at, size, data);
    command[at + BASE64_ENCODE_RAW_LENGTH(size)] = '\0';
    answer = popen(command, "r");
    free(command);
    if (!answer)
        return -1;
    got = fgets(line, LINE, answer) != NULL;
    line[strcspn(line, "\r\n")] = '\0';
    return pclose(answer) == 0 && got ? 0 : -1;
}

static size_t decode(const char *text, uint8_t *out)
{
    struct base64_decode_ctx context;
    size_t size = 0;

    base64_decode_init(&context);
    return base64_decode_update(&context, &size, out, strlen(text), text) ? size : 0;
}

static void relay_one(int fd)
{
    static uint8_t data[LINE];
    static char line[LINE];
    uint32_t length = 0;
    size_t size = 0;

    if (stream_read(fd, &length, 4) || ntohl(length) > sizeof(data) / 2 ||
        stream_read(fd, data, ntohl(length)) || ask_host("kdc", data, ntohl(length), line))
        return;
    size = decode(line, data);
    length = htonl((uint32_t)size);
    if (stream_write(fd, &length, 4) == 0)
        stream_write(fd, data, size);
}

/* A request without a body, up to its empty line. */
static void relay_web_one(int fd)
{
    static char data[LINE / 2];
    static char line[LINE];
    static uint8_t answer[LINE];
    size_t size = 0;

    while (!memmem(data, size, "\r\n\r\n", 4)) {
        ssize_t n = size < sizeof(data) ? read(fd, data + size, sizeof(data) - size) : 0;

        if (n <= 0)
            return;
        size += (size_t)n;
    }
    if (ask_host("web", data, size, line) == 0)
        stream_write(fd, answer, decode(line, answer));
}

static int relay(int port, void (*one)(int fd))
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 8))
        return 1;
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        one(fd);
        close(fd);
    }
}

static int fail(const char *what, const struct answer *answer)
{
    printf("%s: %s\n", what, answer ? answer->message : "failed");
    return 1;
}

static int establish(struct connection *daemon, const char *service, uint64_t *context)
{
    static char line[LINE];
    static uint8_t reply[LINE];
    lsa_gss_args first = {.server = (char *)(uintptr_t)service, .gss_flags = 0x3e};
    lsa_ap_reply_args second = {0};
    lsa_gss_token token;
    lsa_context_info info;
    struct answer answer;

    if (CALL(daemon, InitContext, lsa_gss_args, &first, lsa_gss_token, &token, &answer))
        return fail("first token", &answer);
    if (ask_host("accept", token.token.lsa_token_val, token.token.lsa_token_len, line))
        return fail("acceptor", NULL);
    *context = second.context = token.context;
    second.reply.lsa_token_len = (u_int)decode(line, reply);
    second.reply.lsa_token_val = (char *)reply;
    if (CALL(daemon, ContinueContext, lsa_ap_reply_args, &second, lsa_context_info, &info, &answer))
        return fail("second token", &answer);
    return 0;
}

static int client(const char *service, const char *text)
{
    static char line[LINE];
    struct connection daemon = {.path = getenv("LSASSD_SOCKET"), .fd = -1};
    struct connection iso = {.path = getenv("LSAISO_SOCKET"), .fd = -1};
    lsa_wrap_args args = {.seal = 1};
    lsa_wrapped wrapped;
    struct answer answer;

    if (establish(&daemon, service, &args.context))
        return 1;
    args.message.lsa_message_val = (char *)(uintptr_t)text;
    args.message.lsa_message_len = (u_int)strlen(text);
    if (CALL(&iso, Wrap, lsa_wrap_args, &args, lsa_wrapped, &wrapped, &answer))
        return fail("wrap", &answer);
    if (ask_host("unwrap", wrapped.token.lsa_message_val, wrapped.token.lsa_message_len, line))
        return fail("acceptor", NULL);
    printf("ready: the acceptor read: %s\n", line);
    fflush(stdout);
    while (read(0, line, sizeof(line)) > 0)
        ;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "relay"))
        return relay(atoi(argv[2]), relay_one);
    if (argc == 3 && !strcmp(argv[1], "relay-web"))
        return relay(atoi(argv[2]), relay_web_one);
    if (argc == 4 && !strcmp(argv[1], "client"))
        return client(argv[2], argv[3]);
    return 2;
}
