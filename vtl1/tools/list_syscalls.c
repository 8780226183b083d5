/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints docs/syscalls.md from the Secure Kernel's own table. */
#include "local.h"

#include <stdio.h>
#include <string.h>

/* The table names the handlers; nothing calls them here. */
#define LOCAL_CALL(name)                                                                           \
    enum syscall_action local_##name(struct thread *thread, const uint64_t given[6])               \
    {                                                                                              \
        (void)thread;                                                                              \
        (void)given;                                                                               \
        return 0;                                                                                  \
    }
enum syscall_action { NO_ACTION };
#include "local_calls.h"

static void print_classes(uint32_t classes)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } all[] = {
#define ROW(symbol, bit, name) {1u << (bit), name},
        TRUSTLET_CLASS_LIST(ROW)
#undef ROW
    };
    const char *between = "";
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (classes & all[i].bit) {
            printf("%s%s", between, all[i].name);
            between = " or ";
        }
    }
}

static void print_arguments(const struct syscall_entry *e)
{
    static const char *const names[] = {
        [ARGUMENT_NONE] = "–",
        [ARGUMENT_INT] = "int",
        [ARGUMENT_WORD] = "word",
        [ARGUMENT_PATH] = "path",
        [ARGUMENT_IN] = "in",
        [ARGUMENT_OUT] = "out",
        [ARGUMENT_INOUT] = "in-out",
        [ARGUMENT_LENGTH] = "length",
        [ARGUMENT_VECTOR_IN] = "in vector",
        [ARGUMENT_VECTOR_OUT] = "out vector",
        [ARGUMENT_SIZED_OUT] = "sized out",
        [ARGUMENT_SIZE] = "size",
        [ARGUMENT_BITS] = "bits",
        [ARGUMENT_MESSAGE_IN] = "message in",
        [ARGUMENT_MESSAGE_OUT] = "message out",
        [ARGUMENT_EVENT_IN] = "epoll event",
        [ARGUMENT_MASK] = "signal mask (not shown)",
    };
    for (int i = 0; i < 6 && e->argument[i].kind != ARGUMENT_NONE; i++) {
        const struct argument *a = &e->argument[i];
        printf("%s%s", i ? ", " : "", names[a->kind]);
        if (a->length && a->unit > 1)
            printf("[%u × argument %u]", a->unit, a->length);
        else if (a->length)
            printf("[argument %u]", a->length);
        else if (a->unit && a->kind != ARGUMENT_SIZED_OUT)
            printf("[%u]", a->unit);
        if (a->flags & ARGUMENT_NULLABLE)
            printf("?");
    }
}

static void print_range(int64_t max)
{
    if (max == INT64_MAX)
        printf("0..2⁶³−1");
    else if (max == INT32_MAX)
        printf("0..2³¹−1");
    else
        printf(max ? "0..%lld" : "%lld", (long long)max);
}

static void print_result(const struct syscall_entry *e)
{
    const struct result *r = &e->result;
    switch (r->kind) {
    case RESULT_COUNT:
        printf("0..bytes of argument %u", r->argument);
        break;
    case RESULT_UNITS:
        printf("0..argument %u", r->argument);
        break;
    default:
        print_range(r->max);
    }
}

static void print_check(const struct syscall_entry *e)
{
    static const char *const texts[] = {
        [CHECK_POLL] = "; revents within events, as many as the result says",
        [CHECK_BITS] = "; no bit that was not asked for, as many as the result says",
        [CHECK_DIRENTS] = "; whole records with ended names",
        [CHECK_TIMESPEC] = "; a sound time",
        [CHECK_REAL_SPEC] = "; a sound time, never earlier than before",
        [CHECK_REAL_VAL] = "; a sound time, never earlier than before",
        [CHECK_REAL_SECONDS] = "; never earlier than before",
        [CHECK_FD_PAIR] = "; two different descriptors",
        [CHECK_TRUNCATION] = "; up to 2³¹−1 with MSG_TRUNC",
        [CHECK_ENDED] = "; ended by a NUL",
        [CHECK_WHOLE] = "; a datagram as a whole",
        [CHECK_CLOSED] = "",
        [CHECK_DUP] = "",
        [CHECK_WATCHED] = "; a token stands for the data",
        [CHECK_EVENTS] = "; events that were asked for, each once; others are left out",
    };
    if (e->check != CHECK_NONE)
        printf("%s", texts[e->check]);
}

static void print_row(const struct syscall_entry *e, bool row)
{
    printf("| %u | %s", e->number, e->name);
    if (row)
        printf(" %#x", e->value);
    switch (e->kind) {
    case SYSCALL_LOCAL:
    case SYSCALL_FIELD:
        printf(" | local | | | |\n");
        return;
    case SYSCALL_CONSTANT:
        printf(" | local, always %d | | | |\n", e->constant);
        return;
    case SYSCALL_REFUSED:
        printf(" | refused | | | |\n");
        return;
    case SYSCALL_CHOICE:
        printf(" | by argument %u, else %d | | | |\n", e->choice, e->constant);
        return;
    default:
        break;
    }
    printf(" | marshalled | ");
    print_classes(e->classes);
    printf(" | ");
    print_arguments(e);
    printf(" | ");
    print_result(e);
    print_check(e);
    printf(" |\n");
}

int main(void)
{
    printf(
        "# System calls of a trustlet\n\n"
        "Printed by `make build/syscalls.md` from `vtl1/kernel/syscalls.tbl`; a check keeps\n"
        "them equal. *Local* calls are answered by the Secure Kernel, *marshalled* ones by VTL0:\n"
        "what it may answer besides an error −4095..−1 is in the last column, anything else ends\n"
        "the trustlet with an audit record. *Refused* calls answer EPERM, all others ENOSYS; both\n"
        "are named once in the audit log. A class is granted by the signed manifest.\n"
        "`?`: may be a null pointer. Numbers in brackets are bytes.\n\n"
        "| number | call | answered | classes | arguments | VTL0 may answer |\n"
        "|---|---|---|---|---|---|\n");
    for (unsigned n = 0; n < SYSCALL_TABLE_SIZE; n++) {
        const struct syscall_entry *e = &syscall_table[n];
        if (e->kind == SYSCALL_UNKNOWN)
            continue;
        print_row(e, false);
        for (unsigned k = 0; k < e->row_count; k++)
            print_row(&e->rows[k], true);
    }
    return 0;
}
