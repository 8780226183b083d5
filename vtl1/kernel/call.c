/* SPDX-License-Identifier: BSD-2-Clause */
#include "call.h"
#include "audit.h"
#include "cpu.h"
#include "cpu_layout.h"
#include "hypercall.h"
#include "manifest.h"
#include "process.h"

static_assert(offsetof(struct call, rdi) == CALL_FRAME_RDI, "entry.S");
static_assert(offsetof(struct call, rax) == CALL_FRAME_RAX, "entry.S");
static_assert(offsetof(struct call, rcx) == CALL_FRAME_RCX, "entry.S");
static_assert(sizeof(struct call) == 15 * 8, "entry.S");
static_assert(SK_CALL_COUNT == CALL_COUNT, "entry.S");

typedef enum sk_status call_handler(struct call *call);

/* Indexed by entry.S. */
extern call_handler *const call_table[SK_CALL_COUNT];
call_handler *const call_table[SK_CALL_COUNT] = {
#define CALL_ENTRY(number, name, handler) [number] = sk_call_##handler,
    SK_CALL_LIST(CALL_ENTRY)
#undef CALL_ENTRY
};

bool call_must_yield(void)
{
    return this_cpu()->assist->vina_asserted != 0;
}

/* What an attacker would try: pages that are not VTL0's, handles that are not alive, calls that do
 * not exist. The end of the list of processes is no attack. */
static bool smells(uint64_t number, enum sk_status status)
{
    return status == SK_ACCESS_DENIED || status == SK_INVALID_CALL ||
           (status == SK_NOT_FOUND && number != SK_CALL_PROCESS_INFO);
}

/* entry.S: a call did not answer SK_OK. Returns the status. */
uint64_t call_refused(const struct call *call, enum sk_status status);

uint64_t call_refused(const struct call *call, enum sk_status status)
{
    if (smells(call->rdi, status)) {
        struct sk_audit_record event = {
            .kind = SK_AUDIT_SKCALL,
            .status = (uint16_t)status,
            .address = call->rdi,
            .value = call->argument[0],
        };

        hypercall_get_register(0, HV_REGISTER_RIP, &event.rip);
        audit_write(&event);
    }
    return status;
}

enum sk_status sk_call_null(struct call *call)
{
    (void)call;
    return SK_OK;
}

bool trusts_development_key(void)
{
    for (uint32_t i = 0; i < trusted_keys.count; i++)
        if (trusted_keys.keys[i].development)
            return true;
    return false;
}

enum sk_status sk_call_info(struct call *call)
{
    call->result[0] = SK_ABI_VERSION;
    call->result[1] = cpu_count();
    call->result[2] = (uint64_t)trusted_keys.count << SK_INFO_KEYS_SHIFT |
                      (trusts_development_key() ? SK_INFO_DEVELOPMENT_KEY : 0);
    call->result[3] = process_live_count();
    call->result[4] = process_ever_count();
    return SK_OK;
}
