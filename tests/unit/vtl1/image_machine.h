/* SPDX-License-Identifier: BSD-2-Clause */
/* What image.c needs around it, and VTL0's side of it: a signed file in VTL0's memory. */
#ifndef TEST_IMAGE_MACHINE_H
#define TEST_IMAGE_MACHINE_H

#include "call.h"
#include "fake.h"
#include <openvsm/trustlet.h>

#define TRAILER_GPA 0x100000ull
#define LIST_GPA    0x101000ull
#define FILE_GPA    0x200000ull
#define TRUSTED     0x42 /* the seed of the key in trusted_keys.c */

extern struct trustlet_trailer trailer;
/* Refusals that stand in the audit log. */
extern unsigned image_audits;

/* The registers of the latest CALL: its results. */
extern struct call call;
#define CALL(name, ...)                                                                            \
    (call = (struct call){.argument = {__VA_ARGS__}}, sk_call_image_##name(&call))

void *gpa(uint64_t at);
/* A sound manifest for this file; signed with the trusted key. */
void make_trailer(uint64_t id, const void *file, size_t size);
/* Signs the manifest as it stands. */
void sign(uint8_t seed);
/* Puts the trailer, the list of pages and the file where VTL0 says they are. */
void publish(const void *file, size_t size);

#endif
