/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_key KEY-FILE: makes KEY-FILE, an Ed25519 signing key, if there is none yet, and prints the
 * table of public keys that the Secure Kernel is built with.
 *
 * A key file holds libsodium's 64-byte secret key (seed, then public key) as one line of
 * hexadecimal digits; only its owner may read it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY_BYTES crypto_sign_ed25519_SECRETKEYBYTES

static int write_new_key(const char *path)
{
    unsigned char public[crypto_sign_ed25519_PUBLICKEYBYTES], secret[KEY_BYTES];
    char line[2 * KEY_BYTES + 1];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (file < 0)
        return errno == EEXIST ? 0 : -1;
    crypto_sign_ed25519_keypair(public, secret);
    sodium_bin2hex(line, sizeof(line), secret, sizeof(secret));
    line[2 * KEY_BYTES] = '\n';
    int written = write(file, line, sizeof(line)) == (ssize_t)sizeof(line);
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(line, sizeof(line));
    return close(file) == 0 && written ? 0 : -1;
}

static int read_public_key(const char *path, unsigned char public[static 32])
{
    unsigned char secret[KEY_BYTES];
    char line[2 * KEY_BYTES + 2] = "";
    size_t bytes = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    int read = fgets(line, sizeof(line), file) != NULL;
    fclose(file);
    if (!read ||
        sodium_hex2bin(secret, sizeof(secret), line, strcspn(line, "\n"), NULL, &bytes, NULL) != 0)
        return -1;
    memcpy(public, secret + 32, 32);
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(line, sizeof(line));
    return bytes == KEY_BYTES ? 0 : -1;
}

static void print_table(const unsigned char public[static 32])
{
    printf("/* Made by make_key: the public keys that may sign trustlets. */\n"
           "static const struct trusted_key trusted_keys[] = {{.development = 1, .key = {");
    for (int i = 0; i < 32; i++)
        printf("%s0x%02x", i ? ", " : "", public[i]);
    printf("}}};\n");
}

int main(int argc, char **argv)
{
    unsigned char public[32];
    if (argc != 2) {
        fprintf(stderr, "usage: make_key KEY-FILE\n");
        return 2;
    }
    if (sodium_init() < 0 || write_new_key(argv[1]) || read_public_key(argv[1], public)) {
        fprintf(stderr, "make_key: cannot make or read %s: %s\n", argv[1],
                errno ? strerror(errno) : "it holds no key");
        return 1;
    }
    print_table(public);
    return 0;
}
