/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the loader to VTL0. Order: what this machine is, who owns which memory, all CPUs into our
 * hands, the Secure Kernel on each, and Linux last.
 */
#include "apic_trap.h"
#include "host_map.h"
#include "log.h"
#include "msr.h"
#include "partition.h"
#include "platform/acpi.h"
#include "platform/apic.h"
#include "platform/e820.h"
#include "platform/linux.h"
#include "platform/multiboot.h"
#include "platform/options.h"
#include "platform/smm.h"
#include "platform/smp.h"
#include "platform/tsc.h"
#include "startup.h"
#include "vtl1_start.h"

#define FOUR_GIB         (4ull << 30)
#define CPUID_HYPERVISOR (1u << 31)
#define CPU_PAGES        (CPU_ALIGNMENT / PAGE_SIZE)

/* hypervisor.lds, entry.S */
extern uint8_t image_start[], rodata_end[], pool_start[], pool_end[];
extern uint64_t boot_tsc;

struct cpu boot_cpu __attribute__((aligned(CPU_ALIGNMENT)));
static struct partition partition;
static struct boot_loader_info loader;

_Noreturn void boot_main(uint32_t magic, uint64_t information);
_Noreturn void ap_main(struct cpu *cpu);

void *hpa_pointer(hpa_t address)
{
    return (void *)address.value;
}

static void check_machine(void)
{
    const char *missing = vcpu_unsupported();
    if (missing)
        fatal(missing);
}

static void check_modules(void)
{
    if (loader.module_count < BOOT_INITRD || loader.module_count > BOOT_MODULES)
        fatal("the boot loader must pass these modules: Secure Kernel, Linux kernel, initrd");
    for (uint32_t i = 0; i < loader.module_count; i++) {
        if (!loader.modules[i].size)
            fatal("a boot module is empty");
        if (!e820_is_ram(&loader.map, loader.modules[i]))
            fatal("too little memory: the boot modules are not all in RAM");
    }
}

static void read_loader(uint32_t magic, uint64_t information)
{
    bool known = multiboot_read(magic, information, &loader);
    screen_use(&loader.screen);
    if (!known)
        fatal("the boot loader passed no Multiboot information with a memory map");
    partition.hypervisor =
        (struct range){(uint64_t)image_start, (uint64_t)(pool_end - image_start)};
    if (!e820_is_ram(&loader.map, partition.hypervisor))
        fatal("too little memory: the hypervisor's own is not all RAM");
    if (loader.efi_map_refused)
        log_text("OpenVSM: the UEFI memory map is too long: Linux goes without EFI services\n");
    /* A BIOS's own rather than the loader's copy: Linux will find the same. */
    uint64_t rsdp = loader.efi.system_table ? 0 : acpi_find_rsdp();
    if (rsdp)
        loader.rsdp = rsdp;
}

/* The boot loader's entry names the digest that the Secure Kernel had when it was installed. */
static void measure(void)
{
    char hex[DIGEST_HEX_SIZE];
    struct range file = loader.modules[BOOT_SECURE_KERNEL];
    digest_of(image_start, (uint64_t)(rodata_end - image_start), partition.hypervisor_digest);
    digest_of(hpa_pointer(hpa(file.base)), file.size, partition.secure_kernel_digest);
    digest_to_hex(partition.secure_kernel_digest, hex);
    if (option_given(loader.command_line, "secure-kernel") &&
        !option_is(loader.command_line, "secure-kernel", hex))
        fatal_with("the Secure Kernel module is not the one that was installed; start without "
                   "OpenVSM and run openvsm provision. Its BLAKE2b-256: ",
                   hex);
}

/* The pool is the highest that is free: what the loader put in memory is still needed. */
static void divide_memory(void)
{
    uint64_t size = option_size(loader.command_line, "vtl1", 64ull << 20);
    if (!size)
        fatal("the option vtl1= takes a size, as in vtl1=64M");
    multiboot_take(&loader, partition.hypervisor);
    partition.vtl1_pool =
        multiboot_find(&loader, align_up(size, PAGE_SIZE_2M), PAGE_SIZE_2M, FOUR_GIB);
    if (!partition.vtl1_pool.size)
        fatal("too little memory for the VTL1 pool (see vtl1=SIZE)");
}

