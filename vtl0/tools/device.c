/* SPDX-License-Identifier: BSD-2-Clause */
#include "device.h"

#include <errno.h>

#include "ium.h"

struct openvsm *ium_open(void)
{
    struct openvsm *host = NULL;
    if (!openvsm_open(&host))
        return host;
    switch (errno) {
    case ENODEV:
        ium_error("this machine does not run under the OpenVSM hypervisor; start it with "
                  "'./openvsm run', or choose the OpenVSM entry in the boot menu");
        break;
    case ENOENT:
    case ENXIO:
        ium_error("the driver is not loaded (no " OPENVSM_DEVICE "); load it: modprobe openvsm");
        break;
    case EACCES:
    case EPERM:
        ium_error("no permission to use " OPENVSM_DEVICE
                  "; become root, or join the device's group: usermod -aG openvsm USER");
        break;
    default:
        ium_errno(OPENVSM_DEVICE);
        break;
    }
    return NULL;
}

void ium_copy_name(char out[33], const char name[32])
{
    int i = 0;
    for (; i < 32 && name[i]; i++)
        out[i] = name[i] > ' ' && name[i] <= '~' ? name[i] : '?';
    out[i] = 0;
}
