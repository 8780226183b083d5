/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading, errors, mechanism inquiries and names. */
#define _GNU_SOURCE /* secure_getenv */
#include "mech.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gssi.h"

/* com_err's table of krb5: minor codes that programs know. */
#define KRB5_BASE         (-1765328384L)
#define KRB5_CC_NOTFOUND  (KRB5_BASE + 141)
#define KRB5_FCC_NOFILE   (KRB5_BASE + 195)
#define KRB5_KDC_UNREACH  (KRB5_BASE + 156)
#define KRB5_AP_EXPIRED   (KRB5_BASE + 32)
#define KRB5_AP_INTEGRITY (KRB5_BASE + 31)
#define KRB5_BADMSG       (KRB5_BASE + 39)
#define KRB5_POLICY       (KRB5_BASE + 12)
#define KRB5_PARSE        (KRB5_BASE + 136)
#define KRB5_GENERIC      (KRB5_BASE + 60)

gss_OID_desc lsa_krb5_oid = {9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
gss_OID_desc lsa_krb5_name_oid = {10, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01"};

gss_OID_desc lsa_ntlm_oid = {10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};

static __thread struct {
    OM_uint32 minor;
    char message[512];
} last_failure;

const char *lsa_daemon_path(void)
{
    const char *path = secure_getenv("LSASSD_SOCKET");

    return path && *path ? path : LSASSD_SOCKET;
}

const char *lsa_iso_path(void)
{
    const char *path = secure_getenv("LSAISO_SOCKET");

    return path && *path ? path : LSAISO_SOCKET;
}

gss_OID_set gss_mech_interposer(gss_OID mech_type)
{
    const char *wish = secure_getenv("OPENVSM_LSA");
    gss_OID_set set = NULL;
    OM_uint32 minor = 0;

    (void)mech_type;
    if (!wish || strcmp(wish, "yes"))
        return NULL;
    if (gss_create_empty_oid_set(&minor, &set) ||
        gss_add_oid_set_member(&minor, &lsa_krb5_oid, &set) ||
        gss_add_oid_set_member(&minor, &lsa_ntlm_oid, &set))
        return NULL;
    return set;
}

/* Which GSS major and krb5 minor a status of ours is. */
static const struct {
    lsa_status status;
    OM_uint32 major;
    long minor;
} meanings[] = {
    {LSA_NO_CREDENTIAL, GSS_S_NO_CRED, KRB5_FCC_NOFILE},
    {LSA_NO_SESSION, GSS_S_NO_CRED, KRB5_CC_NOTFOUND},
    {LSA_LOCKED, GSS_S_NO_CRED, KRB5_CC_NOTFOUND},
    {LSA_NO_LSAISO, GSS_S_NO_CRED, KRB5_FCC_NOFILE},
    {LSA_EXPIRED, GSS_S_CREDENTIALS_EXPIRED, KRB5_AP_EXPIRED},
    {LSA_BAD_NAME, GSS_S_BAD_NAME, KRB5_PARSE},
    {LSA_MALFORMED, GSS_S_DEFECTIVE_TOKEN, KRB5_BADMSG},
    {LSA_INTEGRITY, GSS_S_BAD_SIG, KRB5_AP_INTEGRITY},
    {LSA_NO_CONTEXT, GSS_S_NO_CONTEXT, KRB5_GENERIC},
    {LSA_NO_KDC, GSS_S_FAILURE, KRB5_KDC_UNREACH},
    {LSA_POLICY, GSS_S_FAILURE, KRB5_POLICY},
};

OM_uint32 lsa_failure(const struct answer *answer, OM_uint32 *minor)
{
    OM_uint32 major = GSS_S_FAILURE;
    long code = KRB5_GENERIC;

    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].status == answer->status) {
            major = meanings[i].major;
            code = meanings[i].minor;
        }
    if (answer->krb_error)
        code = KRB5_BASE + answer->krb_error;
    *minor = (OM_uint32)code;
    last_failure.minor = *minor;
    snprintf(last_failure.message, sizeof(last_failure.message), "%s", answer->message);
    return major;
}

OM_uint32 lsa_out_of_memory(OM_uint32 *minor)
{
    *minor = 12; /* ENOMEM */
    return GSS_S_FAILURE;
}

