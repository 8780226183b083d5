/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking the driver whether a process is secure; needs no right to run trustlets. */
#include "openvsm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int ask(unsigned long request, void *argument)
{
    int fd = open(OPENVSM_DEVICE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = ioctl(fd, request, argument);
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int openvsm_is_secure_process(pid_t pid, bool *secure)
{
    struct openvsm_is_secure q = {.pid = pid};
    if (ask(OPENVSM_IS_SECURE, &q) == 0) {
        *secure = q.secure != 0;
        return 0;
    }
    /* Without the driver no process of this machine is a trustlet's host; but is there one? */
    if (errno == ENOENT && getpgid(pid) >= 0) {
        *secure = false;
        return 0;
    }
    return -1;
}

int openvsm_report_attempt(pid_t pid, enum sk_attempt operation)
{
    struct openvsm_attempt_report report = {.pid = pid, .operation = (uint32_t)operation};
    return ask(OPENVSM_REPORT, &report);
}
