// SPDX-License-Identifier: BSD-2-Clause
/*
 * The platform's ways around the hypervisor: MSRs that route memory or switch virtualization off,
 * the APIC put elsewhere, INIT and SIPI in every form of the interrupt command register and
 * by its second names, SMIs, a clock that jumps. A CPU that VTL0 starts must still be inside.
 * A trustlet runs all the while, and must end well.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>
#include <unistd.h>
#include "attacker.h"
#include "devices.h"
#include "victim.h"

#define UD                 6u
#define GP                 13u
#define MSR_APIC_BASE      0x1bu
#define MSR_EFER           0xc0000080u
#define MSR_MTRR_BASE      0x200u
#define MSR_MTRR_FIXED     0x250u
#define MSR_MTRR_DEFAULT   0x2ffu
#define MTRR_ENABLE        (1ull << 11)
#define MSR_PAT            0x277u
#define MSR_XSS            0xda0u
#define MSR_HWCR           0xc0010015u
#define EFER_SVME          (1ull << 12)
#define APIC_BASE_X2APIC   (1ull << 10)
#define APIC_ID            0x20u
#define APIC_LOGICAL_ID    0xd0u
#define APIC_LVT_TIMER     0x320u
#define APIC_LVT_THERMAL   0x330u
#define APIC_TIMER_INITIAL 0x380u
#define NO_CPU             0x7eu
/* Low memory that Linux leaves alone. */
#define STUB_GPA           0x10000ull
#define STUB_RESULT        0x80u
#define STUB_DONE          0x88u
#define TSS_SELECTOR       0x40u /* Linux's */

/* ---- MSRs ---- */

static void guarded_msrs(uint64_t closed)
{
    static const struct {
        uint32_t msr;
        const char *name;
    } table[] = {
        {0xc0010010, "SYSCFG"},      {0xc0010016, "IORR base"}, {0xc001001a, "TOP_MEM"},
        {0xc001001d, "TOP_MEM2"},    {0xc0010111, "SMM base"},  {0xc0010112, "TSEG base"},
        {0xc0010113, "TSEG mask"},   {0xc0010114, "VM_CR"},     {0xc0010117, "VM_HSAVE_PA"},
        {0xc0000104, "TSC ratio"},   {0xc0010020, "microcode"}, {0xc0010064, "a P-state"},
        {0xc0011004, "CPUID's word"}};
    struct sk_audit_record record = {0};

    for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        audit_mark();
        ok(write_msr(table[i].msr, closed | 1) == GP &&
               audit_find(SK_AUDIT_MSR, table[i].msr, &record),
           "a write of %s: #GP and a record", table[i].name);
    }
    audit_mark();
    ok(write_msr(MSR_APIC_BASE, closed | 0x900) == GP &&
           audit_find(SK_AUDIT_MSR, MSR_APIC_BASE, &record),
       "the APIC's page over a frame of VTL1's: #GP and a record");
}

/* The bits in `change` may not, or may; what stands there may always be written. */
static void kept_msr(uint32_t msr, const char *name, uint64_t change, bool allowed)
{
    struct sk_audit_record record = {0};
    uint64_t now = 0;
    uint32_t trap = 0;

    read_msr(msr, &now);
    audit_mark();
    trap = write_msr(msr, now ^ change);
    ok(allowed ? trap == 0 : trap == GP && audit_find(SK_AUDIT_MSR, msr, &record),
       "a change of %s: %s", name, allowed ? "works" : "#GP and a record");
    ok(write_msr(msr, now) == 0, "control: as it was it can be written");
}

/* Memory types, off and on again: each CPU that Linux starts does so. */
static void memory_types(void)
{
    struct sk_audit_record record = {0};
    uint64_t now = 0;

    kept_msr(MSR_MTRR_BASE, "a memory type (MTRR)", 0x1000, false);
    kept_msr(MSR_MTRR_BASE + 1, "a memory type's range", 0x1000, false);
    kept_msr(MSR_MTRR_FIXED, "a fixed memory type", 1, false);
    kept_msr(MSR_MTRR_DEFAULT, "the memory types' switch", MTRR_ENABLE, true);
    read_msr(MSR_MTRR_DEFAULT, &now);
    write_msr(MSR_MTRR_DEFAULT, now & ~MTRR_ENABLE);
    audit_mark();
    ok(write_msr(MSR_MTRR_DEFAULT, now ^ 1) == GP &&
           audit_find(SK_AUDIT_MSR, MSR_MTRR_DEFAULT, &record),
       "switched off, they come back only as they were");
    ok(write_msr(MSR_MTRR_DEFAULT, now) == 0, "control: which they do");
}