OM_uint32 lsa_give(OM_uint32 *minor, const void *data, size_t size, gss_buffer_t out)
{
    *minor = 0;
    out->length = 0;
    out->value = malloc(size + 1);
    if (!out->value)
        return lsa_out_of_memory(minor);
    if (size)
        memcpy(out->value, data, size);
    ((char *)out->value)[size] = '\0';
    out->length = size;
    return GSS_S_COMPLETE;
}

OM_uint32 gssi_display_status(OM_uint32 *minor, OM_uint32 status, int type, gss_OID mech,
                              OM_uint32 *more, gss_buffer_t out)
{
    char text[64];

    (void)mech;
    if (type != GSS_C_MECH_CODE)
        return GSS_S_BAD_STATUS;
    if (more)
        *more = 0;
    if (status == last_failure.minor && last_failure.message[0])
        return lsa_give(minor, last_failure.message, strlen(last_failure.message), out);
    snprintf(text, sizeof(text), "Kerberos error %ld", (long)(int)status);
    return lsa_give(minor, text, strlen(text), out);
}

/* --- The mechanism -------------------------------------------------------------------------------
 */

OM_uint32 gssi_indicate_mechs(OM_uint32 *minor, gss_OID_set *set)
{
    if (gss_create_empty_oid_set(minor, set))
        return GSS_S_FAILURE;
    return gss_add_oid_set_member(minor, &lsa_krb5_oid, set);
}

OM_uint32 gssi_inquire_names_for_mech(OM_uint32 *minor, gss_OID mech, gss_OID_set *set)
{
    const gss_OID types[] = {GSS_C_NT_HOSTBASED_SERVICE, GSS_C_NT_USER_NAME, GSS_C_NT_EXPORT_NAME,
                             &lsa_krb5_name_oid};

    (void)mech;
    if (gss_create_empty_oid_set(minor, set))
        return GSS_S_FAILURE;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (gss_add_oid_set_member(minor, types[i], set))
            return GSS_S_FAILURE;
    return GSS_S_COMPLETE;
}

OM_uint32 gssi_inquire_mechs_for_name(OM_uint32 *minor, gss_name_t name, gss_OID_set *set)
{
    (void)name;
    return gssi_indicate_mechs(minor, set);
}

/* What SPNEGO looks at when it chooses. */
OM_uint32 gssi_inquire_attrs_for_mech(OM_uint32 *minor, gss_const_OID mech, gss_OID_set *attributes,
                                      gss_OID_set *known)
{
    const gss_const_OID all[] = {GSS_C_MA_MECH_CONCRETE, GSS_C_MA_ITOK_FRAMED, GSS_C_MA_AUTH_INIT,
                                 GSS_C_MA_AUTH_TARG,     GSS_C_MA_INTEG_PROT,  GSS_C_MA_CONF_PROT,
                                 GSS_C_MA_MIC,           GSS_C_MA_WRAP,        GSS_C_MA_REPLAY_DET,
                                 GSS_C_MA_OOS_DET,       GSS_C_MA_CBINDINGS};

    (void)mech;
    *minor = 0;
    if (known)
        *known = GSS_C_NO_OID_SET;
    if (!attributes)
        return GSS_S_COMPLETE;
    if (gss_create_empty_oid_set(minor, attributes))
        return GSS_S_FAILURE;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (gss_add_oid_set_member(minor, (gss_OID)(uintptr_t)all[i], attributes))
            return GSS_S_FAILURE;
    return GSS_S_COMPLETE;
}

/* --- Names ---------------------------------------------------------------------------------------
 */

struct lsa_name_object *lsa_new_name(const char *text)
{
    struct lsa_name_object *name = calloc(1, sizeof(*name));

    if (name)
        snprintf(name->text, sizeof(name->text), "%s", text);
    return name;
}

int lsa_same_oid(gss_const_OID a, gss_const_OID b)
{
    return a && b && a->length == b->length && !memcmp(a->elements, b->elements, a->length);
}

/* "service@host" becomes "service/host"; without a host it is this one. */
static void host_based(char *text, size_t room)
{
    char *at = strchr(text, '@');
    size_t size = strlen(text);

    if (at) {
        *at = '/';
        return;
    }
    if (size + 2 < room && gethostname(text + size + 1, room - size - 2) == 0)
        text[size] = '/';
}

