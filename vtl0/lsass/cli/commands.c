/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define KEYTAB_MAX LSA_TOKEN_MAX

/* From the terminal without echo, or the first line of standard input. -> size, or -1. */
static long read_password(const char *prompt, char *out, size_t room)
{
    struct termios before;
    struct termios silent;
    int terminal = isatty(0) && tcgetattr(0, &before) == 0;
    size_t size = 0;
    char c = 0;

    if (terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(0, TCSAFLUSH, &silent);
        fprintf(stderr, "%s: ", prompt);
    }
    /* Byte by byte: stdio would keep a copy, and take what belongs to the next reader. */
    while (size < room && read(0, &c, 1) == 1 && c != '\n')
        out[size++] = c;
    if (terminal) {
        tcsetattr(0, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    if (size == room)
        fputs("lsa: the password is too long\n", stderr);
    else if (size == 0)
        fputs("lsa: no password was given\n", stderr);
    return size == room || size == 0 ? -1 : (long)size;
}

/* "8h" -> seconds; 0: absent; -1 and a sentence: wrong. */
static long seconds(const char *text)
{
    char *end = NULL;
    long value = 0;
    long unit = 1;

    if (!text)
        return 0;
    value = strtol(text, &end, 10);
    if (*end == 'd')
        unit = 86400;
    else if (*end == 'h')
        unit = 3600;
    else if (*end == 'm')
        unit = 60;
    if (end == text || value <= 0 || value > 100000 || (*end && end[1])) {
        fprintf(stderr, "lsa: \"%s\" is not a time; it is written 8h, 30m or 2d\n", text);
        return -1;
    }
    return value * unit;
}

static int read_keytab(const char *path, char *out, u_int *size)
{
    FILE *file = fopen(path, "re");
    size_t got = file ? fread(out, 1, KEYTAB_MAX, file) : 0;

    if (file)
        fclose(file);
    if (got == 0) {
        fprintf(stderr, "lsa: cannot read the keytab %s: %s\n", path,
                file ? "it is empty" : strerror(errno));
        return -1;
    }
    *size = (u_int)got;
    return 0;
}

static int do_logon(struct connection *c, lsa_logon_args *args)
{
    lsa_session_info session;
    struct answer answer;
    lsa_status status = CALL(c, Logon, lsa_logon_args, args, lsa_session_info, &session, &answer);

    if (status == LSA_OK)
        print_session(&session);
    FREE(lsa_session_info, &session);
    return status ? cli_fail(&answer) : 0;
}

int cli_logon(struct connection *c, const char **arguments)
{
    static char keytab[KEYTAB_MAX];
    char password[LSA_SECRET_MAX];
    char prompt[LSA_NAME_MAX + 32];
    lsa_logon_args args = {.principal = (char *)(uintptr_t)arguments[0]};
    long lifetime = seconds(options.lifetime);
    long renewable = seconds(options.renewable);
    long size = 0;
    int result = 2;

    if (lifetime < 0 || renewable < 0)
        return 2;
    args.lifetime = (u_int)lifetime;
    args.renewable = (u_int)renewable;
    args.ntlm = options.ntlm_only ? LSA_NTLM_ONLY : options.ntlm ? LSA_NTLM_ALSO : LSA_NTLM_NO;
    if (options.keytab) {
        args.keytab.lsa_token_val = keytab;
        if (read_keytab(options.keytab, keytab, &args.keytab.lsa_token_len))
            return 2;
    } else {
        snprintf(prompt, sizeof(prompt), "Password for %.256s", arguments[0]);
        size = read_password(prompt, password, sizeof(password));
        if (size < 0)
            return 2;
        args.password.lsa_secret_val = password;
        args.password.lsa_secret_len = (u_int)size;
    }
    result = do_logon(c, &args);
    explicit_bzero(password, sizeof(password));
    explicit_bzero(keytab, sizeof(keytab));
    return result;
}

int cli_list(struct connection *c, const char **arguments)
{
    lsa_select args = {.id = cli_selected()};
    lsa_list list;
    struct answer answer;
    lsa_status status = CALL(c, List, lsa_select, &args, lsa_list, &list, &answer);

    (void)arguments;
    if (status == LSA_OK)
        print_list(&list);
    FREE(lsa_list, &list);
    return status ? cli_fail(&answer) : 0;
}

int cli_renew(struct connection *c, const char **arguments)
{
    lsa_select args = {.id = cli_selected()};
    lsa_session_info session;
    struct answer answer;
    lsa_status status = CALL(c, Renew, lsa_select, &args, lsa_session_info, &session, &answer);

    (void)arguments;
    if (status == LSA_OK)
        print_session(&session);
    FREE(lsa_session_info, &session);
    return status ? cli_fail(&answer) : 0;
}

static int end_session(struct connection *c, uint32_t operation)
{
    lsa_select args = {.id = cli_selected()};
    lsa_nothing none;
    struct answer answer;
    lsa_status status = CALL(c, operation, lsa_select, &args, lsa_nothing, &none, &answer);

    if (status == LSA_OK)
        print_done();
    return status ? cli_fail(&answer) : 0;
}

int cli_lock(struct connection *c, const char **arguments)
{
    (void)arguments;
    return end_session(c, Lock);
}

int cli_logoff(struct connection *c, const char **arguments)
{
    (void)arguments;
    return end_session(c, Logoff);
}

static int user_call(struct connection *c, uint32_t operation, lsa_user_args *args)
{
    lsa_nothing none;
    struct answer answer;
    lsa_status status = CALL(c, operation, lsa_user_args, args, lsa_nothing, &none, &answer);

    if (status == LSA_OK)
        print_done();
    return status ? cli_fail(&answer) : 0;
}

int cli_user(struct connection *c, const char **arguments)
{
    char password[LSA_SECRET_MAX];
    char old[LSA_SECRET_MAX];
    lsa_user_args args = {.user = (char *)(uintptr_t)arguments[1]};
    bool change = !strcmp(arguments[0], "passwd");
    long size = 0;
    int result = 2;

    if (!strcmp(arguments[0], "remove"))
        return user_call(c, UserRemove, &args);
    if (!change && strcmp(arguments[0], "add")) {
        fputs("lsa: it is user add, user passwd or user remove\n", stderr);
        return 2;
    }
    if (change && geteuid() != 0) {
        size = read_password("Old password", old, sizeof(old));
        if (size < 0)
            return 2;
        args.old_password.lsa_secret_val = old;
        args.old_password.lsa_secret_len = (u_int)size;
    }
    size = read_password("New password", password, sizeof(password));
    if (size > 0) {
        args.password.lsa_secret_val = password;
        args.password.lsa_secret_len = (u_int)size;
        result = user_call(c, change ? UserPassword : UserAdd, &args);
    }
    explicit_bzero(password, sizeof(password));
    explicit_bzero(old, sizeof(old));
    return result;
}

int cli_status(struct connection *c, const char **arguments)
{
    lsa_nothing none = {0};
    lsa_state state;
    struct answer answer;
    lsa_status status = CALL(c, Status, lsa_nothing, &none, lsa_state, &state, &answer);
    int connected = 0;

    (void)arguments;
    if (status == LSA_OK)
        print_state(&state);
    connected = (int)state.connected;
    FREE(lsa_state, &state);
    if (status)
        return cli_fail(&answer);
    return connected ? 0 : 3;
}

int cli_audit(struct connection *c, const char **arguments)
{
    lsa_audit_args args = {0};
    struct answer answer;
    lsa_status status = LSA_OK;
    u_int count = 0;

    (void)arguments;
    do {
        lsa_audit audit;

        status = CALL(c, Audit, lsa_audit_args, &args, lsa_audit, &audit, &answer);
        count = status ? 0 : audit.records.records_len;
        if (count) {
            print_audit(&audit);
            args.after = audit.records.records_val[count - 1].sequence;
        }
        FREE(lsa_audit, &audit);
    } while (count);
    return status ? cli_fail(&answer) : 0;
}
