/* SPDX-License-Identifier: BSD-2-Clause */
/* lsassd's parts to each other. */
#ifndef LSASS_LSASSD_H
#define LSASS_LSASSD_H

#include "config.h"
#include "message.h"
#include "principal.h"
#include "store.h"

struct user {
    char name[DER_NAME_MAX];
    lsa_blob verifier;
    struct user *next;
};

struct lsassd {
    struct config config;
    asn1_node definitions;
    const char *iso_path;
    struct store store;
    pthread_mutex_t users_lock;
    struct user *users;
};

/* One client's call being served: by whom, and how it ends. */
struct work {
    struct lsassd *d;
    struct connection iso; /* this thread's own */
    uint32_t uid;
    uint32_t pid;
    struct answer answer;
    char about[2 * DER_NAME_MAX]; /* principal or user, for the audit */
};

/* Sets the answer's sentence, returns the status. */
lsa_status say(struct work *w, lsa_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Calls lsaiso; arguments as CALL's. The answer is w's. */
#define ISO(w, operation, argument_type, arguments, result_type, result)                           \
    CALL(&(w)->iso, operation, argument_type, arguments, result_type, result, &(w)->answer)

/* --- exchange.c: questions to a KDC -------------------------------------------------------------
 */

/* What the client proves itself with, once: a sealed password, or keys that are in the entry. */
lsa_status exchange_as(struct work *w, struct entry *e, const lsa_blob *password);
/* A ticket for server in the entry, following referrals. */
lsa_status exchange_tgs(struct work *w, struct entry *e, const struct der_principal *server,
                        struct ticket **out);
lsa_status exchange_renew(struct work *w, struct entry *e);
/* The enctypes both lsaiso's policy and lsa.conf allow, best first. -> count; 0: w says why. */
size_t exchange_enctypes(struct work *w, int *out, size_t room);

/* --- logon.c -------------------------------------------------------------------------------------
 */

/* The password in args is wiped. *out is locked, to be put back. */
lsa_status logon(struct work *w, uint32_t owner, lsa_logon_args *args, struct entry **out);
/* "USER", "USER@REALM" or "SERVICE/HOST@REALM"; the realm defaults to lsa.conf's. */
lsa_status parse_client(struct work *w, const char *text, struct der_principal *client,
                        char realm[DER_NAME_MAX]);
/* Ends the session in lsaiso and forgets everything but its name. */
void session_end(struct work *w, struct entry *e, lsa_session_state state);

/* --- keytab.c ------------------------------------------------------------------------------------
 */

struct keytab_key {
    int32_t enctype;
    uint32_t kvno;
    struct bytes key; /* inside the file */
};
/* The newest keys of this principal in an MIT keytab (version 0x502). -> count, -1 if malformed. */
int keytab_find(struct bytes file, const struct der_principal *who, const char *realm,
                struct keytab_key *out, int room);

/* --- accept.c ------------------------------------------------------------------------------------
 */

/* The caller's newest active session with a keytab whose service has this name ("host/a" is a name
 * of "host/a@REALM"; empty: any); locked, to be put back. NULL: none, and w says so. */
struct entry *acceptor_named(struct work *w, const char *name);

/* --- service.c: the operations of LSASSD
 * ---------------------------------------------------------- */

#define SERVICES(X)                                                                                \
    X(Logon, lsa_logon_args, lsa_session_info, serve_logon)                                        \
    X(List, lsa_select, lsa_list, serve_list)                                                      \
    X(Renew, lsa_select, lsa_session_info, serve_renew)                                            \
    X(Lock, lsa_select, lsa_nothing, serve_lock)                                                   \
    X(Logoff, lsa_select, lsa_nothing, serve_logoff)                                               \
    X(UserAdd, lsa_user_args, lsa_nothing, serve_user_add)                                         \
    X(UserPassword, lsa_user_args, lsa_nothing, serve_user_password)                               \
    X(UserRemove, lsa_user_args, lsa_nothing, serve_user_remove)                                   \
    X(Authenticate, lsa_authenticate_args, lsa_authenticated, serve_authenticate)                  \
    X(InquireCredential, lsa_credential_args, lsa_credential, serve_credential)                    \
    X(InitContext, lsa_gss_args, lsa_gss_token, serve_init_context)                                \
    X(ContinueContext, lsa_ap_reply_args, lsa_context_info, serve_continue_context)                \
    X(AcceptContext, lsa_accept_args, lsa_accepted, serve_accept_context)                          \
    X(NtlmAuthenticate, lsa_ntlm_step, lsa_ntlm_response, serve_ntlm)                              \
    X(Status, lsa_nothing, lsa_state, serve_status)                                                \
    X(Audit, lsa_audit_args, lsa_audit, serve_audit)

#define SERVICE_DECLARE(name, arguments, result, function)                                         \
    lsa_status function(struct work *w, arguments *a, result *r);
SERVICES(SERVICE_DECLARE)
#undef SERVICE_DECLARE

/* --- users.c -------------------------------------------------------------------------------------
 */

/* Lines USER:PASSWORD; the file is what systemd-creds or an administrator hands over at start. */
int users_enrol(struct lsassd *d, const char *path, char *error, size_t room);

/* --- server.c ------------------------------------------------------------------------------------
 */

/* Serves until the listener fails; one thread per connection. */
int server_run(struct lsassd *d, const char *path);
void audit_line(const struct work *w, const char *what, lsa_status status);

#endif
