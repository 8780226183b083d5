/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ChaCha20 generator with fast key erasure: each refill's first 32 bytes become the next key, and
 * what is handed out is wiped, so that memory read later tells nothing of what was given before.
 * Fresh hardware words are mixed into every key.
 */
#include "random.h"

#include "console.h"
#include "crypto.h"
#include "fpu.h"
#include "spinlock.h"
#include "string.h"
#include "x86.h"

#include <cpuid.h>

#define POOL_BYTES 1024u
#define RETRIES    64

static struct generator {
    struct spinlock lock;
    bool has_source, has_seed_source;
    uint8_t key[crypto_stream_chacha20_KEYBYTES];
    uint8_t pool[POOL_BYTES];
    uint32_t left; /* unused bytes, at the pool's end */
} generator;

#define HARDWARE_WORD(instruction)                                                                 \
    static bool instruction(uint64_t *word)                                                        \
    {                                                                                              \
        bool ok = false;                                                                           \
        for (int i = 0; i < RETRIES && !ok; i++)                                                   \
            __asm__ volatile(#instruction " %0" : "=r"(*word), "=@ccc"(ok));                       \
        return ok;                                                                                 \
    }
HARDWARE_WORD(rdrand)
HARDWARE_WORD(rdseed)

/* Mixes hardware words into the key. RDSEED may run dry under load; RDRAND is its generator. */
static bool stir(struct generator *g)
{
    for (size_t i = 0; i < sizeof(g->key); i += sizeof(uint64_t)) {
        uint64_t word = 0;
        if (!(g->has_seed_source && rdseed(&word)) && !rdrand(&word))
            return false;
        for (size_t k = 0; k < sizeof(word); k++)
            g->key[i + k] ^= (uint8_t)(word >> (8 * k));
    }
    return true;
}

static bool refill(struct generator *g)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES]; /* no key is used twice */
    if (!stir(g))
        return false;
    fpu_begin();
    crypto_stream_chacha20(g->pool, sizeof(g->pool), nonce, g->key);
    fpu_end();
    memcpy(g->key, g->pool, sizeof(g->key));
    wipe(g->pool, sizeof(g->key));
    g->left = POOL_BYTES - sizeof(g->key);
    return true;
}

void random_init(void)
{
    struct generator *g = &generator;
    g->has_seed_source = cpuid(7, 0).ebx & bit_RDSEED;
    g->has_source = (cpuid(1, 0).ecx & bit_RDRND) && refill(g);
    if (!g->has_source)
        console_write("secure kernel: this CPU has no RDRAND; no trustlet can be started\n");
}

static bool draw(struct generator *g, uint8_t *to, uint64_t size)
{
    while (size > 0) {
        if (g->left == 0 && !refill(g))
            return false;
        uint64_t part = size < g->left ? size : g->left;
        uint8_t *from = g->pool + (POOL_BYTES - g->left);
        memcpy(to, from, part);
        wipe(from, part);
        g->left -= (uint32_t)part;
        to += part;
        size -= part;
    }
    return true;
}

bool random_bytes(void *to, uint64_t size)
{
    struct generator *g = &generator;
    spin_lock(&g->lock);
    bool ok = g->has_source && draw(g, to, size);
    spin_unlock(&g->lock);
    if (!ok)
        memset(to, 0, size);
    return ok;
}
