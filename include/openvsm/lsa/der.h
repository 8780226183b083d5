/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kerberos messages through libtasn1, as both halves of the LSA read and write them: a contract
 * like krb5.asn and lsa.x, compiled in each. Types are those of krb5.asn; `path` is libtasn1's
 * ("sname.name-string.?1"). Functions return 0 or -1; none changes its node on failure of a read.
 */
#ifndef OPENVSM_LSA_DER_H
#define OPENVSM_LSA_DER_H

#include <libtasn1.h>
#include <stdbool.h>

#include <openvsm/lsa.h>
#include <openvsm/lsa/bytes.h>

#define DER_NAME_MAX   256
#define DER_COMPONENTS 8
#define DER_PATH_MAX   128

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

int der_put_int(asn1_node node, const char *path, int64_t value);
int der_put_bytes(asn1_node node, const char *path, const void *data, size_t size);
int der_put_string(asn1_node node, const char *path, const char *text);
int der_put_time(asn1_node node, const char *path, int64_t seconds);
int der_put_flags(asn1_node node, const char *path, uint32_t flags);
int der_put_principal(asn1_node node, const char *path, const struct der_principal *p);
/* Leaves an OPTIONAL element out. */
int der_omit(asn1_node node, const char *path);

bool der_principal_equal(const struct der_principal *a, const struct der_principal *b);
/* To and from a principal of lsa.x. What to_wire has put there is freed with the whole answer, also
 * when it fails. from_wire: -1 when there are none, or too many, or too long components. */
int der_principal_to_wire(const struct der_principal *in, lsa_principal *out);
int der_principal_from_wire(const lsa_principal *in, struct der_principal *out);

/* out: `rest` below `path`, which may be empty. */
void der_sub_path(char out[DER_PATH_MAX], const char *path, const char *rest);

#endif
