/* SPDX-License-Identifier: BSD-2-Clause */
#include "vtl1_start.h"
#include "elf.h"
#include "flat_context.h"
#include "guest_memory.h"
#include "log.h"
#include "shootdown.h"
#include "startup.h"
#include "string.h"

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE   (1ull << 1)
#define PTE_LARGE   (1ull << 7)
#define PTE_GLOBAL  (1ull << 8)
#define PTE_NX      (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull
#define LEVELS      4u
#define ENTRIES     512u

/* Memory taken from the start of the pool, page by page. */
struct builder {
    struct range pool;
    uint64_t used;
    uint64_t root;
};

static uint64_t take_page(struct builder *b)
{
    if (b->used + PAGE_SIZE > b->pool.size)
        fatal("the VTL1 pool is too small for the Secure Kernel (see vtl1=SIZE)");
    uint64_t page = b->pool.base + b->used;
    b->used += PAGE_SIZE;
    return page;
}

/* Maps one page of the level (1: 4 KiB, 2: 2 MiB) in VTL1's own page tables. */
static void map(struct builder *b, uint64_t virtual, uint64_t physical, unsigned level,
                uint64_t flags)
{
    uint64_t table = b->root;
    for (unsigned at = LEVELS; at > level; at--) {
        uint64_t *entry = hpa_pointer(hpa(table));
        entry += virtual >> (PAGE_SHIFT + 9 * (at - 1)) & (ENTRIES - 1);
        if (!*entry)
            *entry = take_page(b) | PTE_PRESENT | PTE_WRITE;
        table = *entry & PTE_ADDRESS;
    }
    uint64_t *leaf = hpa_pointer(hpa(table));
    leaf += virtual >> (PAGE_SHIFT + 9 * (level - 1)) & (ENTRIES - 1);
    *leaf = physical | flags | PTE_PRESENT | PTE_GLOBAL | (level > 1 ? PTE_LARGE : 0);
}

static void map_direct(struct builder *b, struct range ram)
{
    uint64_t at = ram.base, end = ram.base + ram.size;
    while (at < end) {
        bool large = !(at % PAGE_SIZE_2M) && end - at >= PAGE_SIZE_2M;
        map(b, VTL1_DIRECT_MAP + at, at, large ? 2 : 1, PTE_WRITE | PTE_NX);
        at += large ? PAGE_SIZE_2M : PAGE_SIZE;
    }
}

static uint64_t rights_of(const struct elf_segment *s)
{
    return (s->writable ? PTE_WRITE : 0) | (s->executable ? 0 : PTE_NX);
}

static void map_segments(struct builder *b, const struct elf_image *image)
{
    for (unsigned i = 0; i < image->count; i++) {
        const struct elf_segment *s = &image->segments[i];
        uint64_t end = align_up(s->address + s->memory_size, PAGE_SIZE);
        for (uint64_t at = align_down(s->address, PAGE_SIZE); at < end; at += PAGE_SIZE)
            map(b, at, b->pool.base + (at - VTL1_KERNEL_BASE), 1, rights_of(s));
    }
}

/* The pool is zero already. Returns the image's bytes in memory. */
static uint64_t copy_segments(struct builder *b, const struct elf_image *image)
{
    uint64_t size = 0;
    for (unsigned i = 0; i < image->count; i++) {
        const struct elf_segment *s = &image->segments[i];
        uint64_t offset = s->address - VTL1_KERNEL_BASE;
        memcpy(hpa_pointer(hpa(b->pool.base + offset)), s->data, s->file_size);
        uint64_t end = align_up(offset + s->memory_size, PAGE_SIZE);
        size = end > size ? end : size;
    }
    return size;
}

static struct vtl1_boot_info *fill_boot_info(struct builder *b, struct partition *partition,
                                             const struct range *ram, uint32_t ram_count)
{
    struct vtl1_boot_info *info = hpa_pointer(hpa(take_page(b)));
    info->magic = VTL1_BOOT_MAGIC;
    info->cpu_count = partition->cpu_count;
    info->tsc_hz = partition->tsc_hz;
    info->cr3 = b->root;
    info->pool = (struct vtl1_range){b->pool.base, b->pool.size};
    memcpy(info->hypervisor_digest, partition->hypervisor_digest, DIGEST_SIZE);
    memcpy(info->secure_kernel_digest, partition->secure_kernel_digest, DIGEST_SIZE);
    info->ram_range_count = ram_count;
    for (uint32_t i = 0; i < ram_count; i++)
        info->ram[i] = (struct vtl1_range){ram[i].base, ram[i].size};
    return info;
}

