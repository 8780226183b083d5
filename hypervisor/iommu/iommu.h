/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Confines every device to the pages that VTL0 may touch. The device side has no page tables of
 * its own: AMD made IOMMU entries and long-mode entries agree, so devices walk VTL0's nested tree
 * (vcpu/slat_entry.h fills in both sides) and a page leaves VTL0 and its devices in one write.
 */
#ifndef HYPERVISOR_IOMMU_IOMMU_H
#define HYPERVISOR_IOMMU_IOMMU_H

#include "../memory.h"
#include "../types.h"

#define IOMMU_MAX            8u
/* Registers of one unit that VTL0 must not reach (AMD 48882, 3.4). */
#define IOMMU_REGISTER_BYTES 0x4000u

struct iommu_unit {
    volatile uint64_t *registers;
    hpa_t command_page, completion_page;
    uint64_t *commands; /* ring of one page */
    volatile uint64_t *completion;
    uint64_t completions; /* sequence written by the unit when it has done all before */
    uint32_t tail;
};

struct iommu {
    struct spinlock lock; /* taken inside slat.transition, with nothing inside it */
    uint32_t count;
    struct iommu_unit units[IOMMU_MAX];
    gpa_t bases[IOMMU_MAX];
};

/*
 * Finds the units in an IVRS table (AMD 48882, 5.2): *bases gets the address of each, once. Returns
 * how many, or -1 where the table contradicts itself. Pure: the bytes may come from anywhere.
 */
int iommu_parse_ivrs(const uint8_t *ivrs, uint32_t length, gpa_t bases[IOMMU_MAX]);

/*
 * Starts all units found with VTL0's tree as every device's address space; INIT, NMI, ExtInt and
 * system-management messages from devices are dropped (not on emulated units, see amd_iommu.c).
 * Boot only. False: the pool is used up or a unit does not answer.
 */
bool iommu_start(struct iommu *iommu, struct memory_pool *pool, hpa_t vtl0_root, bool emulated);

/* Returns when no device can use a translation older than this call. False: a unit is stuck. */
bool iommu_flush(struct iommu *iommu);

#endif
