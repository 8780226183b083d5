// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz [OPERATIONS [SEED]]: that many random operations, spread over all CPUs at once, and then the
 * invariants: every page has one owner and the counts add up; what VTL1 and the hypervisor own is
 * closed to VTL0, frame by frame; a trustlet that was there before is unharmed; nobody is left
 * over. The seed is printed; the same seed on one CPU gives the same operations. A long run draws a
 * new one each time.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "fuzz.h"

#define SHORT_RUN  200000u
#define SHORT_SEED 1795175384u
#define LONG_RUN   10000000u

typedef void operation(struct fuzzer *fuzzer);
/* How often each is drawn, of 32. The calls are cheap and have the most forms; to start and end a
 * trustlet costs as much as forty of them. */
#define DRAWS 32u
static const struct {
    operation *operation;
    uint32_t draws;
} mix[] = {{fuzz_hypercall, 12}, {fuzz_skcall, 12}, {fuzz_touch, 2},  {fuzz_exchange, 2},
           {fuzz_privileged, 2}, {fuzz_ioctl, 1},   {fuzz_reclaim, 1}};

static operation *draw(struct fuzzer *fuzzer)
{
    uint64_t drawn = fuzz_below(fuzzer, DRAWS);
    unsigned int i = 0;

    for (; drawn >= mix[i].draws; i++)
        drawn -= mix[i].draws;
    return mix[i].operation;
}

static void *fuzz_cpu(void *argument)
{
    struct fuzzer *fuzzer = argument;

    if (!run_on(fuzzer->index))
        bail("cannot run on CPU %u", fuzzer->index);
    attacker_thread();
    while (fuzzer->operations) {
        draw(fuzzer)(fuzzer);
        if (fuzz_below(fuzzer, 1024) == 0)
            fuzz_image(fuzzer);
        fuzzer->operations--;
    }
    fuzz_drop(fuzzer);
    return NULL;
}

/* A private copy, so that a flipped bit is nobody else's. */
static void *load_image(uint64_t *size)
{
    int file = open(FUZZ_CALLER, O_RDONLY | O_CLOEXEC);
    struct stat status = {0};
    void *at = NULL;

    if (file < 0 || fstat(file, &status))
        bail("%s: %s", FUZZ_CALLER, strerror(errno));
    *size = (uint64_t)status.st_size;
    at = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (at == MAP_FAILED)
        bail("%s: %s", FUZZ_CALLER, strerror(errno));
    close(file);
    return at;
}

