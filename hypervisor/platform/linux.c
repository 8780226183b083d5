/* SPDX-License-Identifier: BSD-2-Clause */
#include "linux.h"
#include "../cpu.h"
#include "../flat_context.h"
#include "../log.h"
#include "../string.h"

#include <asm/bootparam.h>

/* Where the setup header stands in a bzImage, as in struct boot_params; its length is told by the
 * jump over it. */
#define HEADER           offsetof(struct boot_params, hdr)
#define HEADER_JUMP_END  0x202u
#define MAGIC_HDRS       0x53726448u
#define BOOT_FLAG        0xaa55u
#define PROTOCOL_64BIT   0x020cu
#define LOADER_UNDEFINED 0xffu
#define ENTRY_64BIT      0x200u
#define SECTOR           512u
#define EFI_SIGNATURE    0x34364c45u /* "EL64" */
#define SECURE_BOOT_OFF  2u          /* Linux, include/linux/efi.h */
#define IS_VGA_TEXT      1u
#define TEXT_MODE        3u
static_assert(E820_MAX == E820_MAX_ENTRIES_ZEROPAGE, "as many as Linux takes");

/* Everything Linux needs at entry. It reserves the first MiB, and puts its trampoline at the top of
 * the RAM there. */
#define LOW_LIMIT 0x80000ull
struct low_memory {
    struct boot_params params;
    uint64_t page_table[512], directory_pointers[512], directories[4][512];
    char command_line[COMMAND_LINE_MAX];
    uint64_t gdt[4];
    uint8_t rsdp[RSDP_MAX];
    struct efi_map efi;
};
static_assert(offsetof(struct low_memory, page_table) == PAGE_SIZE, "page tables are aligned");
static_assert(sizeof(struct low_memory) < 0x40000, "below LOW_LIMIT");

#define SELECTOR_BOOT_CS 0x10u
#define SELECTOR_BOOT_DS 0x18u

/* A bzImage: its setup header, and what is behind the real-mode part. */
struct kernel {
    const struct setup_header *header;
    const uint8_t *code;
    uint64_t size;
};

static struct kernel read_kernel(struct range module)
{
    const uint8_t *file = hpa_pointer(hpa(module.base));
    const struct setup_header *header = (const void *)(file + HEADER);
    if (module.size < 4 * SECTOR || header->header != MAGIC_HDRS || header->boot_flag != BOOT_FLAG)
        fatal("the second module is not a Linux bzImage");
    if (header->version < PROTOCOL_64BIT || !(header->xloadflags & XLF_KERNEL_64))
        fatal("the Linux kernel has no 64-bit entry point");
    uint64_t setup_size = ((header->setup_sects ? header->setup_sects : 4u) + 1) * SECTOR;
    if (setup_size >= module.size)
        fatal("the Linux kernel is truncated");
    return (struct kernel){header, file + setup_size, module.size - setup_size};
}

static bool is_taken(const struct boot_loader_info *info, struct range range, unsigned except)
{
    for (uint32_t i = 0; i < info->taken_count; i++) {
        struct range taken = info->taken[i];
        if (range_overlaps(range, taken) && taken.base != info->modules[except].base)
            return true;
    }
    return false;
}

/* Where it wants to be, or anywhere. It may come to lie on its own module, on no other. */
static struct range place_kernel(const struct kernel *kernel, struct boot_loader_info *info)
{
    const struct setup_header *header = kernel->header;
    uint64_t need = header->init_size > kernel->size ? header->init_size : kernel->size;
    struct range place = {header->pref_address, need};
    if (!e820_is_ram(&info->map, place) || is_taken(info, place, BOOT_LINUX)) {
        uint64_t alignment = header->relocatable_kernel ? header->kernel_alignment : 0;
        bool sound = alignment >= PAGE_SIZE && !(alignment & (alignment - 1));
        place = sound ? multiboot_find(info, need, alignment, UINT64_MAX) : (struct range){0, 0};
    }
    if (!place.size)
        fatal("too little memory: there is no place for the Linux kernel");
    multiboot_take(info, place);
    return place;
}

