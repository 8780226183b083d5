// SPDX-License-Identifier: BSD-2-Clause
/*
 * A device told to read and write frames that are not VTL0's. QEMU's `edu` copies between RAM and a
 * buffer of its own. With an IOMMU it must get nothing and change nothing; without one the same
 * commands must succeed, or this test would prove nothing. QEMU's fw_cfg writes to RAM, too, past
 * any IOMMU: beside one it must take no orders.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>
#include "attacker.h"

#define DEVICES    "/sys/bus/pci/devices/"
#define BUFFER     0x40000ull /* the device's own, as its DMA engine names it */
#define BYTES      2048u
#define MARK       0xd1a0d1a0d1a0d1a0ull
/* Registers (QEMU docs/specs/edu.txt), as indices of 64-bit words. */
#define DMA_SOURCE (0x80 / 8)
#define DMA_TARGET (0x88 / 8)
#define DMA_COUNT  (0x90 / 8)
#define DMA_ACT    (0x98 / 8)
#define ACT_START  1u
#define ACT_TO_RAM 2u

static bool file_says(const char *device, const char *file, const char *wanted)
{
    char path[320], text[16] = "";
    snprintf(path, sizeof(path), DEVICES "%s/%s", device, file);
    FILE *f = fopen(path, "re");
    bool same = f && fgets(text, sizeof(text), f) && !strncmp(text, wanted, strlen(wanted));
    if (f)
        fclose(f);
    return same;
}

/* The device, switched on and made bus master, with its registers mapped. */
static volatile uint64_t *take_over(const char *device)
{
    char path[320];
    uint16_t command = 0;
    snprintf(path, sizeof(path), DEVICES "%s/config", device);
    int config = open(path, O_RDWR | O_CLOEXEC);
    if (pread(config, &command, sizeof(command), 4) != sizeof(command))
        bail("%s cannot be read", path);
    command |= 6; /* memory space, bus master */
    if (pwrite(config, &command, sizeof(command), 4) != sizeof(command))
        bail("%s cannot be written", path);
    close(config);
    snprintf(path, sizeof(path), DEVICES "%s/resource0", device);
    int resource = open(path, O_RDWR | O_CLOEXEC);
    void *registers = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, resource, 0);
    if (registers == MAP_FAILED)
        bail("the edu device's registers cannot be mapped");
    close(resource);
    return registers;
}

static volatile uint64_t *find_edu(void)
{
    DIR *all = opendir(DEVICES);
    struct dirent *entry;
    while (all && (entry = readdir(all))) {
        if (file_says(entry->d_name, "vendor", "0x1234") &&
            file_says(entry->d_name, "device", "0x11e8")) {
            volatile uint64_t *registers = take_over(entry->d_name);
            closedir(all);
            return registers;
        }
    }
    bail("no edu device: the machine lacks --edu");
}

static void transfer(volatile uint64_t *edu, uint64_t from, uint64_t to, uint64_t act)
{
    edu[DMA_SOURCE] = from;
    edu[DMA_TARGET] = to;
    edu[DMA_COUNT] = BYTES;
    edu[DMA_ACT] = act | ACT_START;
    for (int i = 0; i < 500 && edu[DMA_ACT] & ACT_START; i++)
        usleep(10000);
    if (edu[DMA_ACT] & ACT_START)
        bail("the edu device does not finish a transfer");
}

/* What the device reads at a GPA, by way of its buffer and a page of ours. */
static const uint64_t *device_reads(volatile uint64_t *edu, uint64_t gpa)
{
    uint64_t *page = arena_page(1);
    memset(page, 0x5a, BYTES);
    transfer(edu, gpa, BUFFER, 0);
    transfer(edu, BUFFER, arena_gpa(1), ACT_TO_RAM);
    return page;
}

static void device_writes(volatile uint64_t *edu, uint64_t gpa, uint64_t mark)
{
    uint64_t *page = arena_page(0);
    for (unsigned i = 0; i < BYTES / 8; i++)
        page[i] = mark + i;
    transfer(edu, arena_gpa(0), BUFFER, 0);
    transfer(edu, BUFFER, gpa, ACT_TO_RAM);
}

static bool marked(const uint64_t *page, uint64_t mark)
{
    for (unsigned i = 0; i < BYTES / 8; i++)
        if (page[i] != mark + i)
            return false;
    return true;
}

static bool empty(const uint64_t *page)
{
    for (unsigned i = 0; i < BYTES / 8; i++)
        if (page[i])
            return false;
    return true;
}

/* The first closed frame of that kind in which the device finds something; ~0 if there is none. */
static uint64_t readable_frame(volatile uint64_t *edu, const struct frames *frames, enum frame kind,
                               uint64_t tries)
{
    for (uint64_t n = 0; n < tries; n++) {
        uint64_t gpa = find_frame(frames, kind, n);
        if (gpa != ~0ull && !empty(device_reads(edu, gpa)))
            return gpa;
    }
    return ~0ull;
}

static void test_control(volatile uint64_t *edu)
{
    device_writes(edu, arena_gpa(2), MARK);
    ok(marked(arena_page(2), MARK), "control: the device writes a page of VTL0's");
    ok(marked(device_reads(edu, arena_gpa(2)), MARK), "control: it reads a page of VTL0's");
}

