/* SPDX-License-Identifier: BSD-2-Clause */
/* ium status: what is protected on this machine, and what is not. */
#include "ium.h"

#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#include "device.h"
#include "signature.h"

struct machine {
    struct hv_statistics hv; /* of CPU 0: the machine-wide fields */
    uint64_t exits;          /* of all CPUs, entries and the hypervisor's own work left out */
    struct openvsm_skcall info;
    struct openvsm_skcall memory;
    uint64_t audit; /* sequence of the newest record */
    uint8_t measurement[SK_MEASUREMENTS][32];
    char secret_key[256]; /* path of one that this process can read; empty: none was found */
};

/* The counters from VMRUN on count work, not reasons. */
static uint64_t sum_exits(const struct hv_statistics *s)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < HV_EXIT_VMRUN; i++)
        sum += s->exits[i];
    return sum;
}

static int read_exits(struct openvsm *host, struct machine *m)
{
    if (openvsm_statistics(host, 0, &m->hv))
        return -1;
    m->exits = sum_exits(&m->hv);
    for (uint32_t cpu = 1; cpu < m->hv.cpu_count; cpu++) {
        struct hv_statistics s;
        if (openvsm_statistics(host, cpu, &s))
            return -1;
        m->exits += sum_exits(&s);
    }
    return 0;
}

static int read_audit(struct openvsm *host, struct machine *m)
{
    struct sk_audit_record records[OPENVSM_AUDIT_RECORDS];
    int count;
    while ((count = openvsm_audit(host, m->audit, records)) > 0)
        m->audit = records[count - 1].sequence;
    return count;
}

/* Where keys are kept, and where they are forgotten. */
static void find_secret_key(struct machine *m)
{
    static const char *const folders[] = {
        "/etc/openvsm", "/etc/openvsm/keys", "/var/lib/openvsm", "/boot/openvsm", "/root", "."};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (key_find(folders[i], m->secret_key, sizeof(m->secret_key)))
            return;
    m->secret_key[0] = 0;
}

static int read_machine(struct openvsm *host, struct machine *m)
{
    *m = (struct machine){.info.number = SK_CALL_INFO, .memory.number = SK_CALL_MEMORY_STATUS};
    if (openvsm_query(host, &m->info) || openvsm_query(host, &m->memory))
        return -1;
    find_secret_key(m);
    for (unsigned i = 0; i < SK_MEASUREMENTS; i++)
        if (openvsm_measurement(i, m->measurement[i]))
            return -1;
    return read_exits(host, m) || read_audit(host, m) ? -1 : 0;
}

static double mib(uint64_t pages)
{
    return (double)pages / 256;
}

/* When the boot loader handed over, by the clock of now. */
static time_t since(const struct machine *m)
{
    return time(NULL) - (time_t)((__rdtsc() - m->hv.boot_tsc) / m->hv.tsc_hz);
}

static uint64_t keys(const struct machine *m)
{
    return m->info.results[2] >> SK_INFO_KEYS_SHIFT;
}

static bool has_development_key(const struct machine *m)
{
    return m->info.results[2] & SK_INFO_DEVELOPMENT_KEY;
}

/* Whether nothing is open that this machine could have closed. */
static bool all_protected(const struct machine *m)
{
    const uint32_t wanted = HV_FEATURE_IOMMU | HV_FEATURE_PLATFORM_TRAPS;
    return (m->hv.features & wanted) == wanted && !(m->hv.features & HV_FEATURE_DEBUG_BUILD) &&
           !has_development_key(m) && !m->secret_key[0];
}

static const char *build(const struct machine *m)
{
    return m->hv.features & HV_FEATURE_DEBUG_BUILD ? " (debug build)" : "";
}

static void print_protection(const struct machine *m)
{
    printf("DMA          %s\n", m->hv.features & HV_FEATURE_IOMMU
                                    ? "protected by the IOMMU"
                                    : "NOT protected (this machine has no AMD IOMMU)");
    printf("platform     reset, sleep and memory routing are %s\n",
           m->hv.features & HV_FEATURE_PLATFORM_TRAPS ? "guarded"
                                                      : "NOT guarded (absent in this build)");
    printf("INIT         contained by %s\n", m->hv.features & HV_FEATURE_INIT_CONTAINED
                                                 ? "the processor"
                                                 : "trapping all APIC writes");
    printf("signing keys %llu, %s\n", (unsigned long long)keys(m),
           has_development_key(m) ? "one a DEVELOPMENT key: whoever has it can sign trustlets"
                                  : "not a development key");
    if (m->secret_key[0])
        printf("secret key   root can sign trustlets: %s; keep it on another machine\n",
               m->secret_key);
}

static const char *const measurements[SK_MEASUREMENTS] = {
    [SK_MEASUREMENT_SECURE_KERNEL] = "secure-kernel-digest",
    [SK_MEASUREMENT_HYPERVISOR] = "hypervisor-digest",
    [SK_MEASUREMENT_REPORT_KEY] = "report-key",
};

