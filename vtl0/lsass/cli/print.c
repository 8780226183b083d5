/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const states[] = {"active", "locked", "expired"};

static const char *enctype_name(int32_t enctype)
{
    switch (enctype) {
    case 17:
        return "aes128-cts-hmac-sha1-96";
    case 18:
        return "aes256-cts-hmac-sha1-96";
    case 19:
        return "aes128-cts-hmac-sha256-128";
    case 20:
        return "aes256-cts-hmac-sha384-192";
    case 23:
        return "rc4-hmac";
    default:
        return "another enctype";
    }
}

static const char *when(int64_t seconds, char out[32])
{
    time_t at = (time_t)seconds;
    struct tm tm;

    if (seconds == 0 || !localtime_r(&at, &tm))
        return "-";
    strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm);
    return out;
}

/* Names come from KDCs and users: nothing in them may move the cursor. */
static void put_name(const char *name)
{
    for (; *name; name++)
        putchar((unsigned char)*name < ' ' || *name == 127 ? '?' : *name);
}

static json_object *json_ticket(const lsa_ticket *t)
{
    json_object *o = json_object_new_object();

    json_object_object_add(o, "server", json_object_new_string(t->server));
    json_object_object_add(o, "ticket_enctype", json_object_new_int(t->ticket_enctype));
    json_object_object_add(o, "key_enctype", json_object_new_int(t->key_enctype));
    json_object_object_add(o, "flags", json_object_new_int64(t->flags));
    json_object_object_add(o, "starttime", json_object_new_int64(t->starttime));
    json_object_object_add(o, "endtime", json_object_new_int64(t->endtime));
    json_object_object_add(o, "renew_till", json_object_new_int64(t->renew_till));
    return o;
}

static json_object *json_session(const lsa_session_info *s)
{
    json_object *o = json_object_new_object();
    json_object *tickets = json_object_new_array();

    json_object_object_add(o, "session", json_object_new_int64((int64_t)s->id));
    json_object_object_add(o, "principal", json_object_new_string(s->principal));
    json_object_object_add(o, "uid", json_object_new_int64(s->uid));
    json_object_object_add(o, "state", json_object_new_string(states[s->state]));
    json_object_object_add(o, "ntlm", json_object_new_boolean(s->ntlm != 0));
    for (u_int i = 0; i < s->tickets.tickets_len; i++)
        json_object_array_add(tickets, json_ticket(&s->tickets.tickets_val[i]));
    json_object_object_add(o, "tickets", tickets);
    return o;
}

