/* SPDX-License-Identifier: BSD-2-Clause */
#include "linux.h"
#include "../cpu.h"
#include "../log.h"
#include "../string.h"

/* Offsets in the setup header and struct boot_params, which begin alike. */
#define SETUP_SECTORS     0x1f1u
#define BOOT_FLAG         0x1feu
#define HEADER_MAGIC      0x202u
#define HEADER_JUMP       0x201u /* its displacement tells where the header ends */
#define PROTOCOL_VERSION  0x206u
#define LOADER_TYPE       0x210u
#define LOAD_FLAGS        0x211u
#define RAMDISK_IMAGE     0x218u
#define RAMDISK_SIZE      0x21cu
#define COMMAND_LINE      0x228u
#define COMMAND_LINE_SIZE 0x238u
#define XLOADFLAGS        0x236u
#define ALIGNMENT         0x230u
#define RELOCATABLE       0x234u
#define PREFERRED_ADDRESS 0x258u
#define INIT_SIZE         0x260u
#define EXT_RAMDISK_IMAGE 0x0c0u
#define EXT_RAMDISK_SIZE  0x0c4u
#define ACPI_RSDP         0x070u
#define EFI_INFO          0x1c0u
#define E820_COUNT        0x1e8u
#define SECURE_BOOT       0x1ecu
#define E820_TABLE        0x2d0u

#define MAGIC_HDRS        0x53726448u
#define PROTOCOL_64BIT    0x020cu
#define XLF_KERNEL_64     1u
#define LOADER_UNDEFINED  0xffu
#define CAN_USE_HEAP      0x80u
#define LOADED_HIGH       0x01u
#define ENTRY_64BIT       0x200u
#define SECTOR            512u

/* struct screen_info (Linux, include/uapi/linux/screen_info.h). */
#define SCREEN_MODE       0x06u
#define SCREEN_COLUMNS    0x07u
#define SCREEN_LINES      0x0eu
#define SCREEN_TYPE       0x0fu
#define SCREEN_POINTS     0x10u
#define SCREEN_WIDTH      0x12u
#define SCREEN_HEIGHT     0x14u
#define SCREEN_DEPTH      0x16u
#define SCREEN_BASE       0x18u
#define SCREEN_BYTES      0x1cu
#define SCREEN_PITCH      0x24u
#define SCREEN_COLOURS    0x26u /* bits and position of red, green, blue, the rest */
#define SCREEN_ABILITIES  0x36u
#define SCREEN_BASE_HIGH  0x3au
#define TYPE_VGA_TEXT     1u
#define TYPE_VESA         0x23u
#define TYPE_EFI          0x70u
#define TEXT_MODE         3u
#define ABLE_64BIT_BASE   2u
#define SECURE_BOOT_OFF   2u /* Linux, include/linux/efi.h */

/* Everything Linux needs at entry. It reserves the first MiB, and puts its trampoline at the top of
 * the RAM there. */
#define LOW_LIMIT         0x80000ull
struct low_memory {
    uint8_t boot_params[4096];
    uint64_t page_table[512], directory_pointers[512], directories[4][512];
    char command_line[COMMAND_LINE_MAX];
    uint64_t gdt[4];
    uint8_t rsdp[RSDP_MAX];
    struct efi_map efi;
};
static_assert(sizeof(struct low_memory) < 0x40000, "below LOW_LIMIT");

/* struct efi_info (Linux, arch/x86/include/uapi/asm/bootparam.h). */
struct efi_info {
    char signature[4];
    uint32_t system_table, descriptor_size, descriptor_version;
    uint32_t map, map_size, system_table_high, map_high;
};
static_assert(sizeof(struct efi_info) == 32, "Linux boot protocol, efi_info");

#define CR0_START        0x80000011ull /* PG, ET, PE */
#define CR4_START        (1ull << 5)
#define EFER_START       0x500ull /* LMA, LME */
#define PAT_RESET        0x0007040600070406ull
#define SELECTOR_BOOT_CS 0x10u
#define SELECTOR_BOOT_DS 0x18u
#define CODE_SEGMENT     0xa09bu
#define DATA_SEGMENT     0xc093u

static uint64_t read(const uint8_t *base, uint32_t offset, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, base + offset, size);
    return value;
}

static void write(uint8_t *base, uint32_t offset, uint64_t value, unsigned size)
{
    memcpy(base + offset, &value, size);
}

