/* SPDX-License-Identifier: BSD-2-Clause */
#include "gss_token.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

/* Header flags, RFC 4121 4.2.2. */
#define FLAG_ACCEPTOR     1u
#define FLAG_SEALED       2u
#define FLAG_ACCEPTOR_KEY 4u

struct header {
    uint16_t kind; /* 0x0404 MIC, 0x0504 wrap */
    uint8_t flags;
    uint16_t extra_count;
    uint16_t rotation;
    uint64_t sequence;
};

enum { KIND_MIC = 0x0404, KIND_WRAP = 0x0504 };

static void put_header(uint8_t out[GSS_TOKEN_HEADER], const struct header *h)
{
    memset(out, 0xff, GSS_TOKEN_HEADER);
    out[0] = (uint8_t)(h->kind >> 8);
    out[1] = (uint8_t)h->kind;
    out[2] = h->flags;
    if (h->kind == KIND_WRAP) {
        out[4] = (uint8_t)(h->extra_count >> 8);
        out[5] = (uint8_t)h->extra_count;
        out[6] = (uint8_t)(h->rotation >> 8);
        out[7] = (uint8_t)h->rotation;
    }
    put_be64(out + 8, h->sequence);
}

/* Checks everything that does not need a key. */
static int get_header(const struct gss_keys *k, struct bytes token, uint16_t kind, struct header *h)
{
    uint8_t again[GSS_TOKEN_HEADER];

    if (token.size < GSS_TOKEN_HEADER)
        return -1;
    h->kind = (uint16_t)(token.data[0] << 8 | token.data[1]);
    h->flags = token.data[2];
    h->extra_count = (uint16_t)(token.data[4] << 8 | token.data[5]);
    h->rotation = (uint16_t)(token.data[6] << 8 | token.data[7]);
    h->sequence = get_be64(token.data + 8);
    put_header(again, h);
    if (h->kind != kind || memcmp(again, token.data, GSS_TOKEN_HEADER) || h->flags > 7)
        return -1;
    /* Our own tokens must not come back to us as the peer's. */
    if (!(h->flags & FLAG_ACCEPTOR) != !k->is_initiator)
        return -1;
    return (h->flags & FLAG_ACCEPTOR_KEY) && !k->has_acceptor_key ? -1 : 0;
}

static const struct krb_key *key_for(const struct gss_keys *k, uint8_t flags)
{
    return flags & FLAG_ACCEPTOR_KEY ? &k->acceptor : &k->initiator;
}

static uint8_t own_flags(const struct gss_keys *k)
{
    return (uint8_t)((k->is_initiator ? 0 : FLAG_ACCEPTOR) |
                     (k->has_acceptor_key ? FLAG_ACCEPTOR_KEY : 0));
}

static uint32_t usage_of(uint8_t flags, uint16_t kind)
{
    if (flags & FLAG_ACCEPTOR)
        return kind == KIND_MIC ? KRB_USAGE_ACCEPTOR_SIGN : KRB_USAGE_ACCEPTOR_SEAL;
    return kind == KIND_MIC ? KRB_USAGE_INITIATOR_SIGN : KRB_USAGE_INITIATOR_SEAL;
}

enum gss_order gss_window_check(struct gss_window *w, uint64_t sequence)
{
    uint64_t ahead = sequence - w->next;
    uint64_t behind = w->next - 1 - sequence;

    if (ahead == 0) {
        w->seen = w->seen << 1 | 1;
        w->next++;
        return GSS_ORDER_OK;
    }
    if (ahead < UINT64_C(1) << 63) {
        w->seen = ahead >= 63 ? 1 : w->seen << (ahead + 1) | 1;
        w->next = sequence + 1;
        return GSS_ORDER_GAP;
    }
    if (behind >= 64)
        return GSS_ORDER_OLD;
    if (w->seen >> behind & 1)
        return GSS_ORDER_DUPLICATE;
    w->seen |= UINT64_C(1) << behind;
    return GSS_ORDER_UNSEQUENCED;
}

/* 4.2.4 with confidentiality: encrypt(message | header), no filler. */
static int wrap_sealed(struct gss_keys *k, struct header *h, struct bytes message, uint8_t *out,
                       size_t *out_size)
{
    uint8_t header[GSS_TOKEN_HEADER];

    h->flags |= FLAG_SEALED;
    put_header(header, h);
    memcpy(out, header, sizeof(header));
    if (krb_encrypt(key_for(k, h->flags), usage_of(h->flags, KIND_WRAP),
                    (struct bytes[]){message, bytes_of(header, sizeof(header))}, 2,
                    out + GSS_TOKEN_HEADER, out_size))
        return -1;
    *out_size += GSS_TOKEN_HEADER;
    return 0;
}

/* 4.2.4 without: message | checksum(message | header with EC and RRC zero). */
static int wrap_plain(struct gss_keys *k, struct header *h, struct bytes message, uint8_t *out,
                      size_t *out_size)
{
    const struct krb_key *key = key_for(k, h->flags);
    uint8_t header[GSS_TOKEN_HEADER];

    put_header(header, h);
    if (krb_checksum(key, usage_of(h->flags, KIND_WRAP),
                     (struct bytes[]){message, bytes_of(header, sizeof(header))}, 2,
                     out + GSS_TOKEN_HEADER + message.size))
        return -1;
    h->extra_count = (uint16_t)krb_checksum_size(key->enctype);
    put_header(out, h);
    if (message.size)
        memcpy(out + GSS_TOKEN_HEADER, message.data, message.size);
    *out_size = GSS_TOKEN_HEADER + message.size + h->extra_count;
    return 0;
}

