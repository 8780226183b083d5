/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ticket_keys KEYTAB FILE…: finds every Kerberos ticket in the files (memory dumps, caches,
 * captured bytes), decrypts those that the keytab's keys open, and prints the session keys inside,
 * in hex.
 */
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

static void print_key(const krb5_keyblock *key)
{
    for (unsigned i = 0; i < key->length; i++)
        printf("%02x", key->contents[i]);
    putchar('\n');
}

/* [APPLICATION 1] with a two-byte length, SEQUENCE, tkt-vno 5. -> size, 0 if it is none. */
static size_t ticket_at(const unsigned char *at, size_t left)
{
    size_t size = 0;

    if (left < 32 || at[0] != 0x61 || at[1] != 0x82 || at[4] != 0x30 || at[5] != 0x82 ||
        memcmp(at + 8, "\xa0\x03\x02\x01\x05\xa1", 6))
        return 0;
    size = 4 + ((size_t)at[2] << 8 | at[3]);
    return size <= left ? size : 0;
}

static void try_ticket(krb5_context context, krb5_keytab keytab, const unsigned char *at,
                       size_t size)
{
    krb5_data der = {.length = (unsigned)size, .data = (char *)(uintptr_t)at};
    krb5_ticket *ticket = NULL;

    if (krb5_decode_ticket(&der, &ticket))
        return;
    if (krb5_server_decrypt_ticket_keytab(context, keytab, ticket) == 0)
        print_key(ticket->enc_part2->session);
    krb5_free_ticket(context, ticket);
}

static void search(krb5_context context, krb5_keytab keytab, const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY);
    unsigned char *data = NULL;

    if (fd < 0 || fstat(fd, &about) || about.st_size == 0)
        return;
    data = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED)
        return;
    for (size_t i = 0; i < (size_t)about.st_size; i++) {
        size_t size = ticket_at(data + i, (size_t)about.st_size - i);

        if (size)
            try_ticket(context, keytab, data + i, size);
    }
    munmap(data, (size_t)about.st_size);
}

int main(int argc, char **argv)
{
    krb5_context context;
    krb5_keytab keytab;

    if (argc < 3 || krb5_init_context(&context) || krb5_kt_resolve(context, argv[1], &keytab))
        return 2;
    for (int i = 2; i < argc; i++)
        search(context, keytab, argv[i]);
    return 0;
}
