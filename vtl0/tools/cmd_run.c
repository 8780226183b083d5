/* SPDX-License-Identifier: BSD-2-Clause */
/* ium run: be the program, as far as anyone outside can tell. */
#define _GNU_SOURCE
#include "ium.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openvsm/trustlet.h>

#include "device.h"
#include "text.h"

#define TRUSTLET_PATH "/usr/lib/openvsm/trustlets"

static bool is_file(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISREG(info.st_mode);
}

/* The first DIRECTORY/name of a colon-separated list that is a file. */
static bool find_in(const char *list, const char *name, char path[PATH_MAX])
{
    while (list && *list) {
        int length = (int)strcspn(list, ":");
        int size =
            snprintf(path, PATH_MAX, "%.*s/%s", length ? length : 1, length ? list : ".", name);
        if (size < PATH_MAX && is_file(path))
            return true;
        list += length + (list[length] == ':');
    }
    return false;
}

/* A name with a slash is a path. Without: the installed trustlets, PATH, then the directory we are
 * in; which of them it is does not matter to security, the signature does. */
static const char *find_file(const char *name, char path[PATH_MAX])
{
    const char *trustlets = getenv("OPENVSM_PATH");
    if (strchr(name, '/'))
        return name;
    if (find_in(trustlets ? trustlets : TRUSTLET_PATH, name, path) ||
        find_in(getenv("PATH"), name, path))
        return path;
    return name;
}

static void say_refusal(const char *what, const char *path, const struct openvsm_refusal *refusal)
{
    if (refusal->status == SK_OK) {
        ium_errno("%s: %s", path, what);
        return;
    }
    const char *advice = openvsm_status_advice(refusal->status);
    if (refusal->status == SK_IMAGE_REVOKED)
        ium_error("%s: %s (at least version %llu is needed)", path,
                  openvsm_status_text(refusal->status), (unsigned long long)refusal->detail);
    else
        ium_error("%s: %s%s%s", path, openvsm_status_text(refusal->status), advice ? "; " : "",
                  advice ? advice : "");
}

/* -> 0, or the exit code. The manifest's name, for messages, goes to `name`. */
static int load(struct openvsm *host, const char *path, char name[33])
{
    struct trustlet_trailer trailer = {0};
    struct openvsm_refusal refusal;
    struct ium_file file;
    if (!ium_map_file(path, &file)) {
        int code = errno == ENOENT || errno == ENOTDIR ? IUM_RUN_MISSING : IUM_RUN_REFUSED;
        ium_errno("%s", path);
        return code;
    }
    int result = openvsm_image(host, file.bytes, file.size, &refusal);
    if (!result)
        memcpy(&trailer, file.bytes + file.size - sizeof(trailer), sizeof(trailer));
    int saved = errno;
    ium_unmap_file(&file);
    errno = saved;
    ium_copy_name(name, trailer.manifest.name);
    if (result)
        say_refusal("cannot be opened as a trustlet", path, &refusal);
    return result ? IUM_RUN_REFUSED : 0;
}

/* Ends this process by the signal that ended the trustlet, without a core of our own: whoever
 * waits for us sees what it would see of the program. */
static int die_by(int number)
{
    const struct rlimit none = {0, 0};
    sigset_t set;
    fflush(NULL);
    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
    return 128 + number;
}

static void say_death(const char *name, const struct openvsm_end *end)
{
    char number[16];
    const char *signal_name = sigabbrev_np(end->signal);
    snprintf(number, sizeof(number), "%d", end->signal);
    unsigned long long address = end->address;
    switch (end->death) {
    case SK_DEATH_FAULT:
        ium_error("trustlet %s (%d): SIG%s at 0x%llx", name, (int)getpid(),
                  signal_name ? signal_name : number, address);
        break;
    case SK_DEATH_LYING_ANSWER:
        ium_error("trustlet %s (%d): ended, because VTL0 gave system call %llu an impossible "
                  "answer; see ium audit",
                  name, (int)getpid(), address);
        break;
    case SK_DEATH_MEMORY:
        ium_error("trustlet %s (%d): ended, out of memory (its policy's max-memory, or VTL0 had "
                  "none to lend)",
                  name, (int)getpid());
        break;
    default:
        break;
    }
}

static int run_file(struct openvsm *host, int argc, const char *const *argv)
{
    char path[PATH_MAX], name[33];
    struct openvsm_refusal refusal;
    struct openvsm_end end;
    const char *found = find_file(argv[0], path);
    int code = load(host, found, name);
    if (code)
        return code;
    if (openvsm_start(host, argc, argv, (const char *const *)environ, &refusal)) {
        say_refusal(errno == EPERM ? "cannot be started while a debugger holds this process"
                                   : "cannot be started",
                    found, &refusal);
        return IUM_RUN_REFUSED;
    }
    if (openvsm_carry(host, &end)) {
        ium_errno("trustlet %s (%d): lost", name, (int)getpid());
        return IUM_RUN_BROKEN;
    }
    say_death(name, &end);
    return end.signal ? die_by(end.signal) : end.status;
}

static int run_with(poptContext context)
{
    int argc = 0;
    const char **argv = poptGetArgs(context);
    if (!argv) {
        ium_error("run wants a FILE; try 'ium run --help'");
        return IUM_RUN_BROKEN;
    }
    while (argv[argc])
        argc++;
    struct openvsm *host = ium_open();
    /* No openvsm_close: the exit of this process ends carriers that still wait in a call. */
    return host ? run_file(host, argc, argv) : IUM_RUN_REFUSED;
}

int ium_run(int argc, const char **argv)
{
    const struct poptOption options[] = {POPT_AUTOHELP POPT_TABLEEND};
    poptContext context = ium_options("ium run", argc, argv, options, "[--] FILE [ARGUMENT...]");
    return context ? run_with(context) : IUM_RUN_BROKEN;
}
