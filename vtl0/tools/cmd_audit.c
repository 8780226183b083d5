/* SPDX-License-Identifier: BSD-2-Clause */
/* ium audit: what was refused, oldest first. */
#include "ium.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "policy.h"
#include "text.h"

#define FOLLOW_EVERY_US 200000u

static const char *access_name(uint8_t access)
{
    static const char *const names[] = {"read", "write", "execute"};
    return access < sizeof(names) / sizeof(names[0]) ? names[access] : "?";
}

static const char *attempt_name(uint64_t operation)
{
    static const char *const names[SK_ATTEMPT_END] = {
        [SK_ATTEMPT_READ_MEMORY] = "read memory",
        [SK_ATTEMPT_WRITE_MEMORY] = "write memory",
        [SK_ATTEMPT_ALLOCATE_MEMORY] = "allocate memory",
        [SK_ATTEMPT_CREATE_THREAD] = "create a thread",
        [SK_ATTEMPT_QUEUE_CODE] = "queue code",
        [SK_ATTEMPT_ATTACH] = "attach",
        [SK_ATTEMPT_START_WATCHDOG] = "start a watchdog",
    };
    return operation < SK_ATTEMPT_END && names[operation] ? names[operation] : "?";
}

/* What others chose: a terminal gets nothing of it but letters. */
static void only_letters(char *text)
{
    for (char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

/* The name of a process that still lives, else "". */
static void process_name(uint64_t pid, char name[64])
{
    char path[48];
    snprintf(path, sizeof(path), "/proc/%llu/comm", (unsigned long long)pid);
    FILE *file = fopen(path, "re");
    if (!file || !fgets(name, 64, file))
        name[0] = '\0';
    name[strcspn(name, "\n")] = '\0';
    if (file)
        fclose(file);
}

/* Which of VTL0's kernel code it was. False: none, or it has no name. */
static bool kernel_place(struct openvsm *host, const struct sk_audit_record *r,
                         struct openvsm_symbol *place)
{
    *place = (struct openvsm_symbol){.address = r->rip};
    return r->rip && r->cpl == 0 && !openvsm_symbol(host, place) && place->name[0];
}

/* Which of VTL0's processes it was. False: no code of ring 3, or VTL0 does not know. */
static bool ring3_process(struct openvsm *host, const struct sk_audit_record *r,
                          struct openvsm_who *who)
{
    *who = (struct openvsm_who){.sequence = r->sequence};
    if (r->cpl != 3 || r->process || openvsm_who(host, who) || !who->pid)
        return false;
    who->name[sizeof(who->name) - 1] = '\0';
    only_letters(who->name);
    return true;
}

static const char *kind_name(uint16_t kind)
{
    const char *name = openvsm_audit_kind(kind);
    return name ? name : "unknown";
}

/* A trustlet's own words. */
static const char *trustlet_words(const struct sk_audit_record *r)
{
    static char text[3 * sizeof(uint64_t) + 1];
    memcpy(text, &r->rip, sizeof(r->rip));
    memcpy(text + 8, &r->address, sizeof(r->address));
    memcpy(text + 16, &r->value, sizeof(r->value));
    only_letters(text);
    return text;
}

/* The policy key that refused a trustlet's system call; NULL: no policy grants it. */
static const char *policy_key(uint64_t lacks)
{
    if (lacks & SK_LACKS_CLASSES)
        return "classes";
    return lacks & SK_LACKS_MAX_MEMORY ? "max-memory"
           : lacks & SK_LACKS_THREADS  ? "max-threads"
           : lacks & SK_LACKS_CALLS    ? "calls"
                                       : NULL;
}

static void print_refused_call(const struct sk_audit_record *r)
{
    char classes[160];
    const char *key = policy_key(r->value);
    printf("system call %llu: ", (unsigned long long)r->address);
    if (!key)
        printf("not offered to trustlets");
    else if (r->value & SK_LACKS_CLASSES)
        printf("the policy's classes lack %s",
               policy_format_classes((uint32_t)r->value, classes, sizeof(classes)));
    else
        printf("the policy's %s", key);
}

/* What `address` and `value` are depends on the kind. */
static void print_detail(const struct sk_audit_record *r)
{
    unsigned long long address = r->address, value = r->value, rip = r->rip;
    char name[64];
    switch (r->kind) {
    case SK_AUDIT_MEMORY:
        printf("%s of physical 0x%llx by CPL %u code at 0x%llx", access_name(r->access), address,
               r->cpl, rip);
        break;
    case SK_AUDIT_MSR:
        printf("MSR 0x%llx value 0x%llx at 0x%llx", address, value, rip);
        break;
    case SK_AUDIT_ANSWER:
        printf("system call %llu answered %lld", address, (long long)value);
        break;
    case SK_AUDIT_IMAGE:
        printf("%s", openvsm_status_text((enum sk_status)r->status));
        break;
    case SK_AUDIT_SYSCALL:
        print_refused_call(r);
        break;
    case SK_AUDIT_ATTEMPT:
        process_name(value, name);
        printf("%s, by process %llu%s%s", attempt_name(address), value, *name ? " " : "", name);
        break;
    case SK_AUDIT_FAULT:
        printf("signal %llu at 0x%llx", value, address);
        break;
    case SK_AUDIT_TRUSTLET:
        printf("%s", trustlet_words(r));
        break;
    default:
        printf("0x%llx value 0x%llx status %u at 0x%llx", address, value, r->status, rip);
        break;
    }
}

static void print_text(struct openvsm *host, const struct sk_audit_record *r)
{
    struct openvsm_symbol place;
    struct openvsm_who who;
    printf("%6llu %10.6f cpu%-2u %-11s %s: ", (unsigned long long)r->sequence,
           (double)r->time_ns / 1e9, r->cpu, kind_name(r->kind), openvsm_audit_text(r->kind));
    print_detail(r);
    if (kernel_place(host, r, &place))
        printf(" (%s)", place.name);
    if (ring3_process(host, r, &who))
        printf(" (VTL0 says: process %d %s)", who.pid, who.name);
    if (r->process)
        printf(" [trustlet %llu]", (unsigned long long)r->process);
    if (r->count > 1)
        printf(" (%llu times)", (unsigned long long)r->count);
    putchar('\n');
}

/* One object a line: a log that is followed has no end to close an array at. */
static void print_json(struct openvsm *host, const struct sk_audit_record *r)
{
    struct json_object *o = json_object_new_object();
    struct openvsm_symbol place;
    struct openvsm_who who;
    char name[160];
    ium_add_number(o, "sequence", r->sequence);
    ium_add_number(o, "time-ns", r->time_ns);
    ium_add_string(o, "kind", kind_name(r->kind));
    ium_add_number(o, "kind-number", r->kind);
    ium_add_number(o, "cpu", r->cpu);
    if (r->kind == SK_AUDIT_MEMORY)
        ium_add_string(o, "access", access_name(r->access));
    if (r->kind == SK_AUDIT_TRUSTLET)
        ium_add_string(o, "words", trustlet_words(r));
    ium_add_number(o, "cpl", r->cpl);
    ium_add_number(o, "status", r->status);
    ium_add_number(o, "rip", r->rip);
    if (kernel_place(host, r, &place))
        ium_add_string(o, "symbol", place.name);
    if (ring3_process(host, r, &who)) {
        ium_add_number(o, "vtl0-says-pid", (uint64_t)who.pid);
        ium_add_string(o, "vtl0-says-name", who.name);
    }
    if (r->kind == SK_AUDIT_SYSCALL && policy_key(r->value))
        ium_add_string(o, "policy", policy_key(r->value));
    if (r->kind == SK_AUDIT_SYSCALL && (r->value & SK_LACKS_CLASSES))
        ium_add_string(o, "lacks", policy_format_classes((uint32_t)r->value, name, sizeof(name)));
    if (r->kind == SK_AUDIT_ATTEMPT) {
        process_name(r->value, name);
        ium_add_string(o, "attempt", attempt_name(r->address));
        ium_add_string(o, "by", name);
    }
    ium_add_number(o, "address", r->address);
    ium_add_number(o, "value", r->value);
    ium_add_number(o, "process", r->process);
    ium_add_number(o, "count", r->count);
    puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
    json_object_put(o);
}

/* -> the newest sequence printed, `after` if none; *failed is set on an error. */
static uint64_t print_newer(struct openvsm *host, uint64_t after, bool json, bool *failed)
{
    struct sk_audit_record records[OPENVSM_AUDIT_RECORDS];
    int count;
    while ((count = openvsm_audit(host, after, records)) > 0) {
        for (int i = 0; i < count; i++)
            json ? print_json(host, &records[i]) : print_text(host, &records[i]);
        after = records[count - 1].sequence;
    }
    *failed = count < 0;
    return after;
}

static int show(struct openvsm *host, bool follow, bool json)
{
    bool failed = false;
    uint64_t newest = print_newer(host, 0, json, &failed);
    while (follow && !failed && !fflush(stdout)) {
        usleep(FOLLOW_EVERY_US);
        newest = print_newer(host, newest, json, &failed);
    }
    if (failed)
        ium_errno("the audit log cannot be read");
    return failed ? IUM_FAILED : IUM_OK;
}

static int audit(bool follow, bool json)
{
    struct openvsm *host = ium_open();
    if (!host)
        return IUM_FAILED;
    int code = show(host, follow, json);
    openvsm_close(host);
    return code;
}

int ium_audit(int argc, const char **argv)
{
    int json = 0, follow = 0;
    const struct poptOption options[] = {
        {"follow", 'f', POPT_ARG_NONE, &follow, 0, "wait for further records", NULL},
        {"json", 0, POPT_ARG_NONE, &json, 0, "print one JSON object a line", NULL},
        POPT_AUTOHELP POPT_TABLEEND,
    };
    if (!ium_only_options("ium audit", argc, argv, options, "[--follow] [--json]"))
        return IUM_USAGE;
    return audit(follow, json);
}
