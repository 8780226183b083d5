/* SPDX-License-Identifier: BSD-2-Clause */
/* ium stats: exit counters by name and CPU, pages by owner. */
#include "ium.h"

#include <stdio.h>
#include <stdlib.h>

#include "device.h"

static const char *const counter_names[] = {
#define COUNTER_NAME(symbol, name) name,
    HV_EXIT_LIST(COUNTER_NAME)
#undef COUNTER_NAME
};

struct all_counters {
    uint32_t cpus;
    struct hv_statistics *of_cpu;
};

static int read_counters(struct openvsm *host, struct all_counters *all)
{
    struct hv_statistics first;
    if (openvsm_statistics(host, 0, &first))
        return -1;
    all->cpus = first.cpu_count;
    all->of_cpu = calloc(first.cpu_count, sizeof(first));
    if (!all->of_cpu)
        return -1;
    for (uint32_t cpu = 0; cpu < all->cpus; cpu++)
        if (openvsm_statistics(host, cpu, &all->of_cpu[cpu]))
            return -1;
    return 0;
}

static const struct {
    const char *name;
    size_t offset;
} page_fields[] = {
    {"ram", offsetof(struct hv_statistics, ram_pages)},
    {"vtl0", offsetof(struct hv_statistics, vtl0_pages)},
    {"vtl1", offsetof(struct hv_statistics, vtl1_pages)},
    {"hypervisor", offsetof(struct hv_statistics, hypervisor_pages)},
    {"nested-tables", offsetof(struct hv_statistics, table_pages)},
    {"nested-tables-free", offsetof(struct hv_statistics, table_pages_free)},
};
#define PAGE_FIELDS (sizeof(page_fields) / sizeof(page_fields[0]))

static uint64_t page_field(const struct hv_statistics *s, size_t i)
{
    return *(const uint64_t *)((const char *)s + page_fields[i].offset);
}

static void print_text(const struct all_counters *all)
{
    printf("%-20s", "EXITS");
    for (uint32_t cpu = 0; cpu < all->cpus; cpu++)
        printf("        CPU%-3u", cpu);
    putchar('\n');
    for (size_t i = 0; i < HV_EXIT_COUNTERS; i++) {
        printf("%-20s", counter_names[i]);
        for (uint32_t cpu = 0; cpu < all->cpus; cpu++)
            printf(" %13llu", (unsigned long long)all->of_cpu[cpu].exits[i]);
        putchar('\n');
    }
    printf("\n%-20s %13s %13s\n", "PAGES", "4 KIB", "MIB");
    for (size_t i = 0; i < PAGE_FIELDS; i++) {
        uint64_t pages = page_field(&all->of_cpu[0], i);
        printf("%-20s %13llu %13.1f\n", page_fields[i].name, (unsigned long long)pages,
               (double)pages / 256);
    }
}

static struct json_object *json_exits(const struct hv_statistics *s)
{
    struct json_object *o = json_object_new_object();
    for (size_t i = 0; i < HV_EXIT_COUNTERS; i++)
        ium_add_number(o, counter_names[i], s->exits[i]);
    return o;
}

static void print_json(const struct all_counters *all)
{
    struct json_object *o = json_object_new_object();
    struct json_object *cpus = json_object_new_array(), *pages = json_object_new_object();
    const struct hv_statistics *s = &all->of_cpu[0];
    for (uint32_t cpu = 0; cpu < all->cpus; cpu++)
        json_object_array_add(cpus, json_exits(&all->of_cpu[cpu]));
    for (size_t i = 0; i < PAGE_FIELDS; i++)
        ium_add_number(pages, page_fields[i].name, page_field(s, i));
    json_object_object_add(o, "exits", cpus);
    json_object_object_add(o, "pages", pages);
    ium_add_number(o, "boot-tsc", s->boot_tsc);
    ium_add_number(o, "linux-tsc", s->linux_tsc);
    ium_add_number(o, "copied-tsc", s->copied_tsc);
    ium_add_number(o, "refused", s->refused);
    ium_print_json(o);
}

static int stats(bool json)
{
    struct all_counters all = {0};
    struct openvsm *host = ium_open();
    if (!host)
        return IUM_FAILED;
    int result = read_counters(host, &all);
    if (result)
        ium_errno("the counters cannot be read");
    else if (json)
        print_json(&all);
    else
        print_text(&all);
    free(all.of_cpu);
    openvsm_close(host);
    return result ? IUM_FAILED : IUM_OK;
}

int ium_stats(int argc, const char **argv)
{
    return ium_json_command("ium stats", argc, argv, stats);
}