int gss_wrap(struct gss_keys *k, int seal, struct bytes message, uint8_t *out, size_t *out_size)
{
    struct header h = {.kind = KIND_WRAP, .flags = own_flags(k), .sequence = k->send_sequence};
    int bad = seal ? wrap_sealed(k, &h, message, out, out_size)
                   : wrap_plain(k, &h, message, out, out_size);

    if (bad)
        return -1;
    k->send_sequence++;
    return 0;
}

/* The bytes behind the header, rotated back. Fresh memory, or NULL. */
static uint8_t *rotate_back(struct bytes body, uint16_t rotation)
{
    size_t by = body.size ? rotation % body.size : 0;
    uint8_t *straight = malloc(body.size + 1);

    if (!straight)
        return NULL;
    memcpy(straight, body.data + by, body.size - by);
    memcpy(straight + body.size - by, body.data, by);
    return straight;
}

/* decrypt(body) = message | filler | header; the inner header has RRC zero. */
static int unwrap_sealed(const struct gss_keys *k, const struct header *h, struct bytes body,
                         uint8_t *out, size_t *out_size)
{
    struct header plain = *h;
    uint8_t header[GSS_TOKEN_HEADER];
    size_t size = 0;

    plain.rotation = 0;
    put_header(header, &plain);
    if (krb_decrypt(key_for(k, h->flags), usage_of(h->flags, KIND_WRAP), body, out, &size))
        return -1;
    if (size < (size_t)GSS_TOKEN_HEADER + h->extra_count ||
        sodium_memcmp(out + size - GSS_TOKEN_HEADER, header, GSS_TOKEN_HEADER)) {
        sodium_memzero(out, body.size);
        return -1;
    }
    *out_size = size - GSS_TOKEN_HEADER - h->extra_count;
    return 0;
}

static int unwrap_plain(const struct gss_keys *k, const struct header *h, struct bytes body,
                        uint8_t *out, size_t *out_size)
{
    const struct krb_key *key = key_for(k, h->flags);
    struct header plain = *h;
    uint8_t header[GSS_TOKEN_HEADER];
    struct bytes message = body;

    if (h->extra_count != krb_checksum_size(key->enctype) || body.size < h->extra_count)
        return -1;
    message.size -= h->extra_count;
    plain.rotation = 0;
    plain.extra_count = 0;
    put_header(header, &plain);
    if (krb_verify_checksum(key, usage_of(h->flags, KIND_WRAP),
                            (struct bytes[]){message, bytes_of(header, sizeof(header))}, 2,
                            bytes_of(body.data + message.size, h->extra_count)))
        return -1;
    memcpy(out, message.data, message.size);
    *out_size = message.size;
    return 0;
}

int gss_unwrap(struct gss_keys *k, struct bytes token, uint8_t *out, size_t *out_size, int *sealed,
               enum gss_order *order)
{
    struct header h;
    struct bytes body;
    uint8_t *straight = NULL;
    int bad = 0;

    if (get_header(k, token, KIND_WRAP, &h))
        return -1;
    body = bytes_of(token.data + GSS_TOKEN_HEADER, token.size - GSS_TOKEN_HEADER);
    if (h.rotation) {
        straight = rotate_back(body, h.rotation);
        if (!straight)
            return -1;
        body.data = straight;
    }
    *sealed = (h.flags & FLAG_SEALED) != 0;
    bad = *sealed ? unwrap_sealed(k, &h, body, out, out_size)
                  : unwrap_plain(k, &h, body, out, out_size);
    free(straight);
    if (bad)
        return -1;
    *order = gss_window_check(&k->receive, h.sequence);
    return 0;
}

int gss_get_mic(struct gss_keys *k, struct bytes message, uint8_t *out, size_t *out_size)
{
    struct header h = {.kind = KIND_MIC, .flags = own_flags(k), .sequence = k->send_sequence};
    const struct krb_key *key = key_for(k, h.flags);

    put_header(out, &h);
    if (krb_checksum(key, usage_of(h.flags, KIND_MIC),
                     (struct bytes[]){message, bytes_of(out, GSS_TOKEN_HEADER)}, 2,
                     out + GSS_TOKEN_HEADER))
        return -1;
    *out_size = GSS_TOKEN_HEADER + krb_checksum_size(key->enctype);
    k->send_sequence++;
    return 0;
}

int gss_verify_mic(struct gss_keys *k, struct bytes message, struct bytes token,
                   enum gss_order *order)
{
    struct header h;

    if (get_header(k, token, KIND_MIC, &h) || (h.flags & FLAG_SEALED))
        return -1;
    if (krb_verify_checksum(key_for(k, h.flags), usage_of(h.flags, KIND_MIC),
                            (struct bytes[]){message, bytes_of(token.data, GSS_TOKEN_HEADER)}, 2,
                            bytes_of(token.data + GSS_TOKEN_HEADER, token.size - GSS_TOKEN_HEADER)))
        return -1;
    *order = gss_window_check(&k->receive, h.sequence);
    return 0;
}

size_t gss_wrap_limit(const struct gss_keys *k, int seal, size_t limit)
{
    const struct krb_key *key = key_for(k, own_flags(k));
    size_t added = GSS_TOKEN_HEADER;

    if (seal)
        added += GSS_TOKEN_HEADER + krb_overhead(key->enctype);
    else
        added += krb_checksum_size(key->enctype);
    return limit > added ? limit - added : 0;
}
