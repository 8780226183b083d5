/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lsa-ntlm-auth(1): what Samba's `ntlm_auth --helper-protocol=ntlmssp-client-1` does, with lsaiso's
 * keys. Lines: YR -> YR base64; TT base64 -> AF base64; GF -> GF flags; GK is refused, since the
 * session key does not leave lsaiso.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nettle/base64.h>

#include "connection.h"
#include "negotiate.h"

#define LINE 16384

struct helper {
    struct connection c;
    char target[LSA_NAME_MAX];
    uint8_t negotiate[NTLM_NEGOTIATE_SIZE];
    int started;
    uint32_t flags; /* of the last answer; 0: none */
};

static void put_base64(const char *word, const void *data, size_t size)
{
    char *text = malloc(BASE64_ENCODE_RAW_LENGTH(size) + 1);

    if (!text) {
        puts("BH out of memory");
        return;
    }
    base64_encode_raw(text, size, data);
    text[BASE64_ENCODE_RAW_LENGTH(size)] = '\0';
    printf("%s %s\n", word, text);
    free(text);
}

/* -> bytes, or -1. */
static long get_base64(const char *text, uint8_t *out)
{
    struct base64_decode_ctx context;
    size_t size = 0;

    base64_decode_init(&context);
    if (!base64_decode_update(&context, &size, out, strlen(text), text) ||
        !base64_decode_final(&context))
        return -1;
    return (long)size;
}

static void start(struct helper *h)
{
    ntlm_negotiate(NTLM_SIGN | NTLM_SEAL, h->negotiate);
    h->started = 1;
    h->flags = 0;
    put_base64("YR", h->negotiate, sizeof(h->negotiate));
}

static void answer_challenge(struct helper *h, const char *text)
{
    static uint8_t challenge[BASE64_DECODE_LENGTH(LINE)];
    char host[65] = "";
    lsa_ntlm_step args = {.target = h->target, .workstation = host};
    lsa_ntlm_response r;
    struct answer answer;
    long size = get_base64(text, challenge);

    if (!h->started || size < 0) {
        puts(h->started ? "BH invalid base64" : "BH no YR came before");
        return;
    }
    gethostname(host, sizeof(host) - 1);
    args.negotiate.lsa_token_val = (char *)h->negotiate;
    args.negotiate.lsa_token_len = sizeof(h->negotiate);
    args.challenge.lsa_token_val = (char *)challenge;
    args.challenge.lsa_token_len = (u_int)size;
    h->started = 0;
    if (CALL(&h->c, NtlmAuthenticate, lsa_ntlm_step, &args, lsa_ntlm_response, &r, &answer)) {
        printf("BH %s\n", answer.message);
    } else {
        const uint8_t *flags = (const uint8_t *)r.authenticate.lsa_token_val + 60;

        h->flags = (uint32_t)flags[0] | (uint32_t)flags[1] << 8 | (uint32_t)flags[2] << 16 |
                   (uint32_t)flags[3] << 24;
        put_base64("AF", r.authenticate.lsa_token_val, r.authenticate.lsa_token_len);
    }
    FREE(lsa_ntlm_response, &r);
}

static void serve(struct helper *h, const char *line)
{
    if (!strcmp(line, "YR"))
        start(h);
    else if (!strncmp(line, "TT ", 3))
        answer_challenge(h, line + 3);
    else if (!strcmp(line, "GF") && h->flags)
        printf("GF 0x%08x\n", h->flags);
    else if (!strcmp(line, "GK"))
        puts("BH the session key stays in lsaiso");
    else if (!strncmp(line, "PW ", 3))
        puts("BH no password is taken here; log on with: lsa logon --ntlm");
    else
        puts("BH unknown request");
    fflush(stdout);
}

static void usage(FILE *to)
{
    fputs("usage: lsa-ntlm-auth --helper-protocol=ntlmssp-client-1 [OPTION…]\n"
          "  --target-service NAME --target-hostname HOST   whom the answer is for\n"
          "  --socket PATH                                  lsassd's\n"
          "--use-cached-creds, --username and --domain are taken and not needed: the session of\n"
          "lsa logon --ntlm is used.\n",
          to);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"helper-protocol", required_argument, NULL, 'p'},
                                          {"target-service", required_argument, NULL, 's'},
                                          {"target-hostname", required_argument, NULL, 'n'},
                                          {"username", required_argument, NULL, 'x'},
                                          {"domain", required_argument, NULL, 'x'},
                                          {"use-cached-creds", no_argument, NULL, 'x'},
                                          {"socket", required_argument, NULL, 'S'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    static struct helper h = {.c = {.fd = -1}};
    static char line[LINE];
    const char *protocol = "";
    const char *service = NULL;
    const char *host = NULL;

    h.c.path = getenv("LSASSD_SOCKET");
    for (int c = 0; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'p')
            protocol = optarg;
        else if (c == 's')
            service = optarg;
        else if (c == 'n')
            host = optarg;
        else if (c == 'S')
            h.c.path = optarg;
        else if (c != 'x') {
            usage(c == 'h' ? stdout : stderr);
            return c == 'h' ? 0 : 2;
        }
    }
    if (strcmp(protocol, "ntlmssp-client-1")) {
        usage(stderr);
        return 2;
    }
    if (!h.c.path || !*h.c.path)
        h.c.path = LSASSD_SOCKET;
    if (service && host)
        snprintf(h.target, sizeof(h.target), "%s/%s", service, host);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        serve(&h, line);
    }
    return 0;
}
