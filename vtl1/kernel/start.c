/* SPDX-License-Identifier: BSD-2-Clause */
#include "start.h"
#include "call.h"
#include "linux_abi.h"
#include "image.h"
#include "normal_memory.h"
#include "random.h"
#include "string.h"
#include "user_copy.h"
#include "x86.h"

#include <asm/hwcap2.h>
#include <linux/auxvec.h>
#include <linux/elf.h>

#define STACK_DEFAULT (8ull << 20)
#define STACK_MIN     (256ull << 10)
#define STACK_MAX     (1ull << 30)
#define STRINGS_MAX   8192u             /* argc + envc */
#define DYNAMIC_BASE  0x555555554000ull /* where Linux puts position-independent programs */
#define MASK(bits)    ((1ull << (bits)) - 1)

#define AUX_PAIRS     19u

static uint64_t align_down(uint64_t value, uint64_t to)
{
    return value & ~(to - 1);
}

/* Bytes and strings of a NUL-separated list that an empty string ends, within `size` bytes. */
static uint64_t fixed_list(const char *list, uint64_t size, uint32_t *count)
{
    uint64_t at = 0;

    *count = 0;
    while (at < size && list[at] != 0) {
        while (at < size && list[at] != 0)
            at++;
        at++;
        ++*count;
    }
    return at < size ? at : size;
}

static enum sk_status read_header(struct process *process, uint64_t gpa, uint64_t bytes)
{
    struct start_state *start = &process->start;
    const struct trustlet_manifest *manifest = process->manifest;
    struct sk_start header = {0};
    uint32_t fixed = 0;

    if (bytes < sizeof(header) || bytes > SK_START_MAX)
        return SK_INVALID_ARGUMENT;
    enum sk_status status = normal_memory_read(&header, gpa, sizeof(header));

    if (status != SK_OK)
        return status;
    if (header.bytes != bytes || header.argc > STRINGS_MAX || header.envc > STRINGS_MAX ||
        header.argc + header.envc > STRINGS_MAX)
        return SK_INVALID_ARGUMENT;
    start->argc = header.argc;
    start->envc = header.envc;
    start->given = header.argc + header.envc;
    start->bytes = bytes - sizeof(header);
    if (manifest->flags & TRUSTLET_FIXED_ARGS) {
        /* The caller may name the program, no more. */
        if (header.argc > 1)
            return SK_RULE_ARGUMENTS;
        start->prefix = fixed_list(manifest->fixed_args, sizeof(manifest->fixed_args) - 1, &fixed);
        start->skip = header.argc;
        start->argc = fixed;
        start->given += fixed;
    }
    if (manifest->flags & TRUSTLET_NO_ENVIRONMENT)
        start->envc = 0;
    process->uid = header.uid;
    process->euid = header.euid;
    process->gid = header.gid;
    process->egid = header.egid;
    process->host_pid = header.host_pid;
    return SK_OK;
}

static enum sk_status memory_status(int error)
{
    if (error == 0)
        return SK_OK;
    return error == -ENOMEM   ? SK_NO_MEMORY
           : error == -EDQUOT ? SK_RULE_MEMORY
                              : SK_IMAGE_BAD_LAYOUT;
}

/* Segments at their linked addresses plus base. */
static enum sk_status map_segments(struct process *process, uint64_t base)
{
    const struct image_layout *layout = image_layout(process->image);

    for (uint32_t i = 0; i < layout->segment_count; i++) {
        int error =
            address_space_map_image(&process->space, process->image, base, &layout->segments[i]);

        if (error != 0)
            return memory_status(error);
    }
    return SK_OK;
}

static uint64_t stack_size(const struct trustlet_manifest *manifest)
{
    uint64_t size = manifest->stack_size == 0 ? STACK_DEFAULT : manifest->stack_size;

    size = size < STACK_MIN ? STACK_MIN : size > STACK_MAX ? STACK_MAX : size;
    return (size + PAGE_MASK) & ~PAGE_MASK;
}

static enum sk_status map_all(struct process *process)
{
    const struct image_layout *layout = image_layout(process->image);
    struct start_state *start = &process->start;
    uint64_t chance[4] = {0};
    uint64_t size = stack_size(process->manifest);

    if (!random_bytes(chance, sizeof(chance)))
        return SK_NO_RANDOM;
    start->base =
        layout->position_independent ? DYNAMIC_BASE + (chance[0] & MASK(28)) * PAGE_SIZE : 0;
    start->entry = start->base + layout->entry;
    start->top = USER_END - (chance[1] & MASK(22)) * PAGE_SIZE;
    enum sk_status status = map_segments(process, start->base);

    if (status == SK_OK)
        status = memory_status(address_space_map_stack(&process->space, start->top, size));
    process->space.mmap_top = start->top - size - (1 + (chance[2] & MASK(16))) * 16 * PAGE_SIZE;
    process->space.brk_start = start->base + layout->high + (chance[3] & MASK(13)) * PAGE_SIZE;
    process->space.brk = process->space.brk_start;
    return status;
}

/* From the top: strings, platform and random bytes, then auxv, envp, argv, argc at the stack
 * pointer (System V ABI, AMD64 supplement, 3.4.1). */
static enum sk_status place_tables(struct start_state *start, uint64_t stack)
{
    uint64_t words = 1 + start->argc + 1 + start->envc + 1 + 2 * AUX_PAIRS;

    start->strings = align_down(start->top - 16 - start->prefix - start->bytes, 16);
    start->pointers = align_down(start->strings - 32 - words * 8, 16) + 8;
    start->touched = start->top;
    return start->top - start->pointers > stack / 2 ? SK_RULE_STACK : SK_OK;
}