/* Where the loader put it, if that is VTL0's RAM and nothing of Linux's; otherwise high in RAM. */
static struct range place_initrd(struct boot_loader_info *info)
{
    struct range initrd = info->modules[BOOT_INITRD];
    if (!initrd.size || (!(initrd.base % PAGE_SIZE) && e820_is_ram(&info->map, initrd) &&
                         !is_taken(info, initrd, BOOT_INITRD)))
        return initrd;
    struct range place = multiboot_find(info, initrd.size, PAGE_SIZE, UINT64_MAX);
    if (!place.size)
        fatal("too little memory for the initrd");
    memcpy(hpa_pointer(hpa(place.base)), hpa_pointer(hpa(initrd.base)), initrd.size);
    return place;
}

static void fill_header(struct boot_params *params, const struct setup_header *header)
{
    uint64_t end = HEADER_JUMP_END + (header->jump >> 8);
    memcpy((uint8_t *)params + HEADER, header, end - HEADER);
    params->hdr.type_of_loader = LOADER_UNDEFINED;
    params->hdr.loadflags = (params->hdr.loadflags & ~CAN_USE_HEAP) | LOADED_HIGH;
}

static void fill_e820(struct boot_params *params, const struct e820_map *map)
{
    params->e820_entries = (uint8_t)map->count;
    memcpy(params->e820_table, map->entries, map->count * sizeof(map->entries[0]));
}

/* The first 4 GiB one to one: more than the protocol asks for. */
static void fill_page_tables(struct low_memory *low)
{
    low->page_table[0] = (uint64_t)low->directory_pointers | 3;
    for (uint64_t i = 0; i < 4; i++) {
        low->directory_pointers[i] = (uint64_t)low->directories[i] | 3;
        for (uint64_t j = 0; j < 512; j++)
            low->directories[i][j] = (i * 512 + j) * PAGE_SIZE_2M | 0x83;
    }
}

static bool has_efi(const struct efi_map *efi)
{
    return efi->system_table && efi->size;
}

static void fill_efi(struct low_memory *low, const struct efi_map *efi)
{
    if (!has_efi(efi))
        return;
    low->efi = *efi;
    uint64_t map = (uint64_t)low->efi.descriptors;
    low->params.efi_info = (struct efi_info){
        .efi_loader_signature = EFI_SIGNATURE,
        .efi_systab = (uint32_t)efi->system_table,
        .efi_systab_hi = (uint32_t)(efi->system_table >> 32),
        .efi_memdesc_size = efi->descriptor_size,
        .efi_memdesc_version = efi->descriptor_version,
        .efi_memmap = (uint32_t)map,
        .efi_memmap_size = efi->size,
    };
    low->params.secure_boot = SECURE_BOOT_OFF; /* with it on, GRUB would not have started us */
}

static void fill_pixels(struct screen_info *to, const struct screen *screen, bool efi)
{
    uint64_t bytes = align_up((uint64_t)screen->pitch * screen->height, 0x10000);
    unsigned used = screen->red.bits + screen->green.bits + screen->blue.bits;
    *to = (struct screen_info){
        .orig_video_isVGA = efi ? VIDEO_TYPE_EFI : VIDEO_TYPE_VLFB,
        .lfb_width = (uint16_t)screen->width,
        .lfb_height = (uint16_t)screen->height,
        .lfb_depth = screen->depth,
        .lfb_linelength = (uint16_t)screen->pitch,
        .lfb_base = (uint32_t)screen->address,
        .ext_lfb_base = (uint32_t)(screen->address >> 32),
        .capabilities = screen->address >> 32 ? VIDEO_CAPABILITY_64BIT_BASE : 0,
        /* Linux counts VESA's in 64 KiB. GRUB rounds either. */
        .lfb_size = (uint32_t)(bytes >> (efi ? 0 : 16)),
        .red_size = screen->red.bits,
        .red_pos = screen->red.position,
        .green_size = screen->green.bits,
        .green_pos = screen->green.position,
        .blue_size = screen->blue.bits,
        .blue_pos = screen->blue.position,
        .rsvd_size = (uint8_t)(screen->depth - used),
        .rsvd_pos = (uint8_t)(screen->depth == used ? 0 : used),
    };
}

