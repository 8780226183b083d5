/* SPDX-License-Identifier: BSD-2-Clause */
/* ium is-secure: the answer is the exit status. */
#include "ium.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "openvsm.h"

enum { SECURE = 0, NOT_SECURE = 1, COULD_NOT_TELL = 2 };

static int answer(const char *text)
{
    char *end = NULL;
    bool secure = false;
    long pid = strtol(text, &end, 10);
    if (end == text || *end || pid <= 0 || pid > INT_MAX) {
        ium_error("'%s' is no process id", text);
        return COULD_NOT_TELL;
    }
    if (openvsm_is_secure_process((pid_t)pid, &secure)) {
        ium_errno("process %ld", pid);
        return COULD_NOT_TELL;
    }
    printf("process %ld: %s\n", pid, secure ? "secure" : "not secure");
    return secure ? SECURE : NOT_SECURE;
}

int ium_is_secure(int argc, const char **argv)
{
    const struct poptOption options[] = {POPT_AUTOHELP POPT_TABLEEND};
    poptContext context = ium_options("ium is-secure", argc, argv, options, "PID");
    if (!context)
        return COULD_NOT_TELL;
    const char *pid = poptGetArg(context);
    int result = COULD_NOT_TELL;
    if (!pid || poptPeekArg(context))
        ium_error("is-secure takes one process id");
    else
        result = answer(pid);
    poptFreeContext(context);
    return result;
}