struct vtl1_image vtl1_load(struct partition *partition, struct range module,
                            const struct range *ram, uint32_t ram_count)
{
    struct elf_image image;
    const char *wrong =
        elf_read(hpa_pointer(hpa(module.base)), module.size, VTL1_KERNEL_BASE, &image);
    if (wrong)
        fatal_with("the Secure Kernel module is broken: ", wrong);
    struct builder b = {.pool = partition->vtl1_pool};
    if (image.size > b.pool.size / 2)
        fatal("the VTL1 pool is too small for the Secure Kernel (see vtl1=SIZE)");
    memset(hpa_pointer(hpa(b.pool.base)), 0, b.pool.size);
    b.used = copy_segments(&b, &image);
    uint64_t kernel_size = b.used;
    b.root = take_page(&b);
    map_segments(&b, &image);
    for (uint32_t i = 0; i < ram_count; i++)
        map_direct(&b, ram[i]);
    struct vtl1_boot_info *info = fill_boot_info(&b, partition, ram, ram_count);
    info->kernel_size = kernel_size;
    info->pool_used = b.used;
    return (struct vtl1_image){image.entry, VTL1_DIRECT_MAP + (uint64_t)info, b.root};
}

void vtl1_enter(struct cpu *cpu, const struct vtl1_image *image)
{
    struct hv_initial_vp_context context = flat_context(image->entry, image->cr3, 0x08);
    context.efer |= EFER_NXE | EFER_SCE;
    context.cr0 |= X86_CR0_WP | X86_CR0_NE | X86_CR0_MP;
    vcpu_set_context(cpu, 1, &context);
    memset(&cpu->registers, 0, sizeof(cpu->registers));
    cpu->registers.rdi = image->boot_info;
    cpu->registers.rsi = cpu->index;
    cpu->work = CPU_WORK_STARTING;
    vcpu_select(cpu, 1);
    vcpu_hold_interrupts(true);
    vcpu_run(cpu);
}

/* RDI is 0, or where in VTL1's image the sentence stands that says why not. */
static void check_refusal(struct cpu *cpu)
{
    char sentence[160];
    gpa_t address;
    uint64_t virtual = cpu->registers.rdi;
    if (!virtual)
        return;
    if (guest_translate(cpu, 1, gva(virtual), TRANSLATE_READ, &address) != TRANSLATE_SUCCESS)
        fatal("the Secure Kernel refuses to start, and gives no reason");
    uint64_t length = PAGE_SIZE - (address.value & PAGE_MASK);
    if (length > sizeof(sentence) - 1)
        length = sizeof(sentence) - 1;
    memset(sentence, 0, sizeof(sentence));
    if (!slat_copy_in(&cpu->partition->slat, 1, address, sentence, length))
        fatal("the Secure Kernel refuses to start, and gives no reason");
    fatal_with("the Secure Kernel refuses to start: ", sentence);
}

static void start_others(struct cpu *cpu)
{
    struct partition *partition = cpu->partition;
    uint64_t patience = 10 * partition->tsc_hz;
    for (uint32_t i = 1; i < partition->cpu_count; i++) {
        struct cpu *other = partition->cpus[i];
        __atomic_store_n(&other->shared.vtl1_go, 1, __ATOMIC_SEQ_CST);
        shootdown_kick(other);
        uint64_t start = cpu_rdtsc();
        while (!__atomic_load_n(&other->shared.vtl1_ready, __ATOMIC_SEQ_CST)) {
            if (cpu_rdtsc() - start > patience)
                fatal("the Secure Kernel does not come up on a CPU");
            shootdown_serve(cpu); /* its VTL1 may be changing protections */
            cpu_pause();
        }
    }
}

void vtl1_started(struct cpu *cpu)
{
    check_refusal(cpu);
    cpu->work &= ~(uint32_t)CPU_WORK_STARTING;
    cpu->vtl1_enabled = 1;
    vcpu_switch(cpu, &cpu->vcpu[1], &cpu->vcpu[0], 0);
    __atomic_store_n(&cpu->shared.vtl1_ready, 1, __ATOMIC_SEQ_CST);
    if (cpu->index != 0) {
        startup_wait(cpu);
        return;
    }
    start_others(cpu);
    linux_enter(cpu, &cpu->partition->linux_image);
    cpu->partition->copied_tsc = cpu->partition->linux_image.copied_tsc;
    cpu->partition->linux_tsc = cpu_rdtsc();
}
