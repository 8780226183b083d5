/* SPDX-License-Identifier: BSD-2-Clause */
#include "marshal_machine.h"
#include "fpu.h"
#include "signals.h"

#include <signal.h>

struct process process;
struct thread thread;
struct trustlet_manifest manifest;
struct sk_channel channel;
uint8_t bounce[BOUNCE_SIZE];
unsigned audits, requests;
struct sk_audit_record audited;
uint64_t clock_ns;

/* ---- what the engine needs of the rest of the kernel ---- */

void audit_write(const struct sk_audit_record *event)
{
    audits++;
    audited = *event;
}

void process_die(struct process *p, enum sk_death death, int status, int signal, uint64_t address)
{
    p->dead = true;
    p->death = death;
    p->death_status = (uint8_t)status;
    p->death_signal = (uint8_t)signal;
    p->death_address = address;
}

uint64_t time_monotonic_ns(void)
{
    return clock_ns;
}

/* secure.c has no business with VTL0 and stays out of this. */
const struct syscall_entry secure_table[SECURE_CALLS];

/* There is one thread. */
enum sk_status thread_create(struct process *p, struct thread **made)
{
    (void)p;
    (void)made;
    return SK_LIMIT;
}

void thread_free(struct thread *made)
{
    (void)made;
}

struct thread *thread_find(const struct process *p, uint64_t index)
{
    return index == 0 ? p->threads[0] : NULL;
}

void fpu_copy_to(struct thread *to)
{
    (void)to;
}

void fpu_init_thread(struct thread *to)
{
    (void)to;
}

/* No vector state. */
void *fpu_show(struct thread *of, uint64_t *size)
{
    *size = 0;
    return of;
}

bool fpu_take(struct thread *of)
{
    return of != NULL;
}

/* ---- the machine ---- */

int setup(void **state)
{
    (void)state;
    audits = 0;
    clock_ns = 1000;
    memset(&channel, 0, sizeof(channel));
    memset(bounce, 0, sizeof(bounce));
    memset(&manifest, 0, sizeof(manifest));
    strcpy(manifest.name, "test");
    manifest.classes = TRUSTLET_CLASS_ALL;
    memset(&process, 0, sizeof(process));
    process.manifest = &manifest;
    process.host_pid = 42;
    memset(&thread, 0, sizeof(thread));
    thread.process = &process;
    thread.channel = &channel;
    thread.bounce = bounce;
    thread.bounce_size = sizeof(bounce);
    thread.bounce_user = HOST_BASE;
    assert_int_equal(address_space_create(&process.space, 1500), 0);
    return address_space_map(&process.space, USER, USER_SIZE, ACCESS_READ | ACCESS_WRITE);
}

int teardown(void **state)
{
    (void)state;
    epoll_free(&process);
    while (address_space_destroy(&process.space) == ADDRESS_SPACE_AGAIN)
        ;
    return 0;
}

void put(uint64_t at, const void *bytes, uint64_t size)
{
    assert_int_equal(user_copy_out(&process.space, at, bytes, size), 0);
}

void get(void *to, uint64_t at, uint64_t size)
{
    assert_int_equal(user_copy_in(&process.space, to, at, size), 0);
}

/* VTL0: the address of what an argument points to, inside the bounce buffer. */
void *host_pointer(uint64_t argument)
{
    assert_true(argument >= HOST_BASE && argument < HOST_BASE + BOUNCE_SIZE);
    return bounce + (argument - HOST_BASE);
}

/* Makes the call with VTL0 played by `answer`. -> RAX; process.dead tells of a lie. */
int64_t call(host answer, uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
             uint64_t e, uint64_t f)
{
    struct user_registers *r = &thread.registers;
    r->rax = number, r->rdi = a, r->rsi = b, r->rdx = c, r->r10 = d, r->r8 = e, r->r9 = f;
    requests = 0;
    enum syscall_action action = syscall_dispatch(&thread);
    while (action == SYSCALL_MARSHAL) {
        assert_int_equal(thread.syscall.sequence, channel.sequence);
        assert_int_equal(syscall_complete(&thread), SYSCALL_MARSHAL); /* nothing answered yet */
        requests++;
        channel.result = answer();
        channel.answered = channel.sequence;
        action = syscall_complete(&thread);
    }
    if (signal_waiting(&thread))
        action = signal_deliver(&thread);
    assert_int_equal(action, process.dead ? SYSCALL_EXIT : SYSCALL_RETURN);
    return (int64_t)r->rax;
}

static void revive(void)
{
    process.dead = false;
    process.death = SK_DEATH_EXIT;
    process.death_signal = 0;
    audits = 0;
    thread.syscall = (struct syscall_state){.sequence = thread.syscall.sequence};
}

void assert_lie(void)
{
    assert_true(process.dead);
    assert_int_equal(process.death, SK_DEATH_LYING_ANSWER);
    assert_int_equal(audits, 1);
    revive();
}

bool broke_pipe(void)
{
    bool broke = process.dead && process.death != SK_DEATH_LYING_ANSWER &&
                 process.death_signal == SIGPIPE && channel.result == -EPIPE;
    if (broke)
        revive();
    return broke;
}

int machine(void **state)
{
    (void)state;
    fake_machine();
    return 0;
}

void assert_result_sound(const struct syscall_entry *entry, const uint64_t given[6], int64_t result)
{
    assert_true(result >= -4095);
    if (result < 0)
        return;
    switch (entry->result.kind) {
    case RESULT_COUNT:
        if (entry->argument[2].kind == ARGUMENT_LENGTH && entry->check != CHECK_TRUNCATION &&
            entry->argument[1].kind != ARGUMENT_VECTOR_IN &&
            entry->argument[1].kind != ARGUMENT_VECTOR_OUT)
            assert_true((uint64_t)result <= given[2]);
        break;
    case RESULT_RANGE:
        assert_true(result <= entry->result.max);
        break;
    default:
        break;
    }
}
