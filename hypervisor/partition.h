/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as the hypervisor divides it: there is one partition, with two VTLs on each CPU. */
#ifndef HYPERVISOR_PARTITION_H
#define HYPERVISOR_PARTITION_H

#include "cpu.h"
#include "digest.h"
#include "iommu/iommu.h"
#include "platform/io_apic.h"
#include "platform/linux.h"
#include "platform/pci_guard.h"
#include "platform/ports.h"
#include "memory.h"
#include "slat.h"

/* The synthetic MSRs that a VTL has once for all its CPUs (TLFS); written by synthetic_msr.c. */
struct partition_vtl {
    uint64_t guest_os_id;   /* HV_MSR_GUEST_OS_ID */
    uint64_t hypercall_msr; /* HV_MSR_HYPERCALL as the guest reads it; its page is pinned */
};

#define PARTITION_RAM_RANGES E820_MAX

/* What each CPU's VTL1 starts with (vtl1_start.c). */
struct vtl1_image {
    uint64_t entry;     /* virtual address */
    uint64_t boot_info; /* in VTL1's direct map */
    uint64_t cr3;
};

struct partition {
    struct slat slat;
    struct memory_pool pool;
    struct iommu iommu;
    struct ports ports;
    struct pci_guard pci;
    struct io_apics io_apics;
    struct cpu *cpus[CPU_MAX]; /* by VP index; the boot CPU is 0 */
    uint32_t cpu_count;
    hpa_t msr_map[VTL_COUNT]; /* the vendor's MSR permission maps */
    hpa_t io_map[VTL_COUNT];  /* and those of I/O ports */
    uint32_t smbase;          /* of the boot CPU's SMM handler, if it is ours; see platform/smm.h */
    uint32_t stopping;        /* a CPU is about to reset the machine; atomic */
    uint32_t enabled_vtls;    /* bit n: VTL n is enabled for the partition (bit 0 always) */

    struct spinlock config_lock; /* of these two */
    struct partition_vtl vtl[VTL_COUNT];
    /* HV_REGISTER_VSM_PARTITION_CONFIG of VTL1, as VTL1 wrote it; see vsm_registers.c. */
    uint64_t vsm_config;

    uint64_t flush_generation; /* see shootdown.h */
    struct range hypervisor;   /* image and boot pool */
    struct range vtl1_pool;
    struct range ram[PARTITION_RAM_RANGES]; /* all RAM, whoever owns it */
    uint32_t ram_count;
    uint8_t hypervisor_digest[DIGEST_SIZE], secure_kernel_digest[DIGEST_SIZE];
    struct memory_types types; /* the boot CPU's, as the firmware made them */
    struct vtl1_image vtl1_image;
    struct linux_image linux_image;
    uint64_t tsc_hz;
    uint64_t boot_tsc, linux_tsc, copied_tsc; /* see struct hv_statistics */
    uint32_t features;                        /* HV_FEATURE_* */
};

#endif