/* The ICR and the LVTs as MSRs: an INIT asked for there takes no CPU out of the hypervisor. */
static void x2apic(void)
{
    uint64_t base = 0;
    unsigned int taken = 0;

    read_msr(MSR_APIC_BASE, &base);
    if (base & APIC_BASE_X2APIC) {
        skip("x2APIC registers while the APIC is in the other mode", "it is not");
        return;
    }
    for (uint32_t msr = 0x82f; msr <= 0x837; msr++)
        taken += write_msr(msr, 0x500) != GP;
    ok(taken == 0, "an x2APIC register (ICR, LVTs) asked for INIT: #GP (%u were not)", taken);
}

static void other_msrs(void)
{
    kept_msr(MSR_HWCR, "HWCR's INVD bit", 1u << 4, false);
    kept_msr(MSR_HWCR, "HWCR's SMM lock", 1, false);
    kept_msr(MSR_HWCR, "HWCR's counter of instructions", 1u << 30, false);
    kept_msr(MSR_HWCR, "HWCR's boost", 1u << 25, true);
    x2apic();
}

/* VTL0's own registers: it may have them as it likes, and VTL1 has others. */
static void own_registers(void)
{
    uint64_t pat = 0, now = ~0ull;

    read_msr(MSR_PAT, &pat);
    ok(write_msr(MSR_PAT, 0) == 0 && read_msr(MSR_PAT, &now) == 0 && now == 0 &&
           skcall(SK_CALL_NULL, 0, 0, 0, 0, 0).status == SK_OK && write_msr(MSR_PAT, pat) == 0,
       "VTL0's memory types by page (PAT), all uncached: VTL1 goes on");
    now = 0;
    write_msr(MSR_XSS, 1ull << 8);
    ok(read_msr(MSR_XSS, &now) == GP || now == 0,
       "XSS: no supervisor state is switched on that VTL1 does not know");
    ok(execute(ATTACK_XSETBV, 4) == GP && execute(ATTACK_XSETBV, 5) == GP,
       "XCR0 with AVX and without what it builds on: #GP");
}

/* Instructions that wait on a frame, or leave by a way that long mode has not. */
static void waits_and_tasks(uint64_t closed)
{
    uint32_t trap = execute(ATTACK_MWAIT, arena_gpa(0));

    ok(trap == 0 || trap == UD, "control: MWAIT on a line of VTL0's ends (exception %u)", trap);
    /* A CPU refuses to look at that line; TCG does not look at all. */
    trap = execute(ATTACK_MWAIT, closed);
    ok(trap == GP || trap == UD || trap == 0, "MWAIT on a line of VTL1's ends too (exception %u)",
       trap);
    ok(execute(ATTACK_TASK, TSS_SELECTOR) == GP, "a task switch: #GP, as long mode has none");
}

/* MSR accesses of the hypervisor's own that a call into VTL1 costs. */
static uint64_t call_cost(void)
{
    struct hv_statistics before = {0}, after = {0};

    statistics(0, &before);
    skcall(SK_CALL_NULL, 0, 0, 0, 0, 0);
    statistics(0, &after);
    return after.exits[HV_EXIT_MSR_ACCESS] - before.exits[HV_EXIT_MSR_ACCESS];
}

/* What counts, records or samples stands still while VTL1 runs: the switch stops it and starts it
 * again, which it does by MSRs, and otherwise uses none. */
static void monitors(void)
{
    static const struct {
        uint32_t msr;
        const char *name;
    } table[] = {{0x1d9, "branch records (DEBUGCTL)"},
                 {0xc0010000, "a performance counter"},
                 {0xc0010200, "an extended performance counter"},
                 {0xc0000301, "the counters' global switch"},
                 {0xc0011030, "instruction sampling, fetch"},
                 {0xc0011033, "instruction sampling, execution"}};
    uint64_t idle = call_cost();

    for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint64_t busy = 0;

        if (write_msr(table[i].msr, 1)) {
            skip(table[i].name, "the CPU has it not");
            continue;
        }
        busy = call_cost();
        write_msr(table[i].msr, 0);
        ok(idle == 0 && busy >= 3 && call_cost() == 0,
           "%s: stopped on the way into VTL1 and started again (%llu accesses)", table[i].name,
           (unsigned long long)busy);
    }
}

