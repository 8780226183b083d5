/* SPDX-License-Identifier: BSD-2-Clause */
#include "kdc.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"

#define SERVERS     8
#define UDP_MAX     1400 /* fits one Ethernet frame */
#define ROUNDS      3
#define UDP_WAIT_MS 1000 /* in the first round; then twice that, as MIT's clients do */
#define TCP_WAIT_S  5

struct server {
    char host[256];
    char port[8];
};
struct servers {
    struct server list[SERVERS];
    size_t count;
    enum { DNS_NOT_ASKED, DNS_HAS_NONE, DNS_SILENT } dns;
};

/* "host:port", "[v6]:port" or "host". */
static void add_server(struct servers *s, const char *text)
{
    struct server *to = &s->list[s->count];
    const char *host = text;
    const char *colon = strrchr(text, ':');
    size_t size = strlen(text);

    if (s->count == SERVERS)
        return;
    strcpy(to->port, "88");
    if (*text == '[') {
        host++;
        size = strcspn(host, "]");
        colon = host[size] == ']' && host[size + 1] == ':' ? host + size + 1 : NULL;
    } else if (colon && strchr(text, ':') == colon) {
        size = (size_t)(colon - text);
    } else {
        colon = NULL;
    }
    if (size >= sizeof(to->host))
        return;
    memcpy(to->host, host, size);
    to->host[size] = '\0';
    if (colon)
        snprintf(to->port, sizeof(to->port), "%s", colon + 1);
    s->count++;
}

static void from_config(const struct config *config, const char *realm, struct servers *s)
{
    const char *value = config_get2(config, "kdc", realm);
    char copy[1024];
    char *rest = NULL;

    snprintf(copy, sizeof(copy), "%s", value ? value : "");
    for (char *word = strtok_r(copy, " \t,", &rest); word; word = strtok_r(NULL, " \t,", &rest))
        add_server(s, word);
}

/* RFC 4120 7.2.3.2: SRV records; priorities are taken in the order given. */
static void from_dns(const char *realm, struct servers *s)
{
    unsigned char answer[4096];
    char name[512];
    ns_msg message;
    ns_rr record;
    int size = 0;

    snprintf(name, sizeof(name), "_kerberos._udp.%s", realm);
    size = res_query(name, ns_c_in, ns_t_srv, answer, sizeof(answer));
    s->dns = size < 0 && h_errno == TRY_AGAIN ? DNS_SILENT : DNS_HAS_NONE;
    if (size < 0 || ns_initparse(answer, size, &message))
        return;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        char host[256];
        char text[300];

        if (ns_parserr(&message, ns_s_an, i, &record) || ns_rr_type(record) != ns_t_srv ||
            ns_rr_rdlen(record) < 7 ||
            ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record) + 6,
                               host, sizeof(host)) < 0)
            continue;
        snprintf(text, sizeof(text), "%s:%u", host, ns_get16(ns_rr_rdata(record) + 4));
        add_server(s, text);
    }
}

static struct addrinfo *resolve(const struct server *server, int kind)
{
    struct addrinfo hints = {.ai_socktype = kind};
    struct addrinfo *found = NULL;

    return getaddrinfo(server->host, server->port, &hints, &found) == 0 ? found : NULL;
}

static int open_to(const struct addrinfo *to)
{
    struct timeval wait = {.tv_sec = TCP_WAIT_S};
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, to->ai_protocol);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return fd;
    close(fd);
    return -1;
}

static long udp_once(const struct addrinfo *to, struct bytes request, int wait_ms, uint8_t *answer)
{
    struct pollfd polled = {.events = POLLIN};
    long size = -1;

    polled.fd = open_to(to);
    if (polled.fd < 0)
        return -1;
    if (send(polled.fd, request.data, request.size, 0) == (ssize_t)request.size &&
        poll(&polled, 1, wait_ms) == 1)
        size = recv(polled.fd, answer, KDC_ANSWER_MAX, 0);
    close(polled.fd);
    return size;
}

static long tcp_once(const struct addrinfo *to, struct bytes request, uint8_t *answer)
{
    uint32_t length = htonl((uint32_t)request.size);
    long size = -1;
    int fd = open_to(to);

    if (fd < 0)
        return -1;
    if (stream_write(fd, &length, 4) == 0 && stream_write(fd, request.data, request.size) == 0 &&
        stream_read(fd, &length, 4) == 0 && ntohl(length) <= KDC_ANSWER_MAX &&
        stream_read(fd, answer, ntohl(length)) == 0)
        size = ntohl(length);
    close(fd);
    return size;
}

/* By UDP, waiting so long; or by TCP, where wait_ms is 0. */
static long ask_server(const struct server *server, struct bytes request, int wait_ms,
                       uint8_t *answer)
{
    struct addrinfo *found = resolve(server, wait_ms ? SOCK_DGRAM : SOCK_STREAM);
    long size = -1;

    for (const struct addrinfo *at = found; at && size <= 0; at = at->ai_next)
        size = wait_ms ? udp_once(at, request, wait_ms, answer) : tcp_once(at, request, answer);
    if (found)
        freeaddrinfo(found);
    return size;
}

static long ask_all(const struct servers *s, struct bytes request, int wait_ms, uint8_t *answer)
{
    long size = -1;

    for (size_t i = 0; i < s->count && size <= 0; i++)
        size = ask_server(&s->list[i], request, wait_ms, answer);
    return size;
}

static void explain(const char *realm, const struct servers *s, char *error, size_t room)
{
    static const char *const dns[] = {
        [DNS_NOT_ASKED] = "",
        [DNS_HAS_NONE] = ", or publish it in DNS (nothing was found there)",
        [DNS_SILENT] = "; DNS does not answer, see resolv.conf(5)",
    };
    size_t at = 0;

    if (s->count == 0) {
        snprintf(error, room,
                 "no KDC is known for realm %s: write \"kdc.%s = HOST\" into lsa.conf%s", realm,
                 realm, dns[s->dns]);
        return;
    }
    at = (size_t)snprintf(error, room, "no KDC of realm %s answers (tried", realm);
    for (size_t i = 0; i < s->count && at < room; i++)
        at += (size_t)snprintf(error + at, room - at, " %s:%s", s->list[i].host, s->list[i].port);
    if (at < room)
        snprintf(error + at, room - at, "); check that it runs and can be reached");
}

int kdc_ask(const struct config *config, const char *realm, struct bytes request, int tcp_only,
            uint8_t **answer, size_t *size, char *error, size_t room)
{
    struct servers s = {.count = 0};
    const char *dns = config_get(config, "dns");
    long got = -1;

    from_config(config, realm, &s);
    if (s.count == 0 && !(dns && !strcmp(dns, "no")))
        from_dns(realm, &s);
    *answer = malloc(KDC_ANSWER_MAX);
    if (!*answer)
        return -1;
    for (int round = 0; got <= 0 && round < ROUNDS && s.count; round++) {
        if (!tcp_only && request.size <= UDP_MAX)
            got = ask_all(&s, request, UDP_WAIT_MS << round, *answer);
        if (got <= 0)
            got = ask_all(&s, request, 0, *answer);
    }
    if (got > 0) {
        *size = (size_t)got;
        return 0;
    }
    explain(realm, &s, error, room);
    free(*answer);
    *answer = NULL;
    return -1;
}
