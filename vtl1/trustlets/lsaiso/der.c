/* SPDX-License-Identifier: BSD-2-Clause */
#include "der.h"

#include <string.h>

int der_get_key(asn1_node node, const char *path, struct krb_key *key)
{
    char at[DER_PATH_MAX];
    int64_t enctype = 0;
    size_t size = sizeof(key->bytes);

    memset(key, 0, sizeof(*key));
    der_sub_path(at, path, "keytype");
    if (der_get_int(node, at, &enctype) || krb_key_size((int32_t)enctype) == 0)
        return -1;
    der_sub_path(at, path, "keyvalue");
    if (der_get_bytes(node, at, key->bytes, &size) || size != krb_key_size((int32_t)enctype))
        return -1;
    key->enctype = (int32_t)enctype;
    key->size = (uint32_t)size;
    return 0;
}

int der_put_key(asn1_node node, const char *path, const struct krb_key *key)
{
    char at[DER_PATH_MAX];

    der_sub_path(at, path, "keytype");
    if (der_put_int(node, at, key->enctype))
        return -1;
    der_sub_path(at, path, "keyvalue");
    return der_put_bytes(node, at, key->bytes, key->size);
}
