/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A GSSAPI interposer mechanism: with it, programs that ask MIT's libgssapi for Kerberos get their
 * tokens from lsassd and their message protection from lsaiso, and never see a key. The same for
 * NTLMSSP, for initiators, where a mechanism for it is installed. Active with OPENVSM_LSA=yes in
 * the environment.
 */
#ifndef LSASS_GSS_MECH_H
#define LSASS_GSS_MECH_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>

#include "connection.h"

struct lsa_name_object {
    char text[LSA_NAME_MAX]; /* "service/host" or "user@REALM" */
};

struct lsa_context_object {
    struct connection iso; /* messages go straight to lsaiso */
    uint64_t handle;
    uint32_t gss_flags;
    uint32_t lifetime;
    int open;
    int accepted; /* ours is the server's end */
    gss_OID mech;
    lsa_token negotiate; /* NTLM: our first message, which the MIC of the last one covers */
    char client[LSA_NAME_MAX];
    char server[LSA_NAME_MAX];
};

struct lsa_cred_object {
    int usage; /* GSS_C_INITIATE or GSS_C_ACCEPT */
    char principal[LSA_NAME_MAX];
};

extern gss_OID_desc lsa_krb5_oid;
extern gss_OID_desc lsa_krb5_name_oid;
extern gss_OID_desc lsa_ntlm_oid;

/* Where lsassd and lsaiso listen: LSASSD_SOCKET and LSAISO_SOCKET, or the defaults; a setuid
 * program always gets the defaults. */
const char *lsa_daemon_path(void);
const char *lsa_iso_path(void);

/* The answer's status as GSSAPI wants it; *minor is the krb5 error code, and the sentence is kept
 * for gssi_display_status. */
OM_uint32 lsa_failure(const struct answer *answer, OM_uint32 *minor);
OM_uint32 lsa_out_of_memory(OM_uint32 *minor);

/* Copies into a gss_buffer that gss_release_buffer can free. */
OM_uint32 lsa_give(OM_uint32 *minor, const void *data, size_t size, gss_buffer_t out);
int lsa_same_oid(gss_const_OID a, gss_const_OID b);
/* The bytes of channel bindings that RFC 4121 4.1.1.2 (and MS-NLMP) hashes; lsaiso does the
 * hashing. out->lsa_token_val is to be freed. -> 0 or -1. */
int lsa_flatten_bindings(gss_channel_bindings_t b, lsa_token *out);
/* A new context object; NULL when out of memory. */
struct lsa_context_object *lsa_new_context(gss_const_OID mech);
void lsa_free_context(struct lsa_context_object *x);
/* What gss_init_sec_context and gss_accept_sec_context give back beside the token; any may be NULL.
 */
void lsa_report(const struct lsa_context_object *x, gss_OID *mech, OM_uint32 *flags,
                OM_uint32 *lifetime);
/* ntlm.c: a step of gss_init_sec_context. */
OM_uint32 lsa_ntlm_first(OM_uint32 *minor, struct lsa_context_object *x, OM_uint32 flags,
                         const char *target, gss_buffer_t out);
OM_uint32 lsa_ntlm_second(OM_uint32 *minor, struct lsa_context_object *x,
                          gss_channel_bindings_t bindings, gss_buffer_t in, gss_buffer_t out);
/* A new name object; NULL when out of memory. */
struct lsa_name_object *lsa_new_name(const char *text);

#endif
