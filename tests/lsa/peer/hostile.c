/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compromised lsassd: knows lsaiso's socket and is its manager. Tries every operation in random
 * order with what earlier replies gave it (handles, sealed keys, tokens), with those altered or
 * mixed up, and with noise. Every byte that lsaiso answers goes to standard output.
 *
 *   hostile SOCKET CALLS SEED SECONDS [BLOB-FILE…]
 */
#include <openvsm/lsa.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define POOL 64

struct piece {
    char *data;
    u_int size;
};

static struct {
    uint64_t handles[POOL];
    unsigned handle_count;
    struct piece pieces[POOL];
    unsigned piece_count;
    unsigned done, refused;
} known;

static unsigned dice(unsigned n)
{
    return (unsigned)random() % n;
}

static void learn_handle(uint64_t handle)
{
    known.handles[known.handle_count++ % POOL] = handle;
}

static void learn(const char *data, u_int size)
{
    struct piece *p = &known.pieces[known.piece_count++ % POOL];

    if (size == 0)
        return;
    free(p->data);
    p->data = malloc(size);
    p->size = size;
    memcpy(p->data, data, size);
}

static uint64_t some_handle(void)
{
    unsigned count = known.handle_count < POOL ? known.handle_count : POOL;

    return count && dice(20) ? known.handles[dice(count)] : (uint64_t)random() << 20;
}

/* A piece seen before, altered now and then; sometimes noise. */
static void some_bytes(char **data, u_int *size, u_int most)
{
    unsigned count = known.piece_count < POOL ? known.piece_count : POOL;
    const struct piece *p = count ? &known.pieces[dice(count)] : NULL;

    *size = p && p->data && dice(10) ? p->size : dice(200);
    if (*size > most)
        *size = most;
    *data = calloc(1, *size + 1);
    for (u_int i = 0; i < *size; i++)
        (*data)[i] = (char)random();
    if (p && p->data && *size <= p->size)
        memcpy(*data, p->data, *size);
    if (*size && dice(4) == 0)
        (*data)[dice(*size)] ^= (char)(1u << dice(8));
}

static char *some_name(void)
{
    static char *names[] = {"alice", "bob", "krbtgt", "OPENVSM.TEST", "", "sample/localhost", "a"};

    return names[dice(sizeof(names) / sizeof(names[0]))];
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

static int read_all(int fd, char *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = read(fd, data + at, size - at);

        if (n <= 0)
            return -1;
        at += (size_t)n;
    }
    return 0;
}

static void exchange(int fd, uint32_t operation, xdrproc_t encode, void *arguments,
                     xdrproc_t decode, void *result)
{
    static char record[1 << 18];
    lsa_call header = {.protocol = LSA_VERSION, .xid = 1, .operation = operation};
    lsa_reply reply = {0};
    uint32_t length = 0;
    XDR xdr;

    xdrmem_create(&xdr, record + 4, sizeof(record) - 4, XDR_ENCODE);
    if (!xdr_lsa_call(&xdr, &header) || !encode(&xdr, arguments, 0))
        return;
    length = htonl(xdr_getpos(&xdr));
    memcpy(record, &length, 4);
    if (write(fd, record, ntohl(length) + 4) < 0 || read_all(fd, (char *)&length, 4) ||
        ntohl(length) > sizeof(record) || read_all(fd, record, ntohl(length))) {
        fputs("hostile: lsaiso hung up\n", stderr);
        exit(3);
    }
    fwrite(record, 1, ntohl(length), stdout);
    xdrmem_create(&xdr, record, ntohl(length), XDR_DECODE);
    if (!xdr_lsa_reply(&xdr, &reply)) {
        fputs("hostile: a reply does not decode\n", stderr);
        exit(3);
    }
    if (reply.status == LSA_OK && !decode(&xdr, result, 0)) {
        fputs("hostile: a result does not decode\n", stderr);
        exit(3);
    }
    known.done += reply.status == LSA_OK;
    known.refused += reply.status != LSA_OK;
    xdr_free((xdrproc_t)xdr_lsa_reply, &reply);
}

