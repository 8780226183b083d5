/* SPDX-License-Identifier: BSD-2-Clause */
/* lsa(1). */
#include <ctype.h>
#include <errno.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct options options;

static const char *usage_text =
    "usage: lsa COMMAND [OPTION…]\n"
    "  logon USER[@REALM]       log on; the password is asked for, or read from standard input\n"
    "        --keytab FILE      with a key of this keytab instead\n"
    "        --ntlm             keep what NTLM needs as well\n"
    "        --ntlm-only        only that: ask no KDC, the realm is the NTLM domain\n"
    "        --lifetime TIME    of the tickets (8h, 30m, 2d)\n"
    "        --renewable TIME   how long they can be renewed\n"
    "  list                     logon sessions and their tickets\n"
    "  renew                    the ticket-granting ticket\n"
    "  lock                     wipe the keys, keep the name; logon unlocks\n"
    "  logoff                   end the session\n"
    "        --session N        another one than the newest (list, renew, lock, logoff)\n"
    "        --all              all of them (lock, logoff)\n"
    "  user add|passwd|remove NAME\n"
    "  status                   is lsaiso there, what does its policy allow\n"
    "  audit                    what lsaiso was asked for\n"
    "every command: --json, --socket PATH\n";

static int bad_usage(const char *why)
{
    fprintf(stderr, "lsa: %s\n%s", why, usage_text);
    return 2;
}

int cli_fail(const struct answer *answer)
{
    fprintf(stderr, "lsa: %s\n", answer->message[0] ? answer->message : "failed");
    return answer->status == LSA_NO_LSAISO ? 3 : 1;
}

uint64_t cli_selected(void)
{
    if (options.all)
        return UINT64_MAX;
    return (uint64_t)options.session;
}

static const struct command {
    const char *name;
    int arguments;
    int (*run)(struct connection *c, const char **arguments);
} commands[] = {
    {"logon", 1, cli_logon},   {"list", 0, cli_list},     {"renew", 0, cli_renew},
    {"lock", 0, cli_lock},     {"logoff", 0, cli_logoff}, {"user", 2, cli_user},
    {"status", 0, cli_status}, {"audit", 0, cli_audit},
};

static int run(const char **arguments)
{
    struct connection c = {.path = options.socket ? options.socket : getenv("LSASSD_SOCKET"),
                           .fd = -1};
    int count = 0;
    int result = 0;

    if (!c.path || !*c.path)
        c.path = LSASSD_SOCKET;
    while (arguments && arguments[count])
        count++;
    if (count == 0)
        return bad_usage("a command is missing");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!strcmp(commands[i].name, arguments[0])) {
            if (count - 1 != commands[i].arguments)
                return bad_usage(count - 1 < commands[i].arguments
                                     ? "an argument is missing"
                                     : "there is an argument too many");
            result = commands[i].run(&c, arguments + 1);
            connection_close(&c);
            return result;
        }
    return bad_usage("there is no such command");
}

int main(int argc, const char **argv)
{
    int help = 0;
    struct poptOption table[] = {
        {"json", 0, POPT_ARG_NONE, &options.json, 0, NULL, NULL},
        {"socket", 0, POPT_ARG_STRING, &options.socket, 0, NULL, NULL},
        {"keytab", 'k', POPT_ARG_STRING, &options.keytab, 0, NULL, NULL},
        {"ntlm", 0, POPT_ARG_NONE, &options.ntlm, 0, NULL, NULL},
        {"ntlm-only", 0, POPT_ARG_NONE, &options.ntlm_only, 0, NULL, NULL},
        {"lifetime", 'l', POPT_ARG_STRING, &options.lifetime, 0, NULL, NULL},
        {"renewable", 'r', POPT_ARG_STRING, &options.renewable, 0, NULL, NULL},
        {"session", 0, POPT_ARG_LONGLONG, &options.session, 0, NULL, NULL},
        {"all", 0, POPT_ARG_NONE, &options.all, 0, NULL, NULL},
        {"help", 'h', POPT_ARG_NONE, &help, 0, NULL, NULL},
        POPT_TABLEEND,
    };
    poptContext context = poptGetContext("lsa", argc, argv, table, 0);
    int parsed = poptGetNextOpt(context);
    int result = 0;

    if (parsed < -1) {
        fprintf(stderr, "lsa: %s: %s\n", poptBadOption(context, 0), poptStrerror(parsed));
        result = 2;
    } else if (help) {
        fputs(usage_text, stdout);
    } else {
        result = run(poptGetArgs(context));
    }
    poptFreeContext(context);
    return result;
}
