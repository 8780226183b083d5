/* SPDX-License-Identifier: BSD-2-Clause */
#include "multiboot.h"
#include "../log.h"
#include "../string.h"

#define MULTIBOOT1_MAGIC  0x2badb002u
#define MULTIBOOT2_MAGIC  0x36d76289u

#define FOUR_GIB          (4ull << 30)

#define FLAG_COMMAND_LINE (1u << 2)
#define FLAG_MODULES      (1u << 3)
#define FLAG_MAP          (1u << 6)
#define FLAG_FRAMEBUFFER  (1u << 12)

/* Multiboot 0.6.96, 3.3. */
struct multiboot1_info {
    uint32_t flags, memory_lower, memory_upper, boot_device, command_line;
    uint32_t module_count, modules, symbols[4], map_length, map;
    uint32_t drives[2], configuration, loader_name, power_management, video_mode[4];
    uint64_t framebuffer;
    uint32_t pitch, width, height;
    uint8_t depth, framebuffer_kind;
} __attribute__((packed));
static_assert(offsetof(struct multiboot1_info, framebuffer) == 88, "Multiboot 0.6.96, 3.3");

struct multiboot1_module {
    uint32_t start, end, string, reserved;
};
struct multiboot1_map_entry {
    uint32_t size; /* of the rest */
    uint64_t base, length;
    uint32_t type;
} __attribute__((packed));

/* Multiboot 2, 3.6. */
enum multiboot2_tag_type {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_MODULE = 3,
    TAG_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_EFI64_SYSTEM_TABLE = 12,
    TAG_ACPI_OLD = 14,
    TAG_ACPI_NEW = 15,
    TAG_EFI_MAP = 17,
};
struct multiboot2_tag {
    uint32_t type, size;
};
struct multiboot2_module {
    struct multiboot2_tag tag;
    uint32_t start, end;
    char string[];
};
struct multiboot2_map {
    struct multiboot2_tag tag;
    uint32_t entry_size, entry_version;
    uint8_t entries[];
};
struct multiboot2_map_entry {
    uint64_t base, length;
    uint32_t type, reserved;
};

struct multiboot2_efi_table {
    struct multiboot2_tag tag;
    uint64_t address;
};
struct multiboot2_efi_map {
    struct multiboot2_tag tag;
    uint32_t descriptor_size, descriptor_version;
    uint8_t descriptors[];
};
struct multiboot2_framebuffer {
    struct multiboot2_tag tag;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t depth, kind;
    uint16_t reserved;
    struct screen_colour red, green, blue;
};
static_assert(offsetof(struct multiboot2_framebuffer, red) == 32, "Multiboot 2, 3.6.12");
#define FRAMEBUFFER_BYTES         38u /* not padded */
#define FRAMEBUFFER_DIRECT_COLOUR 1u
#define FRAMEBUFFER_TEXT          2u

static void copy_string(char *to, const char *from)
{
    size_t length = strlen(from);
    if (length >= COMMAND_LINE_MAX)
        length = COMMAND_LINE_MAX - 1;
    memcpy(to, from, length);
    to[length] = 0;
}

/* By Multiboot 1 QEMU puts the file's name first, and GRUB whatever stands there. */
static const char *without_name(const char *text)
{
    while (*text && *text != ' ')
        text++;
    while (*text == ' ')
        text++;
    return text;
}

static void add_module(struct boot_loader_info *info, uint32_t start, uint32_t end,
                       const char *string)
{
    uint32_t index = info->module_count++;
    if (index >= BOOT_MODULES)
        return;
    info->modules[index] = (struct range){start, end > start ? end - start : 0};
    if (index == BOOT_LINUX)
        copy_string(info->linux_command_line, string);
}

/* Types this hypervisor has no name for are somebody's: reserved. */
static bool add_range(struct boot_loader_info *info, uint64_t base, uint64_t size, uint32_t type)
{
    return e820_add(&info->map, base, size, type >= 1 && type <= E820_UNUSABLE ? type : 2);
}

static bool read_map1(const struct multiboot1_info *mb, struct boot_loader_info *info)
{
    uint64_t at = mb->map, end = at + mb->map_length;
    while (at + sizeof(struct multiboot1_map_entry) <= end) {
        const struct multiboot1_map_entry *entry = hpa_pointer(hpa(at));
        if (!add_range(info, entry->base, entry->length, entry->type))
            return false;
        at += entry->size + sizeof(entry->size);
    }
    return info->map.count > 0;
}

static bool read1(const struct multiboot1_info *mb, struct boot_loader_info *info)
{
    if (mb->flags & FLAG_COMMAND_LINE)
        copy_string(info->command_line, hpa_pointer(hpa(mb->command_line)));
    const struct multiboot1_module *modules = hpa_pointer(hpa(mb->modules));
    for (uint32_t i = 0; (mb->flags & FLAG_MODULES) && i < mb->module_count; i++)
        add_module(info, modules[i].start, modules[i].end,
                   without_name(hpa_pointer(hpa(modules[i].string))));
    /* Graphics is not asked for by the header. */
    if ((mb->flags & FLAG_FRAMEBUFFER) && mb->framebuffer_kind == FRAMEBUFFER_TEXT)
        info->screen.kind = SCREEN_TEXT;
    return (mb->flags & FLAG_MAP) && read_map1(mb, info);
}

