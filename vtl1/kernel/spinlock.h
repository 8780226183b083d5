/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks between CPUs in VTL1. Kernel code runs with interrupts off and is never switched away from
 * with a lock held: no lock is held across a return to VTL0.
 *
 * Order: process table, process, image table, frames, audit.
 */
#ifndef SK_SPINLOCK_H
#define SK_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
    uint8_t taken;
};

static inline bool spin_try(struct spinlock *lock)
{
    return !__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *lock)
{
    while (!spin_try(lock))
        while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED))
            __builtin_ia32_pause();
}

static inline void spin_unlock(struct spinlock *lock)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

static inline void spin_leave(struct spinlock **lock)
{
    spin_unlock(*lock);
}

/* Holds the lock to the end of the block, however it is left. */
#define WITH_LOCK(lock)                                                                            \
    __attribute__((cleanup(spin_leave))) struct spinlock *with_lock = (lock);                      \
    spin_lock(with_lock)

#endif