static void svm_enable(void)
{
    uint64_t efer = 0, after = 0;

    read_msr(MSR_EFER, &efer);
    ok(!(efer & EFER_SVME), "EFER.SVME is not shown");
    ok(write_msr(MSR_EFER, efer | EFER_SVME) == GP, "EFER.SVME cannot be set: #GP");
    ok(write_msr(MSR_EFER, efer) == 0 && read_msr(MSR_EFER, &after) == 0 && after == efer,
       "EFER as it was can be written");
}

/* ---- Time ---- */

/* VTL1's clock, as it stands in a record that it writes while VTL0's TSC is moved by that much. */
static uint64_t vtl1_time(uint16_t salt, int64_t moved)
{
    struct attack_call request = {.flags = ATTACK_CALL_TSC, .tsc = (uint64_t)moved};
    struct sk_audit_record record = {0};

    audit_mark();
    request.registers[ATTACK_RCX] = 0xe000u + salt;
    call(&request);
    if (!audit_find(SK_AUDIT_HYPERCALL, 0xe000u + salt, &record))
        bail("a refused hypercall left no record");
    return record.time_ns;
}

static void clock_stands(void)
{
    uint64_t first = vtl1_time(1, 0), second = vtl1_time(2, 1ll << 44);
    uint64_t third = vtl1_time(3, -(1ll << 44)), fourth = vtl1_time(4, 0);

    ok(first < second && second < third && third < fourth && fourth - first < 60000000000ull,
       "VTL1's clock goes on while VTL0's TSC jumps by hours (%llu ms)",
       (unsigned long long)(fourth - first) / 1000000);
}

/* ---- INIT, SIPI, NMI, SMI ---- */

/* Real-mode code: asks CPUID who is beneath it, writes the answer down, halts for ever. */
static void write_stub(void)
{
    static const uint8_t code[64] = {
        0x66, 0xb8, 0x00, 0x00,      0x00,
        0x40,       /* mov eax, 0x40000000 */
        0x0f, 0xa2, /* cpuid */
        0x2e, 0x66, 0x89, 0x1e,      STUB_RESULT,
        0x00, /* mov cs:[STUB_RESULT], ebx */
        0x2e, 0x66, 0x89, 0x0e,      STUB_RESULT + 4,
        0x00, /* mov cs:[STUB_RESULT + 4], ecx */
        0x2e, 0xc6, 0x06, STUB_DONE, 0x00,
        0x01,                   /* mov byte cs:[STUB_DONE], 1 */
        0xfa, 0xf4, 0xeb, 0xfc, /* cli; hlt; jmp there */
    };

    for (unsigned int i = 0; i < 0x100; i += 8) {
        uint64_t word = 0;

        if (i < sizeof(code))
            memcpy(&word, code + i, 8);
        touch(STUB_GPA + i, ATTACK_WRITE8, ATTACK_VIA_FRESH, &word, NULL);
    }
}

static uint64_t stub_word(uint32_t offset)
{
    uint64_t word = 0;

    touch(STUB_GPA + offset, ATTACK_READ8, ATTACK_VIA_FRESH, &word, NULL);
    return word;
}

static bool set_online(unsigned int cpu, bool online)
{
    char path[64] = "";
    int file = -1;
    bool good = false;

    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
    file = open(path, O_WRONLY | O_CLOEXEC);
    good = file >= 0 && write(file, online ? "1" : "0", 1) == 1;
    if (file >= 0)
        close(file);
    return good;
}

