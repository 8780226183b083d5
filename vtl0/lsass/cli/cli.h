/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LSASS_CLI_H
#define LSASS_CLI_H

#include <string.h>

#include "connection.h"

struct options {
    int json;
    char *socket;
    char *keytab;
    int ntlm;
    int ntlm_only;
    char *lifetime;
    char *renewable;
    long long session;
    int all;
};
extern struct options options;

/* Each prints its result; -> exit status. */
int cli_logon(struct connection *c, const char **arguments);
int cli_list(struct connection *c, const char **arguments);
int cli_renew(struct connection *c, const char **arguments);
int cli_lock(struct connection *c, const char **arguments);
int cli_logoff(struct connection *c, const char **arguments);
int cli_user(struct connection *c, const char **arguments);
int cli_status(struct connection *c, const char **arguments);
int cli_audit(struct connection *c, const char **arguments);

/* Prints the sentence; -> exit status. */
int cli_fail(const struct answer *answer);
uint64_t cli_selected(void);

/* print.c */
void print_session(const lsa_session_info *s);
void print_list(const lsa_list *list);
void print_state(const lsa_state *state);
void print_audit(const lsa_audit *audit);
/* {"ok":true} with --json, nothing otherwise. */
void print_done(void);

#endif
