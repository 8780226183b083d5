/* SPDX-License-Identifier: BSD-2-Clause */
#include "answer.h"

#include "linux_abi.h"
#include "string.h"

int64_t answer_count(const struct syscall_entry *entry, uint8_t argument, const uint64_t given[6])
{
    uint64_t value = given[argument - 1];
    if (entry->argument[argument - 1].kind == ARGUMENT_INT || entry->check == CHECK_EVENTS)
        return (int32_t)value;
    return value <= INT64_MAX ? (int64_t)value : INT64_MAX;
}

/* The bytes that VTL0 was asked to move, or the size that a plain argument names. */
static int64_t asked_bytes(const struct syscall_entry *entry, const struct syscall_state *state,
                           const uint64_t given[6])
{
    uint8_t n = entry->result.argument;
    if (entry->argument[n - 1].kind == ARGUMENT_WORD)
        return answer_count(entry, n, given);
    return state->slot[n - 1].bytes;
}

static int64_t units_limit(const struct syscall_entry *entry, const struct syscall_state *state)
{
    int64_t count = (int64_t)state->asked[entry->result.argument - 1];
    return count == 0 ? entry->result.max : count;
}

bool answer_in_contract(const struct syscall_entry *entry, const struct syscall_state *state,
                        const uint64_t given[6], int64_t result)
{
    if (result < 0)
        return result >= -LINUX_MAX_ERRNO;
    if (entry->check == CHECK_TRUNCATION &&
        (state->asked[entry->rule_argument - 1] & MSG_TRUNC_FLAG))
        return result <= INT32_MAX;
    switch (entry->result.kind) {
    case RESULT_COUNT:
        return result <= asked_bytes(entry, state, given);
    case RESULT_UNITS:
        return result <= units_limit(entry, state);
    default:
        return result <= entry->result.max;
    }
}

/* poll(2): what was asked for, and three conditions that need no asking; none for a negative fd. */
bool answer_revents_sound(int32_t fd, uint16_t events, uint16_t revents)
{
    if (fd < 0)
        return revents == 0;
    return (revents & ~(events | POLLERR | POLLHUP | POLLNVAL)) == 0;
}

/*
 * getdents64(2): d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name; padded to 8, so that the name's
 * NUL stands in the last eight bytes, of which the shortest record's name has five.
 */
uint32_t answer_dirent(uint8_t *bytes, uint64_t size, bool old)
{
    enum { RECLEN = 16, TYPE = 18, NAME = 19, SMALLEST = 24 };
    const uint64_t ones = 0x0101010101010101ull;
    uint64_t last = 0;
    if (size < SMALLEST)
        return 0;
    uint32_t length = bytes[RECLEN] | (uint32_t)bytes[RECLEN + 1] << 8;
    if (length < SMALLEST || length > DIRENT_MAX || length > size || length % 8 != 0)
        return 0;
    __builtin_memcpy(&last, bytes + length - sizeof(last), sizeof(last));
    if (length == SMALLEST)
        last |= 0xffffff;
    bool ended = ((last - ones) & ~last & ones << 7) != 0;
    if (!ended || bytes[NAME] == 0)
        return 0;
    if (old) {
        uint8_t type = bytes[TYPE];
        memmove(bytes + TYPE, bytes + NAME, length - NAME);
        bytes[length - 1] = type;
    }
    return length;
}

bool time_is_sound(const struct linux_time *time, int64_t second)
{
    return time->seconds >= 0 && time->fraction >= 0 && time->fraction < second;
}

bool answer_time_sound(const struct linux_time *time, int64_t second)
{
    return time_is_sound(time, second) && time->seconds <= TIME_SECONDS_MAX;
}