/* INIT, then SIPI, then looks what the CPU found beneath it. */
static void start_by(const char *form, uint32_t icr, uint32_t destination)
{
    uint64_t who = 0;

    write_stub();
    send_icr(destination, icr | ICR_INIT);
    nap(20);
    send_icr(destination, icr | ICR_STARTUP | STUB_GPA >> 12);
    for (unsigned int i = 0; i < 100 && !(stub_word(STUB_DONE) & 1); i++)
        nap(20);
    who = stub_word(STUB_RESULT);
    ok((stub_word(STUB_DONE) & 1) && (uint32_t)who == OPENVSM_CPUID_VENDOR_EBX &&
           who >> 32 == OPENVSM_CPUID_VENDOR_ECX,
       "a CPU started by INIT and SIPI (%s) runs, inside the hypervisor", form);
}

/* NMIs that Linux took on CPU 0. */
static uint64_t nmi_count(void)
{
    FILE *file = fopen("/proc/interrupts", "r");
    char line[512] = "";
    unsigned long long count = 0;

    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, " NMI: %llu", &count) == 1)
            break;
    if (file)
        fclose(file);
    return count;
}

static void init_by_io_apic(uint32_t apic_id)
{
    uint64_t before = nmi_count();
    struct sk_audit_record record = {0};

    send_by_io_apic(IO_APIC_BASE, ENTRY_NMI, 0);
    ok(nmi_count() > before, "control: an entry of the I/O APIC that asks for NMI delivers them");
    audit_mark();
    send_by_io_apic(IO_APIC_BASE, ENTRY_INIT, apic_id);
    ok(audit_find(SK_AUDIT_MEMORY, IO_APIC_BASE + 0x10, &record),
       "an entry of the I/O APIC that asks for INIT is refused and recorded");
    audit_mark();
    send_by_io_apic(IO_APIC_BASE, ENTRY_NMI, NO_CPU);
    ok(audit_find(SK_AUDIT_MEMORY, IO_APIC_BASE + 0x10, &record),
       "an entry that asks for NMI is refused for a CPU that the hypervisor does not have");
    start_by("after an INIT by the I/O APIC", 0, apic_id);
}

static bool write_recorded(uint64_t address)
{
    struct sk_audit_record record = {0};

    return audit_find(SK_AUDIT_MEMORY, address, &record);
}

/* The emulator's I/O APIC looks at eight bits of an address, so that it has its registers at
 * sixteen places of its page. */
static void init_by_io_apic_alias(uint32_t apic_id)
{
    uint32_t before = io_apic_read(IO_APIC_ENTRY(1));

    audit_mark();
    send_by_io_apic(IO_APIC_BASE + 0x100, ENTRY_INIT, apic_id);
    ok(write_recorded(IO_APIC_BASE + 0x100) && write_recorded(IO_APIC_BASE + 0x110),
       "the I/O APIC's registers by a second name: refused and recorded");
    ok(io_apic_read(IO_APIC_ENTRY(1)) == before, "... and its entry is as before");
    start_by("after an INIT by the I/O APIC's second name", 0, apic_id);
}

/* The emulator's APIC does not look at an address's last four bits. */
static void start_by_alias(uint32_t alias, uint32_t apic_id)
{
    uint64_t who = 0;

    write_stub();
    apic_write(APIC_ICR_HIGH, apic_id << 24);
    audit_mark();
    apic_write(APIC_ICR_LOW + alias, ICR_INIT);
    nap(20);
    apic_write(APIC_ICR_LOW + alias, ICR_STARTUP | STUB_GPA >> 12);
    for (unsigned int i = 0; i < 25 && !(stub_word(STUB_DONE) & 1); i++)
        nap(20);
    who = stub_word(STUB_RESULT);
    ok(!(stub_word(STUB_DONE) & 1) ||
           ((uint32_t)who == OPENVSM_CPUID_VENDOR_EBX && who >> 32 == OPENVSM_CPUID_VENDOR_ECX),
       "INIT and SIPI by a second name of the command register (+%u): no CPU runs outside", alias);
    ok(write_recorded(APIC_BASE + APIC_ICR_LOW + alias), "... refused and recorded");
}

/* A register by a second name: nothing changes. What may be written at the right place puts it
 * back, should it have changed. */
static void apic_alias(const char *name, uint32_t offset, uint32_t alias, uint32_t value)
{
    uint32_t before = apic_read(offset), after = 0;

    audit_mark();
    apic_write(offset + alias, value);
    after = apic_read(offset);
    if (after != before)
        apic_write(offset + (offset == APIC_ID ? alias : 0), before);
    ok(after == before, "%s by a second name (+%u) is as before", name, alias);
    ok(write_recorded(APIC_BASE + offset + alias), "... refused and recorded");
}

