/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kerberos messages through libtasn1. Types are those of include/openvsm/krb5.asn; `path` is
 * libtasn1's ("sname.name-string.?1"). Functions return 0 or -1; none changes its node on failure
 * of a read.
 */
#ifndef LSAISO_DER_H
#define LSAISO_DER_H

#include <libtasn1.h>
#include <stdbool.h>

#include "crypto/enctype.h"

#define DER_NAME_MAX   256
#define DER_COMPONENTS 8

struct der_principal {
    int32_t type;
    uint32_t count;
    char components[DER_COMPONENTS][DER_NAME_MAX];
};

/* The definitions; once per process. -> NULL if memory is out. */
asn1_node der_definitions(void);

/* Strict DER, and nothing behind it. The caller deletes *node with der_free. */
int der_decode(asn1_node definitions, const char *type, struct bytes in, asn1_node *node);
int der_create(asn1_node definitions, const char *type, asn1_node *node);
/* *out is fresh memory for the caller to free (wipe it first if it holds a key). */
int der_encode(asn1_node node, uint8_t **out, size_t *size);
/* Wipes the values as it goes. */
void der_free(asn1_node *node);

bool der_present(asn1_node node, const char *path);
int der_get_int(asn1_node node, const char *path, int64_t *value);
/* *size: room on entry, bytes on return. */
int der_get_bytes(asn1_node node, const char *path, void *out, size_t *size);
/* Fresh memory. */
int der_get_alloc(asn1_node node, const char *path, uint8_t **out, size_t *size);
/* NUL-terminated; a NUL inside is refused. */
int der_get_string(asn1_node node, const char *path, char *out, size_t room);
/* Seconds since 1970. */
int der_get_time(asn1_node node, const char *path, int64_t *seconds);
/* KerberosFlags as RFC 4120 numbers them: bit 0 is the top bit of the word. */
int der_get_flags(asn1_node node, const char *path, uint32_t *flags);
int der_get_principal(asn1_node node, const char *path, struct der_principal *p);
int der_get_key(asn1_node node, const char *path, struct krb_key *key);

int der_put_int(asn1_node node, const char *path, int64_t value);
int der_put_bytes(asn1_node node, const char *path, const void *data, size_t size);
int der_put_string(asn1_node node, const char *path, const char *text);
int der_put_time(asn1_node node, const char *path, int64_t seconds);
int der_put_flags(asn1_node node, const char *path, uint32_t flags);
int der_put_principal(asn1_node node, const char *path, const struct der_principal *p);
int der_put_key(asn1_node node, const char *path, const struct krb_key *key);
/* Leaves an OPTIONAL element out. */
int der_omit(asn1_node node, const char *path);

bool der_principal_equal(const struct der_principal *a, const struct der_principal *b);

#endif
