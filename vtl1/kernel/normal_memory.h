/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VTL0's memory. normal_memory_pin is the one function that makes a VTL0 frame reachable: it checks
 * the owner and pins the frame, so that it cannot be donated and become secret while it is in use.
 * What stands there is hostile and may change at any time: copy once, then validate the copy.
 */
#ifndef SK_NORMAL_MEMORY_H
#define SK_NORMAL_MEMORY_H

#include "frame.h"

/*
 * Pins `pages` contiguous pages from gpa (page aligned) and gives their direct-map address.
 * SK_OK, SK_INVALID_ARGUMENT (alignment, wrap), SK_ACCESS_DENIED (a page is not VTL0's RAM).
 */
enum sk_status normal_memory_pin(uint64_t gpa, uint64_t pages, volatile void **mapped);
void normal_memory_unpin(uint64_t gpa, uint64_t pages);

/* Copies `size` bytes from VTL0 (any alignment, may cross pages) once. Status as above. */
enum sk_status normal_memory_read(void *to, uint64_t gpa, uint64_t size);
/* Copies `size` bytes to VTL0. */
enum sk_status normal_memory_write(uint64_t gpa, const void *from, uint64_t size);

/* A list of 1 to SK_LIST_MAX GPFNs, aligned as they are, lies in one page, and not at 0. */
bool normal_memory_list_sound(uint64_t gpa, uint64_t count);
/* Copies a list once, if it is sound; to[i] is a page address, not checked for its owner. */
enum sk_status normal_memory_read_list(uint64_t *to, uint64_t gpa, uint64_t count);

#endif
