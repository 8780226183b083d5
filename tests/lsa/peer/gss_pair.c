/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two ends of a GSS context, with channel bindings, messages both ways and MICs both ways. The
 * parent accepts with whatever mechanism this machine has; the child, started anew with
 * OPENVSM_LSA=yes, initiates.
 *
 * GSS_PAIR_NATIVE: the initiator uses MIT's own mechanism and cache (for controls).
 * GSS_PAIR_KEYS=FILE: the acceptor writes its context's keys there, in hex. GSS_PAIR_PAUSE=FILE:
 * the initiator, its context still open, makes the file and waits until it is removed.
 *
 *   gss_pair krb5|ntlm|spnego|spnego-ntlm SERVICE@HOST [--bindings TEXT] [--their-bindings TEXT]
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static gss_OID_desc krb5 = {9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc ntlm = {10, (void *)"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};
static gss_OID_desc spnego = {6, (void *)"\x2b\x06\x01\x05\x05\x02"};

static const char first_text[] = "from the initiator";
static const char second_text[] = "from the acceptor, somewhat longer than the other";

static void show(const char *who, const char *what, OM_uint32 code, int type)
{
    OM_uint32 minor = 0;
    OM_uint32 more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;

    gss_display_status(&minor, code, type, GSS_C_NO_OID, &more, &text);
    fprintf(stderr, "%s: %s: %.*s\n", who, what, (int)text.length, (char *)text.value);
}

static void check(const char *who, const char *what, OM_uint32 major, OM_uint32 minor)
{
    if (!GSS_ERROR(major))
        return;
    show(who, what, major, GSS_C_GSS_CODE);
    show(who, what, minor, GSS_C_MECH_CODE);
    fprintf(stderr, "%s: %s: code %d\n", who, what, (int)minor);
    exit(1);
}

static void send_token(int fd, gss_buffer_t token)
{
    uint32_t size = (uint32_t)token->length;

    if (write(fd, &size, 4) != 4 || write(fd, token->value, size) != (ssize_t)size)
        exit(1);
}

static int receive_token(int fd, gss_buffer_t token)
{
    uint32_t size = 0;
    size_t at = 0;

    if (recv(fd, &size, 4, MSG_WAITALL) != 4)
        return -1;
    token->value = malloc(size + 1);
    for (token->length = size; at < size;) {
        ssize_t n = read(fd, (char *)token->value + at, size - at);

        if (n <= 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

static void expect(const char *who, gss_buffer_t got, const char *text)
{
    if (got->length == strlen(text) && !memcmp(got->value, text, got->length))
        return;
    fprintf(stderr, "%s: the message is another one\n", who);
    exit(1);
}

static void put_key(FILE *out, const gss_krb5_lucid_key_t *key)
{
    for (OM_uint32 i = 0; i < key->length; i++)
        fprintf(out, "%02x", ((const unsigned char *)key->data)[i]);
    fputc('\n', out);
}

/* What the acceptor has as keys, and the initiator therefore too. Ends the context. */
static void write_keys(gss_ctx_id_t context)
{
    const char *path = getenv("GSS_PAIR_KEYS");
    gss_krb5_lucid_context_v1_t *lucid = NULL;
    void *any = NULL;
    OM_uint32 minor = 0;
    FILE *out = path ? fopen(path, "w") : NULL;

    if (!out)
        return;
    check("acceptor", "keys", gss_krb5_export_lucid_sec_context(&minor, &context, 1, &any), minor);
    lucid = any;
    put_key(out, &lucid->cfx_kd.ctx_key);
    if (lucid->cfx_kd.have_acceptor_subkey)
        put_key(out, &lucid->cfx_kd.acceptor_subkey);
    fclose(out);
}

static void pause_here(void)
{
    const char *path = getenv("GSS_PAIR_PAUSE");
    FILE *out = path ? fopen(path, "w") : NULL;

    if (!out)
        return;
    fprintf(out, "%d\n", (int)getpid());
    fclose(out);
    while (access(path, F_OK) == 0)
        usleep(20000);
}

static void speak(const char *who, int fd, gss_ctx_id_t context, const char *text, int seal)
{
    gss_buffer_desc plain = {strlen(text), (void *)(uintptr_t)text};
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0;
    int sealed = 0;

    check(who, "wrap", gss_wrap(&minor, context, seal, GSS_C_QOP_DEFAULT, &plain, &sealed, &token),
          minor);
    send_token(fd, &token);
    check(who, "get_mic", gss_get_mic(&minor, context, GSS_C_QOP_DEFAULT, &plain, &token), minor);
    send_token(fd, &token);
}

static void hear(const char *who, int fd, gss_ctx_id_t context, const char *text)
{
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc plain = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0;
    int sealed = 0;

    if (receive_token(fd, &token))
        exit(1);
    check(who, "unwrap", gss_unwrap(&minor, context, &token, &plain, &sealed, NULL), minor);
    expect(who, &plain, text);
    if (receive_token(fd, &token))
        exit(1);
    check(who, "verify_mic", gss_verify_mic(&minor, context, &plain, &token, NULL), minor);
}

static gss_name_t import_name(const char *service)
{
    gss_buffer_desc text = {strlen(service), (void *)(uintptr_t)service};
    gss_name_t name = GSS_C_NO_NAME;
    OM_uint32 minor = 0;

    check("name", service, gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &name),
          minor);
    return name;
}

static gss_cred_id_t credential(gss_OID mech, int usage, gss_name_t name)
{
    gss_OID_set_desc mechs = {1, mech};
    gss_cred_id_t cred = GSS_C_NO_CREDENTIAL;
    OM_uint32 minor = 0;

    check("credential", usage == GSS_C_ACCEPT ? "accept" : "initiate",
          gss_acquire_cred(&minor, name, GSS_C_INDEFINITE, &mechs, usage, &cred, NULL, NULL),
          minor);
    return cred;
}

static int initiate(int fd, const char *service, gss_OID mech, int negotiate,
                    gss_channel_bindings_t bindings)
{
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_name_t name = import_name(service);
    gss_cred_id_t cred = credential(mech, GSS_C_INITIATE, GSS_C_NO_NAME);
    OM_uint32 major = GSS_S_CONTINUE_NEEDED;
    OM_uint32 minor = 0;

    if (negotiate) {
        gss_OID_set_desc only = {1, mech};

        cred = credential(&spnego, GSS_C_INITIATE, GSS_C_NO_NAME);
        check("initiator", "mechanisms", gss_set_neg_mechs(&minor, cred, &only), minor);
    }
    for (gss_buffer_desc in = GSS_C_EMPTY_BUFFER; major == GSS_S_CONTINUE_NEEDED;) {
        gss_buffer_desc out = GSS_C_EMPTY_BUFFER;

        major = gss_init_sec_context(&minor, cred, &context, name, negotiate ? &spnego : mech,
                                     GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG |
                                         GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG,
                                     0, bindings, &in, NULL, &out, NULL, NULL);
        check("initiator", "init_sec_context", major, minor);
        if (out.length)
            send_token(fd, &out);
        if (major == GSS_S_CONTINUE_NEEDED && receive_token(fd, &in))
            return 1;
    }
    speak("initiator", fd, context, first_text, 1);
    hear("initiator", fd, context, second_text);
    speak("initiator", fd, context, first_text, 0);
    pause_here();
    gss_delete_sec_context(&minor, &context, NULL);
    return 0;
}

static int accept_context(int fd, const char *service, gss_OID mech,
                          gss_channel_bindings_t bindings)
{
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_name_t client = GSS_C_NO_NAME;
    gss_cred_id_t cred =
        credential(mech, GSS_C_ACCEPT, mech == &krb5 ? import_name(service) : GSS_C_NO_NAME);
    gss_buffer_desc name = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = GSS_S_CONTINUE_NEEDED;
    OM_uint32 minor = 0;
    OM_uint32 flags = 0;

    while (major == GSS_S_CONTINUE_NEEDED) {
        gss_buffer_desc in = GSS_C_EMPTY_BUFFER;
        gss_buffer_desc out = GSS_C_EMPTY_BUFFER;

        if (receive_token(fd, &in))
            return 1;
        major = gss_accept_sec_context(&minor, &context, cred, &in, bindings, &client, NULL, &out,
                                       &flags, NULL, NULL);
        if (out.length)
            send_token(fd, &out);
        check("acceptor", "accept_sec_context", major, minor);
    }
    gss_display_name(&minor, client, &name, NULL);
    printf("client %.*s flags %x\n", (int)name.length, (char *)name.value, flags);
    hear("acceptor", fd, context, first_text);
    speak("acceptor", fd, context, second_text, 1);
    hear("acceptor", fd, context, first_text);
    write_keys(context);
    puts("all messages are right");
    return 0;
}

static gss_channel_bindings_t bindings_of(const char *text)
{
    static struct gss_channel_bindings_struct b;

    if (!text)
        return GSS_C_NO_CHANNEL_BINDINGS;
    b.application_data.value = (void *)(uintptr_t)text;
    b.application_data.length = strlen(text);
    return &b;
}

/* The child is a new program: the mechanism glue reads the environment once. */
static void become_initiator(char **argv, int fd)
{
    char number[16];

    snprintf(number, sizeof(number), "%d", fd);
    setenv("GSS_PAIR_FD", number, 1);
    if (!getenv("GSS_PAIR_NATIVE")) {
        setenv("OPENVSM_LSA", "yes", 1);
        setenv("KRB5CCNAME", "FILE:/nonexistent", 1);
    }
    execv("/proc/self/exe", argv);
    _exit(1);
}

int main(int argc, char **argv)
{
    const char *fd_text = getenv("GSS_PAIR_FD");
    const char *ours = argc > 4 ? argv[4] : NULL;
    const char *theirs = argc > 6 ? argv[6] : ours;
    gss_OID mech = argc > 1 && strstr(argv[1], "ntlm") ? &ntlm : &krb5;
    int pair[2];
    int status = 0;
    int child_status = 0;
    pid_t child = 0;

    if (argc < 3)
        return 2;
    if (fd_text)
        return initiate(atoi(fd_text), argv[2], mech, !strncmp(argv[1], "spnego", 6),
                        bindings_of(ours));
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        return 1;
    child = fork();
    if (child == 0) {
        close(pair[0]);
        become_initiator(argv, pair[1]);
    }
    close(pair[1]);
    status = accept_context(pair[0], argv[2], strncmp(argv[1], "spnego", 6) ? mech : &spnego,
                            bindings_of(theirs));
    close(pair[0]);
    waitpid(child, &child_status, 0);
    return status || child_status;
}