static void put_json(json_object *o)
{
    puts(
        json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(o);
}

static void put_session(const lsa_session_info *s)
{
    char from[32];
    char to[32];

    printf("session %llu  ", (unsigned long long)s->id);
    put_name(s->principal);
    printf("  uid %u  %s%s\n", s->uid, states[s->state], s->ntlm ? "  ntlm" : "");
    for (u_int i = 0; i < s->tickets.tickets_len; i++) {
        const lsa_ticket *t = &s->tickets.tickets_val[i];

        printf("  %s  %s  ", when(t->starttime, from), when(t->endtime, to));
        put_name(t->server);
        printf("\n    key %s, in lsaiso", enctype_name(t->key_enctype));
        if (t->renew_till)
            printf("; renewable until %s", when(t->renew_till, from));
        putchar('\n');
    }
}

void print_session(const lsa_session_info *s)
{
    if (options.json)
        put_json(json_session(s));
    else
        put_session(s);
}

void print_list(const lsa_list *list)
{
    json_object *array = NULL;

    if (options.json) {
        array = json_object_new_array();
        for (u_int i = 0; i < list->sessions.sessions_len; i++)
            json_object_array_add(array, json_session(&list->sessions.sessions_val[i]));
        put_json(array);
        return;
    }
    if (list->sessions.sessions_len == 0)
        puts("nobody is logged on");
    for (u_int i = 0; i < list->sessions.sessions_len; i++)
        put_session(&list->sessions.sessions_val[i]);
}

static json_object *json_state(const lsa_state *state)
{
    json_object *o = json_object_new_object();
    json_object *enctypes = json_object_new_array();
    const lsa_services *s = &state->lsaiso;
    char boot[33] = "";

    json_object_object_add(o, "lsaiso", json_object_new_boolean(state->connected != 0));
    json_object_object_add(o, "sessions", json_object_new_int64(state->sessions));
    if (!state->connected) {
        json_object_put(enctypes);
        return o;
    }
    for (size_t i = 0; i < sizeof(s->boot); i++)
        snprintf(boot + 2 * i, 3, "%02x", (unsigned char)s->boot[i]);
    for (u_int i = 0; i < s->enctypes.enctypes_len; i++)
        json_object_array_add(enctypes, json_object_new_int(s->enctypes.enctypes_val[i]));
    json_object_object_add(o, "boot", json_object_new_string(boot));
    json_object_object_add(o, "security_version", json_object_new_int64(s->security_version));
    json_object_object_add(o, "vaults", json_object_new_int64(s->sessions));
    json_object_object_add(o, "contexts", json_object_new_int64(s->contexts));
    json_object_object_add(o, "enctypes", enctypes);
    return o;
}

void print_state(const lsa_state *state)
{
    if (options.json) {
        put_json(json_state(state));
        return;
    }
    printf("lsassd: %u sessions\n", state->sessions);
    if (!state->connected) {
        puts("lsaiso: does not answer; nothing can be logged on or used");
        return;
    }
    printf("lsaiso: %u vaults, %u security contexts, security version %u\nenctypes:",
           state->lsaiso.sessions, state->lsaiso.contexts, state->lsaiso.security_version);
    for (u_int i = 0; i < state->lsaiso.enctypes.enctypes_len; i++)
        printf(" %s", enctype_name(state->lsaiso.enctypes.enctypes_val[i]));
    putchar('\n');
}

static const struct {
    uint32_t number;
    const char *name;
} operation_names[] = {
    {GetClientContext, "GetClientContext"},
    {EncryptPassword, "EncryptPassword"},
    {BuildPasswordList, "BuildPasswordList"},
    {BuildAsReqAuthenticator, "BuildAsReqAuthenticator"},
    {VerifyServiceTicket, "VerifyServiceTicket"},
    {CreateApReqAuthenticator, "CreateApReqAuthenticator"},
    {DecryptApReply, "DecryptApReply"},
    {UnpackKdcReplyBody, "UnpackKdcReplyBody"},
    {ComputeTgsChecksum, "ComputeTgsChecksum"},
    {PackApReply, "PackApReply"},
    {ImportServiceKey, "ImportServiceKey"},
    {LockSession, "LockSession"},
    {DestroySession, "DestroySession"},
    {ProtectCredential, "ProtectCredential"},
    {Lm20GetNtlm3ChallengeResponse, "Lm20GetNtlm3ChallengeResponse"},
    {CalculateUserSessionKeyNt, "CalculateUserSessionKeyNt"},
    {PasswordValidateInteractive, "PasswordValidateInteractive"},
    {EnrolUser, "EnrolUser"},
    {Wrap, "Wrap"},
    {Unwrap, "Unwrap"},
    {GetMic, "GetMic"},
    {VerifyMic, "VerifyMic"},
};

static const char *operation_name(uint32_t number)
{
    for (size_t i = 0; i < sizeof(operation_names) / sizeof(operation_names[0]); i++)
        if (operation_names[i].number == number)
            return operation_names[i].name;
    return "another operation";
}

void print_audit(const lsa_audit *audit)
{
    for (u_int i = 0; i < audit->records.records_len; i++) {
        const lsa_audit_record *r = &audit->records.records_val[i];

        if (options.json) {
            json_object *o = json_object_new_object();

            json_object_object_add(o, "sequence", json_object_new_int64((int64_t)r->sequence));
            json_object_object_add(o, "milliseconds",
                                   json_object_new_int64((int64_t)r->milliseconds));
            json_object_object_add(o, "operation",
                                   json_object_new_string(operation_name(r->operation)));
            json_object_object_add(o, "status", json_object_new_int(r->status));
            json_object_object_add(o, "uid", json_object_new_int64(r->uid));
            json_object_object_add(o, "pid", json_object_new_int64(r->pid));
            json_object_object_add(o, "principal", json_object_new_string(r->principal));
            put_json(o);
            continue;
        }
        printf("%6llu  %10.3f s  uid %-5u  %-30s  %s  ", (unsigned long long)r->sequence,
               (double)r->milliseconds / 1000, r->uid, operation_name(r->operation),
               r->status ? "refused" : "done   ");
        put_name(r->principal);
        putchar('\n');
    }
}

void print_done(void)
{
    if (options.json)
        puts("{\"ok\":true}");
}
