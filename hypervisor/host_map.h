/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own page tables: physical memory one to one, only its code executable. */
#ifndef HYPERVISOR_HOST_MAP_H
#define HYPERVISOR_HOST_MAP_H

#include "types.h"

/* Maps what of it is above 4 GiB, in whole GiB: all below is mapped from the start. False: it
 * reaches beyond 512 GiB, or the CPU has no pages of 1 GiB. */
bool host_map_add(struct range range);
/* Completes what entry.S began: RAM above 4 GiB, and rights. Once, on the boot CPU. */
void host_map_complete(const struct range *ram, uint32_t count);

#endif