static void run_threads(struct fuzzer *fuzzers, uint32_t count)
{
    pthread_t threads[FUZZ_CPUS_MAX];

    for (uint32_t i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, fuzz_cpu, &fuzzers[i]))
            bail("no thread for CPU %u", i);
    for (uint32_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static struct fuzz_faults total(const struct fuzzer *fuzzers, uint32_t count, uint64_t *instances)
{
    struct fuzz_faults sum = {0};

    for (uint32_t i = 0; i < count; i++) {
        sum.leaked += fuzzers[i].faults.leaked;
        sum.accepted += fuzzers[i].faults.accepted;
        sum.unscrubbed += fuzzers[i].faults.unscrubbed;
        sum.believed += fuzzers[i].faults.believed;
        *instances += fuzzers[i].instances;
    }
    return sum;
}

/* Frame by frame: what the hypervisor calls closed is closed, and the counts are one machine's. */
static void ownership(void)
{
    static uint8_t bytes[ATTACK_READ_MAX * OPENVSM_PAGE_SIZE], traps[ATTACK_READ_MAX];
    struct frames frames = survey();
    struct hv_statistics page = {0};
    uint64_t differ = 0, closed = 0;

    for (uint64_t i = 0; i < frames.count; i += ATTACK_READ_MAX) {
        uint64_t now = frames.count - i < ATTACK_READ_MAX ? frames.count - i : ATTACK_READ_MAX;

        closed += read_pages(i * OPENVSM_PAGE_SIZE, now, ATTACK_VIA_FRESH, bytes, traps);
        for (uint64_t j = 0; j < now; j++)
            differ += (traps[j] != 0) != (frames.kind[i + j] == FRAME_CLOSED ||
                                          frames.kind[i + j] == FRAME_HYPERVISOR);
    }
    statistics(0, &page);
    ok(differ == 0, "no frame of VTL1's or the hypervisor's is reachable");
    ok(page.vtl0_pages + page.vtl1_pages + page.hypervisor_pages == page.ram_pages,
       "every page of RAM has one owner (%llu + %llu + %llu of %llu)",
       (unsigned long long)page.vtl0_pages, (unsigned long long)page.vtl1_pages,
       (unsigned long long)page.hypervisor_pages, (unsigned long long)page.ram_pages);
    ok(closed + count_frames(&frames, FRAME_READ_ONLY) == page.vtl1_pages + page.hypervisor_pages,
       "the closed frames are VTL1's and the hypervisor's, no more and no less");
    free(frames.kind);
}

/* The bystander was stopped in the middle of its life; it goes on to a good end. */
static void bystander_lives(struct host *host)
{
    struct attack_call plainly = {0};
    struct host_return back = {0};

    host_answer(host, host_syscall(host));
    while (back = host_run_until(host, &plainly),
           back.status == SK_OK && back.reason == SK_RUN_SYSCALL)
        host_answer(host, host_syscall(host));
    ok(back.status == SK_OK && back.reason == SK_RUN_EXIT && back.result[0] == 0 &&
           back.result[1] == 0,
       "a trustlet that was there before ends well, its canaries intact (exit %llu signal %llu)",
       (unsigned long long)back.result[0], (unsigned long long)back.result[1]);
    host_stop(host);
}

static void bystander_start(struct host *host)
{
    static const char *const words[] = {"caller", NULL};
    struct attack_call plainly = {0};
    struct host_return back = {0};
    uint32_t status = 0;

    if (!host_start(host, FUZZ_CALLER, words, &status))
        bail("%s: status %u", FUZZ_CALLER, status);
    for (unsigned int i = 0; i < 5; i++) {
        back = host_run_until(host, &plainly);
        if (back.status != SK_OK || back.reason != SK_RUN_SYSCALL)
            bail("%s: status %llu reason %llu", FUZZ_CALLER, (unsigned long long)back.status,
                 (unsigned long long)back.reason);
        if (i < 4)
            host_answer(host, host_syscall(host));
    }
}

static void nobody_is_left(void)
{
    const struct sk_process_info *left = arena_page(0);

    for (uint64_t i = 0;
         skcall_finish(SK_CALL_PROCESS_INFO, i, arena_gpa(0), 0, 0, 0).status == SK_OK; i++)
        note("process %#llx (%s) of VTL0's %#llx is left, with %u threads, in ring 3 %llu times",
             (unsigned long long)left->process, left->name, (unsigned long long)left->host_pid,
             left->threads, (unsigned long long)left->user_entries);
    ok(skcall_finish(SK_CALL_INFO, 0, 0, 0, 0, 0).results[3] == 0, "no process is left over");
}

static void fuzz(uint64_t count, uint64_t seed)
{
    static struct fuzzer fuzzers[FUZZ_CPUS_MAX];
    uint32_t cpus = cpu_count() < FUZZ_CPUS_MAX ? cpu_count() : FUZZ_CPUS_MAX;
    struct frames frames = survey();
    struct fuzz_faults faults = {0};
    struct host bystander = {0};
    uint64_t instances = 0, forbidden_count = 0;
    uint64_t *forbidden = boot_frames(&frames, &forbidden_count);

    note("%llu operations on %u CPUs, seed %llu", (unsigned long long)count, cpus,
         (unsigned long long)seed);
    bystander_start(&bystander);
    for (uint32_t i = 0; i < cpus; i++) {
        fuzzers[i] = (struct fuzzer){.index = i,
                                     .random = seed * (2 * i + 1) | 1,
                                     .operations = count / cpus,
                                     .forbidden = forbidden,
                                     .forbidden_count = forbidden_count,
                                     .protected_process = bystander.process};
        fuzzers[i].image = load_image(&fuzzers[i].image_size);
    }
    run_threads(fuzzers, cpus);
    faults = total(fuzzers, cpus, &instances);
    note("%llu instances of a trustlet were carried and lied to", (unsigned long long)instances);
    ok(faults.leaked == 0, "no forbidden access succeeded (%llu did)",
       (unsigned long long)faults.leaked);
    ok(faults.accepted == 0, "nothing was accepted that must be refused (%llu were)",
       (unsigned long long)faults.accepted);
    ok(faults.unscrubbed == 0, "what VTL1 gave back was empty (%llu pages were not)",
       (unsigned long long)faults.unscrubbed);
    ok(faults.believed == 0, "no trustlet saw an impossible answer (%llu did)",
       (unsigned long long)faults.believed);
    bystander_lives(&bystander);
    ownership();
    nobody_is_left();
}

int main(int argc, char **argv)
{
    bool is_long = strstr(argv[0], "long") != NULL;
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 0) : is_long ? LONG_RUN : SHORT_RUN;
    uint64_t seed = argc > 2  ? strtoull(argv[2], NULL, 0)
                    : is_long ? (uint64_t)time(NULL)
                              : SHORT_SEED;

    attacker_start();
    if (!under_openvsm()) {
        puts("1..0 # SKIP there is nothing to fuzz");
        return 0;
    }
    fuzz(count, seed);
    return done_testing();
}
