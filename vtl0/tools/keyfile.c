/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "signature.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEX_SIZE (2 * TRUSTLET_KEY_SIZE)

static void derive_public(struct signing_key *key)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(key->public_key, secret, key->seed);
    sodium_memzero(secret, sizeof(secret));
}

void key_generate(struct signing_key *key)
{
    randombytes_buf(key->seed, sizeof(key->seed));
    derive_public(key);
}

static bool write_hex(const char *path, mode_t mode, const uint8_t bytes[TRUSTLET_KEY_SIZE])
{
    char line[HEX_SIZE + 2];
    hex_format(bytes, TRUSTLET_KEY_SIZE, line);
    line[HEX_SIZE] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return false;
    bool good = write(fd, line, HEX_SIZE + 1) == HEX_SIZE + 1;
    sodium_memzero(line, sizeof(line));
    return !close(fd) && good;
}

bool key_write(const char *path, const struct signing_key *key)
{
    char *public_path = NULL;
    if (asprintf(&public_path, "%s.pub", path) < 0)
        return false;
    bool good = write_hex(path, 0600, key->seed);
    if (good && !write_hex(public_path, 0644, key->public_key)) {
        int saved = errno;
        unlink(path);
        errno = saved;
        good = false;
    }
    free(public_path);
    return good;
}

static bool parse_hex(const char *line, ssize_t length, uint8_t bytes[TRUSTLET_KEY_SIZE])
{
    size_t size = 0;
    if (length > 0 && line[length - 1] == '\n')
        length--;
    if (length == HEX_SIZE &&
        !sodium_hex2bin(bytes, TRUSTLET_KEY_SIZE, line, HEX_SIZE, NULL, &size, NULL) &&
        size == TRUSTLET_KEY_SIZE)
        return true;
    errno = EINVAL;
    return false;
}

bool key_read(const char *path, struct signing_key *key)
{
    char line[HEX_SIZE + 2];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, line, sizeof(line));
    close(fd);
    bool good = length >= 0 && parse_hex(line, length, key->seed);
    sodium_memzero(line, sizeof(line));
    if (good)
        derive_public(key);
    return good;
}