/* The last frame of the boot pool: nothing has used it yet, so that even the control may write. */
static uint64_t unused_frame(const struct frames *frames)
{
    return find_frame(frames, FRAME_CLOSED, count_frames(frames, FRAME_CLOSED) - 1);
}

static void test_closed(volatile uint64_t *edu, bool confined)
{
    struct frames frames = survey();
    uint64_t last = unused_frame(&frames);
    bool vtl1 = readable_frame(edu, &frames, FRAME_CLOSED, 16) != ~0ull;
    bool hypervisor = readable_frame(edu, &frames, FRAME_HYPERVISOR, 4) != ~0ull;

    ok(vtl1 != confined, "the device %s VTL1's memory", confined ? "reads nothing of" : "reads");
    ok(hypervisor != confined, "the device %s the hypervisor's memory",
       confined ? "reads nothing of" : "reads");
    device_writes(edu, last, ~MARK);
    ok(marked(device_reads(edu, last), ~MARK) != confined, "the device %s VTL1's memory",
       confined ? "changes nothing in" : "writes");
}

/* Where QEMU's unit has them (the IVRS, which says so, is hidden from VTL0). */
static void test_registers(bool confined)
{
    uint64_t value = 0;
    uint32_t trap = touch(0xfed80000, ATTACK_WRITE8, ATTACK_VIA_UNCACHED, &value, NULL);
    ok((trap == 13) == confined, "the IOMMU's registers %s", confined ? "are refused" : "are free");
    ok((access("/sys/firmware/acpi/tables/IVRS", F_OK) != 0), "there is no IVRS table");
}

/* ---- fw_cfg (QEMU docs/specs/fw_cfg.txt, "Guest-side DMA Interface") ---- */

#define FW_CFG_HIGH   0x514u /* of the order's address; big endian, as all of it */
#define FW_CFG_LOW    0x518u /* starts the transfer */
#define FW_CFG_READ   2u
#define FW_CFG_SELECT 8u /* item 0, in the upper half: the emulator's name */
#define FW_CFG_NAME   "QEMU"

struct fw_cfg_order {
    uint32_t control; /* 0 when it was carried out */
    uint32_t length;
    uint64_t address;
};

static sigjmp_buf refusal;

static void on_fault(int signal)
{
    (void)signal;
    siglongjmp(refusal, 1);
}

/* Linux turns the #GP of an OUT in ring 3 into SIGSEGV. */
static bool out_is_refused(uint16_t port, uint32_t value)
{
    struct sigaction action = {.sa_handler = on_fault};

    sigaction(SIGSEGV, &action, NULL);
    if (iopl(3))
        bail("iopl");
    if (sigsetjmp(refusal, 1))
        return true;
    outl(value, port);
    return false;
}

/* The name, to that GPA. *refused: both halves of the order's address. */
static bool fw_cfg_writes(uint64_t gpa, bool *refused)
{
    volatile struct fw_cfg_order *order = arena_page(3);
    uint64_t at = arena_gpa(3);

    order->control = htobe32(FW_CFG_SELECT | FW_CFG_READ);
    order->length = htobe32(strlen(FW_CFG_NAME));
    order->address = htobe64(gpa);
    *refused = out_is_refused(FW_CFG_HIGH, htobe32((uint32_t)(at >> 32)));
    *refused = out_is_refused(FW_CFG_LOW, htobe32((uint32_t)at)) && *refused;
    return order->control == 0;
}

static bool recorded_port(uint16_t port)
{
    struct sk_audit_record record = {0};

    return audit_find(SK_AUDIT_PORT, port, &record);
}

/* That the name is where it was sent, the edu device shows where no IOMMU keeps it from it. */
static void test_fw_cfg(volatile uint64_t *edu, bool confined)
{
    struct frames frames = survey();
    uint64_t last = unused_frame(&frames);
    bool refused = false;

    audit_mark();
    ok(fw_cfg_writes(last, &refused) != confined, "fw_cfg %s VTL1's memory",
       confined ? "changes nothing in" : "writes");
    if (confined) {
        ok(refused && recorded_port(FW_CFG_HIGH) && recorded_port(FW_CFG_LOW),
           "... its orders are refused and recorded");
        return;
    }
    ok(!refused && !memcmp(device_reads(edu, last), FW_CFG_NAME, strlen(FW_CFG_NAME)),
       "... and what it wrote is there");
    ok(fw_cfg_writes(arena_gpa(2), &refused) &&
           !memcmp(arena_page(2), FW_CFG_NAME, strlen(FW_CFG_NAME)),
       "control: it writes a page of VTL0's");
}

int main(void)
{
    static struct hv_statistics page;

    attacker_start();
    volatile uint64_t *edu = find_edu();
    statistics(0, &page);
    bool confined = page.features & HV_FEATURE_IOMMU;
    note("the IOMMU is %s", confined ? "in force" : "absent: this is the control");
    test_control(edu);
    test_closed(edu, confined);
    test_registers(confined);
    test_fw_cfg(edu, confined);
    test_control(edu);
    return done_testing();
}
