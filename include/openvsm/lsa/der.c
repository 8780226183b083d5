/* SPDX-License-Identifier: BSD-2-Clause */
#include <openvsm/lsa/der.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern const asn1_static_node krb5_asn1[];

asn1_node der_definitions(void)
{
    asn1_node definitions = NULL;

    return asn1_array2tree(krb5_asn1, &definitions, NULL) == ASN1_SUCCESS ? definitions : NULL;
}

int der_create(asn1_node definitions, const char *type, asn1_node *node)
{
    char name[DER_PATH_MAX];

    snprintf(name, sizeof(name), "Krb5.%s", type);
    *node = NULL;
    return asn1_create_element(definitions, name, node) == ASN1_SUCCESS ? 0 : -1;
}

int der_decode(asn1_node definitions, const char *type, struct bytes in, asn1_node *node)
{
    int size = (int)in.size;

    if (in.size == 0 || in.size > 1u << 24 || der_create(definitions, type, node))
        return -1;
    if (asn1_der_decoding2(node, in.data, &size, ASN1_DECODE_FLAG_STRICT_DER, NULL) ==
            ASN1_SUCCESS &&
        size == (int)in.size)
        return 0;
    der_free(node);
    return -1;
}

int der_encode(asn1_node node, uint8_t **out, size_t *size)
{
    int length = 0;

    *out = NULL;
    if (asn1_der_coding(node, "", NULL, &length, NULL) != ASN1_MEM_ERROR || length <= 0)
        return -1;
    *out = malloc((size_t)length);
    if (!*out)
        return -1;
    if (asn1_der_coding(node, "", *out, &length, NULL) == ASN1_SUCCESS) {
        *size = (size_t)length;
        return 0;
    }
    free(*out);
    *out = NULL;
    return -1;
}

void der_free(asn1_node *node)
{
    if (*node)
        asn1_delete_structure2(node, ASN1_DELETE_FLAG_ZEROIZE);
    *node = NULL;
}

bool der_present(asn1_node node, const char *path)
{
    int size = 0;
    int result = asn1_read_value(node, path, NULL, &size);

    return result == ASN1_SUCCESS || result == ASN1_MEM_ERROR;
}

int der_get_bytes(asn1_node node, const char *path, void *out, size_t *size)
{
    int length = *size > 1u << 24 ? 1 << 24 : (int)*size;

    if (asn1_read_value(node, path, out, &length) != ASN1_SUCCESS || length < 0)
        return -1;
    *size = (size_t)length;
    return 0;
}

int der_get_int(asn1_node node, const char *path, int64_t *value)
{
    uint8_t raw[9];
    size_t size = sizeof(raw);
    uint64_t sum = 0;

    if (der_get_bytes(node, path, raw, &size) || size == 0 || size > 8)
        return -1;
    sum = raw[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        sum = sum << 8 | raw[i];
    *value = (int64_t)sum;
    return 0;
}

int der_get_alloc(asn1_node node, const char *path, uint8_t **out, size_t *size)
{
    int length = 0;
    int result = asn1_read_value(node, path, NULL, &length);

    *out = NULL;
    if ((result != ASN1_MEM_ERROR && result != ASN1_SUCCESS) || length < 0)
        return -1;
    *size = (size_t)length;
    *out = malloc(*size + 1);
    if (!*out)
        return -1;
    if (der_get_bytes(node, path, *out, size) == 0)
        return 0;
    free(*out);
    *out = NULL;
    return -1;
}

int der_get_string(asn1_node node, const char *path, char *out, size_t room)
{
    size_t size = room - 1;

    if (der_get_bytes(node, path, out, &size) || memchr(out, 0, size))
        return -1;
    out[size] = '\0';
    return 0;
}

/* n decimal digits; -> the number, or -1. */
static int digits(const char *text, int n)
{
    int value = 0;

    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + text[i] - '0';
    }
    return value;
}

/* RFC 4120 5.2.3: YYYYMMDDHHMMSSZ, no fraction, no other zone. */
int der_get_time(asn1_node node, const char *path, int64_t *seconds)
{
    char text[32] = "";
    size_t size = sizeof(text);
    struct tm tm = {0};

    /* Of times libtasn1 gives a C string, its NUL counted. */
    if (der_get_bytes(node, path, text, &size) || size != 16 || text[14] != 'Z' || text[15])
        return -1;
    tm.tm_year = digits(text, 4) - 1900;
    tm.tm_mon = digits(text + 4, 2) - 1;
    tm.tm_mday = digits(text + 6, 2);
    tm.tm_hour = digits(text + 8, 2);
    tm.tm_min = digits(text + 10, 2);
    tm.tm_sec = digits(text + 12, 2);
    if (tm.tm_year < 0 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 ||
        tm.tm_sec > 60)
        return -1;
    *seconds = timegm(&tm);
    return 0;
}

