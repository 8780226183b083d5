/* SPDX-License-Identifier: BSD-2-Clause */
/* A ticket lock: fair, because a hostile VTL0 chooses how often each CPU calls. */
#ifndef HYPERVISOR_SPINLOCK_H
#define HYPERVISOR_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
    uint32_t next;
    uint32_t serving;
};

static inline uint32_t spinlock_ticket(struct spinlock *lock)
{
    return __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
}

static inline bool spinlock_is_my_turn(const struct spinlock *lock, uint32_t ticket)
{
    return __atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) == ticket;
}

static inline void spin_lock(struct spinlock *lock)
{
    uint32_t ticket = spinlock_ticket(lock);
    while (!spinlock_is_my_turn(lock, ticket))
        __builtin_ia32_pause();
}

static inline void spin_unlock(struct spinlock *lock)
{
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

#endif
