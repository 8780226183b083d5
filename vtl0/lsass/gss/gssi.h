/* SPDX-License-Identifier: BSD-2-Clause */
/* What MIT's mechglue looks up in an interposer; signatures as in <gssapi/gssapi.h>. */
#ifndef LSASS_GSS_GSSI_H
#define LSASS_GSS_GSSI_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>

gss_OID_set gss_mech_interposer(gss_OID mech_type);
OM_uint32 gssi_display_status(OM_uint32 *minor, OM_uint32 status, int type, gss_OID mech,
                              OM_uint32 *more, gss_buffer_t out);
OM_uint32 gssi_indicate_mechs(OM_uint32 *minor, gss_OID_set *set);
OM_uint32 gssi_inquire_names_for_mech(OM_uint32 *minor, gss_OID mech, gss_OID_set *set);
OM_uint32 gssi_inquire_mechs_for_name(OM_uint32 *minor, gss_name_t name, gss_OID_set *set);
OM_uint32 gssi_inquire_attrs_for_mech(OM_uint32 *minor, gss_const_OID mech, gss_OID_set *attributes,
                                      gss_OID_set *known);
OM_uint32 gssi_import_name(OM_uint32 *minor, gss_buffer_t in, gss_OID type, gss_name_t *out);
OM_uint32 gssi_display_name(OM_uint32 *minor, gss_name_t name, gss_buffer_t out, gss_OID *type);
OM_uint32 gssi_duplicate_name(OM_uint32 *minor, const gss_name_t name, gss_name_t *out);
OM_uint32 gssi_canonicalize_name(OM_uint32 *minor, const gss_name_t name, const gss_OID mech,
                                 gss_name_t *out);
OM_uint32 gssi_compare_name(OM_uint32 *minor, gss_name_t a, gss_name_t b, int *equal);
OM_uint32 gssi_export_name(OM_uint32 *minor, const gss_name_t name, gss_buffer_t out);
OM_uint32 gssi_inquire_name(OM_uint32 *minor, gss_name_t name, int *is_mn, gss_OID *mech,
                            gss_buffer_set_t *attributes);
OM_uint32 gssi_release_name(OM_uint32 *minor, gss_name_t *name);

OM_uint32 gssi_acquire_cred(OM_uint32 *minor, gss_name_t name, OM_uint32 time, gss_OID_set mechs,
                            int usage, gss_cred_id_t *out, gss_OID_set *actual,
                            OM_uint32 *lifetime);
OM_uint32 gssi_inquire_cred(OM_uint32 *minor, gss_cred_id_t cred, gss_name_t *name,
                            OM_uint32 *lifetime, int *usage, gss_OID_set *mechs);
OM_uint32 gssi_inquire_cred_by_mech(OM_uint32 *minor, gss_cred_id_t cred, gss_OID mech,
                                    gss_name_t *name, OM_uint32 *initiator, OM_uint32 *acceptor,
                                    int *usage);
OM_uint32 gssi_release_cred(OM_uint32 *minor, gss_cred_id_t *cred);

OM_uint32 gssi_init_sec_context(OM_uint32 *minor, gss_cred_id_t cred, gss_ctx_id_t *context,
                                gss_name_t target, gss_OID mech, OM_uint32 flags, OM_uint32 time,
                                gss_channel_bindings_t bindings, gss_buffer_t in,
                                gss_OID *actual_mech, gss_buffer_t out, OM_uint32 *ret_flags,
                                OM_uint32 *lifetime);
OM_uint32 gssi_accept_sec_context(OM_uint32 *minor, gss_ctx_id_t *context, gss_cred_id_t cred,
                                  gss_buffer_t in, gss_channel_bindings_t bindings,
                                  gss_name_t *source, gss_OID *mech, gss_buffer_t out,
                                  OM_uint32 *ret_flags, OM_uint32 *lifetime,
                                  gss_cred_id_t *delegated);
OM_uint32 gssi_inquire_context(OM_uint32 *minor, gss_ctx_id_t context, gss_name_t *source,
                               gss_name_t *target, OM_uint32 *lifetime, gss_OID *mech,
                               OM_uint32 *flags, int *local, int *open);
OM_uint32 gssi_context_time(OM_uint32 *minor, gss_ctx_id_t context, OM_uint32 *lifetime);
OM_uint32 gssi_delete_sec_context(OM_uint32 *minor, gss_ctx_id_t *context, gss_buffer_t out);

OM_uint32 gssi_wrap(OM_uint32 *minor, gss_ctx_id_t context, int seal, gss_qop_t qop,
                    gss_buffer_t in, int *sealed, gss_buffer_t out);
OM_uint32 gssi_unwrap(OM_uint32 *minor, gss_ctx_id_t context, gss_buffer_t in, gss_buffer_t out,
                      int *sealed, gss_qop_t *qop);
OM_uint32 gssi_get_mic(OM_uint32 *minor, gss_ctx_id_t context, gss_qop_t qop, gss_buffer_t in,
                       gss_buffer_t out);
OM_uint32 gssi_verify_mic(OM_uint32 *minor, gss_ctx_id_t context, gss_buffer_t in,
                          gss_buffer_t token, gss_qop_t *qop);
OM_uint32 gssi_wrap_size_limit(OM_uint32 *minor, gss_ctx_id_t context, int seal, gss_qop_t qop,
                               OM_uint32 output, OM_uint32 *input);

#endif