/* What the setup header says. */
struct kernel {
    const uint8_t *file;
    uint64_t setup_size, size; /* real-mode part, and what is behind it */
    uint64_t address, init_size;
    uint64_t alignment; /* 0: it must go to its address */
};

static struct kernel read_kernel(struct range module)
{
    const uint8_t *file = hpa_pointer(hpa(module.base));
    if (module.size < 4 * SECTOR || read(file, HEADER_MAGIC, 4) != MAGIC_HDRS ||
        read(file, BOOT_FLAG, 2) != 0xaa55)
        fatal("the second module is not a Linux bzImage");
    if (read(file, PROTOCOL_VERSION, 2) < PROTOCOL_64BIT ||
        !(read(file, XLOADFLAGS, 2) & XLF_KERNEL_64))
        fatal("the Linux kernel has no 64-bit entry point");
    uint64_t sectors = read(file, SETUP_SECTORS, 1);
    struct kernel kernel = {
        .file = file,
        .setup_size = ((sectors ? sectors : 4) + 1) * SECTOR,
        .address = read(file, PREFERRED_ADDRESS, 8),
        .init_size = read(file, INIT_SIZE, 4),
        .alignment = read(file, RELOCATABLE, 1) ? read(file, ALIGNMENT, 4) : 0,
    };
    if (kernel.setup_size >= module.size)
        fatal("the Linux kernel is truncated");
    kernel.size = module.size - kernel.setup_size;
    return kernel;
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
    uint64_t need = kernel->init_size > kernel->size ? kernel->init_size : kernel->size;
    struct range place = {kernel->address, need};
    if (!e820_is_ram(&info->map, place) || is_taken(info, place, BOOT_LINUX)) {
        uint64_t alignment = kernel->alignment;
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

static void fill_header(uint8_t *params, const struct kernel *kernel)
{
    uint64_t end = HEADER_MAGIC + read(kernel->file, HEADER_JUMP, 1);
    memset(params, 0, PAGE_SIZE);
    memcpy(params + SETUP_SECTORS, kernel->file + SETUP_SECTORS, end - SETUP_SECTORS);
    write(params, LOADER_TYPE, LOADER_UNDEFINED, 1);
    write(params, LOAD_FLAGS, (read(params, LOAD_FLAGS, 1) & ~(uint64_t)CAN_USE_HEAP) | LOADED_HIGH,
          1);
}

static void fill_e820(uint8_t *params, const struct e820_map *map)
{
    write(params, E820_COUNT, map->count, 1);
    memcpy(params + E820_TABLE, map->entries, map->count * sizeof(map->entries[0]));
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
    struct efi_info info = {
        .signature = {'E', 'L', '6', '4'},
        .system_table = (uint32_t)efi->system_table,
        .system_table_high = (uint32_t)(efi->system_table >> 32),
        .descriptor_size = efi->descriptor_size,
        .descriptor_version = efi->descriptor_version,
        .map = (uint32_t)map,
        .map_size = efi->size,
    };
    memcpy(low->boot_params + EFI_INFO, &info, sizeof(info));
    /* With it on, GRUB would not have started us. */
    write(low->boot_params, SECURE_BOOT, SECURE_BOOT_OFF, 1);
}

static void fill_pixels(uint8_t *params, const struct screen *screen, bool efi)
{
    uint64_t bytes = (uint64_t)screen->pitch * screen->height;
    unsigned used = screen->red.bits + screen->green.bits + screen->blue.bits;
    const uint8_t colours[8] = {
        screen->red.bits,
        screen->red.position,
        screen->green.bits,
        screen->green.position,
        screen->blue.bits,
        screen->blue.position,
        (uint8_t)(screen->depth - used),
        (uint8_t)(screen->depth == used ? 0 : used),
    };
    write(params, SCREEN_TYPE, efi ? TYPE_EFI : TYPE_VESA, 1);
    write(params, SCREEN_WIDTH, screen->width, 2);
    write(params, SCREEN_HEIGHT, screen->height, 2);
    write(params, SCREEN_DEPTH, screen->depth, 2);
    write(params, SCREEN_PITCH, screen->pitch, 2);
    write(params, SCREEN_BASE, screen->address & 0xffffffff, 4);
    write(params, SCREEN_BASE_HIGH, screen->address >> 32, 4);
    write(params, SCREEN_ABILITIES, screen->address >> 32 ? ABLE_64BIT_BASE : 0, 4);
    /* Linux counts VESA's in 64 KiB. GRUB rounds either. */
    write(params, SCREEN_BYTES, align_up(bytes, 0x10000) >> (efi ? 0 : 16), 4);
    memcpy(params + SCREEN_COLOURS, colours, sizeof(colours));
}

static void fill_screen(uint8_t *params, const struct screen *screen, bool efi)
{
    if (screen->kind == SCREEN_PIXELS)
        fill_pixels(params, screen, efi);
    if (screen->kind != SCREEN_TEXT)
        return;
    write(params, SCREEN_TYPE, TYPE_VGA_TEXT, 1);
    write(params, SCREEN_MODE, TEXT_MODE, 1);
    write(params, SCREEN_COLUMNS, 80, 1);
    write(params, SCREEN_LINES, 25, 1);
    write(params, SCREEN_POINTS, 16, 2);
}

/* Linux finds the RSDP itself in a BIOS and by UEFI's tables; a copy is the last resort, as it may
 * be gone when Linux starts another kernel by kexec. */
static void fill_rsdp(struct low_memory *low, const struct boot_loader_info *info)
{
    if (info->rsdp != (uint64_t)info->rsdp_copy || has_efi(&info->efi))
        return;
    memcpy(low->rsdp, info->rsdp_copy, RSDP_MAX);
    write(low->boot_params, ACPI_RSDP, (uint64_t)low->rsdp, 8);
}

static void fill_low_memory(struct low_memory *low, const struct boot_loader_info *info,
                            const struct kernel *kernel, struct range initrd)
{
    uint8_t *params = low->boot_params;
    memset(low, 0, sizeof(*low));
    fill_header(params, kernel);
    fill_e820(params, &info->map);
    size_t limit = read(params, COMMAND_LINE_SIZE, 4);
    if (strlen(info->linux_command_line) > limit)
        fatal("the Linux command line is longer than the kernel takes");
    memcpy(low->command_line, info->linux_command_line, COMMAND_LINE_MAX);
    write(params, COMMAND_LINE, (uint64_t)low->command_line, 4);
    write(params, RAMDISK_IMAGE, initrd.base & 0xffffffff, 4);
    write(params, RAMDISK_SIZE, initrd.size & 0xffffffff, 4);
    write(params, EXT_RAMDISK_IMAGE, initrd.base >> 32, 4);
    write(params, EXT_RAMDISK_SIZE, initrd.size >> 32, 4);
    fill_rsdp(low, info);
    fill_efi(low, &info->efi);
    fill_screen(params, &info->screen, info->efi.system_table);
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
    memmove(hpa_pointer(hpa(place.base)), kernel.file + kernel.setup_size, kernel.size);
    return (struct linux_image){
        .entry = place.base + ENTRY_64BIT,
        .boot_params = (uint64_t)low->boot_params,
        .cr3 = (uint64_t)low->page_table,
        .gdt = (uint64_t)low->gdt,
        .copied_tsc = initrd_done - start + (cpu_rdtsc() - kernel_start),
    };
}

void linux_enter(struct cpu *cpu, const struct linux_image *image)
{
    struct hv_segment data = {
        .limit = 0xffffffff, .selector = SELECTOR_BOOT_DS, .attributes = DATA_SEGMENT};
    struct hv_initial_vp_context context = {
        .rip = image->entry,
        .rflags = 2,
        .cs = {.limit = 0xffffffff, .selector = SELECTOR_BOOT_CS, .attributes = CODE_SEGMENT},
        .ds = data,
        .es = data,
        .fs = data,
        .gs = data,
        .ss = data,
        .tr = {.limit = 0x67, .attributes = 0x8b},
        .ldtr = {.attributes = 0x82},
        .gdtr = {.limit = sizeof(((struct low_memory *)0)->gdt) - 1, .base = image->gdt},
        .efer = EFER_START,
        .cr0 = CR0_START,
        .cr3 = image->cr3,
        .cr4 = CR4_START,
        .pat = PAT_RESET,
    };
    if (vcpu_set_context(cpu, 0, &context) != HV_STATUS_SUCCESS)
        fatal("this CPU refuses the state that Linux starts in");
    vcpu_select(cpu, 0);
    memset(&cpu->registers, 0, sizeof(cpu->registers));
    cpu->registers.rsi = image->boot_params;
}
