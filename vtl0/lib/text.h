/* SPDX-License-Identifier: BSD-2-Clause */
/* Words for people: what the numbers of the contracts mean. */
#ifndef OPENVSM_TEXT_H
#define OPENVSM_TEXT_H

#include <openvsm/skcall.h>
#include <openvsm/trustlet.h>

/* A status as one sentence without its full stop: "the file is not signed". Never NULL. */
const char *openvsm_status_text(enum sk_status status);
/* What to do about it: "sign it: ium sign ...". NULL if there is nothing a user can do. */
const char *openvsm_status_advice(enum sk_status status);
/* "memory", "image", ... as audit records are named; "kind-N" numbers are the caller's. NULL if
 * unknown. */
const char *openvsm_audit_kind(uint16_t kind);
/* What was tried, as a sentence: "VTL0 touched a page that is not its own". Never NULL. */
const char *openvsm_audit_text(uint16_t kind);

#endif
