/* SPDX-License-Identifier: BSD-2-Clause */
/* /etc/openvsm/lsa.conf: lines "key = value", '#' starts a comment. lsa.conf(5) lists the keys. */
#ifndef LSASS_CONFIG_H
#define LSASS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#define LSA_CONF        "/etc/openvsm/lsa.conf"
#define CONFIG_LINES    256
#define CONFIG_ENCTYPES 8

struct config {
    struct {
        char *key, *value;
    } lines[CONFIG_LINES];
    size_t count;
};

/* -> 0; or -1, with a sentence in error. A file that is not there is an empty one. */
int config_read(struct config *c, const char *path, char *error, size_t room);
/* NULL if the key is absent. */
const char *config_get(const struct config *c, const char *key);
/* "prefix.NAME", as in kdc.EXAMPLE.ORG. */
const char *config_get2(const struct config *c, const char *prefix, const char *name);
/* Seconds: a number with s, m, h or d behind it. -> fallback if absent or wrong. */
uint32_t config_seconds(const struct config *c, const char *key, uint32_t fallback);

#endif
