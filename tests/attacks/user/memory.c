// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reads, writes and executes frames that are not VTL0's, through Linux's direct map and through
 * page tables of the attacker's own, from ring 0 and ring 3. Each must end in #GP at that very
 * instruction with an audit record that names it, and each must work on a frame of VTL0's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "attacker.h"

#define GP         13u
#define PF         14u
#define BIOS_GPA   0xf0000
#define SCREEN_GPA 0xb8000 /* VGA text */

static const char *const how_names[ATTACK_HOWS] = {
    "read", "write", "locked exchange", "movnti", "fxsave", "rep stosb", "execute"};

/* A read-modify-write may be refused at either half. */
static bool is_access_of(enum attack_how how, uint8_t access)
{
    if (how == ATTACK_READ8 || how == ATTACK_EXECUTE)
        return access == (how == ATTACK_READ8 ? HV_ACCESS_READ : HV_ACCESS_EXECUTE);
    return access == HV_ACCESS_WRITE || (how == ATTACK_EXCHANGE && access == HV_ACCESS_READ);
}

static bool control_works(enum attack_how how, enum attack_via via)
{
    static const uint8_t returns[] = {0x31, 0xc0, 0xc3}; /* xor %eax,%eax; ret */
    uint64_t value = 0x1122334455667788;
    char *page = arena_page(0);

    memset(page, 0, OPENVSM_PAGE_SIZE);
    memcpy(page, returns, sizeof(returns));
    if (touch(arena_gpa(0), how, via, &value, NULL))
        return false;
    if (how == ATTACK_WRITE8 || how == ATTACK_MOVNTI || how == ATTACK_EXCHANGE)
        return *(uint64_t *)page == 0x1122334455667788;
    return how != ATTACK_READ8 || value == 0xc3c031;
}

static void controls(void)
{
    for (unsigned int how = 0; how < ATTACK_HOWS; how++)
        ok(control_works(how, ATTACK_VIA_FRESH), "control: %s works on a page of VTL0's",
           how_names[how]);
    ok(control_works(ATTACK_READ8, ATTACK_VIA_DIRECT_MAP), "control: read through the direct map");
    ok(control_works(ATTACK_WRITE8, ATTACK_VIA_UNCACHED), "control: write through an uncached map");
}

/* A refusal of `how` at gpa with its record; what was read must not have reached the register. */
static void refused(const char *whose, uint64_t gpa, enum attack_how how, enum attack_via via)
{
    static const char *const vias[] = {"the direct map", "fresh tables", "an uncached map"};
    uint64_t value = 0x5a5a5a5a5a5a5a5a, rip = 0;
    struct sk_audit_record record = {0};
    uint32_t trap = 0;
    bool found = false;

    audit_mark();
    trap = touch(gpa, how, via, &value, &rip);
    found = audit_find(SK_AUDIT_MEMORY, ~0ull, &record);
    ok(trap == GP && value == 0x5a5a5a5a5a5a5a5a, "%s of %s through %s: #GP", how_names[how], whose,
       vias[via]);
    ok(found && record.address / OPENVSM_PAGE_SIZE == gpa / OPENVSM_PAGE_SIZE &&
           record.rip == rip && is_access_of(how, record.access) && record.cpl == 0,
       "... and recorded with address, instruction and access");
    if (trap != GP || !found || record.rip != rip)
        note("gpa %#llx trap %u rip %#llx; record %d: %#llx rip %#llx access %u",
             (unsigned long long)gpa, trap, (unsigned long long)rip, found,
             (unsigned long long)record.address, (unsigned long long)record.rip, record.access);
}

static void all_ways(const char *whose, uint64_t gpa)
{
    if (!ok(gpa != ~0ull, "there is a frame that is %s", whose))
        return;
    for (unsigned int how = 0; how < ATTACK_HOWS; how++)
        refused(whose, gpa, how, ATTACK_VIA_FRESH);
    refused(whose, gpa, ATTACK_READ8, ATTACK_VIA_UNCACHED);
    refused(whose, gpa, ATTACK_WRITE8, ATTACK_VIA_UNCACHED);
}

#define GIVEN 12u /* arena page */

/* A frame that VTL0 gave away is still in Linux's direct map. */
static void direct_map(void)
{
    uint64_t gpa = arena_gpa(GIVEN);

    ok(touch(gpa, ATTACK_READ8, ATTACK_VIA_DIRECT_MAP, NULL, NULL) == 0 && give_page(GIVEN),
       "a page of VTL0's goes to VTL1");
    refused("a donated frame", gpa, ATTACK_READ8, ATTACK_VIA_DIRECT_MAP);
    refused("a donated frame", gpa, ATTACK_WRITE8, ATTACK_VIA_DIRECT_MAP);
    refused("a donated frame", gpa, ATTACK_EXCHANGE, ATTACK_VIA_DIRECT_MAP);
    ok(get_page_back(GIVEN) && touch(gpa, ATTACK_READ8, ATTACK_VIA_DIRECT_MAP, NULL, NULL) == 0,
       "... and comes back");
}

