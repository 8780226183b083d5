/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials: a name for a session that lsassd has. */
#include "mech.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gssi.h"

/* Whose session it is; *r is to be freed. name may be NULL: any. */
static lsa_status ask_credential(int usage, const char *name, lsa_credential *r,
                                 struct answer *answer)
{
    struct connection c = {.path = lsa_daemon_path(), .fd = -1};
    lsa_credential_args args = {.name = (char *)(uintptr_t)(name ? name : ""),
                                .accept = usage == GSS_C_ACCEPT};
    lsa_status status =
        CALL(&c, InquireCredential, lsa_credential_args, &args, lsa_credential, r, answer);

    connection_close(&c);
    return status;
}

/* "alice" is a name of "alice@REALM". */
static int is_named(const char *principal, const char *wish)
{
    size_t size = strlen(wish);

    return !strncmp(principal, wish, size) && (!principal[size] || principal[size] == '@');
}

/* One session serves every mechanism that was asked for. */
static OM_uint32 copy_mechs(OM_uint32 *minor, gss_OID_set mechs, gss_OID_set *out)
{
    if (!mechs || mechs->count == 0)
        return gssi_indicate_mechs(minor, out);
    if (gss_create_empty_oid_set(minor, out))
        return GSS_S_FAILURE;
    for (size_t i = 0; i < mechs->count; i++)
        if (gss_add_oid_set_member(minor, &mechs->elements[i], out))
            return GSS_S_FAILURE;
    return GSS_S_COMPLETE;
}

static int only_ntlm(gss_OID_set mechs)
{
    return mechs && mechs->count == 1 && lsa_same_oid(&mechs->elements[0], &lsa_ntlm_oid);
}

/* A session that fits; answer says why there is none. */
static lsa_status find_session(int *usage, const char *wish, gss_OID_set mechs,
                               lsa_credential *found, struct answer *answer)
{
    lsa_status status = LSA_NO_CREDENTIAL;

    memset(found, 0, sizeof(*found));
    if (*usage != GSS_C_ACCEPT) {
        status = ask_credential(GSS_C_INITIATE, NULL, found, answer);
        if (status || !wish || is_named(found->principal, wish) || *usage == GSS_C_INITIATE)
            return status;
        FREE(lsa_credential, found);
        *usage = GSS_C_ACCEPT;
    }
    if (!only_ntlm(mechs))
        return ask_credential(GSS_C_ACCEPT, wish, found, answer);
    answer->status = LSA_NO_CREDENTIAL;
    snprintf(answer->message, sizeof(answer->message),
             "OPENVSM_LSA answers NTLM, it does not accept it; unset it for an NTLM server");
    return answer->status;
}

static struct lsa_cred_object *new_cred(int usage, const char *principal)
{
    struct lsa_cred_object *cred = calloc(1, sizeof(*cred));

    if (cred) {
        cred->usage = usage;
        snprintf(cred->principal, sizeof(cred->principal), "%s", principal);
    }
    return cred;
}

OM_uint32 gssi_acquire_cred(OM_uint32 *minor, gss_name_t name, OM_uint32 time, gss_OID_set mechs,
                            int usage, gss_cred_id_t *out, gss_OID_set *actual, OM_uint32 *lifetime)
{
    const struct lsa_name_object *wish = (const void *)name;
    struct lsa_cred_object *cred = NULL;
    struct answer answer = {.status = LSA_OK};
    lsa_credential found;
    OM_uint32 major = GSS_S_COMPLETE;

    (void)time;
    *minor = 0;
    *out = GSS_C_NO_CREDENTIAL;
    if (find_session(&usage, wish ? wish->text : NULL, mechs, &found, &answer)) {
        FREE(lsa_credential, &found);
        return lsa_failure(&answer, minor);
    }
    if (wish && !is_named(found.principal, wish->text)) {
        answer.status = LSA_NO_CREDENTIAL;
        snprintf(answer.message, sizeof(answer.message), "%.200s is logged on, not %.200s",
                 found.principal, wish->text);
        major = lsa_failure(&answer, minor);
    } else {
        cred = new_cred(usage, found.principal);
        major = cred ? GSS_S_COMPLETE : lsa_out_of_memory(minor);
    }
    if (lifetime)
        *lifetime = found.lifetime;
    FREE(lsa_credential, &found);
    *out = (gss_cred_id_t)cred;
    return major == GSS_S_COMPLETE && actual ? copy_mechs(minor, mechs, actual) : major;
}

OM_uint32 gssi_inquire_cred(OM_uint32 *minor, gss_cred_id_t cred, gss_name_t *name,
                            OM_uint32 *lifetime, int *usage, gss_OID_set *mechs)
{
    const struct lsa_cred_object *own = (const void *)cred;
    int kind = own ? own->usage : GSS_C_INITIATE;
    struct answer answer;
    lsa_credential found;
    OM_uint32 major = GSS_S_COMPLETE;

    *minor = 0;
    if (ask_credential(kind, own && kind == GSS_C_ACCEPT ? own->principal : NULL, &found,
                       &answer)) {
        FREE(lsa_credential, &found);
        return lsa_failure(&answer, minor);
    }
    if (name) {
        *name = (gss_name_t)lsa_new_name(found.principal);
        major = *name ? GSS_S_COMPLETE : lsa_out_of_memory(minor);
    }
    if (lifetime)
        *lifetime = found.lifetime;
    if (usage)
        *usage = kind;
    FREE(lsa_credential, &found);
    return major == GSS_S_COMPLETE && mechs ? gssi_indicate_mechs(minor, mechs) : major;
}

OM_uint32 gssi_inquire_cred_by_mech(OM_uint32 *minor, gss_cred_id_t cred, gss_OID mech,
                                    gss_name_t *name, OM_uint32 *initiator, OM_uint32 *acceptor,
                                    int *usage)
{
    OM_uint32 lifetime = 0;
    int kind = GSS_C_INITIATE;
    OM_uint32 major = gssi_inquire_cred(minor, cred, name, &lifetime, &kind, NULL);

    (void)mech;
    if (initiator)
        *initiator = kind == GSS_C_INITIATE ? lifetime : 0;
    if (acceptor)
        *acceptor = kind == GSS_C_ACCEPT ? lifetime : 0;
    if (usage)
        *usage = kind;
    return major;
}

OM_uint32 gssi_release_cred(OM_uint32 *minor, gss_cred_id_t *cred)
{
    *minor = 0;
    free(*cred);
    *cred = GSS_C_NO_CREDENTIAL;
    return GSS_S_COMPLETE;
}
