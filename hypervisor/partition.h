/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as the hypervisor divides it: there is one partition, with two VTLs on each CPU. */
#ifndef HYPERVISOR_PARTITION_H
#define HYPERVISOR_PARTITION_H

#include "cpu.h"
#include "memory.h"
#include "slat.h"

struct partition {
    struct slat slat;
    struct memory_pool pool;
    struct cpu *cpus[CPU_MAX]; /* by VP index; the boot CPU is 0 */
    uint32_t cpu_count;
    uint32_t enabled_vtls; /* bit n: VTL n is enabled for the partition (bit 0 always) */

    /* HV_REGISTER_VSM_PARTITION_CONFIG of VTL1; written by hypercall.c under config_lock. */
    struct spinlock config_lock;
    uint64_t vsm_config;

    uint64_t flush_generation; /* see shootdown.h */
    struct range hypervisor;   /* image and boot pool */
    struct range vtl1_pool;
    struct range apic; /* the xAPIC page; never relocated */
    uint64_t tsc_hz;
    uint64_t boot_tsc, linux_tsc, copied_tsc; /* see struct hv_statistics */
    uint32_t features;                        /* HV_FEATURE_* */
};

#endif
