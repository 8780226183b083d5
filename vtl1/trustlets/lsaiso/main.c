/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lsaiso: the half of the Local Security Authority that holds the secrets. An ordinary static
 * program; as a trustlet its arguments are part of what is signed, so policy given here is beyond
 * VTL0's reach.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "rpc.h"
#include "server.h"

#define HOUR_MS UINT64_C(3600000)

static void usage(FILE *to)
{
    fputs("usage: lsaiso --socket PATH | --fd N [OPTION…]\n"
          "  --socket PATH      listen there (the file must not exist)\n"
          "  --fd N             the listening socket is descriptor N\n"
          "  --manager-uid UID  lsassd's uid; only it may open sessions (default: our own)\n"
          "  --allow-rc4        allow enctype 23\n"
          "  --max-hours N      a session's keys live at most so long (default 24)\n"
          "  --max-idle N       and so many minutes without use (default 720)\n",
          to);
}

struct options {
    const char *socket;
    int fd;
    long manager;
    struct policy policy;
};

/* -> the number, or -1. */
static long number(const char *text, long most)
{
    char *end = NULL;
    long value = strtol(text, &end, 10);

    return *text && !*end && value >= 0 && value <= most ? value : -1;
}

static int parse(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"socket", required_argument, NULL, 's'},
        {"fd", required_argument, NULL, 'f'},
        {"manager-uid", required_argument, NULL, 'm'},
        {"allow-rc4", no_argument, NULL, 'r'},
        {"max-hours", required_argument, NULL, 'l'},
        {"max-idle", required_argument, NULL, 'i'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    long value = 0;

    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        value = optarg ? number(optarg, 1000000) : 0;
        if (c == 'h') {
            usage(stdout);
            exit(0);
        }
        if (c == 's')
            o->socket = optarg;
        else if (c == 'r')
            o->policy.allow_rc4 = 1;
        else if (c == '?' || value < 0)
            return -1;
        else if (c == 'f')
            o->fd = (int)value;
        else if (c == 'm')
            o->manager = value;
        else if (c == 'l')
            o->policy.max_lifetime = (uint64_t)value * HOUR_MS;
        else if (c == 'i')
            o->policy.max_idle = (uint64_t)value * 60000;
    }
    return optind == argc && (o->socket || o->fd >= 0) ? 0 : -1;
}

int main(int argc, char **argv)
{
    static struct lsaiso iso;
    struct options o = {.fd = -1,
                        .manager = -1,
                        .policy = {.max_lifetime = 24 * HOUR_MS, .max_idle = 12 * HOUR_MS}};

    if (parse(argc, argv, &o)) {
        usage(stderr);
        return 2;
    }
    if (sodium_init() < 0) {
        fputs("lsaiso: there are no random numbers to be had\n", stderr);
        return 1;
    }
    if (o.socket)
        o.fd = server_listen(o.socket);
    if (o.fd < 0) {
        fprintf(stderr, "lsaiso: cannot listen on %s: %s%s\n", o.socket, strerror(errno),
                errno == EADDRINUSE ? "; is another lsaiso running? If not, remove it" : "");
        return 1;
    }
    if (lsaiso_init(&iso, o.manager < 0 ? geteuid() : (uint32_t)o.manager, &o.policy)) {
        fputs("lsaiso: out of memory\n", stderr);
        return 1;
    }
    server_run(&iso, o.fd);
    lsaiso_end(&iso);
    return 1;
}
