/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening /dev/openvsm and asking it about the machine. */
#define _GNU_SOURCE
#include "host.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CPUID_1_ECX_HYPERVISOR (1u << 31)

static bool under_openvsm(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & CPUID_1_ECX_HYPERVISOR))
        return false;
    __cpuid(HV_CPUID_VENDOR, a, b, c, d);
    return b == OPENVSM_CPUID_VENDOR_EBX && c == OPENVSM_CPUID_VENDOR_ECX &&
           d == OPENVSM_CPUID_VENDOR_EDX;
}

/* The device's descriptor, out of the way of those that the trustlet will get: like any program, it
 * expects its first open to give 3. */
static int open_device(void)
{
    int low = open(OPENVSM_DEVICE, O_RDWR | O_CLOEXEC);
    if (low < 0) {
        if (errno == ENOENT && !under_openvsm())
            errno = ENODEV;
        return -1;
    }
    int fd = fcntl(low, F_DUPFD_CLOEXEC, OPENVSM_FD_FLOOR);
    int saved = errno;
    close(low);
    errno = saved;
    return fd;
}

int openvsm_open(struct openvsm **out)
{
    struct openvsm *host = calloc(1, sizeof(*host));
    if (!host)
        return -1;
    host->fd = open_device();
    if (host->fd < 0) {
        int saved = errno;
        free(host);
        errno = saved;
        return -1;
    }
    pthread_mutex_init(&host->lock, NULL);
    pthread_cond_init(&host->changed, NULL);
    *out = host;
    return 0;
}

int openvsm_query(struct openvsm *host, struct openvsm_skcall *call)
{
    return ioctl(host->fd, OPENVSM_QUERY, call);
}

/* Page-filling requests of the device, by way of an aligned page of our own. */
static int fill_page(struct openvsm *host, unsigned long request, uint64_t index, void *out,
                     uint64_t *status)
{
    static _Thread_local _Alignas(OPENVSM_PAGE_SIZE) uint8_t bytes[OPENVSM_PAGE_SIZE];
    struct openvsm_page page = {.index = index, .address = (uint64_t)(uintptr_t)bytes};
    if (ioctl(host->fd, request, &page) < 0)
        return -1;
    *status = page.status;
    memcpy(out, bytes, sizeof(bytes));
    return 0;
}

int openvsm_statistics(struct openvsm *host, uint32_t cpu, struct hv_statistics *out)
{
    uint64_t status;
    if (fill_page(host, OPENVSM_STATISTICS, cpu, out, &status))
        return -1;
    if (status == HV_STATUS_SUCCESS)
        return 0;
    errno = status == HV_STATUS_INVALID_VP_INDEX ? EINVAL : EIO;
    return -1;
}

int openvsm_memory_map(struct openvsm *host, uint64_t first, uint64_t count, uint8_t *pages)
{
    while (count) {
        uint64_t now = count < OPENVSM_MAP_PAGES ? count : OPENVSM_MAP_PAGES;
        struct openvsm_map map = {first, now, (uint64_t)(uintptr_t)pages};
        if (ioctl(host->fd, OPENVSM_MAP, &map) < 0)
            return -1;
        first += now;
        pages += now;
        count -= now;
    }
    return 0;
}

int openvsm_process_info(struct openvsm *host, uint64_t index, struct sk_process_info *out)
{
    uint8_t bytes[OPENVSM_PAGE_SIZE];
    uint64_t status;
    if (fill_page(host, OPENVSM_PROCESS_INFO, index, bytes, &status))
        return -1;
    memcpy(out, bytes, sizeof(*out));
    if (status == SK_OK)
        return 0;
    errno = status == SK_NOT_FOUND ? ENOENT : EIO;
    return -1;
}

int openvsm_audit(struct openvsm *host, uint64_t after,
                  struct sk_audit_record records[OPENVSM_AUDIT_RECORDS])
{
    uint64_t status;
    if (fill_page(host, OPENVSM_AUDIT, after, records, &status))
        return -1;
    int count = 0;
    while (count < (int)OPENVSM_AUDIT_RECORDS && records[count].sequence)
        count++;
    return count;
}

int openvsm_symbol(struct openvsm *host, struct openvsm_symbol *symbol)
{
    return ioctl(host->fd, OPENVSM_SYMBOL, symbol);
}

int openvsm_who(struct openvsm *host, struct openvsm_who *who)
{
    return ioctl(host->fd, OPENVSM_WHO, who);
}
