/* SPDX-License-Identifier: BSD-2-Clause */
/* Principals as people write them. */
#ifndef LSASS_PRINCIPAL_H
#define LSASS_PRINCIPAL_H

#include <openvsm/lsa/der.h>

/* "service/host" or "user", no realm. -> 0, or -1 if it is too long. */
int principal_parse(const char *text, int32_t type, struct der_principal *p);
/* "service/host@REALM"; without a realm: NULL. Cut at `room`. */
void principal_print(const struct der_principal *p, const char *realm, char *out, size_t room);

#endif
