/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys in Kerberos messages, which only this half of the LSA ever sees. */
#ifndef LSAISO_DER_H
#define LSAISO_DER_H

#include <openvsm/lsa/der.h>

#include "crypto/enctype.h"

/* An EncryptionKey. get: -1 too for an enctype that is unknown, or a key of the wrong length. */
int der_get_key(asn1_node node, const char *path, struct krb_key *key);
int der_put_key(asn1_node node, const char *path, const struct krb_key *key);

#endif
