/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trustlet's user memory: a sorted list of regions, and 4-level page tables filled on demand.
 *
 * Rules: nothing is writable and executable; only pages of the signed image are ever executable;
 * memory handed out is zero. All functions want the process's lock held. Errors are negative Linux
 * errno values; ADDRESS_SPACE_AGAIN means that an interrupt waits for VTL0: progress is kept,
 * repeat the same call after VTL0 has run.
 */
#ifndef SK_ADDRESS_SPACE_H
#define SK_ADDRESS_SPACE_H

#include "frame.h"

struct image;
struct image_segment;
struct region;

#define USER_END            0x00007ffffffff000ull /* first address no user page may have */
#define USER_START          0x0000000000010000ull /* below: never mapped, as mmap_min_addr */
#define ADDRESS_SPACE_AGAIN (-512)
#define REGION_PAGES_MAX    (USER_END / PAGE_SIZE)

enum page_access { ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_EXECUTE = 4 }; /* Linux PROT_* */

struct address_space {
    uint64_t cpus;          /* that run in it now: bit n = VP n */
    uint64_t root;          /* GPA of the PML4; upper half = the kernel's */
    struct region *regions; /* sorted by start */
    struct region *unused;  /* region objects to use again */
    uint64_t region_frames; /* chain of frames that hold region objects */
    uint32_t region_count;
    uint64_t pages;          /* frames taken: user pages of its own, tables, regions */
    uint64_t page_limit;     /* from the manifest */
    uint64_t mmap_top;       /* automatic mappings go down from here */
    uint64_t brk_start, brk; /* bytes; brk >= brk_start */
};

/* The page tables of the kernel alone, whose upper half every space gets. */
extern uint64_t kernel_cr3;
/* 0 or -ENOMEM. On failure nothing is held. */
int address_space_create(struct address_space *space, uint64_t page_limit);
/* Frees everything. 0 or ADDRESS_SPACE_AGAIN. The space is loaded on no CPU. */
int address_space_destroy(struct address_space *space);

/*
 * Anonymous zero memory [address, address + size), page aligned, nothing mapped there yet
 * (-EEXIST). access without ACCESS_EXECUTE (-EACCES). Costs no page until touched.
 */
int address_space_map(struct address_space *space, uint64_t address, uint64_t size,
                      unsigned access);
/* The same, growing down on demand from its start to `lowest` with a guard page kept below. */
int address_space_map_stack(struct address_space *space, uint64_t top, uint64_t size);
/* A segment of the image, moved by base: bytes of the file, zeroes behind. Read-only pages are the
 * image's own verified frames, shared; writable ones are copied on touch. */
int address_space_map_image(struct address_space *space, struct image *image, uint64_t base,
                            const struct image_segment *segment);
/*
 * A free range of `size` bytes for mmap without MAP_FIXED: at the hint if it is free, else below
 * mmap_top. Page aligned; 0 when there is none.
 */
uint64_t address_space_find(const struct address_space *space, uint64_t hint, uint64_t size);
/* True if any byte of the range is mapped. */
bool address_space_is_mapped(const struct address_space *space, uint64_t address, uint64_t size);

/* Unmaps whatever lies in the range. 0, -EINVAL, -ENOMEM, ADDRESS_SPACE_AGAIN. */
int address_space_unmap(struct address_space *space, uint64_t address, uint64_t size);
/* Frees the pages in the range; anonymous ones read as zero again (MADV_DONTNEED). */
int address_space_discard(struct address_space *space, uint64_t address, uint64_t size);
/*
 * Changes access. 0, -EACCES (W+X, or X on what was never signed), -ENOMEM (a hole in the range).
 * *cursor is 0 at the first call and belongs to the call while it is repeated.
 */
int address_space_protect(struct address_space *space, uint64_t address, uint64_t size,
                          unsigned access, uint64_t *cursor);
/* Linux brk(2): returns the new or the unchanged break, or ADDRESS_SPACE_AGAIN. */
int64_t address_space_brk(struct address_space *space, uint64_t wanted);

/*
 * Makes the page at address present for the access (demand zero, image copy, stack growth).
 * 0, -EFAULT (no such right), -ENOMEM (no free frame: ask VTL0), -EDQUOT (the manifest's limit).
 */
int address_space_fault(struct address_space *space, uint64_t address, unsigned access);
/*
 * The direct-map address of a user byte, faulted in for the access, or NULL with *error set as
 * above. Good to the end of its page and while the lock is held. For futex words and copies.
 */
void *address_space_pointer(struct address_space *space, uint64_t address, unsigned access,
                            int *error);

#endif