static void apic_aliases(void)
{
    run_on(0);
    apic_alias("the APIC's ID", APIC_ID, 4, 0x3f000000);
    apic_alias("the APIC's logical ID", APIC_LOGICAL_ID, 8, 0x80000000);
    apic_alias("the command register's upper half", APIC_ICR_HIGH, 4, 0x3f000000);
    apic_alias("the APIC's thermal interrupt", APIC_LVT_THERMAL, 12, ENTRY_INIT);
    apic_alias("the APIC's timer", APIC_LVT_TIMER, 4,
               (apic_read(APIC_LVT_TIMER) & ~0x700u) | ENTRY_INIT);
    /* Linux sets it anew when it has run out. */
    apic_write(APIC_TIMER_INITIAL, 1000);
}

/* All other CPUs are VTL0's own business, so they are taken off-line first. */
static void init_and_sipi(void)
{
    unsigned int last = cpu_count() - 1;
    uint32_t apic_id = last; /* QEMU numbers them so */

    if (last == 0) {
        skip("INIT and SIPI", "that takes two CPUs");
        return;
    }
    for (unsigned int cpu = 1; cpu <= last; cpu++)
        if (!set_online(cpu, false))
            bail("CPU %u does not go off-line", cpu);
    run_on(0);
    start_by("physical destination", 0, apic_id);
    start_by("shorthand: all but self", ICR_ALL_BUT_SELF, 0);
    start_by("logical destination", ICR_LOGICAL, 1u << last);
    init_by_io_apic(apic_id);
    init_by_io_apic_alias(apic_id);
    for (uint32_t alias = 4; alias < 16; alias += 4)
        start_by_alias(alias, apic_id);
    start_by("after all that", 0, apic_id);
    for (unsigned int cpu = 1; cpu <= last; cpu++)
        ok(set_online(cpu, true), "Linux takes CPU %u back", cpu);
    note("APIC ID %#x, logical %#x", apic_read(APIC_ID), apic_read(APIC_LOGICAL_ID));
}

static void system_management(void)
{
    if (ioperm(0xb2, 1, 1)) {
        skip("SMIs are survived", strerror(errno));
        return;
    }
    for (unsigned int i = 0; i < 20; i++)
        outb(0x55, 0xb2);
    nap(50);
    ok(skcall(SK_CALL_NULL, 0, 0, 0, 0, 0).status == SK_OK, "SMIs are survived");
}

/* A record must outlive a flood of others. */
static void flood(const struct frames *frames)
{
    static uint8_t bytes[ATTACK_READ_MAX * OPENVSM_PAGE_SIZE], traps[ATTACK_READ_MAX];
    struct sk_audit_record record = {0};
    uint64_t refused = 0;

    audit_mark();
    hypercall(0xeeee, 0, 0);
    for (unsigned int round = 0; refused < 20000 && round < 64; round++)
        for (uint64_t i = 0; i + ATTACK_READ_MAX <= frames->count; i += ATTACK_READ_MAX)
            if (frames->kind[i] != FRAME_OPEN)
                refused += read_pages(i * OPENVSM_PAGE_SIZE, ATTACK_READ_MAX, ATTACK_VIA_FRESH,
                                      bytes, traps);
    ok(audit_find(SK_AUDIT_HYPERCALL, 0xeeee, &record),
       "a record is still there after %llu refused reads", (unsigned long long)refused);
}

int main(void)
{
    struct frames frames = {0};
    struct victim trustlet;

    attacker_start();
    run_only_if(under_openvsm(), "nothing guards the platform here");
    frames = survey();
    victim_start(&trustlet, true);
    guarded_msrs(find_frame(&frames, FRAME_CLOSED, 0));
    run_on(0);
    memory_types();
    other_msrs();
    own_registers();
    waits_and_tasks(find_frame(&frames, FRAME_CLOSED, 0));
    svm_enable();
    clock_stands();
    system_management();
    apic_aliases();
    init_and_sipi();
    ok(victim_end(&trustlet) == 0, "a trustlet that ran all the while ends well");
    monitors();
    flood(&frames);
    return done_testing();
}
