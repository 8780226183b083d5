/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What security contexts cost, with the mechanisms that this process's environment gives: MIT's and
 * gss-ntlmssp's in the process, or with OPENVSM_LSA=yes lsaiso's.
 *
 *   lsa krb5 NAME SERVICE  "NAME-ap": the initiator's two calls for an AP-REQ and its AP-REP,
 * median; "NAME-wrap": gss_wrap of 64 KiB, sealed lsa ntlm NAME SERVICE  "NAME-ntlm": the call that
 * answers a challenge lsa hold COUNT         opens so many logon sessions in lsaiso
 *
 * The acceptor is a child with MIT's and gss-ntlmssp's own mechanisms; its work is not counted.
 */
#include <err.h>
#include <gssapi/gssapi.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "tsc.h"

#define ROUNDS 15
#define LARGE  65536
#define FLAGS                                                                                      \
    (GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG | GSS_C_REPLAY_FLAG |                  \
     GSS_C_SEQUENCE_FLAG)

static gss_OID_desc krb5 = {9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc ntlm = {10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};

static void check(const char *what, OM_uint32 major, OM_uint32 minor, gss_OID mech)
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored = 0;
    OM_uint32 more = 0;

    if (!GSS_ERROR(major))
        return;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, mech, &more, &text);
    errx(1, "%s: %#x: %.*s", what, major, (int)text.length, (char *)text.value);
}

/* A token is one record of a SOCK_SEQPACKET. */
static void put(int fd, gss_buffer_t token)
{
    OM_uint32 minor = 0;

    if (send(fd, token->value, token->length, 0) != (ssize_t)token->length)
        err(1, "send");
    gss_release_buffer(&minor, token);
}

static gss_buffer_desc take(int fd)
{
    static char room[LARGE];
    ssize_t size = recv(fd, room, sizeof(room), 0);

    if (size <= 0)
        exit(size == 0 ? 0 : 1); /* the initiator is done, or the acceptor has said what is wrong */
    return (gss_buffer_desc){(size_t)size, room};
}

static gss_name_t import_name(const char *service)
{
    gss_buffer_desc text = {strlen(service), (void *)(uintptr_t)service};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor = 0;

    check(service, gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &name), minor, &krb5);
    return name;
}

/* For ever; what does not verify ends it, and with it the initiator. */
static void accept_contexts(int fd, gss_OID mech)
{
    gss_OID_set_desc mechs = {1, mech};
    gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor = 0;

    check("credential",
          gss_acquire_cred(&minor, GSS_C_NO_NAME, 0, &mechs, GSS_C_ACCEPT, &cred, NULL, NULL),
          minor, mech);
    for (;;) {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        OM_uint32 major = GSS_S_CONTINUE_NEEDED;

        while (major == GSS_S_CONTINUE_NEEDED) {
            gss_buffer_desc in = take(fd);
            gss_buffer_desc out = GSS_C_EMPTY_BUFFER;

            major = gss_accept_sec_context(&minor, &context, cred, &in, NULL, NULL, NULL, &out,
                                           NULL, NULL, NULL);
            check("accept", major, minor, mech);
            if (out.length == 0)
                out = (gss_buffer_desc){4, strdup("good")};
            put(fd, &out);
        }
        gss_delete_sec_context(&minor, &context, NULL);
    }
}

/* One call of the initiator's, *ticks longer. -> what it says. */
static OM_uint32 step(gss_ctx_id_t *context, gss_name_t name, gss_OID mech, gss_buffer_t in,
                      gss_buffer_t out, uint64_t *ticks)
{
    OM_uint32 minor = 0;
    uint64_t start = tsc();
    OM_uint32 major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, context, name, mech, FLAGS,
                                           0, NULL, in, NULL, out, NULL, NULL);

    *ticks = tsc() - start;
    check("initiate", major, minor, mech);
    return major;
}

/* -> a context, and in first and second what its two calls took. */
static gss_ctx_id_t establish(int fd, gss_name_t name, gss_OID mech, uint64_t *first,
                              uint64_t *second)
{
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc in = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;

    step(&context, name, mech, &in, &out, first);
    put(fd, &out);
    in = take(fd);
    step(&context, name, mech, &in, &out, second);
    if (out.length) {
        put(fd, &out);
        take(fd);
    }
    return context;
}

static uint64_t wrap_once(gss_ctx_id_t context)
{
    static char data[LARGE];
    gss_buffer_desc plain = {sizeof(data), data};
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0;
    int sealed = 0;
    uint64_t start = tsc();
    OM_uint32 major = gss_wrap(&minor, context, 1, GSS_C_QOP_DEFAULT, &plain, &sealed, &token);
    uint64_t ticks = tsc() - start;

    check("wrap", major, minor, &krb5);
    if (!sealed)
        errx(1, "the message is not sealed");
    gss_release_buffer(&minor, &token);
    return ticks;
}

static void print(const char *name, const char *what, uint64_t *samples)
{
    printf("%s-%s %llu\n", name, what, (unsigned long long)tsc_median(samples, ROUNDS));
}

static void initiate(int fd, gss_OID mech, const char *name, const char *service)
{
    uint64_t samples[ROUNDS];
    gss_name_t target = import_name(service);
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    OM_uint32 minor = 0;

    /* The first fetches the ticket and is not counted. */
    for (int i = -1; i < ROUNDS; i++) {
        uint64_t first = 0;
        uint64_t second = 0;

        gss_delete_sec_context(&minor, &context, NULL);
        context = establish(fd, target, mech, &first, &second);
        if (i >= 0)
            samples[i] = mech == &ntlm ? second : first + second;
    }
    print(name, mech == &ntlm ? "ntlm" : "ap", samples);
    if (mech == &ntlm)
        return;
    for (int i = 0; i < ROUNDS; i++)
        samples[i] = wrap_once(context);
    print(name, "wrap", samples);
}

static void hold(int count)
{
    struct connection iso = {.path = LSAISO_SOCKET, .fd = -1};
    lsa_name who = (char *)"somebody";
    lsa_context_args args = {.realm = (char *)"VSM.TEST"};
    lsa_session session;
    struct answer answer;

    args.client.components.components_len = 1;
    args.client.components.components_val = &who;
    for (int i = 0; i < count; i++)
        if (CALL(&iso, GetClientContext, lsa_context_args, &args, lsa_session, &session, &answer))
            errx(1, "session %d: %s", i, answer.message);
}

int main(int argc, char **argv)
{
    gss_OID mech = argc > 1 && !strcmp(argv[1], "ntlm") ? &ntlm : &krb5;
    int pair[2];

    if (argc == 3 && !strcmp(argv[1], "hold")) {
        hold(atoi(argv[2]));
        return 0;
    }
    if (argc != 4 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
        errx(2, "usage: lsa krb5|ntlm NAME SERVICE");
    if (fork() == 0) {
        close(pair[0]);
        unsetenv("OPENVSM_LSA");
        accept_contexts(pair[1], mech);
    }
    close(pair[1]);
    initiate(pair[0], mech, argv[2], argv[3]);
    return 0;
}