static bool assign_memory(void)
{
    struct slat *slat = &partition.slat;
    bool ok = slat_init(slat, &partition.pool);
    for (uint32_t i = 0; i < partition.ram_count; i++)
        ok = ok &&
             slat_boot_assign(slat, gpa(partition.ram[i].base), partition.ram[i].size, SLAT_VTL0);
    return ok &&
           slat_boot_assign(slat, gpa(partition.hypervisor.base), partition.hypervisor.size,
                            SLAT_HYPERVISOR) &&
           slat_boot_assign(slat, gpa(partition.vtl1_pool.base), partition.vtl1_pool.size,
                            SLAT_VTL1);
}

/* The whole map, before ours is taken out of it, is what the SLAT counts as RAM. */
static void build_slat(void)
{
    partition.ram_count = e820_ram_pages(&loader.map, partition.ram, PARTITION_RAM_RANGES);
    memory_init(&partition.pool, hpa((uint64_t)pool_start), (uint64_t)(pool_end - pool_start));
    host_map_complete(partition.ram, partition.ram_count);
    if (!assign_memory() || !e820_reserve(&loader.map, partition.hypervisor) ||
        !e820_reserve(&loader.map, partition.vtl1_pool) ||
        !efi_map_reserve(&loader.efi, partition.hypervisor) ||
        !efi_map_reserve(&loader.efi, partition.vtl1_pool))
        fatal("the memory map has too many pieces");
    for (uint64_t at = 0; at < APIC_WINDOW_SIZE; at += PAGE_SIZE)
        if (slat_trap_device_writes(&partition.slat, gpa(APIC_WINDOW_BASE + at), true) !=
            HV_STATUS_SUCCESS)
            fatal("the APIC cannot be guarded");
}

static bool guard_iommus(gpa_t bases[IOMMU_MAX], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        partition.iommu.bases[i] = bases[i];
        if (!slat_boot_hide_device(&partition.slat, bases[i], IOMMU_REGISTER_BYTES))
            return false;
    }
    partition.iommu.count = count;
    bool emulated = cpu_cpuid(1, 0).ecx & CPUID_HYPERVISOR;
    if (emulated)
        ports_guard_fw_cfg(&partition.ports);
    return iommu_start(&partition.iommu, &partition.pool, partition.slat.root[0], emulated);
}

/* Before there is anything in VTL1 that a device could read. */
static void start_iommu(void)
{
    gpa_t bases[IOMMU_MAX];
    bool required = option_is(loader.command_line, "iommu", "require");
    struct range ivrs = acpi_table(loader.rsdp, FOUR_GIB, "IVRS");
    int count =
        ivrs.size ? iommu_parse_ivrs(hpa_pointer(hpa(ivrs.base)), (uint32_t)ivrs.size, bases) : 0;
    if (count > 0 && !guard_iommus(bases, (uint32_t)count))
        fatal("the IOMMU does not start; switch it off in the firmware to go on without");
    if (count > 0) {
        acpi_hide(ivrs);
        partition.features |= HV_FEATURE_IOMMU;
        return;
    }
    if (required)
        fatal("iommu=require, but this machine has no AMD IOMMU; switch it on in the firmware");
    log_text("OpenVSM: no IOMMU: a device that VTL0 commands can reach VTL1's memory\n");
}

static void init_cpu_struct(struct cpu *cpu, uint32_t index, uint32_t apic_id)
{
    cpu->partition = &partition;
    cpu->index = index;
    cpu->apic_id = apic_id;
    cpu->apic_destination_format = 0xffffffffu;
    partition.cpus[index] = cpu;
    hpa_t save = memory_take(&partition.pool, 1);
    if (!save.value || !vcpu_init(cpu, 0) || !vcpu_init(cpu, 1))
        fatal("too many CPUs for the hypervisor's memory");
    cpu->host_save = save.value;
}

