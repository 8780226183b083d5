/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NTLMv2 answer to a CHALLENGE_MESSAGE, MS-NLMP 3.1.5.1.2. The whole AUTHENTICATE_MESSAGE is
 * made here: nobody outside chooses the client challenge, the time, the flags, or leaves out the
 * MIC, so that a captured credential blob is no oracle for chosen challenges.
 */
#include "operations.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "blob.h"
#include "clock.h"
#include "crypto/utf.h"
#include "session.h"

#define SIGNATURE     "NTLMSSP"

/* NegotiateFlags, MS-NLMP 2.2.2.5 */
#define N_UNICODE     0x00000001u
#define N_REQUEST     0x00000004u
#define N_SIGN        0x00000010u
#define N_SEAL        0x00000020u
#define N_NTLM        0x00000200u
#define N_ALWAYS_SIGN 0x00008000u
#define N_EXTENDED    0x00080000u
#define N_TARGET_INFO 0x00800000u
#define N_VERSION     0x02000000u
#define N_128         0x20000000u
#define N_KEY_EXCH    0x40000000u
#define N_56          0x80000000u
#define N_NEEDED      (N_UNICODE | N_NTLM | N_EXTENDED | N_TARGET_INFO | N_128)
#define N_KEPT                                                                                     \
    (N_NEEDED | N_REQUEST | N_SIGN | N_SEAL | N_ALWAYS_SIGN | N_VERSION | N_KEY_EXCH | N_56)

/* AvId, 2.2.2.1 */
enum { AV_END = 0, AV_FLAGS = 6, AV_TIMESTAMP = 7, AV_TARGET = 9, AV_BINDINGS = 10 };
#define AV_FLAG_MIC        2u

#define CHALLENGE_FIXED    48u
#define AUTHENTICATE_FIXED 88u
#define MIC_OFFSET         72u
#define NAME_WIDE          (2u * LSA_NAME_MAX)
#define AV_OWN_MAX         (8u + NAME_WIDE + 4u + 20u + 4u)
/* A server whose clock is further off than this gets no answer: Windows' own default is 36 h,
 * which is generous to a replayed challenge. */
#define CLOCK_LIMIT_100NS  (INT64_C(30) * 60 * 10000000)
/* 1601 to 1970 in units of 100 ns. */
#define FILETIME_UNIX      INT64_C(116444736000000000)

struct challenge {
    uint32_t flags;
    uint8_t nonce[8];
    struct bytes pairs;
    uint64_t time;
};

/* One AV pair at *at; false at the end of the list or of the bytes. */
static bool next_pair(struct bytes pairs, size_t *at, uint16_t *id, struct bytes *value)
{
    if (pairs.size - *at < 4)
        return false;
    *id = get_le16(pairs.data + *at);
    *value = bytes_of(pairs.data + *at + 4, get_le16(pairs.data + *at + 2));
    if (*id == AV_END || value->size > pairs.size - *at - 4)
        return false;
    *at += 4 + value->size;
    return true;
}

static lsa_status parse_challenge(struct call *c, struct bytes in, struct challenge *ch)
{
    size_t at = 0;
    uint16_t id = 0;
    struct bytes value;
    uint32_t offset = 0;

    if (in.size < CHALLENGE_FIXED || memcmp(in.data, SIGNATURE, 8) || get_le32(in.data + 8) != 2)
        return fail(c, LSA_MALFORMED, "the server's challenge does not parse");
    ch->flags = get_le32(in.data + 20);
    memcpy(ch->nonce, in.data + 24, 8);
    ch->pairs.size = get_le16(in.data + 40);
    offset = get_le32(in.data + 44);
    if (offset > in.size || ch->pairs.size > in.size - offset)
        return fail(c, LSA_MALFORMED, "the server's challenge does not parse");
    ch->pairs.data = in.data + offset;
    while (next_pair(ch->pairs, &at, &id, &value))
        if (id == AV_TIMESTAMP && value.size == 8)
            ch->time = (uint64_t)get_le32(value.data + 4) << 32 | get_le32(value.data);
    return LSA_OK;
}

static lsa_status check_challenge(struct call *c, const struct challenge *ch)
{
    int64_t now = clock_real_us() * 10 + FILETIME_UNIX;
    int64_t off = (int64_t)ch->time - now;

    if ((ch->flags & N_NEEDED) != N_NEEDED)
        return fail(c, LSA_POLICY,
                    "the server does not offer NTLMv2 with extended session security and 128-bit "
                    "keys (flags %08x)",
                    ch->flags);
    if (!ch->time)
        return fail(c, LSA_POLICY,
                    "the server gives no timestamp, so its challenge may be an old or chosen one");
    if (off > CLOCK_LIMIT_100NS || off < -CLOCK_LIMIT_100NS)
        return fail(c, LSA_SKEW, "the server's clock is %lld seconds off",
                    (long long)(off / 10000000));
    return LSA_OK;
}

