/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer: any bytes as what firmware and boot loader say of the machine: Multiboot 1 and 2, ACPI
 * tables, memory maps. The first byte says which. The loader's lengths stay within what it gave:
 * it is trusted, and has the first word; what the tables then claim is anything.
 */
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../../../hypervisor/log.h"
#include "../../../hypervisor/platform/acpi.h"
#include "../../../hypervisor/platform/multiboot.h"

#define MEMORY  ((4ull << 30) + (64ull << 20)) /* every 32-bit address can be read */
#define PLACE   0x100000ull                    /* of the input */
#define CPUS    64u
#define IO_APIC 8u
/* Multiboot 1: where the module list's count and address stand, and the map's length. */
#define MODULES 20u
#define LIST    24u
#define MAP     44u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *memory;

void *hpa_pointer(hpa_t address)
{
    if (address.value >= MEMORY)
        abort();
    return memory + address.value;
}

/* "The memory map has too many pieces": the end of this input. */
static jmp_buf end;
_Noreturn void fatal(const char *sentence)
{
    (void)sentence;
    longjmp(end, 1);
}

static void check(bool good)
{
    if (!good)
        abort();
}

/* In order, and RAM overlaps nothing. */
static void check_map(const struct e820_map *map)
{
    check(map->count <= E820_MAX);
    for (uint32_t i = 0; i < map->count; i++) {
        const struct e820_entry *a = &map->entries[i];
        check(a->size && a->base + a->size > a->base);
        check(!i || map->entries[i - 1].base <= a->base);
        for (uint32_t j = 0; j < i; j++) {
            const struct e820_entry *b = &map->entries[j];
            bool apart = a->base >= b->base + b->size || b->base >= a->base + a->size;
            check(apart || (a->type != E820_RAM && b->type != E820_RAM) ||
                  (a->type == E820_RAM && b->type == E820_RAM));
        }
    }
}

/* What Multiboot's lengths are, is the loader's word: within its own information. */
static bool is_plausible(uint32_t magic, size_t size)
{
    const uint8_t *bytes = memory + PLACE;
    uint32_t words[3] = {0};
    if (magic == 0x2badb002u) {
        memcpy(&words[0], bytes + MODULES, 4);
        memcpy(&words[1], bytes + MAP, 4);
        memcpy(&words[2], bytes + LIST, 4);
        return words[0] <= 16 && words[1] <= size && words[2] % 4 == 0;
    }
    for (size_t at = 8; at + 8 <= size; at += (words[1] + 7) & ~7u) {
        memcpy(words, bytes + at, 8);
        if (!words[0])
            return true;
        if (words[1] < 8 || words[1] > size - at)
            return false;
    }
    return true;
}

static void multiboot(uint32_t magic, size_t size)
{
    static struct boot_loader_info info;
    if (!is_plausible(magic, size))
        return;
    memset(&info, 0, sizeof(info));
    info.efi.size = 0;
    if (!multiboot_read(magic, PLACE, &info))
        return;
    check_map(&info.map);
    check(strlen(info.command_line) < COMMAND_LINE_MAX &&
          strlen(info.linux_command_line) < COMMAND_LINE_MAX);
    struct range place = multiboot_find(&info, 0x200000, 0x200000, 1ull << 40);
    check(!place.size || e820_is_ram(&info.map, place));
    for (uint32_t i = 0; place.size && i < info.taken_count; i++)
        check(!range_overlaps(place, info.taken[i]));
}

static void acpi(size_t size)
{
    static const char *const names[] = {"APIC", "MCFG", "FACP", "IVRS"};
    uint64_t limit = PLACE + size;
    uint32_t ids[CPUS];
    gpa_t bases[IO_APIC];
    check(acpi_cpus(PLACE, limit, ids, CPUS) <= CPUS);
    acpi_io_apics(PLACE, limit, bases, IO_APIC);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        struct range table = acpi_table(PLACE, limit, names[i]);
        uint64_t base = table.base - (uint64_t)memory;
        check(!table.size || (table.size >= 36 && base < limit && table.size <= limit - base));
    }
    acpi_rename_object(PLACE + 36, limit, "_S3_", "XS3_");
}

/* Entries of 20 bytes, as they stand; then some of them reserved. */
static void map_of(const uint8_t *data, size_t size)
{
    struct e820_map map = {0};
    struct range ranges[E820_MAX];
    struct e820_entry entry;
    size_t at = 0;
    for (; at + sizeof(entry) <= size && map.count < E820_MAX / 2; at += sizeof(entry)) {
        memcpy(&entry, data + at, sizeof(entry));
        e820_add(&map, entry.base, entry.size, entry.type % 5 + 1);
    }
    if (!e820_tidy(&map))
        return;
    check_map(&map);
    for (at = 0; at + sizeof(entry) <= size; at += 3 * sizeof(entry)) {
        memcpy(&entry, data + at, sizeof(entry));
        struct range range = {entry.base & 0xffffffffff, entry.size & 0xffffffff};
        if (!range.size || !e820_reserve(&map, range))
            return;
        check_map(&map);
        check(!e820_is_ram(&map, range));
    }
    check(e820_ram_pages(&map, ranges, E820_MAX) <= E820_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!memory)
        memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || size < 2 || size > 0x10000)
        return 0;
    size--;
    memcpy(memory + PLACE, data + 1, size);
    if (setjmp(end))
        ;
    else if (data[0] % 4 == 0)
        multiboot(0x2badb002u, size);
    else if (data[0] % 4 == 1)
        multiboot(0x36d76289u, size);
    else if (data[0] % 4 == 2)
        acpi(size);
    else
        map_of(data + 1, size);
    memset(memory + PLACE, 0, size);
    return 0;
}