/* One struct cpu per CPU, from one aligned block; the boot CPU's is static. */
static void init_cpus(void)
{
    uint32_t ids[CPU_MAX + 1], own = apic_own_id(), next = 1;
    uint32_t count = acpi_cpus(loader.rsdp, FOUR_GIB, ids, CPU_MAX + 1);
    if (count > CPU_MAX)
        fatal("this machine has more than the 64 CPUs that OpenVSM can carry; switch some off in "
              "the firmware");
    init_cpu_struct(&boot_cpu, 0, own);
    partition.cpu_count = 1;
    if (count < 2)
        return;
    hpa_t block = memory_take(&partition.pool, (count + 1) * CPU_PAGES); /* one to align */
    if (!block.value)
        fatal("too many CPUs for the hypervisor's memory");
    uint64_t at = align_up(block.value, CPU_ALIGNMENT);
    for (uint32_t i = 0; i < count && next < CPU_MAX; i++) {
        if (ids[i] == own)
            continue;
        init_cpu_struct(hpa_pointer(hpa(at)), next++, ids[i]);
        at += CPU_ALIGNMENT;
    }
    partition.cpu_count = next;
}

static void enter_hypervisor(struct cpu *cpu)
{
    cpu_init_exceptions();
    check_machine();
    smm_move(cpu);
    vcpu_cpu_enable(hpa(cpu->host_save));
}

/* What VTL1 is told of RAM: all but the hypervisor's own. */
static void load_vtl1(void)
{
    struct e820_map map = loader.map;
    struct range ram[VTL1_MAX_RAM_RANGES];
    if (!e820_add(&map, partition.vtl1_pool.base, partition.vtl1_pool.size, E820_RAM))
        fatal("the memory map has too many pieces");
    uint32_t count = e820_ram_pages(&map, ram, VTL1_MAX_RAM_RANGES);
    partition.vtl1_image = vtl1_load(&partition, loader.modules[BOOT_SECURE_KERNEL], ram, count);
}

void boot_main(uint32_t magic, uint64_t information)
{
    log_init();
    boot_cpu.partition = &partition; /* building the SLAT flushes it already */
    cpu_init_exceptions();
    partition.boot_tsc = boot_tsc;
    partition.features |= DEBUG_BUILD ? HV_FEATURE_DEBUG_BUILD : 0;
    read_loader(magic, information);
    check_machine();
    check_modules();
    measure();
    divide_memory();
    build_slat();
    start_iommu();
    ports_init(&partition.ports, loader.rsdp, FOUR_GIB);
    if (!io_apic_init(&partition, loader.rsdp, FOUR_GIB))
        fatal("the I/O APICs cannot be guarded");
    if (!pci_guard_init(&partition, loader.rsdp, FOUR_GIB))
        fatal("PCI configuration cannot be guarded");
    partition.features |= HV_FEATURE_PLATFORM_TRAPS;
    partition.tsc_hz = tsc_calibrate();
    if (!partition.tsc_hz)
        fatal("the timer (PIT channel 2) does not run");
    if (!smm_init(&partition) || !vcpu_machine_init(&partition))
        fatal("too little memory for the hypervisor's tables");
    init_cpus();
    enter_hypervisor(&boot_cpu);
    boot_cpu.shared.online = 1;
    msr_read_types(&partition.types);
    smp_start(&partition);
    load_vtl1();
    partition.linux_image = linux_load(&loader);
    partition.enabled_vtls = 1u << 0 | 1u << 1;
    vtl1_enter(&boot_cpu, &partition.vtl1_image);
}

/* On its own stack, by smp_start(). */
void ap_main(struct cpu *cpu)
{
    enter_hypervisor(cpu);
    msr_write_types(&partition.types);
    __atomic_store_n(&cpu->shared.online, 1, __ATOMIC_SEQ_CST);
    startup_park(cpu, &cpu->shared.vtl1_go);
    vtl1_enter(cpu, &partition.vtl1_image);
}
