/* SPDX-License-Identifier: BSD-2-Clause */
/* lsassd: the half of the Local Security Authority that talks to the world, and keeps no key. */
#include "lsassd.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define ISO_WAIT_S 10

static void usage(FILE *to)
{
    fputs("usage: lsassd [OPTION…]\n"
          "  --config FILE     default " LSA_CONF "\n"
          "  --socket PATH     where programs reach us (" LSASSD_SOCKET ")\n"
          "  --lsaiso PATH     where lsaiso listens (" LSAISO_SOCKET ")\n",
          to);
}

/* lsaiso may still be starting: an enrolment waits for it a little. */
static int wait_for_iso(struct lsassd *d)
{
    struct connection c = {.path = d->iso_path, .fd = -1};
    lsa_nothing none = {0};
    lsa_services services;
    struct answer answer;
    lsa_status status = LSA_NO_LSAISO;

    for (int i = 0; i < ISO_WAIT_S * 10 && status; i++) {
        status = CALL(&c, GetRunningServices, lsa_nothing, &none, lsa_services, &services, &answer);
        FREE(lsa_services, &services);
        if (status)
            nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    connection_close(&c);
    return status ? -1 : 0;
}

static int enrol(struct lsassd *d)
{
    const char *path = config_get(&d->config, "enrolment");
    char error[600] = "";

    if (!path)
        return 0;
    if (wait_for_iso(d)) {
        fprintf(stderr, "lsassd: lsaiso does not answer at %s; no user was enrolled\n",
                d->iso_path);
        return -1;
    }
    if (users_enrol(d, path, error, sizeof(error)) == 0)
        return 0;
    fprintf(stderr, "lsassd: %s\n", error);
    return -1;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"socket", required_argument, NULL, 's'},
                                          {"lsaiso", required_argument, NULL, 'i'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    static struct lsassd d = {.users_lock = PTHREAD_MUTEX_INITIALIZER,
                              .store = {.lock = PTHREAD_MUTEX_INITIALIZER}};
    const char *config = LSA_CONF;
    const char *path = LSASSD_SOCKET;
    const char *iso = NULL;
    char error[600] = "";

    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'c')
            config = optarg;
        else if (c == 's')
            path = optarg;
        else if (c == 'i')
            iso = optarg;
        else {
            usage(c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    if (config_read(&d.config, config, error, sizeof(error))) {
        fprintf(stderr, "lsassd: %s\n", error);
        return 1;
    }
    if (!iso)
        iso = config_get(&d.config, "lsaiso");
    d.iso_path = iso ? iso : LSAISO_SOCKET;
    d.definitions = der_definitions();
    signal(SIGPIPE, SIG_IGN);
    openlog("lsassd", LOG_PID, LOG_AUTHPRIV);
    srandom((unsigned)time(NULL) ^ (unsigned)getpid());
    if (!d.definitions || enrol(&d))
        return 1;
    server_run(&d, path);
    fprintf(stderr, "lsassd: cannot listen on %s: %s\n", path, strerror(errno));
    return 1;
}