int der_get_flags(asn1_node node, const char *path, uint32_t *flags)
{
    uint8_t raw[8] = {0};
    int bits = sizeof(raw) * 8;

    if (asn1_read_value(node, path, raw, &bits) != ASN1_SUCCESS || bits > 32)
        return -1;
    *flags = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
    return 0;
}

void der_sub_path(char out[DER_PATH_MAX], const char *path, const char *rest)
{
    snprintf(out, DER_PATH_MAX, "%s%s%s", path, *path ? "." : "", rest);
}

int der_get_principal(asn1_node node, const char *path, struct der_principal *p)
{
    char at[DER_PATH_MAX];
    char index[32];
    int64_t type = 0;
    int count = 0;

    memset(p, 0, sizeof(*p));
    der_sub_path(at, path, "name-type");
    if (der_get_int(node, at, &type))
        return -1;
    p->type = (int32_t)type;
    der_sub_path(at, path, "name-string");
    if (asn1_number_of_elements(node, at, &count) != ASN1_SUCCESS || count < 1 ||
        count > DER_COMPONENTS)
        return -1;
    p->count = (uint32_t)count;
    for (int i = 0; i < count; i++) {
        snprintf(index, sizeof(index), "name-string.?%d", i + 1);
        der_sub_path(at, path, index);
        if (der_get_string(node, at, p->components[i], DER_NAME_MAX))
            return -1;
    }
    return 0;
}

int der_put_bytes(asn1_node node, const char *path, const void *data, size_t size)
{
    /* libtasn1 takes the length 0 for "text, count it yourself". */
    const void *value = size ? data : "";

    return asn1_write_value(node, path, value, (int)size) == ASN1_SUCCESS ? 0 : -1;
}

int der_put_int(asn1_node node, const char *path, int64_t value)
{
    uint8_t raw[8];
    size_t skip = 0;

    for (int i = 0; i < 8; i++)
        raw[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    /* A negative length would mean "as short as possible"; do it here, where it can be read. */
    while (skip < 7 && ((raw[skip] == 0 && !(raw[skip + 1] & 0x80)) ||
                        (raw[skip] == 0xff && (raw[skip + 1] & 0x80))))
        skip++;
    return der_put_bytes(node, path, raw + skip, sizeof(raw) - skip);
}

int der_put_string(asn1_node node, const char *path, const char *text)
{
    return der_put_bytes(node, path, text, strlen(text));
}

int der_put_time(asn1_node node, const char *path, int64_t seconds)
{
    char text[32];
    time_t when = (time_t)seconds;
    struct tm tm;

    if (!gmtime_r(&when, &tm) || strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm) != 15)
        return -1;
    return der_put_string(node, path, text);
}

int der_put_flags(asn1_node node, const char *path, uint32_t flags)
{
    uint8_t raw[4];

    for (int i = 0; i < 4; i++)
        raw[i] = (uint8_t)(flags >> (24 - 8 * i));
    return asn1_write_value(node, path, raw, 32) == ASN1_SUCCESS ? 0 : -1;
}

int der_put_principal(asn1_node node, const char *path, const struct der_principal *p)
{
    char list[DER_PATH_MAX];
    char at[DER_PATH_MAX];

    der_sub_path(at, path, "name-type");
    if (der_put_int(node, at, p->type))
        return -1;
    der_sub_path(list, path, "name-string");
    der_sub_path(at, path, "name-string.?LAST");
    for (uint32_t i = 0; i < p->count; i++)
        if (asn1_write_value(node, list, "NEW", 1) != ASN1_SUCCESS ||
            der_put_string(node, at, p->components[i]))
            return -1;
    return 0;
}

int der_omit(asn1_node node, const char *path)
{
    return asn1_write_value(node, path, NULL, 0) == ASN1_SUCCESS ? 0 : -1;
}

bool der_principal_equal(const struct der_principal *a, const struct der_principal *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (strcmp(a->components[i], b->components[i]))
            return false;
    return true;
}

int der_principal_to_wire(const struct der_principal *in, lsa_principal *out)
{
    memset(out, 0, sizeof(*out));
    out->name_type = in->type;
    out->components.components_val = calloc(in->count, sizeof(lsa_name));
    if (!out->components.components_val)
        return -1;
    for (uint32_t i = 0; i < in->count; i++) {
        out->components.components_val[i] = strdup(in->components[i]);
        if (!out->components.components_val[i])
            return -1;
        out->components.components_len++;
    }
    return 0;
}

int der_principal_from_wire(const lsa_principal *in, struct der_principal *out)
{
    memset(out, 0, sizeof(*out));
    if (in->components.components_len == 0 || in->components.components_len > DER_COMPONENTS)
        return -1;
    out->type = in->name_type;
    out->count = in->components.components_len;
    for (uint32_t i = 0; i < out->count; i++) {
        if (strlen(in->components.components_val[i]) >= DER_NAME_MAX)
            return -1;
        strcpy(out->components[i], in->components.components_val[i]);
    }
    return 0;
}
