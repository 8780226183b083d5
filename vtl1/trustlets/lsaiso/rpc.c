/* SPDX-License-Identifier: BSD-2-Clause */
#include "rpc.h"

#include <stdarg.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "audit.h"
#include "operations.h"
#include "session.h"

typedef lsa_status operation_function(struct call *c, const void *arguments, void *result);

struct operation {
    uint32_t number;
    enum role role;
    enum cost cost;
    operation_function *serve;
    xdrproc_t decode;
    xdrproc_t encode;
    size_t arguments_size;
    size_t result_size;
};

#define OPERATION_ADAPT(name, arguments, result, function, role, cost)                             \
    static lsa_status serve_##function(struct call *c, const void *a, void *r)                     \
    {                                                                                              \
        return function(c, a, r);                                                                  \
    }
OPERATIONS(OPERATION_ADAPT)

#define OPERATION_ROW(name, arguments, result, function, role, cost)                               \
    {name,                                                                                         \
     role,                                                                                         \
     cost,                                                                                         \
     serve_##function,                                                                             \
     (xdrproc_t)xdr_##arguments,                                                                   \
     (xdrproc_t)xdr_##result,                                                                      \
     sizeof(arguments),                                                                            \
     sizeof(result)},
static const struct operation operations[] = {OPERATIONS(OPERATION_ROW)};

union any_arguments {
#define OPERATION_ARGUMENT(name, arguments, result, function, role, cost) arguments function;
    OPERATIONS(OPERATION_ARGUMENT)
};
union any_result {
#define OPERATION_RESULT(name, arguments, result, function, role, cost) result function;
    OPERATIONS(OPERATION_RESULT)
};

static const struct operation *find_operation(uint32_t number)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (operations[i].number == number)
            return &operations[i];
    return NULL;
}

static const char *general_message(lsa_status status)
{
    switch (status) {
    case LSA_OK:
        return "";
    case LSA_BAD_CALL:
        return "the call does not decode";
    case LSA_NO_SUCH_OPERATION:
        return "there is no such operation";
    case LSA_DENIED:
        return "this caller may not do that";
    case LSA_BUSY:
        return "too many calls; wait a moment";
    case LSA_NO_SESSION:
        return "there is no such logon session (logged off, or lsaiso was restarted); log on again";
    case LSA_LOCKED:
        return "the logon session is locked; log on again to unlock it";
    case LSA_EXPIRED:
        return "the logon session or its keys have expired; log on again";
    case LSA_BLOB_REFUSED:
        return "the sealed key is refused";
    case LSA_USAGE:
        return "the key was not made for this operation";
    case LSA_POLICY:
        return "policy refuses this";
    case LSA_INTEGRITY:
        return "it does not verify";
    case LSA_MALFORMED:
        return "the peer's message does not parse";
    case LSA_MISMATCH:
        return "the peer's message answers another question";
    case LSA_NO_CONTEXT:
        return "there is no such security context";
    case LSA_WRONG_PASSWORD:
        return "wrong user name or password";
    case LSA_SKEW:
        return "the clocks differ too much";
    case LSA_NO_MEMORY:
        return "lsaiso is out of memory";
    default:
        return "lsaiso failed";
    }
}

lsa_status fail(struct call *c, lsa_status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(c->message, sizeof(c->message), format, arguments);
    va_end(arguments);
    return status;
}

static lsa_status admit(struct call *c, const struct operation *op)
{
    bool manager = c->uid == c->iso->manager;

    if (!op)
        return LSA_NO_SUCH_OPERATION;
    if (op->role == ROLE_MANAGER && !manager)
        return LSA_DENIED;
    if (op->cost)
        return limit_call(c->iso, c->uid, op->cost);
    return LSA_OK;
}

/* Record = length word, reply header, result. */
static int encode_reply(const lsa_reply *reply, const struct operation *op, void *result,
                        uint8_t **out, size_t *out_size)
{
    size_t room = 4 + xdr_sizeof((xdrproc_t)xdr_lsa_reply, (void *)reply);
    XDR xdr;
    bool good = false;

    if (reply->status == LSA_OK)
        room += xdr_sizeof(op->encode, result);
    *out = malloc(room);
    if (!*out)
        return -1;
    put_be32(*out, (uint32_t)(room - 4));
    xdrmem_create(&xdr, (char *)*out + 4, (u_int)(room - 4), XDR_ENCODE);
    good = xdr_lsa_reply(&xdr, (lsa_reply *)reply) &&
           (reply->status != LSA_OK || op->encode(&xdr, result, 0));
    if (good) {
        *out_size = room;
        return 0;
    }
    free(*out);
    *out = NULL;
    return -1;
}

