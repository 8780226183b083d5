/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SK_REPORT_H
#define SK_REPORT_H

#include <openvsm/vtl1_boot.h>

/* Makes this boot's key, and keeps the digests. On the boot CPU, once, after random_init. */
void report_init(const struct vtl1_boot_info *info);

#endif