/* Eight bytes of which only the last four lie on the forbidden frame. */
static void across_the_border(const struct frames *frames)
{
    for (uint64_t i = 1; i < frames->count; i++) {
        uint64_t gpa = i * OPENVSM_PAGE_SIZE - 4, value = 0x5a5a5a5a5a5a5a5a;

        if (frames->kind[i - 1] != FRAME_OPEN || frames->kind[i] == FRAME_OPEN ||
            frames->kind[i] == FRAME_READ_ONLY)
            continue;
        ok(touch(gpa, ATTACK_READ8, ATTACK_VIA_FRESH, &value, NULL) == GP &&
               value == 0x5a5a5a5a5a5a5a5a,
           "a read that only ends on a forbidden frame: #GP");
        return;
    }
    skip("a read that only ends on a forbidden frame", "no such border");
}

static void shown_read_only(const struct frames *frames)
{
    uint64_t gpa = find_frame(frames, FRAME_READ_ONLY, 0);

    if (!ok(gpa != ~0ull, "VTL1 shows a frame to VTL0, read-only"))
        return;
    ok(touch(gpa, ATTACK_READ8, ATTACK_VIA_FRESH, NULL, NULL) == 0, "reading it works");
    refused("a read-only frame", gpa, ATTACK_WRITE8, ATTACK_VIA_FRESH);
    refused("a read-only frame", gpa, ATTACK_EXCHANGE, ATTACK_VIA_FRESH);
    refused("a read-only frame", gpa, ATTACK_EXECUTE, ATTACK_VIA_FRESH);
}

static sigjmp_buf ring3_back;
static void ring3_signal(int number)
{
    siglongjmp(ring3_back, number);
}