static int reply_with(struct call *c, uint32_t xid, lsa_status status, const struct operation *op,
                      void *result, uint8_t **out, size_t *out_size)
{
    lsa_reply reply = {.xid = xid, .status = status, .message = c->message};

    if (!c->message[0] || status == LSA_OK)
        snprintf(c->message, sizeof(c->message), "%s", general_message(status));
    return encode_reply(&reply, op, result, out, out_size);
}

/* Decoded arguments may hold passwords in buffers of XDR's; those are wiped before they are freed.
 */
static void wipe_arguments(uint32_t number, union any_arguments *a)
{
    lsa_secret *secret = NULL;

    if (number == EncryptPassword || number == ProtectCredential)
        secret = &a->op_password.password;
    else if (number == EnrolUser)
        secret = &a->op_enrol.password;
    else if (number == PasswordValidateInteractive)
        secret = &a->op_validate.password;
    if (secret && secret->lsa_secret_val)
        sodium_memzero(secret->lsa_secret_val, secret->lsa_secret_len);
    if (number == ImportServiceKey && a->op_service_key.key.key_val)
        sodium_memzero(a->op_service_key.key.key_val, a->op_service_key.key.key_len);
}

static lsa_status serve_decoded(struct call *c, const struct operation *op, XDR *xdr,
                                union any_result *result)
{
    union any_arguments arguments;
    lsa_status status = LSA_BAD_CALL;

    memset(&arguments, 0, op->arguments_size);
    /* Nothing may follow: what is not understood is not accepted. */
    if (op->decode(xdr, &arguments, 0) && xdr->x_handy == 0)
        status = op->serve(c, &arguments, result);
    wipe_arguments(op->number, &arguments);
    xdr_free(op->decode, &arguments);
    return status;
}

int rpc_serve(struct lsaiso *iso, uint32_t uid, uint32_t pid, uint8_t *record, size_t size,
              uint8_t **out, size_t *out_size)
{
    struct call c = {.iso = iso, .uid = uid, .pid = pid};
    lsa_call header = {0};
    const struct operation *op = NULL;
    union any_result result;
    lsa_status status = LSA_BAD_CALL;
    XDR xdr;
    int bad = 0;

    session_sweep(iso);
    xdrmem_create(&xdr, (char *)record, (u_int)size, XDR_DECODE);
    memset(&result, 0, sizeof(result));
    if (xdr_lsa_call(&xdr, &header) && header.protocol == LSA_VERSION) {
        op = find_operation(header.operation);
        status = admit(&c, op);
        if (status == LSA_OK)
            status = serve_decoded(&c, op, &xdr, &result);
    }
    sodium_memzero(record, size);
    if (!op || op->cost != COST_FREE || status)
        audit_add(&c, header.operation, status);
    bad = reply_with(&c, header.xid, status, op, &result, out, out_size);
    if (op)
        xdr_free(op->encode, &result);
    return bad;
}

int lsaiso_init(struct lsaiso *iso, uint32_t manager, const struct policy *policy)
{
    memset(iso, 0, sizeof(*iso));
    iso->manager = manager;
    iso->policy = *policy;
    iso->definitions = der_definitions();
    if (!iso->definitions)
        return -1;
    randombytes_buf(iso->boot, sizeof(iso->boot));
    randombytes_buf(iso->user_key, sizeof(iso->user_key));
    randombytes_buf(iso->limit_key, sizeof(iso->limit_key));
    return 0;
}

void lsaiso_end(struct lsaiso *iso)
{
    for (uint32_t i = 0; i < SESSION_SLOTS; i++)
        if (iso->sessions[i])
            session_destroy(iso, iso->sessions[i]);
    asn1_delete_structure(&iso->definitions);
    sodium_memzero(iso, sizeof(*iso));
}
