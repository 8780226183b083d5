/* SPDX-License-Identifier: BSD-2-Clause */
/* ium: run, sign and look at trustlets. */
#include "ium.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, const char **argv);
    const char *summary;
} commands[] = {
    {"run", ium_run, "run a signed program as a trustlet"},
    {"sign", ium_sign, "sign a static program"},
    {"keygen", ium_keygen, "make a signing key"},
    {"provision", ium_provision, "make an installation that trusts a key of its own"},
    {"inspect", ium_inspect, "show and check a file's signature and manifest"},
    {"ps", ium_ps, "list the running trustlets"},
    {"is-secure", ium_is_secure, "say by exit status whether a process is a trustlet's host"},
    {"status", ium_status, "show what is protected on this machine, and what is not"},
    {"stats", ium_stats, "show exit counters and pages by owner"},
    {"map", ium_map, "show physical memory by owner, as a picture"},
    {"audit", ium_audit, "show what was refused"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static int help(FILE *out, int code)
{
    fprintf(out, "Usage: ium COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "  %-9s %s\n\n", "version", "print the version");
    fprintf(out, "'ium COMMAND --help' explains a command; 'man ium' has the exit codes.\n");
    return code;
}

int main(int argc, const char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name)
        return help(stderr, IUM_USAGE);
    if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
        return help(stdout, IUM_OK);
    if (!strcmp(name, "version") || !strcmp(name, "--version")) {
        printf("ium %s\n", IUM_VERSION);
        return IUM_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(name, commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    ium_error("there is no command '%s'; 'ium help' lists them", name);
    return IUM_USAGE;
}
