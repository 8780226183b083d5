// SPDX-License-Identifier: BSD-2-Clause
/*
 * The CPU's own accesses: VTL0 puts its stack, IDT, GDT and page tables on frames that are not its
 * own. The CPU must say so by an exception, as it would for bad memory, and go on. On one CPU after
 * the other, with a positive control for each part.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "attacker.h"

static const char *const part_names[ATTACK_PARTS] = {
    "stack under a push", "stack under an exception",
    "IDT gate of an INT", "IDT gate of a tick",
    "GDT entry",          "page-directory-pointer table",
    "page directory",     "page table",
};

/* A stack on a good page works and a good gate is used. */
static bool control_works(enum attack_part part)
{
    uint32_t trap = machinery(arena_gpa(1), part, true);

    switch (part) {
    case ATTACK_STACK_EXCEPTION:
        return trap == 6;
    case ATTACK_IDT_GATE:
        return trap == ATTACK_GATE_VECTOR;
    case ATTACK_IDT_INTERRUPT:
        return trap >= 32;
    default:
        return trap == 0;
    }
}

/* #GP, #SS or #PF as the CPU's access may be charged, or the #DF of a fault while delivering. */
static bool is_refusal(uint32_t trap)
{
    return trap == 8 || trap == 12 || trap == 13 || trap == 14;
}

static void refused(const char *whose, uint64_t gpa, enum attack_part part)
{
    struct sk_audit_record record = {0};
    uint32_t trap = 0;

    audit_mark();
    trap = machinery(gpa, part, false);
    ok(is_refusal(trap), "%s on a frame that is %s: exception %u", part_names[part], whose, trap);
    ok(audit_find(SK_AUDIT_MEMORY, ~0ull, &record) &&
           record.address / OPENVSM_PAGE_SIZE == gpa / OPENVSM_PAGE_SIZE,
       "... and recorded with its address");
}

static bool time_goes_on(void)
{
    struct timespec before = {0}, after = {0}, nap = {.tv_nsec = 50000000};

    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&nap, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    return after.tv_sec - before.tv_sec < 5;
}

static void on_this_cpu(const struct frames *frames)
{
    for (unsigned int part = 0; part < ATTACK_PARTS; part++) {
        ok(control_works(part), "control: %s on a page of VTL0's works", part_names[part]);
        if (!under_openvsm())
            continue;
        refused("VTL1's", find_frame(frames, FRAME_CLOSED, 5), part);
        refused("the hypervisor's", HYPERVISOR_BASE, part);
    }
    ok(time_goes_on(), "the CPU's clock still ticks");
    if (!under_openvsm())
        return;
    /* The CPU writes accessed bits into tables: a page that VTL0 may only read will not do. */
    refused("shown read-only", find_frame(frames, FRAME_READ_ONLY, 0), ATTACK_TABLE_1);
    refused("shown read-only", find_frame(frames, FRAME_READ_ONLY, 0), ATTACK_STACK_PUSH);
}

int main(void)
{
    struct frames frames = {0};

    attacker_start();
    frames = survey();
    for (unsigned int cpu = 0; cpu < cpu_count(); cpu++) {
        if (!run_on(cpu))
            bail("cannot run on CPU %u", cpu);
        note("CPU %u", cpu);
        on_this_cpu(&frames);
    }
    return done_testing();
}
