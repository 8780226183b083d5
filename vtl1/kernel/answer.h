/* SPDX-License-Identifier: BSD-2-Clause */
/* Is VTL0's answer one that the call can have? Pure functions of what was asked and answered. */
#ifndef SK_ANSWER_H
#define SK_ANSWER_H

#include "syscall.h"
#include "syscall_state.h"

#define MSG_TRUNC_FLAG 0x20u

/* The number of units that an argument counts; a 32-bit argument is taken as such. */
int64_t answer_count(const struct syscall_entry *entry, uint8_t argument, const uint64_t given[6]);

/* The number, before anything is copied. `given`: the trustlet's own arguments. */
bool answer_in_contract(const struct syscall_entry *entry, const struct syscall_state *state,
                        const uint64_t given[6], int64_t result);

/* revents that poll(2) can report for these events. */
bool answer_revents_sound(int32_t fd, uint16_t events, uint16_t revents);

/*
 * The size of the struct linux_dirent64 at the start of these bytes, or 0 if it is none: a whole
 * record of at most DIRENT_MAX bytes with a name that ends in its last eight. `old`: it becomes a
 * struct linux_dirent (getdents(2)), which is as long and has its type last.
 */
#define DIRENT_MAX 280u
uint32_t answer_dirent(uint8_t *bytes, uint64_t size, bool old);

struct linux_time {
    int64_t seconds;
    int64_t fraction; /* ns or µs */
};
#define TIME_SECONDS_MAX (1ll << 33) /* the year 2242 */
/* No negative time, the fraction below `second`. */
bool time_is_sound(const struct linux_time *time, int64_t second);
/* The same, and none beyond TIME_SECONDS_MAX. */
bool answer_time_sound(const struct linux_time *time, int64_t second);

#endif
