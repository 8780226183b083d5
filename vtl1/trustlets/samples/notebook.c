/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notebook write exact|id|signer <TEXT >SEALED: keeps a text that only trustlets of that kind can
 * read again, until the next boot. notebook read <SEALED >TEXT. notebook whoami. notebook report
 * <64 BYTES >REPORT: what the Secure Kernel says of it. notebook verify <REPORT: was it said here?
 */
#include <openvsm_trustlet.h>

#include <stdio.h>
#include <string.h>

static char text[TRUSTLET_SEAL_MAX], sealed[TRUSTLET_SEAL_MAX + TRUSTLET_SEAL_OVERHEAD];

static int whoami(void)
{
    struct trustlet_identity me;
    if (trustlet_identity(&me) < 0) {
        perror("notebook");
        return 1;
    }
    printf("%s, ID %#llx, version %u\n", me.name, (unsigned long long)me.trustlet_id,
           me.security_version);
    return 0;
}

static int report(bool make)
{
    struct trustlet_report r = {0};
    size_t size = make ? sizeof(r.data) : sizeof(r);
    uint8_t data[TRUSTLET_REPORT_DATA];
    if (fread(make ? (void *)data : &r, 1, size, stdin) != size ||
        (make ? trustlet_report(data, &r) : trustlet_verify(&r)) < 0) {
        perror("notebook");
        return 1;
    }
    return !make || fwrite(&r, sizeof(r), 1, stdout) == 1 ? 0 : 1;
}

/* Standard input through seal or unseal to standard output. */
static int convert(enum trustlet_seal policy)
{
    size_t size = fread(sealed, 1, sizeof(sealed), stdin);
    ssize_t made = policy ? trustlet_seal(policy, memcpy(text, sealed, sizeof(text)), size, sealed,
                                          sizeof(sealed))
                          : trustlet_unseal(sealed, size, text, sizeof(text));
    if (made < 0) {
        perror("notebook");
        return 1;
    }
    return fwrite(policy ? sealed : text, 1, (size_t)made, stdout) == (size_t)made ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const char *const policies[] = {"", "exact", "id", "signer"};
    if (argc == 2 && !strcmp(argv[1], "whoami"))
        return whoami();
    if (argc == 2 && !strcmp(argv[1], "read"))
        return convert(0);
    if (argc == 2 && (!strcmp(argv[1], "report") || !strcmp(argv[1], "verify")))
        return report(!strcmp(argv[1], "report"));
    for (int policy = 1; argc == 3 && !strcmp(argv[1], "write") && policy <= 3; policy++)
        if (!strcmp(argv[2], policies[policy]))
            return convert((enum trustlet_seal)policy);
    fprintf(stderr, "usage: notebook write exact|id|signer | read | whoami | report | verify\n");
    return 2;
}