static size_t put_pair(uint8_t *out, uint16_t id, const void *value, size_t size)
{
    put_le16(out, id);
    put_le16(out + 2, (uint16_t)size);
    if (size)
        memcpy(out + 4, value, size);
    return 4 + size;
}

/* The server's pairs, with ours in place of its flags, target name and bindings. */
static size_t answer_pairs(const struct challenge *ch, const lsa_ntlm_args *a, uint8_t *out)
{
    size_t at = 0;
    size_t size = 0;
    uint16_t id = 0;
    uint32_t flags = 0;
    struct bytes value;
    uint8_t word[4];
    uint8_t hash[16];
    uint8_t wide[NAME_WIDE];
    long wide_size = 0;

    while (next_pair(ch->pairs, &at, &id, &value))
        if (id == AV_FLAGS && value.size == 4)
            flags = get_le32(value.data);
        else if (id != AV_TARGET && id != AV_BINDINGS && id != AV_FLAGS)
            size += put_pair(out + size, id, value.data, value.size);
    put_le32(word, flags | AV_FLAG_MIC);
    size += put_pair(out + size, AV_FLAGS, word, sizeof(word));
    bindings_hash(&a->bindings, hash);
    size += put_pair(out + size, AV_BINDINGS, hash, sizeof(hash));
    wide_size = utf8_to_utf16le(bytes_of(a->target, strlen(a->target)), wide);
    size += put_pair(out + size, AV_TARGET, wide, wide_size > 0 ? (size_t)wide_size : 0);
    return size + put_pair(out + size, AV_END, NULL, 0);
}

/* One of the AUTHENTICATE message's fields: length, room, offset; the bytes go to the end. */
static void put_field(uint8_t *message, size_t field, const void *data, size_t size, size_t *end)
{
    put_le16(message + field, (uint16_t)size);
    put_le16(message + field + 2, (uint16_t)size);
    put_le32(message + field + 4, (uint32_t)*end);
    if (size)
        memcpy(message + *end, data, size);
    *end += size;
}

static void put_name(uint8_t *message, size_t field, const char *name, size_t *end)
{
    uint8_t wide[NAME_WIDE];
    long size = utf8_to_utf16le(bytes_of(name, strlen(name)), wide);

    put_field(message, field, wide, size > 0 ? (size_t)size : 0, end);
}

/* The keys of the answer: what is sent of them, and what stays. */
struct answer {
    uint8_t *response;
    size_t response_size;
    uint8_t exported[NTLM_KEY];
    uint8_t encrypted[NTLM_KEY];
    uint32_t flags;
};

static lsa_status make_response(const struct challenge *ch, const lsa_ntlm_args *a,
                                const uint8_t owf[NTLM_KEY], struct answer *ans)
{
    uint8_t *pairs = malloc(ch->pairs.size + AV_OWN_MAX);
    uint8_t client[8];
    uint8_t base[NTLM_KEY];
    size_t size = 0;

    ans->response = malloc(NTLM_KEY + NTLM_TEMP_OVERHEAD + ch->pairs.size + AV_OWN_MAX);
    if (!pairs || !ans->response) {
        free(pairs);
        return LSA_NO_MEMORY;
    }
    size = answer_pairs(ch, a, pairs);
    randombytes_buf(client, sizeof(client));
    ans->response_size = ntlm_response_v2(owf, ch->nonce, client, ch->time, bytes_of(pairs, size),
                                          ans->response, base);
    ans->flags = ch->flags & N_KEPT;
    if (ans->flags & N_KEY_EXCH) {
        randombytes_buf(ans->exported, NTLM_KEY);
        ntlm_encrypt_key(base, ans->exported, ans->encrypted);
    } else {
        memcpy(ans->exported, base, NTLM_KEY);
    }
    sodium_memzero(base, sizeof(base));
    free(pairs);
    return LSA_OK;
}

