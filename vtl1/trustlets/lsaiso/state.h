/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything lsaiso holds. One thread; nothing here is shared with VTL0. */
#ifndef LSAISO_STATE_H
#define LSAISO_STATE_H

#include <libtasn1.h>
#include <openvsm/lsa.h>
#include <sys/types.h>

#include "crypto/gss_token.h"
#include "crypto/ntlm.h"
#include "der.h"

#define LSAISO_SECURITY_VERSION 1u

#define SESSION_SLOTS           4096u
#define CONTEXT_SLOTS           8192u
#define SESSION_EXCHANGES       16u
#define SESSION_NONCES          4u
#define AUDIT_SLOTS             256u
#define REPLAY_SLOTS            1024u
#define LIMIT_SLOTS             256u
#define WRAP_KEY                32

/* How long a question to a KDC or a server may stay open. */
#define EXCHANGE_MS             (5u * 60 * 1000)

struct policy {
    uint32_t allow_rc4;    /* enctype 23, RFC 8429 notwithstanding */
    uint64_t max_lifetime; /* ms a session's keys live at most */
    uint64_t max_idle;     /* ms without use */
};

/* A TGS-REQ on its way: what its reply must fit. */
struct exchange {
    uint64_t id; /* 0: free */
    uint64_t issued;
    struct krb_key tgt_key;
    struct krb_key subkey;
    uint8_t checksum[KRB_CHECKSUM_MAX];
    uint32_t nonce;
    uint32_t authenticated;
    uint64_t key_expires;
    uint8_t server[16]; /* hash of the name that was asked for */
};

struct session {
    uint64_t id;
    uint32_t owner;
    uint32_t locked;
    uint32_t asked;   /* a KDC, with a proof of ours */
    uint32_t proved;  /* and it answered under the same key */
    uint64_t expires; /* ms, VTL1's clock */
    uint64_t idle;
    uint64_t used;
    uint8_t wrap_key[WRAP_KEY]; /* opens this session's blobs, and dies with it */
    struct der_principal client;
    char realm[DER_NAME_MAX];
    struct {
        uint32_t nonce;
        uint64_t issued; /* 0: free */
    } as_nonces[SESSION_NONCES];
    struct exchange exchanges[SESSION_EXCHANGES];
};

enum context_kind {
    CONTEXT_KRB_WAITS_REPLY, /* initiator, AP-REP due */
    CONTEXT_KRB_OWES_REPLY,  /* acceptor, before PackApReply */
    CONTEXT_KRB,
    CONTEXT_NTLM_PENDING,
    CONTEXT_NTLM,
};

struct context {
    uint64_t id;
    uint64_t session;
    enum context_kind kind;
    uint32_t owner;
    uint32_t gss_flags;
    uint64_t expires;
    union {
        struct {
            struct gss_keys keys;
            struct krb_key session_key;
            int64_t ctime;
            uint32_t cusec;
            uint32_t sequence;
        } krb;
        struct {
            uint8_t exported[NTLM_KEY];
            uint32_t key_exchange;
            uint32_t seals; /* negotiated: then every message is, as SSPI does it */
            struct ntlm_direction send, receive;
        } ntlm;
    };
};

struct limit {
    uint64_t refilled;
    uint32_t tokens;
};

struct lsaiso {
    uint8_t boot[16];           /* names this run; random, so no blob outlives it */
    uint8_t user_key[WRAP_KEY]; /* seals local users' verifiers */
    uint32_t manager;           /* uid of lsassd */
    struct policy policy;
    asn1_node definitions;
    struct session *sessions[SESSION_SLOTS];
    struct context *contexts[CONTEXT_SLOTS];
    uint32_t session_count;
    uint32_t context_count;
    uint32_t sweep;
    uint64_t audit_next;
    lsa_audit_record audit[AUDIT_SLOTS];
    char audit_names[AUDIT_SLOTS][64];
    uint8_t replay[REPLAY_SLOTS][16];
    uint32_t replay_next;
    uint8_t limit_key[16];             /* nobody chooses whose slot to share */
    struct limit manager_limit;        /* lsassd's own: others cannot use it up */
    struct limit callers[LIMIT_SLOTS]; /* by uid */
    struct limit users[LIMIT_SLOTS];   /* guesses, by name */
};

/* One call being served. */
struct call {
    struct lsaiso *iso;
    uint32_t uid;
    uint32_t pid;
    uint64_t session; /* for the audit, once known */
    char principal[64];
    char message[512]; /* the sentence for people; empty: a general one for the status */
};

/* Sets the call's sentence, returns the status. */
lsa_status fail(struct call *c, lsa_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Notes for the audit whom the call is about. */
void call_names(struct call *c, const char *principal);

/* -> LSA_OK if policy allows the enctype. */
lsa_status policy_enctype(struct call *c, int32_t enctype);

#endif