/* RFC 2743 3.2: 04 01, OID, then the name. */
static OM_uint32 exported(const gss_buffer_t in, char *text, size_t room)
{
    const unsigned char *at = in->value;
    size_t oid = 0;
    size_t size = 0;

    if (in->length < 4 || at[0] != 4 || at[1] != 1)
        return GSS_S_BAD_NAME;
    oid = (size_t)at[2] << 8 | at[3];
    if (in->length < 8 + oid)
        return GSS_S_BAD_NAME;
    at += 4 + oid;
    size = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    if (size != in->length - 8 - oid || size >= room)
        return GSS_S_BAD_NAME;
    memcpy(text, at + 4, size);
    text[size] = '\0';
    return GSS_S_COMPLETE;
}

OM_uint32 gssi_import_name(OM_uint32 *minor, gss_buffer_t in, gss_OID type, gss_name_t *out)
{
    char text[LSA_NAME_MAX];
    size_t size = in->length;

    *minor = 0;
    /* Some programs count the string's end in, gss-server among them. */
    if (size && !((const char *)in->value)[size - 1])
        size--;
    if (lsa_same_oid(type, GSS_C_NT_EXPORT_NAME)) {
        if (exported(in, text, sizeof(text)))
            return GSS_S_BAD_NAME;
    } else {
        if (size == 0 || size >= sizeof(text) || memchr(in->value, 0, size))
            return GSS_S_BAD_NAME;
        memcpy(text, in->value, size);
        text[size] = '\0';
        if (lsa_same_oid(type, GSS_C_NT_HOSTBASED_SERVICE) ||
            lsa_same_oid(type, GSS_C_NT_HOSTBASED_SERVICE_X))
            host_based(text, sizeof(text));
    }
    *out = (gss_name_t)lsa_new_name(text);
    return *out ? GSS_S_COMPLETE : lsa_out_of_memory(minor);
}

OM_uint32 gssi_display_name(OM_uint32 *minor, gss_name_t name, gss_buffer_t out, gss_OID *type)
{
    const struct lsa_name_object *n = (const void *)name;

    /* The mechglue frees a type that it does not know as one of its own constants. */
    if (type)
        *type = GSS_C_NT_USER_NAME;
    return lsa_give(minor, n->text, strlen(n->text), out);
}

OM_uint32 gssi_duplicate_name(OM_uint32 *minor, const gss_name_t name, gss_name_t *out)
{
    *minor = 0;
    *out = (gss_name_t)lsa_new_name(((const struct lsa_name_object *)name)->text);
    return *out ? GSS_S_COMPLETE : lsa_out_of_memory(minor);
}

OM_uint32 gssi_canonicalize_name(OM_uint32 *minor, const gss_name_t name, const gss_OID mech,
                                 gss_name_t *out)
{
    (void)mech;
    return gssi_duplicate_name(minor, name, out);
}

OM_uint32 gssi_compare_name(OM_uint32 *minor, gss_name_t a, gss_name_t b, int *equal)
{
    *minor = 0;
    *equal = !strcmp(((const struct lsa_name_object *)a)->text,
                     ((const struct lsa_name_object *)b)->text);
    return GSS_S_COMPLETE;
}

OM_uint32 gssi_export_name(OM_uint32 *minor, const gss_name_t name, gss_buffer_t out)
{
    const char *text = ((const struct lsa_name_object *)name)->text;
    size_t size = strlen(text);
    unsigned char raw[32 + LSA_NAME_MAX] = {4, 1, 0, 11, 6, 9};
    size_t at = 6;

    memcpy(raw + at, lsa_krb5_oid.elements, lsa_krb5_oid.length);
    at += lsa_krb5_oid.length;
    for (int i = 0; i < 4; i++)
        raw[at++] = (unsigned char)(size >> (24 - 8 * i));
    memcpy(raw + at, text, size);
    return lsa_give(minor, raw, at + size, out);
}

/* Every name of ours is one of the mechanism's, and has no attributes (RFC 6680 7.4). */
OM_uint32 gssi_inquire_name(OM_uint32 *minor, gss_name_t name, int *is_mn, gss_OID *mech,
                            gss_buffer_set_t *attributes)
{
    (void)name;
    *minor = 0;
    if (is_mn)
        *is_mn = 1;
    if (mech)
        *mech = &lsa_krb5_oid;
    if (attributes)
        *attributes = GSS_C_NO_BUFFER_SET;
    return GSS_S_COMPLETE;
}

OM_uint32 gssi_release_name(OM_uint32 *minor, gss_name_t *name)
{
    *minor = 0;
    free(*name);
    *name = GSS_C_NO_NAME;
    return GSS_S_COMPLETE;
}
