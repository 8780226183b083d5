/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may touch which page: one owner for every page of RAM, one nested page-table tree per VTL.
 *
 * Owner        VTL0 may            VTL1 may
 * VTL0         RW or RWX           RW  (never execute what VTL0 can write)
 * VTL1         nothing, R or RX    RWX
 * HYPERVISOR   nothing             nothing
 * DEVICE       RWX (or R, NX)      nothing: no MMIO in VTL1; also ROM and firmware tables
 * QUARANTINED  nothing             nothing: a CPU did not answer the flush; never used again. Also
 *                                  a page on its way from one owner to the next, until all CPUs
 *                                  have flushed
 *
 * VTL1 owns a page exactly when VTL0 may not write it: only then do its contents stay what VTL1
 * made of them, and only then may VTL1 execute from it. That is also why the owner needs no array
 * that grows with RAM: it stands in VTL0's tree, in bits the CPU ignores, and a 1 GiB leaf holds
 * it for 262144 pages.
 */
#ifndef HYPERVISOR_SLAT_H
#define HYPERVISOR_SLAT_H

#include <openvsm/hypercall.h>
#include "memory.h"
#include "vcpu/slat_entry.h"

enum slat_owner {
    SLAT_DEVICE,
    SLAT_VTL0,
    SLAT_VTL1,
    SLAT_HYPERVISOR,
    SLAT_QUARANTINED,
    SLAT_OWNERS,
};

#define SLAT_LIMIT (512ull << 30) /* all RAM is below; VTL1's tree ends here */
#define SLAT_FAR   16u            /* times 512 GiB beyond it in which VTL0 may have devices */
#define SLAT_PINS  384u           /* 64 CPUs with two assist pages and a call in flight on each */
#define SLAT_LIMBO 64u
#define SLAT_BATCH 512u /* pages in one transition: bounds the time without an interrupt */

struct slat_pin {
    uint64_t gpfn;
    uint32_t count;
};

struct slat {
    struct spinlock transition; /* see slat.c for the order of locks */
    struct spinlock lock;
    uint32_t version; /* odd while an entry is being changed: who only reads takes no lock */
    struct memory_pool *pool;
    hpa_t root[2];               /* nCR3 of VTL0, VTL1 */
    uint64_t pages[SLAT_OWNERS]; /* 4 KiB pages of RAM per owner; SLAT_DEVICE is not counted */
    uint32_t limbo_count;
    uint32_t pin_count;
    uint32_t far_tables;
    hpa_t limbo[SLAT_LIMBO]; /* table pages cut off since the last flush of all CPUs */
    struct slat_pin pins[SLAT_PINS];
};

struct slat_page {
    enum slat_owner owner;
    unsigned rights[2]; /* SLAT_READ ... of VTL0, VTL1 */
};

/* ---- Boot: one CPU, no guest has run yet, so nothing is flushed. ---- */

/* Both trees empty but for this: all of the 512 GiB is a device of VTL0's. False: pool used up. */
bool slat_init(struct slat *slat, struct memory_pool *pool);
/* Gives [base, base + size), page aligned, to an owner: RAM ranges of the e820 map to SLAT_VTL0
 * first, then the hypervisor's image and VTL1's pool out of them. False: pool used up. */
bool slat_boot_assign(struct slat *slat, gpa_t base, uint64_t size, enum slat_owner owner);

/* Registers that are the hypervisor's alone: VTL0 and its devices lose them. Page aligned, not RAM.
 * False: pool used up. */
bool slat_boot_hide_device(struct slat *slat, gpa_t base, uint64_t size);

/* ---- Run time, any CPU, host interrupts off. ---- */

/* VTL0 touched an address beyond SLAT_LIMIT, where firmware puts large devices: the 512 GiB around
 * it are a device's from now on. False: not beyond, or too many of them. */
bool slat_reach_far(struct slat *slat, gpa_t address);

/* Both ask the tables as they are now; without a pin the answer may be old when it arrives. */
struct slat_page slat_lookup(struct slat *slat, gpa_t address);
/* True if the VTL may read (or write) all of [address, address + length) and all of it is RAM. */
bool slat_access_ok(struct slat *slat, unsigned vtl, gpa_t address, uint64_t length, bool write);

/* Copies at most a page (it may cross into the next) of guest RAM with the VTL's rights. False:
 * nothing was copied. The check and the copy are one step to every concurrent transition. */
bool slat_copy_in(struct slat *slat, unsigned vtl, gpa_t from, void *to, uint64_t length);

/* Keeps a RAM page with these rights of the VTL until as many unpins, and gives the place where the
 * hypervisor reaches it; a transition of it is refused with OPERATION_DENIED meanwhile.
 * ACCESS_DENIED: the VTL has no such rights. NO_RESOURCES: too many pins. */
enum hv_status slat_pin(struct slat *slat, unsigned vtl, gpa_t page, bool write, void **pointer);
void slat_unpin(struct slat *slat, gpa_t page);

/*
 * The transitions: each takes at most SLAT_BATCH gpfns in order, stops at the first that is refused
 * and says how many are done; those are in force on all CPUs when it returns. For all:
 *   INVALID_PARAMETER    not RAM
 *   ACCESS_DENIED        not the caller's (VTL1's) to change
 *   OPERATION_DENIED     pinned
 *   INSUFFICIENT_MEMORY  no page for a nested page table; deposit some and go on
 *   TIMEOUT              a CPU did not flush: *done is 0, nobody was given anything, and the pages
 *                        of this call that someone may still reach through a stale TLB are
 *                        quarantined
 */
/* VTL0 <-> VTL1: what VTL0 may still do, one of 0, R, RX, RW, RWX. */
enum hv_status slat_protect(struct slat *slat, const uint64_t *gpfn, uint32_t count,
                            unsigned rights, uint32_t *done);
/* VTL1 -> HYPERVISOR: pages for nested page tables, closed to VTL0. */
enum hv_status slat_deposit(struct slat *slat, const uint64_t *gpfn, uint32_t count,
                            uint32_t *done);
/* HYPERVISOR -> VTL1: spare deposited pages, scrubbed. *done = how many stand in gpfn. */
enum hv_status slat_withdraw(struct slat *slat, uint64_t *gpfn, uint32_t count, uint32_t *done);

/* A page of registers (the xAPIC's) that VTL0 may read but not write, or may write again. Flushes
 * as the transitions do. */
enum hv_status slat_trap_device_writes(struct slat *slat, gpa_t page, bool trap);

/* For HV_CALL_OPENVSM_GET_STATISTICS: fills the page counts only. */
void slat_statistics(struct slat *slat, struct hv_statistics *statistics);

/* ---- What slat.c needs of the rest of the hypervisor (the unit tests have their own). ---- */

/* Returns when every CPU, the caller included, is certain to drop all cached translations of both
 * VTLs before it next runs guest code; false if one did not answer in time. The caller holds
 * slat.transition only, and serves its own kicks meanwhile. */
bool slat_flush_all_cpus(void);
/* The same for the CPUs named (bit n = VP n) and the caller's own; devices are left out. */
bool slat_flush_cpus(uint64_t cpus);
#define SLAT_ALL_CPUS UINT64_MAX
/* A CPU that waits for slat.transition may itself be waited for: drop what it was asked to. */
void slat_serve_flush(void);

#endif
