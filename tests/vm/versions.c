/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Once a version of a trustlet has run, no older one starts in this boot: not from its file, not as
 * an image that VTL1 knows, and not as one that was opened before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../vtl0/lib/openvsm.h"

#define TRUSTLETS "/usr/lib/openvsm/trustlets/"

static unsigned count, failures;

static void ok(bool good, const char *text, const struct openvsm_refusal *r)
{
    printf("%sok %u - %s\n", good ? "" : "not ", ++count, text);
    if (!good)
        printf("# errno %d (%s), status %d, detail %llu\n", errno, strerror(errno), r->status,
               (unsigned long long)r->detail);
    failures += !good;
}

/* A host that has opened that trustlet's image. */
static struct openvsm *open_image(const char *path, struct openvsm_refusal *refusal)
{
    struct openvsm *host = NULL;
    struct stat info;
    int fd = open(path, O_RDONLY);
    *refusal = (struct openvsm_refusal){.status = SK_OK};
    if (fd < 0 || fstat(fd, &info) != 0 || openvsm_open(&host) != 0)
        return NULL;
    const void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (openvsm_image(host, bytes, (uint64_t)info.st_size, refusal) == 0)
        return host;
    openvsm_close(host);
    return NULL;
}

/* Starts it and carries it to its end. -> did it run well? */
static bool run(struct openvsm *host, struct openvsm_refusal *refusal)
{
    const char *const argv[] = {"version", NULL}, *const envp[] = {NULL};
    struct openvsm_end end = {.status = -1};
    bool good = host && openvsm_start(host, 1, argv, envp, refusal) == 0 &&
                openvsm_carry(host, &end) == 0 && end.status == 0 && end.signal == 0;
    openvsm_close(host);
    return good;
}

int main(void)
{
    struct openvsm_refusal r;
    /* Its greeting would be no TAP. */
    int tap = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    bool older = run(open_image(TRUSTLETS "version-1", &r), &r);
    struct openvsm *held = open_image(TRUSTLETS "version-1", &r);
    bool newer = run(open_image(TRUSTLETS "version-2", &r), &r);
    dup2(tap, STDOUT_FILENO);
    ok(older && held, "the older version runs, and is opened once more", &r);
    ok(newer, "the newer one runs", &r);
    ok(!run(held, &r) && r.status == SK_IMAGE_REVOKED, "what was opened before does not start", &r);
    ok(!open_image(TRUSTLETS "version-1", &r) && r.status == SK_IMAGE_REVOKED && r.detail == 2,
       "nor is it opened again, though VTL1 knows it; the floor is told", &r);
    dup2(nowhere, STDOUT_FILENO);
    newer = run(open_image(TRUSTLETS "version-2", &r), &r);
    older = run(open_image(TRUSTLETS "version-other", &r), &r);
    dup2(tap, STDOUT_FILENO);
    ok(newer, "the newer one runs again", &r);
    ok(older, "another ID keeps its own count", &r);
    printf("1..%u\n", count);
    return failures != 0;
}
