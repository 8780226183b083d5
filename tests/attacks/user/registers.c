// SPDX-License-Identifier: BSD-2-Clause
/*
 * The world switch, seen from VTL0: a trustlet that keeps patterns in all its registers is carried
 * by raw calls; after each return and each preemption VTL0 looks at everything it can read, with
 * vector registers of its own loaded before, with AVX and SSE switched off before, with interrupts
 * off. Nothing of the patterns may be there, and what is VTL0's must be as it was.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "host.h"
#include "../trustlets/pattern.h"

#define TRUSTLET      "/usr/lib/openvsm/trustlets/attack-pattern"
/* XSAVE's standard form (APM Vol.2 11.5.4, Vol.1): header at 512, YMM high halves at 576. */
#define XSAVE_CONTROL 0
#define XSAVE_MXCSR   24
#define XSAVE_X87     32
#define XSAVE_XMM     160
#define XSAVE_HEADER  512
#define XSAVE_YMM     576
#define XSAVE_USED    832

struct seen {
    uint64_t returns;     /* THREAD_RUN came back, whatever for */
    uint64_t preemptions; /* ... because of an interrupt */
    uint64_t syscalls;
    uint64_t leaks;  /* quadwords of a pattern in a record */
    uint64_t broken; /* VTL0's own registers that came back otherwise */
    uint64_t exit_status;
    bool ended;
};

static struct attack_record record;
static struct attack_record baseline;
static uint8_t vectors[ATTACK_XSAVE_BYTES] __attribute__((aligned(64)));
static int stream = -1;

