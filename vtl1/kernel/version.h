/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which security versions of a trustlet may still run: none below the floors that are built in, and
 * none below the highest that ran in this boot under the same ID and signer. ID 0 is that of
 * programs that were given none: nothing is remembered of them.
 */
#ifndef SK_VERSION_H
#define SK_VERSION_H

#include <openvsm/skcall.h>
#include <openvsm/trustlet.h>

/* So many IDs are known, the built-in ones among them, and none is forgotten: one more does not
 * run. */
#define VERSION_IDS_MAX 512u

/* The lowest version of it that may run now; 0: any. */
uint32_t version_floor(const struct trustlet_trailer *t);
/* It is about to run, its trailer verified. SK_OK: from now on nothing older does;
 * SK_IMAGE_REVOKED: something newer ran; SK_LIMIT: too many IDs. */
enum sk_status version_runs(const struct trustlet_trailer *t);

#endif
