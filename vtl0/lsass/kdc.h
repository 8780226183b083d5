/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding a realm's KDCs and asking them, RFC 4120 section 7.2. */
#ifndef LSASS_KDC_H
#define LSASS_KDC_H

#include "config.h"
#include <openvsm/lsa/der.h>

#define KDC_ANSWER_MAX 65536

/*
 * Sends over UDP, and over TCP what is large, or what the KDC wants over TCP. *answer is fresh
 * memory. -> 0; or -1 with a sentence that names what was tried.
 */
int kdc_ask(const struct config *config, const char *realm, struct bytes request, int tcp_only,
            uint8_t **answer, size_t *size, char *error, size_t room);

#endif
