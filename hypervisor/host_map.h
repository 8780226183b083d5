/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own page tables: physical memory one to one, only its code executable. */
#ifndef HYPERVISOR_HOST_MAP_H
#define HYPERVISOR_HOST_MAP_H

#include "types.h"

/* Completes what entry.S began: RAM above 4 GiB, and rights. Once, on the boot CPU. */
void host_map_complete(const struct range *ram, uint32_t count);

#endif
