/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lsassd keeps of a logon: names, tickets (the KDC's ciphertext) and keys that lsaiso sealed.
 * In memory only. A session is locked by its mutex while an exchange for it runs.
 */
#ifndef LSASS_STORE_H
#define LSASS_STORE_H

#include <pthread.h>

#include "connection.h"
#include <openvsm/lsa/der.h>

#define STORE_TICKETS 64
#define STORE_KEYS    8

struct sealed {
    int32_t enctype;
    lsa_blob blob; /* val is our own memory; NULL: none */
};

struct ticket {
    struct der_principal server;
    char realm[DER_NAME_MAX]; /* the realm whose KDC gave it, or for a TGT the one it is for */
    uint8_t *der;             /* NULL: free slot */
    size_t size;
    int32_t ticket_enctype;
    struct sealed key;
    uint32_t flags;
    int64_t starttime, endtime, renew_till; /* by the KDC's clock */
};

struct entry {
    uint64_t id;      /* small, for people */
    uint64_t session; /* lsaiso's handle */
    uint32_t uid;
    lsa_session_state state;
    bool by_keytab; /* a service: its keys also open clients' tickets */
    char name[2 * DER_NAME_MAX];
    char realm[DER_NAME_MAX];
    char ntlm_domain[64];
    struct der_principal client;
    int32_t skew;                   /* KDC's clock less ours, seconds */
    uint32_t lifetime, renewable;   /* as asked for at logon */
    struct sealed keys[STORE_KEYS]; /* the client's own, to log on anew before the TGT ends */
    struct sealed nt;
    struct ticket tickets[STORE_TICKETS];
    pthread_mutex_t lock;
    int references; /* under the store's lock */
    struct entry *next;
};

struct store {
    pthread_mutex_t lock;
    struct entry *first; /* newest first */
    uint64_t last_id;
};

/* Adds a finished entry; the store owns it from here. The caller still has it, locked, and puts it
 * back as if it had got it. */
void store_add(struct store *s, struct entry *e);
/* The entry of this id, or with id 0 the uid's newest one that is active; locked. NULL: none.
 * An entry is shown only to its own uid, and to root. */
struct entry *store_get(struct store *s, uint64_t id, uint32_t uid);
void store_put(struct store *s, struct entry *e);
/* Takes it out of the store; the caller still has it and puts it back. */
void store_remove(struct store *s, struct entry *e);
size_t store_count(struct store *s);
size_t store_count_of(struct store *s, uint32_t uid);
/* Ids that uid may see, newest first; -> how many. */
size_t store_ids(struct store *s, uint32_t uid, uint64_t *ids, size_t room);

struct entry *entry_new(void);
void entry_free(struct entry *e);
/* Forgets keys and tickets, keeps the name. */
void entry_clear(struct entry *e);
/* Copies the blob. */
int sealed_set(struct sealed *to, int32_t enctype, const lsa_blob *blob);
void sealed_clear(struct sealed *s);
/* A ticket for this server that is still good for a minute by the KDC's clock, or NULL. */
struct ticket *entry_ticket(struct entry *e, const struct der_principal *server, const char *realm);
/* A slot for a new ticket: the same server's, a free one, or the one that ends first. */
struct ticket *entry_slot(struct entry *e, const struct der_principal *server, const char *realm);
void ticket_clear(struct ticket *t);
int64_t entry_now(const struct entry *e);

#endif