static void fill_screen(struct screen_info *to, const struct screen *screen, bool efi)
{
    if (screen->kind == SCREEN_PIXELS)
        fill_pixels(to, screen, efi);
    if (screen->kind == SCREEN_TEXT)
        *to = (struct screen_info){.orig_video_isVGA = IS_VGA_TEXT,
                                   .orig_video_mode = TEXT_MODE,
                                   .orig_video_cols = 80,
                                   .orig_video_lines = 25,
                                   .orig_video_points = 16};
}

/* Linux finds the RSDP itself in a BIOS and by UEFI's tables; a copy is the last resort, as it may
 * be gone when Linux starts another kernel by kexec. */
static void fill_rsdp(struct low_memory *low, const struct boot_loader_info *info)
{
    if (info->rsdp != (uint64_t)info->rsdp_copy || has_efi(&info->efi))
        return;
    memcpy(low->rsdp, info->rsdp_copy, RSDP_MAX);
    low->params.acpi_rsdp_addr = (uint64_t)low->rsdp;
}

static void fill_low_memory(struct low_memory *low, const struct boot_loader_info *info,
                            const struct kernel *kernel, struct range initrd)
{
    struct boot_params *params = &low->params;
    memset(low, 0, sizeof(*low));
    fill_header(params, kernel->header);
    fill_e820(params, &info->map);
    if (strlen(info->linux_command_line) > kernel->header->cmdline_size)
        fatal("the Linux command line is longer than the kernel takes");
    memcpy(low->command_line, info->linux_command_line, COMMAND_LINE_MAX);
    params->hdr.cmd_line_ptr = (uint32_t)(uint64_t)low->command_line;
    params->hdr.ramdisk_image = (uint32_t)initrd.base;
    params->hdr.ramdisk_size = (uint32_t)initrd.size;
    params->ext_ramdisk_image = (uint32_t)(initrd.base >> 32);
    params->ext_ramdisk_size = (uint32_t)(initrd.size >> 32);
    fill_rsdp(low, info);
    fill_efi(low, &info->efi);
    fill_screen(&params->screen_info, &info->screen, info->efi.system_table);
    low->gdt[SELECTOR_BOOT_CS / 8] = 0x00af9b000000ffffull;
    low->gdt[SELECTOR_BOOT_DS / 8] = 0x00cf93000000ffffull;
    fill_page_tables(low);
}

static struct range place_low_memory(struct boot_loader_info *info)
{
    struct range place = multiboot_find(info, sizeof(struct low_memory), PAGE_SIZE, LOW_LIMIT);
    if (!place.size)
        fatal("too little memory below 512 KiB to start Linux");
    multiboot_take(info, place);
    return place;
}

struct linux_image linux_load(struct boot_loader_info *info)
{
    struct range low_range = place_low_memory(info);
    struct low_memory *low = hpa_pointer(hpa(low_range.base));
    struct kernel kernel = read_kernel(info->modules[BOOT_LINUX]);
    struct range place = place_kernel(&kernel, info);
    uint64_t start = cpu_rdtsc();
    struct range initrd = place_initrd(info);
    uint64_t initrd_done = cpu_rdtsc();
    fill_low_memory(low, info, &kernel, initrd);
    uint64_t kernel_start = cpu_rdtsc();
    memmove(hpa_pointer(hpa(place.base)), kernel.code, kernel.size);
    return (struct linux_image){
        .entry = place.base + ENTRY_64BIT,
        .boot_params = (uint64_t)&low->params,
        .cr3 = (uint64_t)low->page_table,
        .gdt = (uint64_t)low->gdt,
        .copied_tsc = initrd_done - start + (cpu_rdtsc() - kernel_start),
    };
}

void linux_enter(struct cpu *cpu, const struct linux_image *image)
{
    struct hv_initial_vp_context context = flat_context(image->entry, image->cr3, SELECTOR_BOOT_CS);
    context.gdtr.limit = sizeof(((struct low_memory *)0)->gdt) - 1;
    context.gdtr.base = image->gdt;
    vcpu_set_context(cpu, 0, &context);
    vcpu_select(cpu, 0);
    memset(&cpu->registers, 0, sizeof(cpu->registers));
    cpu->registers.rsi = image->boot_params;
}