enum sk_status start_begin(struct process *process, uint64_t gpa, uint64_t bytes)
{
    process->start.gpa = gpa;
    enum sk_status status = read_header(process, gpa, bytes);

    if (status == SK_OK)
        status = map_all(process);
    if (status == SK_OK)
        status = place_tables(&process->start, stack_size(process->manifest));
    return status;
}

uint64_t start_stack_pointer(const struct process *process)
{
    return process->start.pointers - 8;
}

/* Makes the stack's pages present, so that nothing after this runs out of memory. */
static enum sk_status touch_stack(struct process *process)
{
    struct start_state *start = &process->start;
    int error = 0;

    while (start->touched > align_down(start->pointers - 8, PAGE_SIZE)) {
        uint64_t page = start->touched - PAGE_SIZE;

        if (address_space_pointer(&process->space, page, ACCESS_WRITE, &error) == NULL)
            return memory_status(error);
        start->touched = page;
        if (call_must_yield())
            return SK_AGAIN;
    }
    return SK_OK;
}

static void put_word(struct process *process, uint64_t address, uint64_t word)
{
    int error = 0;
    uint64_t *slot = address_space_pointer(&process->space, address, ACCESS_WRITE, &error);

    if (slot != NULL)
        *slot = word;
}

/* String `number` begins at `address`; the manifest's are counted before the caller's. */
static void put_string(struct process *process, uint32_t number, uint64_t address)
{
    struct start_state *start = &process->start;
    uint32_t own = start->prefix > 0 ? start->argc : 0; /* argv from the manifest */

    if (number >= own && number - own < start->skip)
        return;
    number -= number >= own ? start->skip : 0;
    if (number >= start->argc + start->envc)
        return;
    if (number == 0)
        start->execfn = address;
    number += number >= start->argc ? 1 : 0; /* the NULL behind argv */
    put_word(process, start->pointers + 8ull * number, address);
}

/* Looks at bytes that stand at `address` now, and so cannot change any more. */
static void scan_strings(struct process *process, const char *bytes, uint64_t size,
                         uint64_t address)
{
    struct start_state *start = &process->start;

    for (uint64_t i = 0; i < size; i++) {
        if (!start->inside) {
            put_string(process, start->index, address + i);
            start->inside = true;
        }
        if (bytes[i] == 0) {
            start->inside = false;
            start->index++;
        }
    }
}

/* argv from the manifest, once. */
static enum sk_status copy_fixed(struct process *process)
{
    const struct start_state *start = &process->start;
    const char *list = process->manifest->fixed_args;

    if (start->prefix == 0 || start->index > 0)
        return SK_OK;
    int error = user_copy_out(&process->space, start->strings, list, start->prefix);
    if (error == 0)
        scan_strings(process, list, start->prefix, start->strings);
    return memory_status(error);
}

static enum sk_status copy_strings(struct process *process)
{
    struct start_state *start = &process->start;
    int error = 0;

    while (start->offset < start->bytes) {
        uint64_t to = start->strings + start->prefix + start->offset;
        uint64_t room = PAGE_SIZE - to % PAGE_SIZE;
        uint64_t size = start->bytes - start->offset < room ? start->bytes - start->offset : room;
        char *page = address_space_pointer(&process->space, to, ACCESS_WRITE, &error);

        if (page == NULL)
            return memory_status(error);
        enum sk_status status = normal_memory_read(
            page, start->gpa + offsetof(struct sk_start, strings) + start->offset, size);

        if (status != SK_OK)
            return status;
        scan_strings(process, page, size, to);
        start->offset += size;
        if (start->offset < start->bytes && call_must_yield())
            return SK_AGAIN;
    }
    return start->inside || start->index != start->given ? SK_INVALID_ARGUMENT : SK_OK;
}

static int put_auxiliary(struct process *process)
{
    const struct start_state *start = &process->start;
    const struct image_layout *layout = image_layout(process->image);
    uint64_t chance = start->strings - 16, platform = start->strings - 32;
    uint8_t random[16] = {0};
    uint64_t headers = layout->program_headers == 0 ? 0 : start->base + layout->program_headers;
    const uint64_t aux[AUX_PAIRS][2] = {
        {AT_HWCAP, cpuid(1, 0).edx},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, 100},
        {AT_PHDR, headers},
        {AT_PHENT, sizeof(Elf64_Phdr)},
        {AT_PHNUM, layout->program_header_count},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, start->entry},
        {AT_UID, process->uid},
        {AT_EUID, process->euid},
        {AT_GID, process->gid},
        {AT_EGID, process->egid},
        {AT_SECURE, 0},
        {AT_RANDOM, chance},
        {AT_HWCAP2, cpuid(7, 0).ebx & 1 ? HWCAP2_FSGSBASE : 0},
        {AT_EXECFN, start->execfn},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    };
    uint64_t at = start->pointers + 8ull * (start->argc + 1 + start->envc + 1);
    int error = user_copy_out(&process->space, at, aux, sizeof(aux));

    random_bytes(random, sizeof(random));
    put_word(process, start->pointers - 8, start->argc);
    if (error == 0)
        error = user_copy_out(&process->space, chance, random, sizeof(random));
    wipe(random, sizeof(random));
    return error != 0 ? error : user_copy_out(&process->space, platform, "x86_64", 7);
}

enum sk_status start_continue(struct process *process)
{
    enum sk_status status = touch_stack(process);

    if (status == SK_OK)
        status = copy_fixed(process);
    if (status == SK_OK)
        status = copy_strings(process);
    if (status == SK_OK)
        status = memory_status(put_auxiliary(process));
    return status;
}
