/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "signature.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEX_MAX (2 * sizeof(struct signing_key))

void key_generate(struct signing_key *key)
{
    uint8_t public_key[TRUSTLET_KEY_SIZE];
    crypto_sign_keypair(public_key, (uint8_t *)key);
}

static bool write_hex(const char *path, mode_t mode, const void *bytes, size_t size)
{
    char line[HEX_MAX + 2];
    size_t length = 2 * size;
    hex_format(bytes, size, line);
    line[length++] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return false;
    bool good = write(fd, line, length) == (ssize_t)length;
    sodium_memzero(line, sizeof(line));
    return !close(fd) && good;
}

bool key_write(const char *path, const struct signing_key *key)
{
    char *public_path = NULL;
    if (asprintf(&public_path, "%s.pub", path) < 0)
        return false;
    bool good = write_hex(path, 0600, key, sizeof(*key));
    if (good && !write_hex(public_path, 0644, key->public_key, sizeof(key->public_key))) {
        int saved = errno;
        unlink(path);
        errno = saved;
        good = false;
    }
    free(public_path);
    return good;
}

/* The two halves must belong together: a signature by a mixed pair would give the seed away. */
static bool halves_match(const struct signing_key *key)
{
    struct signing_key derived;
    uint8_t public_key[TRUSTLET_KEY_SIZE];
    crypto_sign_seed_keypair(public_key, (uint8_t *)&derived, key->seed);
    bool match = !sodium_memcmp(&derived, key, sizeof(derived));
    sodium_memzero(&derived, sizeof(derived));
    return match;
}

static bool parse(const char *line, size_t length, struct signing_key *key)
{
    size_t size = 0;
    if (length > 0 && line[length - 1] == '\n')
        length--;
    if (length == HEX_MAX &&
        !sodium_hex2bin((uint8_t *)key, sizeof(*key), line, length, NULL, &size, NULL) &&
        size == sizeof(*key) && halves_match(key))
        return true;
    errno = EINVAL;
    return false;
}

bool key_read(const char *path, struct signing_key *key)
{
    char line[HEX_MAX + 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, line, sizeof(line));
    close(fd);
    bool good = length >= 0 && parse(line, (size_t)length, key);
    sodium_memzero(line, sizeof(line));
    return good;
}

bool key_read_public(const char *path, uint8_t key[TRUSTLET_KEY_SIZE])
{
    char line[2 * TRUSTLET_KEY_SIZE + 2];
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, line, sizeof(line));
    close(fd);
    if (length > 0 && line[length - 1] == '\n')
        length--;
    if (length == 2 * TRUSTLET_KEY_SIZE &&
        !sodium_hex2bin(key, TRUSTLET_KEY_SIZE, line, (size_t)length, NULL, &size, NULL) &&
        size == TRUSTLET_KEY_SIZE)
        return true;
    errno = EINVAL;
    return false;
}

bool key_find(const char *folder, char *path, size_t room)
{
    struct signing_key key;
    const struct dirent *entry;
    bool found = false;
    DIR *files = opendir(folder);
    while (files && !found && (entry = readdir(files)) != NULL) {
        int length = snprintf(path, room, "%s/%s", folder, entry->d_name);
        found =
            entry->d_type == DT_REG && length > 0 && (size_t)length < room && key_read(path, &key);
    }
    sodium_memzero(&key, sizeof(key));
    if (files)
        closedir(files);
    return found;
}
