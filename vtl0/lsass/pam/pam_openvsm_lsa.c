/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_openvsm_lsa(8): passwords are checked inside lsaiso, or for a user of a realm by its KDC; the
 * logon session then serves the user's programs and ends with the PAM session.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <syslog.h>

#include "connection.h"

#define SESSION_DATA "openvsm_lsa_session"

static const char *socket_path(int argc, const char **argv)
{
    for (int i = 0; i < argc; i++)
        if (!strncmp(argv[i], "socket=", 7))
            return argv[i] + 7;
    return LSASSD_SOCKET;
}

static int pam_code(lsa_status status)
{
    switch (status) {
    case LSA_OK:
        return PAM_SUCCESS;
    case LSA_WRONG_PASSWORD:
    case LSA_INTEGRITY:
    case LSA_POLICY:
        return PAM_AUTH_ERR;
    case LSA_BUSY:
        return PAM_MAXTRIES;
    case LSA_NO_USER:
    case LSA_KRB_ERROR:
        return PAM_USER_UNKNOWN;
    case LSA_DENIED:
        return PAM_PERM_DENIED;
    case LSA_NO_MEMORY:
        return PAM_BUF_ERR;
    default:
        return PAM_AUTHINFO_UNAVAIL;
    }
}

static void free_session(pam_handle_t *pam, void *data, int status)
{
    (void)pam;
    (void)status;
    free(data);
}

/* Remembers the session, to end it when the PAM session ends. */
static void keep_session(pam_handle_t *pam, uint64_t id)
{
    uint64_t *copy = id ? malloc(sizeof(*copy)) : NULL;

    if (!copy)
        return;
    *copy = id;
    if (pam_set_data(pam, SESSION_DATA, copy, free_session) != PAM_SUCCESS)
        free(copy);
}

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    struct connection c = {.path = socket_path(argc, argv), .fd = -1};
    lsa_authenticate_args args = {0};
    lsa_authenticated r;
    struct answer answer;
    const char *user = NULL;
    const char *password = NULL;
    lsa_status status = LSA_OK;

    (void)flags;
    if (pam_get_user(pam, &user, NULL) != PAM_SUCCESS)
        return PAM_USER_UNKNOWN;
    if (pam_get_authtok(pam, PAM_AUTHTOK, &password, NULL) != PAM_SUCCESS || !password)
        return PAM_AUTH_ERR;
    if (strlen(user) >= LSA_NAME_MAX || strlen(password) >= LSA_SECRET_MAX)
        return PAM_AUTH_ERR;
    args.user = (char *)(uintptr_t)user;
    args.password.lsa_secret_val = (char *)(uintptr_t)password;
    args.password.lsa_secret_len = (u_int)strlen(password);
    status = CALL(&c, Authenticate, lsa_authenticate_args, &args, lsa_authenticated, &r, &answer);
    connection_close(&c);
    if (status == LSA_OK)
        keep_session(pam, r.session);
    else
        pam_syslog(pam, LOG_NOTICE, "%s: %s", user, answer.message);
    return pam_code(status);
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    (void)pam, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}

int pam_sm_acct_mgmt(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    (void)pam, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}

int pam_sm_open_session(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    (void)pam, (void)flags, (void)argc, (void)argv;
    return PAM_SUCCESS;
}

int pam_sm_close_session(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    struct connection c = {.path = socket_path(argc, argv), .fd = -1};
    const void *data = NULL;
    lsa_select args = {0};
    lsa_nothing none;
    struct answer answer;

    (void)flags;
    if (pam_get_data(pam, SESSION_DATA, &data) != PAM_SUCCESS || !data)
        return PAM_SUCCESS;
    args.id = *(const uint64_t *)data;
    CALL(&c, Logoff, lsa_select, &args, lsa_nothing, &none, &answer);
    connection_close(&c);
    return PAM_SUCCESS;
}

/* The old password is asked for even of root's tools when they have one to give. */
int pam_sm_chauthtok(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    struct connection c = {.path = socket_path(argc, argv), .fd = -1};
    lsa_user_args args = {0};
    lsa_nothing none;
    struct answer answer;
    const char *user = NULL;
    const char *old = NULL;
    const char *new = NULL;
    lsa_status status = LSA_OK;

    if (flags & PAM_PRELIM_CHECK)
        return PAM_SUCCESS;
    if (pam_get_user(pam, &user, NULL) != PAM_SUCCESS || strlen(user) >= LSA_NAME_MAX)
        return PAM_USER_UNKNOWN;
    if (geteuid() != 0 && pam_get_authtok(pam, PAM_OLDAUTHTOK, &old, NULL) != PAM_SUCCESS)
        return PAM_AUTHTOK_ERR;
    if (pam_get_authtok(pam, PAM_AUTHTOK, &new, NULL) != PAM_SUCCESS || !new)
        return PAM_AUTHTOK_ERR;
    args.user = (char *)(uintptr_t)user;
    args.old_password.lsa_secret_val = (char *)(uintptr_t)old;
    args.old_password.lsa_secret_len = old ? (u_int)strlen(old) : 0;
    args.password.lsa_secret_val = (char *)(uintptr_t) new;
    args.password.lsa_secret_len = (u_int)strlen(new);
    status = CALL(&c, UserPassword, lsa_user_args, &args, lsa_nothing, &none, &answer);
    connection_close(&c);
    if (status)
        pam_error(pam, "%s", answer.message);
    return status == LSA_OK ? PAM_SUCCESS : PAM_AUTHTOK_ERR;
}