/* VTL0's own vector state: every byte of it known. */
static void make_vectors(uint64_t seed)
{
    uint16_t control = 0x037f;
    uint32_t mxcsr = 0x1f80;
    uint64_t components = 7;

    memset(vectors, 0, sizeof(vectors));
    for (unsigned int i = 0; i < 256 / 8; i++) {
        uint64_t low = random_next(&seed), high = random_next(&seed);

        memcpy(vectors + XSAVE_XMM + 8 * i, &low, 8);
        memcpy(vectors + XSAVE_YMM + 8 * i, &high, 8);
    }
    memcpy(vectors + XSAVE_CONTROL, &control, sizeof(control));
    memcpy(vectors + XSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
    memcpy(vectors + XSAVE_HEADER, &components, sizeof(components));
}

/* At any byte offset, since x87 registers lie on ten bytes. */
static uint64_t patterns_in(const struct attack_record *seen)
{
    const uint8_t *bytes = (const uint8_t *)seen;
    uint64_t count = 0;

    for (size_t i = 0; i + 8 <= sizeof(*seen); i++) {
        uint64_t word = 0;

        memcpy(&word, bytes + i, 8);
        if ((word & PATTERN_MASK) != PATTERN)
            continue;
        if (count++ == 0)
            note("pattern %#llx at byte %zu of the record", (unsigned long long)word, i);
    }
    return count;
}

static uint64_t count_broken(const char *what, bool broken)
{
    if (broken)
        note("%s changed", what);
    return broken;
}

/* skcall.h promises RBX, RBP, R11 to R15 and all vector state. */
static uint64_t broken_registers(const struct attack_call *request, const uint64_t *before,
                                 bool vectors_loaded)
{
    static const struct {
        enum attack_register number;
        const char *name;
    } kept[] = {{ATTACK_RBX, "rbx"}, {ATTACK_RBP, "rbp"}, {ATTACK_R11, "r11"}, {ATTACK_R12, "r12"},
                {ATTACK_R13, "r13"}, {ATTACK_R14, "r14"}, {ATTACK_R15, "r15"}};
    static const char *const specials[ATTACK_SPECIALS] = {
        "cr2",   "cr8",          "dr0",          "dr1",      "dr2",     "dr3",
        "dr6",   "dr7",          "xcr0",         "tsc_aux",  "fs base", "kernel gs base",
        "lstar", "sysenter eip", "sysenter esp", "debugctl", "pat"};
    uint64_t broken = 0;

    for (unsigned int i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        broken += count_broken(kept[i].name,
                               request->registers[kept[i].number] != before[kept[i].number]);
    for (unsigned int i = 0; i < ATTACK_SPECIALS; i++) {
        /* TSC_AUX is per CPU, the bases are this thread's; XCR0 is what the attack made it; Linux
         * itself takes page faults between two records. */
        bool expected = i == ATTACK_CR2 || i == ATTACK_TSC_AUX || i == ATTACK_KERNEL_GS_BASE ||
                        (i == ATTACK_XCR0 && (request->flags & ATTACK_CALL_XCR0));

        broken += count_broken(specials[i], !expected && record.special[i] != baseline.special[i]);
    }
    if (!vectors_loaded)
        return broken;
    broken += count_broken("xmm", memcmp(record.xsave + XSAVE_XMM, vectors + XSAVE_XMM, 256));
    broken += count_broken("ymm", memcmp(record.xsave + XSAVE_YMM, vectors + XSAVE_YMM, 256));
    broken += count_broken("mxcsr", memcmp(record.xsave + XSAVE_MXCSR, vectors + XSAVE_MXCSR, 4));
    broken += count_broken("x87 control", memcmp(record.xsave, vectors, 2));
    broken += count_broken("x87", memcmp(record.xsave + XSAVE_X87, vectors + XSAVE_X87, 128));
    return broken;
}

/* One THREAD_RUN with everything recorded and looked at. */
static struct host_return run_once(struct host *host, const struct attack_call *options,
                                   struct seen *seen)
{
    struct attack_call request = *options;
    uint64_t before[ATTACK_REGISTERS] = {0}, seed = 0x1234567 + seen->returns;
    struct host_return back = {0};

    make_vectors(seed);
    for (unsigned int i = 0; i < ATTACK_REGISTERS; i++)
        request.registers[i] = before[i] = random_next(&seed);
    request.vectors = (uint64_t)vectors;
    request.record = (uint64_t)&record;
    back = host_run_raw(host, &request);
    if (stream >= 0 && write(stream, &record, sizeof(record)) != sizeof(record))
        bail("the stream is full");
    seen->returns++;
    seen->leaks += patterns_in(&record);
    seen->broken += broken_registers(&request, before, true);
    return back;
}

static void carry(struct host *host, const struct attack_call *options, struct seen *seen)
{
    while (!seen->ended) {
        struct host_return back = run_once(host, options, seen);

        if (back.status == SK_NO_MEMORY || (back.status == SK_OK && back.reason == SK_RUN_MEMORY))
            back = host_run(host);
        if (back.status == SK_AGAIN || (back.status == SK_OK && back.reason == SK_RUN_PREEMPTED)) {
            seen->preemptions++;
        } else if (back.status == SK_OK && back.reason == SK_RUN_SYSCALL) {
            seen->syscalls++;
            host_answer(host, host_syscall(host));
        } else if (back.status == SK_OK && back.reason == SK_RUN_EXIT) {
            seen->ended = true;
            seen->exit_status = back.result[0] | back.result[1] << 8;
        } else if (back.status != SK_BUSY && back.reason != SK_RUN_WAKE) {
            note("THREAD_RUN: status %llu reason %llu", (unsigned long long)back.status,
                 (unsigned long long)back.reason);
            return;
        }
    }
}

static void one_way(const char *what, const char *mode, const char *rounds,
                    const struct attack_call *options)
{
    const char *const words[] = {"pattern", mode, rounds, NULL};
    struct seen seen = {0};
    struct host host = {0};
    uint32_t status = 0;

    if (!ok(host_start(&host, TRUSTLET, words, &status), "%s, %s: it starts (status %u)", what,
            mode, status))
        return;
    carry(&host, options, &seen);
    host_stop(&host);
    note("%s, %s: %llu returns, %llu preemptions, %llu system calls", what, mode,
         (unsigned long long)seen.returns, (unsigned long long)seen.preemptions,
         (unsigned long long)seen.syscalls);
    ok(seen.leaks == 0, "%s, %s: no register of the trustlet's is seen in VTL0", what, mode);
    ok(seen.broken == 0, "%s, %s: VTL0's own registers come back as they were", what, mode);
    ok(seen.ended && seen.exit_status == 0,
       "%s, %s: the trustlet's registers are as it left them (exit %#llx)", what, mode,
       (unsigned long long)seen.exit_status);
    ok(strcmp(mode, "spin") ? seen.syscalls >= 200 : seen.preemptions >= 5,
       "%s, %s: there were enough returns to look at", what, mode);
}

/* Does the search see a pattern at all? VTL0's own code loads it and is recorded. */
static void control(void)
{
    struct attack_call request = {.vectors = (uint64_t)vectors, .record = (uint64_t)&record};
    uint64_t pattern = PATTERN + PATTERN_YMM;

    make_vectors(1);
    memcpy(vectors + XSAVE_YMM + 40, &pattern, 8);
    request.registers[ATTACK_RCX] = HV_CALL_OPENVSM_NULL;
    request.registers[ATTACK_R13] = pattern;
    call(&request);
    ok(patterns_in(&record) == 2, "control: a pattern in R13 and in an upper YMM half is seen");
    baseline = record;
}

int main(void)
{
    struct attack_call plain = {0};
    struct attack_call no_avx = {.flags = ATTACK_CALL_XCR0, .xcr0 = 3};
    struct attack_call no_sse = {.flags = ATTACK_CALL_XCR0, .xcr0 = 1};
    struct attack_call masked = {.flags = ATTACK_CALL_IRQS_OFF};

    attacker_start();
    run_on(0);
    control();
    if (!under_openvsm())
        return done_testing();
    for (unsigned int cpu = 0; cpu < cpu_count(); cpu++) {
        run_on(cpu);
        note("CPU %u", cpu);
        control();
        one_way("plain", "call", "200", &plain);
        one_way("plain", "spin", "30000000", &plain);
        one_way("AVX off", "call", "200", &no_avx);
        one_way("AVX off", "spin", "30000000", &no_avx);
        one_way("SSE and AVX off", "call", "200", &no_sse);
        one_way("interrupts off", "call", "200", &masked);
    }
    return done_testing();
}
