/* SPDX-License-Identifier: BSD-2-Clause */
/* Checking what the Secure Kernel says of a trustlet. */
#include "openvsm.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int openvsm_verify_report(const struct trustlet_report *report,
                          const uint8_t key[TRUSTLET_KEY_SIZE])
{
    static const char magic[] = TRUSTLET_REPORT_MAGIC;
    if (memcmp(report->magic, magic, sizeof(report->magic)) == 0 &&
        memcmp(report->key, key, TRUSTLET_KEY_SIZE) == 0 &&
        crypto_sign_verify_detached(report->signature, (const uint8_t *)report,
                                    TRUSTLET_REPORT_SIGNED, key) == 0)
        return 0;
    errno = EBADMSG;
    return -1;
}

int openvsm_measurement(enum sk_measurement which, uint8_t value[32])
{
    struct openvsm_skcall call = {.number = SK_CALL_MEASUREMENT, .arguments = {which}};
    int fd = open(OPENVSM_DEVICE, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = ioctl(fd, OPENVSM_QUERY, &call);
    int saved = errno;
    close(fd);
    errno = saved;
    if (result == 0)
        memcpy(value, call.results, 32);
    return result;
}
