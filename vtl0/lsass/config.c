/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const known[] = {
    "default_realm",   "kdc.",      "dns",       "permitted_enctypes",
    "ntlm_domain.",    "audit",     "lsaiso",    "idle",
    "ticket_lifetime", "enrolment", "pam_realm", "renew"};

static int is_known(const char *key)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t size = strlen(known[i]);

        if (known[i][size - 1] == '.' ? !strncmp(key, known[i], size) : !strcmp(key, known[i]))
            return 1;
    }
    return 0;
}

static char *trim(char *text)
{
    char *end = NULL;

    while (isspace((unsigned char)*text))
        text++;
    end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        *--end = '\0';
    return text;
}

/* -> NULL or what is wrong. */
static const char *read_line(struct config *c, char *line)
{
    char *equals = NULL;
    char *key = NULL;

    line[strcspn(line, "#")] = '\0';
    line = trim(line);
    if (!*line)
        return NULL;
    equals = strchr(line, '=');
    if (!equals)
        return "there is no '='";
    *equals = '\0';
    key = trim(line);
    if (!is_known(key))
        return "this key is not known; see lsa.conf(5)";
    if (c->count == CONFIG_LINES)
        return "there are too many lines";
    c->lines[c->count].key = strdup(key);
    c->lines[c->count++].value = strdup(trim(equals + 1));
    return NULL;
}

int config_read(struct config *c, const char *path, char *error, size_t room)
{
    char line[1024];
    const char *wrong = NULL;
    int number = 0;
    FILE *file = fopen(path, "re");

    memset(c, 0, sizeof(*c));
    if (!file && errno == ENOENT)
        return 0;
    if (!file) {
        snprintf(error, room, "%s: %s", path, strerror(errno));
        return -1;
    }
    while (!wrong && fgets(line, sizeof(line), file)) {
        number++;
        wrong = read_line(c, line);
    }
    fclose(file);
    if (wrong)
        snprintf(error, room, "%s, line %d: %s", path, number, wrong);
    return wrong ? -1 : 0;
}

const char *config_get(const struct config *c, const char *key)
{
    for (size_t i = 0; i < c->count; i++)
        if (!strcmp(c->lines[i].key, key))
            return c->lines[i].value;
    return NULL;
}

const char *config_get2(const struct config *c, const char *prefix, const char *name)
{
    char key[512];

    snprintf(key, sizeof(key), "%s.%s", prefix, name);
    return config_get(c, key);
}

uint32_t config_seconds(const struct config *c, const char *key, uint32_t fallback)
{
    const char *value = config_get(c, key);
    char *end = NULL;
    unsigned long number = value ? strtoul(value, &end, 10) : 0;

    if (!value || end == value)
        return fallback;
    switch (*end) {
    case 'd':
        return (uint32_t)number * 86400;
    case 'h':
        return (uint32_t)number * 3600;
    case 'm':
        return (uint32_t)number * 60;
    default:
        return (uint32_t)number;
    }
}
