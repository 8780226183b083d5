// SPDX-License-Identifier: BSD-2-Clause
/* What the attacker learns about the machine: whose frames are whose, and what was recorded. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "attacker.h"

/* Arena pages used here; the tests use those below. */
#define INPUT_PAGE  62u
#define OUTPUT_PAGE 63u
#define QUERY_MAX   500u

/* Between them the machine has registers, on all chipsets that we know. */
#define REGISTERS   0xfec00000ull
#define FOUR_GIB    (4ull << 30)

/* Threads share the two pages. */
static pthread_mutex_t pages_lock = PTHREAD_MUTEX_INITIALIZER;

void statistics(uint32_t vp, struct hv_statistics *page)
{
    struct hv_statistics_input input = {.vp_index = vp};
    uint64_t result = 0;

    pthread_mutex_lock(&pages_lock);
    memcpy(arena_page(INPUT_PAGE), &input, sizeof(input));
    result =
        hypercall(HV_CALL_OPENVSM_GET_STATISTICS, arena_gpa(INPUT_PAGE), arena_gpa(OUTPUT_PAGE));
    if (result)
        bail("statistics: status %#llx", (unsigned long long)result);
    memcpy(page, arena_page(OUTPUT_PAGE), sizeof(*page));
    pthread_mutex_unlock(&pages_lock);
}

/* TLFS 0x00d4: header, then a GPFN per repetition; the output is 8 bytes per page. */
struct query {
    uint64_t partition_id;
    uint8_t input_vtl;
    uint8_t access;
    uint8_t reserved[6];
    uint64_t gpfn[QUERY_MAX];
};
static_assert(sizeof(struct query) <= OPENVSM_PAGE_SIZE, "a query is one page");

void query_access(uint64_t gpa, uint32_t count, uint8_t access, uint8_t *allowed)
{
    pthread_mutex_lock(&pages_lock);
    while (count) {
        uint32_t now = count < QUERY_MAX ? count : QUERY_MAX;
        struct query *query = arena_page(INPUT_PAGE);
        const uint64_t *answers = arena_page(OUTPUT_PAGE);
        uint64_t result = 0;

        *query = (struct query){.partition_id = HV_PARTITION_SELF, .access = access};
        for (uint32_t i = 0; i < now; i++)
            query->gpfn[i] = gpa / OPENVSM_PAGE_SIZE + i;
        result = hypercall(HV_CALL_CHECK_SPARSE_GPA_PAGE_VTL_ACCESS | HV_CONTROL_REP_COUNT(now),
                           arena_gpa(INPUT_PAGE), arena_gpa(OUTPUT_PAGE));
        if (HV_RESULT_STATUS(result) || HV_RESULT_REPS(result) != now)
            bail("access of %#llx: result %#llx", (unsigned long long)gpa,
                 (unsigned long long)result);
        for (uint32_t i = 0; i < now; i++)
            allowed[i] = (answers[i] & 0xff) == 0;
        gpa += (uint64_t)now * OPENVSM_PAGE_SIZE;
        allowed += now;
        count -= now;
    }
    pthread_mutex_unlock(&pages_lock);
}

/* Calls back for each range that Linux was told is RAM. */
static void linux_ram(void (*range)(uint64_t first, uint64_t end, void *context), void *context)
{
    FILE *file = fopen("/proc/iomem", "r");
    char line[256] = {0};

    while (file && fgets(line, sizeof(line), file)) {
        unsigned long long first = 0, last = 0;

        if (strstr(line, " : System RAM") && sscanf(line, "%llx-%llx", &first, &last) == 2)
            range(first, last + 1, context);
    }
    if (file)
        fclose(file);
}

static void keep_end(uint64_t first, uint64_t end, void *context)
{
    (void)first;
    *(uint64_t *)context = end;
}

static uint64_t ram_end_of_linux(void)
{
    uint64_t end = 0;

    linux_ram(keep_end, &end);
    return end;
}

struct clearing {
    uint8_t *bytes;
    uint64_t count;
};
static void clear_range(uint64_t first, uint64_t end, void *context)
{
    const struct clearing *clearing = context;

    for (uint64_t i = first / OPENVSM_PAGE_SIZE; i < end / OPENVSM_PAGE_SIZE; i++)
        if (i < clearing->count)
            clearing->bytes[i] = 0;
}

uint64_t *boot_frames(const struct frames *frames, uint64_t *count)
{
    uint8_t *never_linux = malloc(frames->count);
    uint64_t *list = calloc(frames->count, sizeof(*list));
    struct clearing clearing = {.bytes = never_linux, .count = frames->count};

    if (!never_linux || !list)
        bail("no memory for a list of frames");
    memset(never_linux, 1, frames->count);
    linux_ram(clear_range, &clearing);
    *count = 0;
    for (uint64_t i = 0; i < frames->count; i++)
        if (never_linux[i] &&
            (frames->kind[i] == FRAME_CLOSED || frames->kind[i] == FRAME_HYPERVISOR))
            list[(*count)++] = i * OPENVSM_PAGE_SIZE;
    free(never_linux);
    return list;
}

/* RAM pages, without the 640 KiB hole's, from 0 on: what VTL0 was told plus what was taken away at
 * its end, which is below 4 GiB. QEMU's firmware keeps a little at the top. */
