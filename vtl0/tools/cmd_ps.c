/* SPDX-License-Identifier: BSD-2-Clause */
/* ium ps: the trustlets as the Secure Kernel knows them. */
#include "ium.h"

#include <errno.h>
#include <stdio.h>

#include "device.h"

/* Slots may be free in between: look until all that live are found, or the table must be over. */
#define SLOTS_MAX 4096u

static void print_header(void)
{
    printf("%7s %-20s %-10s %3s %4s %8s %10s %10s %10s\n", "PID", "NAME", "ID", "VER", "THR", "KIB",
           "CALLS", "LOCAL", "PREEMPTED");
}

static void print_row(const struct sk_process_info *p)
{
    char name[33];
    ium_copy_name(name, p->name);
    printf("%7llu %-20s %#-10llx %3u %4u %8llu %10llu %10llu %10llu\n",
           (unsigned long long)p->host_pid, name, (unsigned long long)p->trustlet_id,
           p->security_version, p->threads, (unsigned long long)p->pages * 4,
           (unsigned long long)p->syscalls_marshalled, (unsigned long long)p->syscalls_local,
           (unsigned long long)p->preemptions);
}

static struct json_object *json_row(const struct sk_process_info *p)
{
    struct json_object *o = json_object_new_object();
    char name[33];
    ium_copy_name(name, p->name);
    ium_add_number(o, "pid", p->host_pid);
    ium_add_string(o, "name", name);
    ium_add_number(o, "id", p->trustlet_id);
    ium_add_number(o, "security-version", p->security_version);
    ium_add_number(o, "threads", p->threads);
    ium_add_number(o, "pages", p->pages);
    ium_add_number(o, "syscalls-marshalled", p->syscalls_marshalled);
    ium_add_number(o, "syscalls-local", p->syscalls_local);
    ium_add_number(o, "preemptions", p->preemptions);
    ium_add_number(o, "user-entries", p->user_entries);
    ium_add_number(o, "start-ns", p->start_ns);
    return o;
}

static int list(struct openvsm *host, struct json_object *array)
{
    struct openvsm_skcall info = {.number = SK_CALL_INFO};
    struct sk_process_info process;
    if (openvsm_query(host, &info))
        return -1;
    if (!array)
        print_header();
    for (uint64_t i = 0, live = info.results[3]; live > 0 && i < SLOTS_MAX; i++) {
        if (openvsm_process_info(host, i, &process)) {
            if (errno != ENOENT)
                return -1;
            continue;
        }
        live--;
        if (array)
            json_object_array_add(array, json_row(&process));
        else
            print_row(&process);
    }
    return 0;
}

static int ps(bool json)
{
    struct openvsm *host = ium_open();
    if (!host)
        return IUM_FAILED;
    struct json_object *array = json ? json_object_new_array() : NULL;
    int result = list(host, array);
    if (result)
        ium_errno("the list of trustlets cannot be read");
    if (array)
        ium_print_json(array);
    openvsm_close(host);
    return result ? IUM_FAILED : IUM_OK;
}

int ium_ps(int argc, const char **argv)
{
    return ium_json_command("ium ps", argc, argv, ps);
}