/* -> signal that the access raised, or 0. */
static int ring3_read(uint64_t gpa)
{
    int device = open(ATTACK_DEVICE, O_RDWR | O_CLOEXEC), number = 0;
    volatile uint8_t *page = mmap(NULL, OPENVSM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                                  device, (off_t)(ATTACK_MMAP_PHYSICAL + gpa));

    close(device);
    if (page == MAP_FAILED)
        bail("frame %#llx cannot be mapped into ring 3", (unsigned long long)gpa);
    signal(SIGSEGV, ring3_signal);
    signal(SIGBUS, ring3_signal);
    number = sigsetjmp(ring3_back, 1);
    if (!number)
        (void)*page;
    signal(SIGSEGV, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
    munmap((void *)page, OPENVSM_PAGE_SIZE);
    return number;
}

/* A process that the refusal ends: when the log is read it is long gone. */
static int ended_by_reading(uint64_t gpa)
{
    int device = open(ATTACK_DEVICE, O_RDWR | O_CLOEXEC), child = 0, status = 0;
    volatile uint8_t *page = mmap(NULL, OPENVSM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                                  device, (off_t)(ATTACK_MMAP_PHYSICAL + gpa));

    close(device);
    if (page == MAP_FAILED)
        bail("frame %#llx cannot be mapped into ring 3", (unsigned long long)gpa);
    child = fork();
    if (!child) {
        prctl(PR_SET_NAME, "intruder");
        (void)*page;
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || WTERMSIG(status) != SIGSEGV)
        child = 0;
    munmap((void *)page, OPENVSM_PAGE_SIZE);
    return child;
}

static void names_the_process(uint64_t gpa)
{
    int child = ended_by_reading(gpa);
    char text[80] = "";

    ok(child, "a process reads a frame of VTL1's, and dies of it");
    snprintf(text, sizeof(text), "(VTL0 says: process %d intruder)", child);
    ok(prints("ium audit", "memory", text), "... ium audit names it, as VTL0's word");
    snprintf(text, sizeof(text), "\"vtl0-says-pid\":%d,\"vtl0-says-name\":\"intruder\"", child);
    ok(prints("ium audit --json", "\"cpl\":3", text), "... so does its JSON");
}

/* The log takes ten records a second, so that one among many may not stand in it. */
static bool log_names_the_process(uint64_t gpa)
{
    char text[80] = "";

    snprintf(text, sizeof(text), "by process %d (intruder)", ended_by_reading(gpa));
    for (unsigned int i = 0; i < 15; i++) {
        if (prints("dmesg", "audit", text))
            return true;
        usleep(200000);
    }
    return false;
}

static void from_ring3(const struct frames *frames)
{
    struct sk_audit_record record = {0};
    uint64_t gpa = find_frame(frames, FRAME_CLOSED, 1);
    bool named = false;

    ok(ring3_read(arena_gpa(0)) == 0, "control: ring 3 reads a page of VTL0's");
    if (!under_openvsm())
        return;
    audit_mark();
    ok(ring3_read(gpa) == SIGSEGV, "ring 3 reads a frame of VTL1's: SIGSEGV");
    ok(audit_find(SK_AUDIT_MEMORY, ~0ull, &record) && record.cpl == 3, "... recorded with ring 3");
    names_the_process(gpa);
    for (unsigned int i = 2; i < 8 && !named; i++)
        named = log_names_the_process(find_frame(frames, FRAME_CLOSED, i));
    ok(named, "... and the kernel's log, when it has room");
}

/* Linux takes the refusal of a kernel address for a fault of its own, and ends the process. */
static bool write_fails(int file, uint64_t gpa)
{
    int child = fork(), status = 0;

    if (!child)
        _exit(pwrite(file, &gpa, 8, (off_t)gpa) == 8 ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && status != 0;
}

/* One word by /dev/mem; what the kernel tried and was refused has its record. */
static void dev_mem_refused(int file, const char *whose, uint64_t gpa)
{
    struct sk_audit_record record = {0};
    uint64_t word = 0;
    bool good = false;

    audit_mark();
    good = pread(file, &word, 8, (off_t)gpa) < 0;
    ok(good && audit_find(SK_AUDIT_MEMORY, gpa, &record) && record.access == HV_ACCESS_READ,
       "/dev/mem does not show a frame of %s, and the attempt is recorded", whose);
    audit_mark();
    good = write_fails(file, gpa);
    ok(good && audit_find(SK_AUDIT_MEMORY, gpa, &record) && record.access == HV_ACCESS_WRITE,
       "... nor does it write there");
}

/* Linux's own file of all memory. What it takes for RAM of its own it hides by itself; VTL1's first
 * frames never were, so that the kernel tries. */
static void dev_mem(uint64_t gpa)
{
    int file = open("/dev/mem", O_RDWR | O_CLOEXEC);
    uint64_t word = 0x0741074107410741, back = 0;

    if (file < 0) {
        skip("/dev/mem", strerror(errno));
        return;
    }
    ok(pread(file, &back, 8, BIOS_GPA) == 8, "control: /dev/mem shows the firmware");
    ok(pwrite(file, &word, 8, SCREEN_GPA) == 8 && pread(file, &back, 8, SCREEN_GPA) == 8 &&
           back == word,
       "control: and writes to the screen");
    dev_mem_refused(file, "VTL1's", gpa);
    dev_mem_refused(file, "the hypervisor's", HYPERVISOR_BASE);
    close(file);
}

/* The survey (what the hypervisor says) and the CPU (what it does) must agree on every frame. */
static void survey_is_true(const struct frames *frames)
{
    static uint8_t bytes[ATTACK_READ_MAX * OPENVSM_PAGE_SIZE], traps[ATTACK_READ_MAX];
    uint64_t differ = 0, closed = 0;
    struct hv_statistics page = {0};

    for (uint64_t i = 0; i < frames->count; i += ATTACK_READ_MAX) {
        uint64_t now = frames->count - i < ATTACK_READ_MAX ? frames->count - i : ATTACK_READ_MAX;

        read_pages(i * OPENVSM_PAGE_SIZE, now, ATTACK_VIA_FRESH, bytes, traps);
        for (uint64_t j = 0; j < now; j++) {
            bool forbidden =
                frames->kind[i + j] == FRAME_CLOSED || frames->kind[i + j] == FRAME_HYPERVISOR;

            differ += (traps[j] != 0) != forbidden;
            closed += traps[j] != 0;
        }
    }
    ok(differ == 0, "the CPU refuses exactly the frames that the hypervisor calls closed");
    statistics(0, &page);
    ok(closed + count_frames(frames, FRAME_READ_ONLY) == page.vtl1_pages + page.hypervisor_pages,
       "... and they are as many as VTL1's and the hypervisor's together");
    note("%llu refused, %llu read-only; VTL1 %llu, hypervisor %llu; %llu differ",
         (unsigned long long)closed, (unsigned long long)count_frames(frames, FRAME_READ_ONLY),
         (unsigned long long)page.vtl1_pages, (unsigned long long)page.hypervisor_pages,
         (unsigned long long)differ);
}

int main(void)
{
    struct frames frames = {0};

    attacker_start();
    controls();
    if (under_openvsm() && !nothing_is_lent())
        bail("pages of trustlets that have ended do not come home");
    frames = survey();
    if (under_openvsm()) {
        survey_is_true(&frames);
        all_ways("VTL1's", find_frame(&frames, FRAME_CLOSED, 0));
        all_ways("VTL1's last",
                 find_frame(&frames, FRAME_CLOSED, count_frames(&frames, FRAME_CLOSED) - 1));
        all_ways("the hypervisor's", HYPERVISOR_BASE);
        direct_map();
        across_the_border(&frames);
        shown_read_only(&frames);
        dev_mem(find_frame(&frames, FRAME_CLOSED, 0));
    }
    from_ring3(&frames);
    return done_testing();
}
