/* SPDX-License-Identifier: BSD-2-Clause */
/* A system call's way: find its entry, ask whether it may be made, send it where it is answered. */
#include "syscall.h"

#include "audit.h"
#include "linux_abi.h"
#include "local.h"
#include "marshal.h"
#include "secure.h"
#include "string.h"
#include "thread.h"

#define AF_UNSPEC_NUMBER 0u
#define AF_UNIX_NUMBER   1u
#define AF_INET_NUMBER   2u
#define AF_INET6_NUMBER  10u
#define AF_ROUTE_NUMBER  16u /* netlink(7), of which NETLINK_ROUTE is protocol 0 */
/* Asked for at once. */
#define FEW_FRAMES       16u
/* A class that no manifest grants. */
#define NO_CLASS         (1u << 31)

static const struct syscall_entry unknown_call = {.kind = SYSCALL_UNKNOWN};
/* CHOICE without a row for the argument: the same answer always, by errno. */
static const struct syscall_entry no_such_row[] = {
    {.kind = SYSCALL_CONSTANT, .constant = -EINVAL},
    {.kind = SYSCALL_CONSTANT, .constant = -ENOTTY},
};

static const struct syscall_entry *choose(const struct syscall_entry *entry,
                                          const uint64_t given[6])
{
    uint32_t value = (uint32_t)given[entry->choice - 1];
    for (unsigned i = 0; i < entry->row_count; i++)
        if (entry->rows[i].value == value)
            return &entry->rows[i];
    return &no_such_row[entry->constant == -ENOTTY];
}

const struct syscall_entry *syscall_find(uint64_t number, const uint64_t given[6])
{
    if (number - TRUSTLET_SYSCALL_BASE < SECURE_CALLS)
        return &secure_table[number - TRUSTLET_SYSCALL_BASE];
    if (number >= SYSCALL_TABLE_SIZE)
        return &unknown_call;
    const struct syscall_entry *entry = &syscall_table[number];
    return entry->kind == SYSCALL_CHOICE ? choose(entry, given) : entry;
}

/* ---- classes ---- */

/* Reading and writing are granted apart; a file that is made or cut is written. */
static uint32_t open_lacks(uint32_t classes, uint64_t flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    bool reads = (flags & O_ACCMODE) != O_WRONLY;
    uint32_t needed =
        (writes ? TRUSTLET_CLASS_FILE_WRITE : 0u) | (reads ? TRUSTLET_CLASS_FILE_READ : 0u);
    return needed & ~classes;
}

/* inet: what the call needs for an internet address. */
static uint32_t family_needs(const struct syscall_entry *entry, uint32_t family, uint32_t inet)
{
    switch (family) {
    case AF_UNSPEC_NUMBER:
        return entry->classes;
    case AF_UNIX_NUMBER:
        return TRUSTLET_CLASS_UNIX_SOCKET;
    case AF_INET_NUMBER:
    case AF_INET6_NUMBER:
        return inet;
    case AF_ROUTE_NUMBER:
        return TRUSTLET_CLASS_NET_CLIENT;
    default:
        return NO_CLASS;
    }
}

/* The first `bytes` of what argument i points to; zeroes where it is shorter. */
static uint64_t pointed_to(const struct thread *thread, unsigned i, uint64_t bytes)
{
    uint64_t value = 0;
    const struct marshal_slot *slot = &thread->syscall.slot[i];
    copy_volatile(&value, thread->bounce + slot->offset, slot->bytes < bytes ? slot->bytes : bytes);
    return value;
}

static uint32_t address_family(const struct thread *thread)
{
    return (uint32_t)pointed_to(thread, 1, sizeof(uint16_t));
}

uint32_t syscall_lacks(struct thread *thread, const struct syscall_entry *entry)
{
    uint32_t classes = thread->process->manifest->classes | TRUSTLET_CLASS_BASIC;
    const uint32_t inet = TRUSTLET_CLASS_NET_CLIENT | TRUSTLET_CLASS_NET_SERVER;
    const uint64_t *asked = thread->syscall.asked;
    uint32_t needed = entry->classes;
    switch (entry->rule) {
    case RULE_OPEN:
        return open_lacks(classes, asked[entry->rule_argument - 1]);
    case RULE_OPEN_HOW:
        return open_lacks(classes, pointed_to(thread, 2, sizeof(uint64_t)));
    case RULE_SOCKET:
        needed = family_needs(entry, (uint32_t)asked[0], inet);
        if ((uint32_t)asked[0] == AF_ROUTE_NUMBER && asked[2] != 0)
            needed = NO_CLASS;
        break;
    case RULE_CONNECT:
        needed = family_needs(entry, address_family(thread), TRUSTLET_CLASS_NET_CLIENT);
        break;
    case RULE_BIND:
        needed = family_needs(entry, address_family(thread), TRUSTLET_CLASS_NET_SERVER);
        break;
    default:
        break;
    }
    return needed & classes ? 0 : needed;
}