static uint64_t ram_end(void)
{
    struct hv_statistics page = {0};
    uint64_t end = ram_end_of_linux();

    if (!under_openvsm() || end > FOUR_GIB)
        return end;
    statistics(0, &page);
    end = (page.ram_pages + 0x60) * OPENVSM_PAGE_SIZE;
    return (end + 0x1fffff) & ~0x1fffffull;
}

struct frames survey(void)
{
    struct frames frames = {.count = ram_end() / OPENVSM_PAGE_SIZE};
    uint8_t *readable = calloc(frames.count, 1), *writable = calloc(frames.count, 1);

    frames.kind = calloc(frames.count, 1);
    if (!frames.kind || !readable || !writable)
        bail("no memory for the survey");
    if (under_openvsm()) {
        query_access(0, (uint32_t)frames.count, HV_MAP_READ, readable);
        query_access(0, (uint32_t)frames.count, HV_MAP_READ | HV_MAP_WRITE, writable);
        for (uint64_t i = 0; i < frames.count; i++) {
            uint64_t gpa = i * OPENVSM_PAGE_SIZE;
            bool registers = gpa >= REGISTERS && gpa < FOUR_GIB;

            frames.kind[i] = writable[i]                ? FRAME_OPEN
                             : readable[i] && registers ? FRAME_TRAPPED
                             : readable[i]              ? FRAME_READ_ONLY
                                                        : FRAME_CLOSED;
            if (!readable[i] && gpa >= HYPERVISOR_BASE && gpa < HYPERVISOR_BASE + HYPERVISOR_SIZE)
                frames.kind[i] = FRAME_HYPERVISOR;
        }
    }
    free(readable);
    free(writable);
    return frames;
}

uint64_t find_frame(const struct frames *frames, enum frame kind, uint64_t nth)
{
    for (uint64_t i = 0; i < frames->count; i++)
        if (frames->kind[i] == kind && nth-- == 0)
            return i * OPENVSM_PAGE_SIZE;
    return ~0ull;
}

uint64_t count_frames(const struct frames *frames, enum frame kind)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < frames->count; i++)
        count += frames->kind[i] == kind;
    return count;
}

#define RING_PAGES_MAX 64u
union ring {
    struct sk_audit_ring header;
    uint8_t bytes[RING_PAGES_MAX * OPENVSM_PAGE_SIZE];
};

/* The whole ring as it is now. */
static void read_ring(union ring *to)
{
    uint8_t refused[RING_PAGES_MAX] = {0};
    struct sk_answer answer = skcall_finish(SK_CALL_AUDIT_RING, 0, 0, 0, 0, 0);
    uint64_t pages = answer.results[1] / OPENVSM_PAGE_SIZE;

    if (answer.status != SK_OK || !pages || pages > RING_PAGES_MAX)
        bail("AUDIT_RING: status %llu", (unsigned long long)answer.status);
    if (read_pages(answer.results[0], pages, ATTACK_VIA_FRESH, to, refused))
        bail("the audit ring cannot be read");
    if (to->header.record_size != sizeof(struct sk_audit_record) ||
        to->header.capacity > sizeof(*to) / sizeof(struct sk_audit_record) - 1)
        bail("the audit ring has records of %u bytes", to->header.record_size);
}

static union ring marked;

void audit_mark(void)
{
    read_ring(&marked);
}

bool audit_find(uint16_t kind, uint64_t address, struct sk_audit_record *found)
{
    static union ring ring;
    const struct sk_audit_record *newest = NULL;

    read_ring(&ring);
    for (uint32_t i = 0; i < ring.header.capacity; i++) {
        const struct sk_audit_record *record = &ring.header.records[i];
        const struct sk_audit_record *before = &marked.header.records[i];

        if (record->kind != kind || !record->sequence ||
            (address != ~0ull && record->address != address) ||
            (record->sequence == before->sequence && record->count == before->count))
            continue;
        if (!newest || record->sequence > newest->sequence)
            newest = record;
    }
    if (newest)
        *found = *newest;
    return newest != NULL;
}

bool prints(const char *command, const char *first, const char *second)
{
    char line[1024] = "";
    FILE *lines = popen(command, "r");
    bool found = false;

    while (lines && !found && fgets(line, sizeof(line), lines))
        found = strstr(line, first) && strstr(line, second);
    if (lines)
        pclose(lines);
    return found;
}

/* ---- A page of the arena that goes to VTL1 ---- */

#define LIST       (ATTACK_ARENA_PAGES - 1)
#define GIVE_BACKS 1000u

bool give_page(unsigned int index)
{
    uint64_t *list = arena_page(LIST);

    list[0] = arena_gpa(index) / OPENVSM_PAGE_SIZE;
    return skcall_finish(SK_CALL_MEMORY_DONATE, arena_gpa(LIST), 1, 0, 0, 0).status == SK_OK;
}

bool get_page_back(unsigned int index)
{
    const uint64_t *list = arena_page(LIST);

    for (unsigned int i = 0; i < GIVE_BACKS; i++) {
        struct sk_answer answer =
            skcall_finish(SK_CALL_MEMORY_RECLAIM, arena_gpa(LIST), 1, 0, 0, 0);

        if (answer.status == SK_OK && answer.results[0] == 1)
            return list[0] == arena_gpa(index) / OPENVSM_PAGE_SIZE;
    }
    return false;
}

bool nothing_is_lent(void)
{
    struct timespec pause = {.tv_nsec = 50000000};

    for (unsigned int i = 0; i < 200; i++) {
        if (skcall(SK_CALL_MEMORY_STATUS, 0, 0, 0, 0, 0).results[2] == 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}
