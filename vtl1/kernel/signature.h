/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SK_SIGNATURE_H
#define SK_SIGNATURE_H

#include <openvsm/skcall.h>
#include <openvsm/trustlet.h>

/*
 * Is the trailer's signature that of the key it names? Takes about 650,000 instructions with
 * interrupts let in. SK_OK, SK_IMAGE_BAD_SIGNATURE, SK_AGAIN (an interrupt waits for VTL0: ask
 * again with the same trailer), SK_BUSY (another CPU is checking one).
 */
enum sk_status signature_check(const struct trustlet_trailer *trailer);
/* Signs the manifest's bytes, whatever they are, with an Ed25519 secret key of libsodium. As above.
 */
enum sk_status signature_make(struct trustlet_trailer *trailer, const uint8_t *secret);

#endif