/* ---- ends ---- */

enum syscall_action syscall_return(struct thread *thread, int64_t result)
{
    struct syscall_state *s = &thread->syscall;
    thread->registers.rax = (uint64_t)result;
    s->entry = NULL;
    s->stage = 0;
    s->done = 0;
    s->total = 0;
    return SYSCALL_RETURN;
}

enum syscall_action syscall_return_memory(struct thread *thread, int64_t result)
{
    if (result == ADDRESS_SPACE_AGAIN)
        return SYSCALL_AGAIN;
    if (result == -ENOMEM && !thread->asked_memory && !frame_available()) {
        thread->run_result[0] = FEW_FRAMES;
        return SYSCALL_NEED_MEMORY;
    }
    if (result != -EDQUOT)
        return syscall_return(thread, result);
    syscall_name(thread, -ENOMEM, SK_LACKS_MAX_MEMORY);
    return syscall_return(thread, -ENOMEM);
}

void syscall_name(struct thread *thread, int64_t result, uint64_t lacks)
{
    struct process *process = thread->process;
    uint64_t number = thread->registers.rax;
    uint64_t bit = number < SYSCALL_TABLE_SIZE ? number : SYSCALL_TABLE_SIZE - 1;
    uint64_t *word = &process->unknown_syscalls[bit / 64];
    if (*word & (1ull << bit % 64))
        return;
    *word |= 1ull << bit % 64;
    audit_write(&(struct sk_audit_record){.kind = SK_AUDIT_SYSCALL,
                                          .status = (uint16_t)-result,
                                          .address = number,
                                          .value = lacks == NO_CLASS ? 0 : lacks,
                                          .process = process->handle});
}
static_assert(sizeof(((struct process *)0)->unknown_syscalls) * 8 == SYSCALL_TABLE_SIZE,
              "one bit for each call");

enum syscall_action syscall_refuse(struct thread *thread, int64_t result, uint64_t lacks)
{
    syscall_name(thread, result, lacks);
    return syscall_return(thread, result);
}

static void read_arguments(const struct thread *thread, uint64_t given[6])
{
    const struct user_registers *r = &thread->registers;
    given[0] = r->rdi;
    given[1] = r->rsi;
    given[2] = r->rdx;
    given[3] = r->r10;
    given[4] = r->r8;
    given[5] = r->r9;
}

/* A change of the address space that pauses half way keeps other threads' changes out. */
static enum syscall_action answer_here(struct thread *thread, const uint64_t given[6])
{
    struct process *process = thread->process;
    const struct syscall_entry *entry = thread->syscall.entry;
    if (entry->check != CHECK_ALONE)
        return entry->local(thread, given);
    if (process->changing != NULL && process->changing != thread)
        return SYSCALL_AGAIN;
    enum syscall_action action = entry->local(thread, given);
    bool half_done = action == SYSCALL_AGAIN || action == SYSCALL_NEED_MEMORY;
    process->changing = half_done ? thread : NULL;
    return action;
}

enum syscall_action syscall_dispatch(struct thread *thread)
{
    struct process *process = thread->process;
    uint64_t number = thread->registers.rax, given[6];
    read_arguments(thread, given);
    const struct syscall_entry *entry = syscall_find(number, given);
    bool again = thread->syscall.entry != NULL;
    switch (entry->kind) {
    case SYSCALL_LOCAL:
        process->syscalls_local += !again;
        thread->syscall.entry = entry;
        return answer_here(thread, given);
    case SYSCALL_HOST:
        process->syscalls_marshalled += !again;
        return marshal_request(thread, entry, given);
    case SYSCALL_CONSTANT:
        process->syscalls_local++;
        return syscall_return(thread, entry->constant);
    case SYSCALL_FIELD:
        process->syscalls_local++;
        return syscall_return(thread, *(const uint32_t *)((const char *)process + entry->value));
    case SYSCALL_REFUSED:
        return syscall_refuse(thread, entry->constant, 0);
    default:
        return syscall_refuse(thread, -ENOSYS, 0);
    }
}

enum syscall_action syscall_complete(struct thread *thread)
{
    uint64_t given[6];
    const struct syscall_entry *entry = thread->syscall.entry;
    read_arguments(thread, given);
    if (entry->kind == SYSCALL_LOCAL)
        return answer_here(thread, given);
    return marshal_answer(thread, given);
}
