/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole table: sound rows, and random answers that never escape their contracts. */
#include "marshal_machine.h"

/* ---- every call of the table, answered at random ---- */

static int64_t random_result(void)
{
    switch (random() % 6) {
    case 0:
        return 0;
    case 1:
        return -(random() % 5000);
    case 2:
        return random() % 200;
    case 3:
        return random() % (2 * BOUNCE_SIZE);
    case 4:
        return (int64_t)((uint64_t)random() << 33 | (uint64_t)random());
    default:
        return random() % 2 ? INT64_MIN + random() : INT64_MAX - random();
    }
}

static int64_t random_host(void)
{
    for (unsigned i = 0; i < 64; i++)
        bounce[(unsigned)random() % (random() % 2 ? 256 : BOUNCE_SIZE)] = (uint8_t)random();
    return random_result();
}

/* Each pointer gets a piece of user memory between two that must not change. */
#define PIECE 0x20000u
static uint64_t random_argument(unsigned i)
{
    switch (random() % 4) {
    case 0:
        return (uint64_t)(random() % 64);
    case 1:
        return (uint64_t)(random() % PIECE);
    default:
        return USER + (2 * (uint64_t)(i % 3) + 1) * PIECE;
    }
}

static void assert_untouched(const uint8_t *guard)
{
    static uint8_t now[PIECE];
    for (unsigned k = 0; k < 4; k++) {
        get(now, USER + 2 * k * PIECE, PIECE);
        assert_memory_equal(now, guard, PIECE);
    }
}

static void one_random_call(const struct syscall_entry *entry)
{
    uint64_t given[6];
    for (unsigned i = 0; i < 6; i++)
        given[i] = random_argument(i);
    if (entry->number == __NR_ioctl || entry->number == __NR_fcntl)
        given[1] = entry->value;
    if (entry->number == __NR_clock_gettime)
        given[0] = entry->value;
    /* Vectors and message headers made of random bytes point anywhere: not for the guards. */
    bool wild = entry->argument[1].kind >= ARGUMENT_VECTOR_IN &&
                entry->argument[1].kind <= ARGUMENT_VECTOR_OUT;
    wild |= entry->argument[1].kind >= ARGUMENT_MESSAGE_IN;
    if (wild)
        return;
    int64_t result = call(random_host, entry->number, given[0], given[1], given[2], given[3],
                          given[4], given[5]);
    if (process.dead)
        assert_lie();
    else
        assert_result_sound(entry, given, result);
    audits = 0;
}

static void test_random_answers(void **state)
{
    static uint8_t guard[PIECE];
    (void)state;
    srandom(7);
    memset(guard, 0xe7, sizeof(guard));
    for (unsigned k = 0; k < 4; k++)
        put(USER + 2 * k * PIECE, guard, PIECE);
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned n = 0; n < SYSCALL_TABLE_SIZE; n++) {
            const struct syscall_entry *entry = &syscall_table[n];
            if (entry->kind == SYSCALL_HOST)
                one_random_call(entry);
            for (unsigned k = 0; entry->kind == SYSCALL_CHOICE && k < entry->row_count; k++)
                if (entry->rows[k].kind == SYSCALL_HOST)
                    one_random_call(&entry->rows[k]);
        }
        assert_untouched(guard);
    }
}

/* ---- the table itself ---- */

static void check_row(const struct syscall_entry *entry)
{
    assert_non_null(entry->name);
    if (entry->kind == SYSCALL_LOCAL)
        assert_non_null(entry->local);
    if (entry->kind != SYSCALL_HOST)
        return;
    assert_int_not_equal(entry->classes, 0);
    if (entry->result.kind == RESULT_COUNT || entry->result.kind == RESULT_UNITS)
        assert_in_range(entry->result.argument, 1, 6);
    unsigned cut = 0;
    for (unsigned i = 0; i < 6; i++) {
        const struct argument *a = &entry->argument[i];
        /* What marshal.c takes for granted: no gaps, one buffer at most that may be cut. */
        assert_false(i > 0 && a->kind != ARGUMENT_NONE && a[-1].kind == ARGUMENT_NONE);
        cut += (a->flags & ARGUMENT_CLIP) != 0;
        if (a->length != 0)
            assert_true(entry->argument[a->length - 1].kind == ARGUMENT_INT ||
                        entry->argument[a->length - 1].kind == ARGUMENT_LENGTH);
        if (a->kind == ARGUMENT_SIZED_OUT)
            assert_int_equal(entry->argument[i + 1].kind, ARGUMENT_SIZE);
        if (a->kind == ARGUMENT_VECTOR_IN || a->kind == ARGUMENT_VECTOR_OUT)
            assert_int_equal(entry->argument[i + 1].kind, ARGUMENT_LENGTH);
        /* What is fixed in size fits the smallest channel beside its neighbours. */
        if ((a->kind == ARGUMENT_OUT || a->kind == ARGUMENT_IN) && a->length == 0)
            assert_in_range(a->unit, 1, 512);
    }
    assert_true(cut <= 1);
}

static void test_table(void **state)
{
    (void)state;
    for (unsigned n = 0; n < SYSCALL_TABLE_SIZE; n++) {
        const struct syscall_entry *entry = &syscall_table[n];
        if (entry->kind == SYSCALL_UNKNOWN)
            continue;
        assert_int_equal(entry->number, n);
        check_row(entry);
        for (unsigned k = 0; k < entry->row_count; k++) {
            assert_int_equal(entry->rows[k].number, n);
            check_row(&entry->rows[k]);
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_random_answers),
        TEST(test_table),
    };
    return cmocka_run_group_tests(tests, machine, NULL);
}