#define DO(operation, argument_type, arguments, result_type, result)                               \
    exchange(fd, operation, (xdrproc_t)xdr_##argument_type, arguments,                             \
             (xdrproc_t)xdr_##result_type, result)
#define TOKEN(field) some_bytes(&(field).lsa_token_val, &(field).lsa_token_len, 4096)
#define BLOB(field)  some_bytes(&(field).lsa_blob_val, &(field).lsa_blob_len, LSA_BLOB_MAX)

static void try_session(int fd)
{
    lsa_name component = some_name();
    lsa_context_args args = {.realm = some_name(), .owner = dice(3)};
    lsa_session r = {0};

    args.client.components.components_len = 1;
    args.client.components.components_val = &component;
    DO(GetClientContext, lsa_context_args, &args, lsa_session, &r);
    learn_handle(r.session);
}

static void try_password(int fd)
{
    lsa_password_args args = {.session = some_handle()};
    lsa_blob_result r = {0};

    some_bytes(&args.password.lsa_secret_val, &args.password.lsa_secret_len, 100);
    DO(dice(2) ? EncryptPassword : ProtectCredential, lsa_password_args, &args, lsa_blob_result,
       &r);
    learn(r.blob.lsa_blob_val, r.blob.lsa_blob_len);
}

static void try_key_list(int fd)
{
    lsa_key_parameters p = {.enctype = (int)dice(25)};
    lsa_password_list_args args = {.session = some_handle()};
    lsa_password_list r = {0};

    p.salt.salt_val = "salt";
    p.salt.salt_len = 4;
    p.parameters.parameters_val = (char *)"\0\0\x10\0";
    p.parameters.parameters_len = 4;
    BLOB(args.password);
    args.keys.keys_val = &p;
    args.keys.keys_len = 1;
    DO(BuildPasswordList, lsa_password_list_args, &args, lsa_password_list, &r);
    if (r.keys.keys_len)
        learn(r.keys.keys_val[0].blob.lsa_blob_val, r.keys.keys_val[0].blob.lsa_blob_len);
}

static void try_as(int fd)
{
    lsa_as_authenticator_args args = {.session = some_handle()};
    lsa_as_authenticator r = {0};

    BLOB(args.key);
    DO(BuildAsReqAuthenticator, lsa_as_authenticator_args, &args, lsa_as_authenticator, &r);
    learn(r.padata.lsa_token_val, r.padata.lsa_token_len);
}

static void try_unpack(int fd)
{
    lsa_unpack_args args = {.session = some_handle(),
                            .pdu = dice(2) ? LSA_PDU_AS_REP : LSA_PDU_TGS_REP,
                            .exchange = some_handle(),
                            .enctype = 17 + (int)dice(4)};
    lsa_kdc_reply r = {0};

    BLOB(args.key);
    TOKEN(args.cipher);
    DO(UnpackKdcReplyBody, lsa_unpack_args, &args, lsa_kdc_reply, &r);
    learn(r.session_key.lsa_blob_val, r.session_key.lsa_blob_len);
}

static void try_tgs(int fd)
{
    lsa_tgs_checksum_args args = {.session = some_handle()};
    lsa_tgs_checksum r = {0};

    BLOB(args.key);
    TOKEN(args.body);
    DO(ComputeTgsChecksum, lsa_tgs_checksum_args, &args, lsa_tgs_checksum, &r);
    learn_handle(r.exchange);
}

static void try_ap(int fd)
{
    lsa_ap_request_args args = {.session = some_handle(),
                                .purpose = dice(2) ? LSA_AP_TGS : LSA_AP_SERVICE,
                                .exchange = some_handle(),
                                .gss_flags = dice(64)};
    lsa_ap_request r = {0};

    BLOB(args.key);
    TOKEN(args.bindings);
    DO(CreateApReqAuthenticator, lsa_ap_request_args, &args, lsa_ap_request, &r);
    learn_handle(r.context);
    learn(r.authenticator.lsa_token_val, r.authenticator.lsa_token_len);
}

static void try_ap_reply(int fd)
{
    lsa_ap_reply_args args = {.context = some_handle()};
    lsa_context_info r = {0};

    TOKEN(args.reply);
    DO(DecryptApReply, lsa_ap_reply_args, &args, lsa_context_info, &r);
}

static void try_accept(int fd)
{
    lsa_verify_ticket_args args = {.session = some_handle()};
    lsa_verified_ticket r = {0};

    BLOB(args.key);
    TOKEN(args.request);
    TOKEN(args.bindings);
    DO(VerifyServiceTicket, lsa_verify_ticket_args, &args, lsa_verified_ticket, &r);
    learn_handle(r.context);
}

static void try_ntlm(int fd)
{
    static const char negotiate[] = "NTLMSSP\0\1\0\0\0\x05\x82\x88\xe2";
    lsa_ntlm_args args = {.session = some_handle(),
                          .user = some_name(),
                          .domain = some_name(),
                          .workstation = some_name(),
                          .target = some_name()};
    lsa_ntlm_response r = {0};
    char challenge[64] = "NTLMSSP\0\2";

    args.negotiate.lsa_token_val = (char *)(uintptr_t)negotiate;
    args.negotiate.lsa_token_len = sizeof(negotiate) - 1;
    /* Pass-the-Challenge: a chosen challenge without target information, for a table. */
    memcpy(challenge + 20, "\x05\x82\x88\xe2\x11\x22\x33\x44\x55\x66\x77\x88", 12);
    args.challenge.lsa_token_val = challenge;
    args.challenge.lsa_token_len = sizeof(challenge);
    if (dice(2))
        TOKEN(args.challenge);
    BLOB(args.credential);
    DO(Lm20GetNtlm3ChallengeResponse, lsa_ntlm_args, &args, lsa_ntlm_response, &r);
    learn_handle(r.pending);
}

static void try_ntlm_session(int fd)
{
    lsa_context args = {.context = some_handle()};
    lsa_context r = {0};

    DO(dice(2) ? CalculateUserSessionKeyNt : DeleteContext, lsa_context, &args, lsa_context, &r);
}

static void try_pack(int fd)
{
    lsa_context args = {.context = some_handle()};
    lsa_token_result r = {0};

    DO(PackApReply, lsa_context, &args, lsa_token_result, &r);
}

static void try_message(int fd)
{
    lsa_unwrap_args args = {.context = some_handle()};
    lsa_unwrapped r = {0};

    some_bytes(&args.token.lsa_message_val, &args.token.lsa_message_len, 4096);
    DO(dice(2) ? Unwrap : GetMic, lsa_unwrap_args, &args, lsa_unwrapped, &r);
}

static void try_wrap(int fd)
{
    lsa_wrap_args args = {.context = some_handle(), .seal = dice(2)};
    lsa_wrapped r = {0};

    some_bytes(&args.message.lsa_message_val, &args.message.lsa_message_len, 4096);
    DO(Wrap, lsa_wrap_args, &args, lsa_wrapped, &r);
}

static void try_import(int fd)
{
    char key[32];
    lsa_service_key_args args = {.session = some_handle(), .enctype = 16 + (int)dice(8)};
    lsa_blob_result r = {0};

    memset(key, 0x42, sizeof(key));
    args.key.key_val = key;
    args.key.key_len = dice(33);
    DO(ImportServiceKey, lsa_service_key_args, &args, lsa_blob_result, &r);
    learn(r.blob.lsa_blob_val, r.blob.lsa_blob_len);
}

static void try_validate(int fd)
{
    lsa_validate_args args = {.user = some_name()};
    lsa_nothing r = {0};

    if (dice(200))
        return; /* Argon2id is slow on purpose */
    BLOB(args.verifier);
    some_bytes(&args.password.lsa_secret_val, &args.password.lsa_secret_len, 30);
    DO(PasswordValidateInteractive, lsa_validate_args, &args, lsa_nothing, &r);
}

/* Numbers that are no operation (NTLMv1's and the compare oracle's among them), and noise. */
static void try_unknown(int fd)
{
    static const uint32_t absent[] = {0,   203, 206, 209, 109, 111, 122,   130,
                                      131, 132, 210, 212, 220, 999, 0x101, 0x202};
    lsa_blob_result args = {0};
    lsa_blob_result r = {0};

    BLOB(args.blob);
    DO(dice(3) ? absent[dice(sizeof(absent) / sizeof(absent[0]))] : dice(400), lsa_blob_result,
       &args, lsa_blob_result, &r);
}

static void try_end(int fd)
{
    lsa_session args = {.session = some_handle()};
    lsa_nothing r = {0};

    if (dice(30) == 0)
        DO(dice(2) ? LockSession : DestroySession, lsa_session, &args, lsa_nothing, &r);
}

static void (*const tries[])(int fd) = {
    try_session, try_password, try_key_list, try_as,       try_unpack,  try_tgs,
    try_ap,      try_ap_reply, try_accept,   try_ntlm,     try_pack,    try_ntlm_session,
    try_message, try_wrap,     try_import,   try_validate, try_unknown, try_end,
};

/* Bytes that lsassd had before it was taken over: sealed keys, tickets, tokens. */
static void learn_file(const char *path)
{
    static char data[65536];
    FILE *file = fopen(path, "r");

    if (!file)
        return;
    learn(data, (u_int)fread(data, 1, sizeof(data), file));
    fclose(file);
}

int main(int argc, char **argv)
{
    int fd = argc > 4 ? connect_to(argv[1]) : -1;
    unsigned long calls = argc > 4 ? strtoul(argv[2], NULL, 10) : 0;
    time_t end = time(NULL) + (argc > 4 ? atoi(argv[4]) : 0);

    if (fd < 0)
        return 2;
    srandom((unsigned)atoi(argv[3]));
    for (int i = 5; i < argc; i++)
        learn_file(argv[i]);
    for (unsigned long i = 0; i < calls && time(NULL) < end; i++)
        tries[dice(sizeof(tries) / sizeof(tries[0]))](fd);
    fprintf(stderr, "hostile: %u done, %u refused\n", known.done, known.refused);
    return 0;
}