static void print_measurements(const struct machine *m)
{
    static const char *const labels[SK_MEASUREMENTS] = {"Secure Kern.", "hypervisor", "report key"};
    char hex[65];
    for (unsigned i = 0; i < SK_MEASUREMENTS; i++)
        printf("%-12s %s\n", labels[i], hex_format(m->measurement[i], 32, hex));
}

static void print_text(const struct machine *m)
{
    const uint64_t *r = m->memory.results;
    printf("hypervisor   OpenVSM %u.%u%s, %u CPUs\n", m->hv.version >> 16, m->hv.version & 0xffff,
           build(m), m->hv.cpu_count);
    char start[64];
    time_t at = since(m);
    strftime(start, sizeof(start), "%F %T %Z", localtime(&at));
    printf("since        %s\n", start);
    printf("VTL1         up, Secure Kernel interface %llu\n",
           (unsigned long long)m->info.results[0]);
    printf("trustlets    %llu live, %llu since boot\n", (unsigned long long)m->info.results[3],
           (unsigned long long)m->info.results[4]);
    print_protection(m);
    printf("memory       VTL0 %.1f MiB, VTL1 %.1f MiB, hypervisor %.1f MiB\n",
           mib(m->hv.vtl0_pages), mib(m->hv.vtl1_pages), mib(m->hv.hypervisor_pages));
    printf("VTL1 memory  boot pool %.1f MiB, donated %.1f MiB, free %.1f MiB\n", mib(r[0]),
           mib(r[2]), mib(r[1]));
    print_measurements(m);
    printf("VM exits     %llu\n", (unsigned long long)m->exits);
    printf("refused      %llu, audit log at record %llu\n", (unsigned long long)m->hv.refused,
           (unsigned long long)m->audit);
}

static void print_json(const struct machine *m)
{
    struct json_object *o = json_object_new_object();
    uint32_t features = m->hv.features;
    const uint64_t *r = m->memory.results;
    char hex[65];
    ium_add_number(o, "version-major", m->hv.version >> 16);
    ium_add_number(o, "version-minor", m->hv.version & 0xffff);
    ium_add_bool(o, "debug-build", features & HV_FEATURE_DEBUG_BUILD);
    ium_add_number(o, "cpus", m->hv.cpu_count);
    ium_add_number(o, "since", (uint64_t)since(m));
    ium_add_bool(o, "vtl1-up", true);
    ium_add_number(o, "secure-kernel-abi", m->info.results[0]);
    ium_add_number(o, "trustlets-live", m->info.results[3]);
    ium_add_number(o, "trustlets-started", m->info.results[4]);
    ium_add_bool(o, "dma-protected", features & HV_FEATURE_IOMMU);
    ium_add_bool(o, "platform-guarded", features & HV_FEATURE_PLATFORM_TRAPS);
    ium_add_bool(o, "init-contained", features & HV_FEATURE_INIT_CONTAINED);
    ium_add_number(o, "signing-keys", keys(m));
    ium_add_bool(o, "development-key", has_development_key(m));
    ium_add_bool(o, "root-can-sign", m->secret_key[0] != 0);
    ium_add_bool(o, "all-protected", all_protected(m));
    for (unsigned i = 0; i < SK_MEASUREMENTS; i++)
        ium_add_string(o, measurements[i], hex_format(m->measurement[i], 32, hex));
    ium_add_number(o, "vtl0-pages", m->hv.vtl0_pages);
    ium_add_number(o, "vtl1-pages", m->hv.vtl1_pages);
    ium_add_number(o, "hypervisor-pages", m->hv.hypervisor_pages);
    ium_add_number(o, "vtl1-pool-pages", r[0]);
    ium_add_number(o, "vtl1-free-pages", r[1]);
    ium_add_number(o, "vtl1-donated-pages", r[2]);
    ium_add_number(o, "vtl1-deposited-pages", r[4]);
    ium_add_number(o, "exits", m->exits);
    ium_add_number(o, "refused", m->hv.refused);
    ium_add_number(o, "audit-newest", m->audit);
    ium_print_json(o);
}

static int status(bool json, bool strict)
{
    struct machine m;
    struct openvsm *host = ium_open();
    if (!host)
        return IUM_FAILED;
    int result = read_machine(host, &m);
    if (result)
        ium_errno("the machine's state cannot be read");
    else if (json)
        print_json(&m);
    else
        print_text(&m);
    openvsm_close(host);
    if (result)
        return IUM_FAILED;
    return strict && !all_protected(&m) ? IUM_UNPROTECTED : IUM_OK;
}

int ium_status(int argc, const char **argv)
{
    int json = 0, strict = 0;
    const struct poptOption options[] = {
        {"json", 0, POPT_ARG_NONE, &json, 0, "print JSON", NULL},
        {"strict", 0, POPT_ARG_NONE, &strict, 0, "exit with 3 if something is not protected", NULL},
        POPT_AUTOHELP POPT_TABLEEND,
    };
    if (!ium_only_options("ium status", argc, argv, options, "[OPTION...]"))
        return IUM_USAGE;
    return status(json, strict);
}