static bool read_map2(const struct multiboot2_map *map, struct boot_loader_info *info)
{
    uint32_t length = map->tag.size - (uint32_t)sizeof(*map);
    if (map->entry_size < sizeof(struct multiboot2_map_entry))
        return false;
    for (uint32_t at = 0; at + map->entry_size <= length; at += map->entry_size) {
        struct multiboot2_map_entry entry;
        memcpy(&entry, map->entries + at, sizeof(entry));
        if (!add_range(info, entry.base, entry.length, entry.type))
            return false;
    }
    return true;
}

static void read_rsdp(const struct multiboot2_tag *tag, struct boot_loader_info *info)
{
    size_t size = tag->size - sizeof(*tag);
    memcpy(info->rsdp_copy, tag + 1, size < RSDP_MAX ? size : RSDP_MAX);
    info->rsdp = (uint64_t)info->rsdp_copy;
}

static void read_screen(const struct multiboot2_framebuffer *tag, struct screen *screen)
{
    if (tag->kind == FRAMEBUFFER_TEXT)
        screen->kind = SCREEN_TEXT;
    if (tag->kind != FRAMEBUFFER_DIRECT_COLOUR || tag->tag.size < FRAMEBUFFER_BYTES)
        return;
    *screen = (struct screen){
        .kind = SCREEN_PIXELS,
        .address = tag->address,
        .pitch = tag->pitch,
        .width = tag->width,
        .height = tag->height,
        .depth = tag->depth,
        .red = tag->red,
        .green = tag->green,
        .blue = tag->blue,
    };
}

/* The smallest size of a tag whose members are read. */
static uint32_t least_size(uint32_t type)
{
    static const uint8_t sizes[] = {
        [TAG_MODULE] = sizeof(struct multiboot2_module),
        [TAG_MAP] = sizeof(struct multiboot2_map),
        [TAG_FRAMEBUFFER] = offsetof(struct multiboot2_framebuffer, red),
        [TAG_EFI64_SYSTEM_TABLE] = sizeof(struct multiboot2_efi_table),
        [TAG_EFI_MAP] = sizeof(struct multiboot2_efi_map),
    };
    uint32_t size = type < ARRAY_SIZE(sizes) ? sizes[type] : 0;
    return size ? size : sizeof(struct multiboot2_tag);
}

static void read_efi_map(const struct multiboot2_efi_map *map, struct boot_loader_info *info)
{
    info->efi_map_refused =
        !efi_map_set(&info->efi, map->descriptors, map->tag.size - (uint32_t)sizeof(*map),
                     map->descriptor_size, map->descriptor_version);
}

static bool read_tag(const struct multiboot2_tag *tag, struct boot_loader_info *info)
{
    const struct multiboot2_module *module = (const void *)tag;
    switch (tag->type) {
    case TAG_COMMAND_LINE:
        copy_string(info->command_line, (const char *)(tag + 1));
        return true;
    case TAG_MODULE:
        add_module(info, module->start, module->end, module->string);
        return true;
    case TAG_MAP:
        return read_map2((const void *)tag, info);
    case TAG_FRAMEBUFFER:
        read_screen((const void *)tag, &info->screen);
        return true;
    case TAG_EFI64_SYSTEM_TABLE:
        info->efi.system_table = ((const struct multiboot2_efi_table *)tag)->address;
        return true;
    case TAG_EFI_MAP:
        read_efi_map((const void *)tag, info);
        return true;
    case TAG_ACPI_OLD: /* both hold a copy of the RSDP */
        if (!info->rsdp)
            read_rsdp(tag, info);
        return true;
    case TAG_ACPI_NEW:
        read_rsdp(tag, info);
        return true;
    default:
        return true;
    }
}

static bool read2(uint64_t information, struct boot_loader_info *info)
{
    uint64_t at = information + 8;
    const struct multiboot2_tag *tag = hpa_pointer(hpa(at));
    while (tag->type != TAG_END) {
        if (tag->size < least_size(tag->type) || !read_tag(tag, info))
            return false;
        at += align_up(tag->size, 8);
        tag = hpa_pointer(hpa(at));
    }
    return info->map.count > 0;
}

void multiboot_take(struct boot_loader_info *info, struct range range)
{
    if (info->taken_count == TAKEN_MAX)
        fatal("the memory map has too many pieces");
    info->taken[info->taken_count++] = range;
}

struct range multiboot_find(const struct boot_loader_info *info, uint64_t size, uint64_t alignment,
                            uint64_t limit)
{
    return e820_find_top(&info->map, size, alignment, limit < FOUR_GIB ? limit : FOUR_GIB,
                         info->taken, info->taken_count);
}

static void take_what_is_used(struct boot_loader_info *info)
{
    info->taken_count = efi_map_boot_ranges(&info->efi, info->taken, TAKEN_MAX - BOOT_MODULES);
    if (info->taken_count > TAKEN_MAX - BOOT_MODULES)
        fatal("the memory map has too many pieces");
    for (uint32_t i = 0; i < BOOT_MODULES; i++)
        multiboot_take(info, info->modules[i]);
}

bool multiboot_read(uint32_t magic, uint64_t information, struct boot_loader_info *info)
{
    bool known = false;
    if (magic == MULTIBOOT1_MAGIC)
        known = read1(hpa_pointer(hpa(information)), info);
    else if (magic == MULTIBOOT2_MAGIC)
        known = read2(information, info);
    take_what_is_used(info);
    return known && e820_tidy(&info->map);
}