/* 2.2.1.3. LmChallengeResponse is 24 zero bytes since the server gave a timestamp (3.1.5.1.2). */
static lsa_status make_message(const lsa_ntlm_args *a, const struct answer *ans, lsa_token *out)
{
    static const uint8_t lm[24];
    uint8_t *m =
        calloc(1, AUTHENTICATE_FIXED + 3 * NAME_WIDE + sizeof(lm) + ans->response_size + NTLM_KEY);
    size_t end = AUTHENTICATE_FIXED;

    if (!m)
        return LSA_NO_MEMORY;
    memcpy(m, SIGNATURE, 8);
    put_le32(m + 8, 3);
    put_name(m, 28, a->domain, &end);
    put_name(m, 36, a->user, &end);
    put_name(m, 44, a->workstation, &end);
    put_field(m, 12, lm, sizeof(lm), &end);
    put_field(m, 20, ans->response, ans->response_size, &end);
    put_field(m, 52, ans->encrypted, ans->flags & N_KEY_EXCH ? NTLM_KEY : 0, &end);
    put_le32(m + 60, ans->flags);
    m[64] = 10; /* a version some servers insist on: Windows 10, NTLM revision 15 */
    m[71] = 15;
    ntlm_mic(ans->exported, token_bytes(&a->negotiate), token_bytes(&a->challenge),
             bytes_of(m, end), m + MIC_OFFSET);
    out->lsa_token_val = (char *)m;
    out->lsa_token_len = (u_int)end;
    return LSA_OK;
}

static lsa_status respond(struct call *c, const struct session *s, const lsa_ntlm_args *a,
                          const struct challenge *ch, const uint8_t owf[NTLM_KEY],
                          lsa_ntlm_response *r)
{
    struct answer ans = {0};
    struct context *x = NULL;
    lsa_status status = make_response(ch, a, owf, &ans);

    if (status == LSA_OK)
        status = make_message(a, &ans, &r->authenticate);
    if (status == LSA_OK)
        status = context_open(c, s, &x);
    if (status == LSA_OK) {
        x->kind = CONTEXT_NTLM_PENDING;
        memcpy(x->ntlm.exported, ans.exported, NTLM_KEY);
        x->ntlm.key_exchange = (ans.flags & N_KEY_EXCH) != 0;
        x->ntlm.seals = (ans.flags & N_SEAL) != 0;
        r->pending = x->id;
    }
    free(ans.response);
    sodium_memzero(&ans, sizeof(ans));
    return status;
}

static lsa_status check_arguments(struct call *c, const struct session *s, const lsa_ntlm_args *a)
{
    struct bytes negotiate = token_bytes(&a->negotiate);

    if (strcasecmp(a->user, s->client.components[0]))
        return fail(c, LSA_DENIED, "this session is %s's, not %s's", s->client.components[0],
                    a->user);
    if (negotiate.size < 16 || memcmp(negotiate.data, SIGNATURE, 8) ||
        get_le32(negotiate.data + 8) != 1)
        return fail(c, LSA_MALFORMED, "the client's first message does not parse");
    return LSA_OK;
}

lsa_status op_ntlm_response(struct call *c, const lsa_ntlm_args *a, lsa_ntlm_response *r)
{
    struct session *s = NULL;
    struct secret hash;
    struct challenge ch = {0};
    uint8_t owf[NTLM_KEY];
    lsa_status status = session_find(c, a->session, &s);

    if (status == LSA_OK)
        status = check_arguments(c, s, a);
    if (status == LSA_OK)
        status = parse_challenge(c, token_bytes(&a->challenge), &ch);
    if (status == LSA_OK)
        status = check_challenge(c, &ch);
    if (status == LSA_OK)
        status = blob_open(c, s, NULL, &a->credential, BLOB_NT_HASH, &hash);
    if (status)
        return status;
    if (ntlm_owf_v2(hash.bytes, bytes_of(a->user, strlen(a->user)),
                    bytes_of(a->domain, strlen(a->domain)), owf))
        status = fail(c, LSA_BAD_CALL, "user or domain is not UTF-8, or too long");
    else
        status = respond(c, s, a, &ch, owf, r);
    sodium_memzero(&hash, sizeof(hash));
    sodium_memzero(owf, sizeof(owf));
    return status;
}

/* The session key stays; what is made of it protects messages (Wrap, GetMic and their kind). */
lsa_status op_ntlm_session(struct call *c, const lsa_context *a, lsa_context *r)
{
    struct context *x = NULL;
    lsa_status status = own_context(c, a->context, &x);

    if (status)
        return status;
    if (x->kind != CONTEXT_NTLM_PENDING)
        return fail(c, LSA_MISMATCH, "this is not an NTLM answer that waits for its session");
    ntlm_direction_init(&x->ntlm.send, x->ntlm.exported, 1, (int)x->ntlm.key_exchange);
    ntlm_direction_init(&x->ntlm.receive, x->ntlm.exported, 0, (int)x->ntlm.key_exchange);
    sodium_memzero(x->ntlm.exported, sizeof(x->ntlm.exported));
    x->gss_flags = 0x3e;
    x->kind = CONTEXT_NTLM;
    r->context = x->id;
    return LSA_OK;
}
