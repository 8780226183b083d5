/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports: a trustlet's is good here and in another trustlet; nothing altered or forged is. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../vtl0/lib/openvsm.h"

static unsigned count, failures;

static void ok(int good, const char *what)
{
    printf("%sok %u - %s\n", good ? "" : "not ", ++count, what);
    failures += !good;
}

/* Runs the command with the bytes as its input; its output goes to `out`. -> exit status. */
static int run(const char *command, const void *in, size_t size, void *out, size_t room)
{
    char line[200];
    FILE *file = fopen("/tmp/report.in", "w");
    if (!file || fwrite(in, size, 1, file) != 1 || fclose(file) != 0)
        return -1;
    snprintf(line, sizeof(line), "%s </tmp/report.in >/tmp/report.out 2>/dev/null", command);
    int status = system(line);
    file = fopen("/tmp/report.out", "r");
    if (file && room)
        status |= fread(out, room, 1, file) != 1;
    if (file)
        fclose(file);
    return status;
}

static int trustlet_says(const struct trustlet_report *report)
{
    return run("ium run notebook-other verify", report, sizeof(*report), NULL, 0) == 0;
}

static void measured(const struct trustlet_report *report)
{
    static const uint8_t zero[32];
    uint8_t kernel[32], hypervisor[32];
    ok(openvsm_measurement(SK_MEASUREMENT_SECURE_KERNEL, kernel) == 0 &&
           openvsm_measurement(SK_MEASUREMENT_HYPERVISOR, hypervisor) == 0 &&
           !memcmp(report->secure_kernel, kernel, 32) &&
           !memcmp(report->hypervisor, hypervisor, 32) && memcmp(kernel, zero, 32) &&
           memcmp(hypervisor, zero, 32) && memcmp(kernel, hypervisor, 32),
       "it has the digests of Secure Kernel and hypervisor");
}

static void altered(const struct trustlet_report *report, const uint8_t key[32])
{
    unsigned accepted = 0;
    for (size_t i = 0; i < sizeof(*report); i++) {
        struct trustlet_report copy = *report;
        ((uint8_t *)&copy)[i] ^= 1;
        accepted += openvsm_verify_report(&copy, key) == 0;
    }
    ok(accepted == 0, "altered in any byte it is refused");
    struct trustlet_report copy = *report;
    copy.data[5] ^= 1;
    ok(!trustlet_says(&copy), "by a trustlet, too");
}

/* A key of the attacker's own makes a report that is good by itself. */
static void forged(const struct trustlet_report *report, const uint8_t key[32])
{
    struct trustlet_report forgery = *report;
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_keypair(forgery.key, secret);
    forgery.identity.trustlet_id = 1;
    crypto_sign_detached(forgery.signature, NULL, (const uint8_t *)&forgery, TRUSTLET_REPORT_SIGNED,
                         secret);
    ok(openvsm_verify_report(&forgery, forgery.key) == 0,
       "control: a forgery is good by its own key");
    ok(openvsm_verify_report(&forgery, key) != 0 && !trustlet_says(&forgery),
       "and refused by this boot's");
}

int main(void)
{
    uint8_t key[32], data[TRUSTLET_REPORT_DATA];
    struct trustlet_report report = {0};
    memset(data, 0x42, sizeof(data));
    ok(openvsm_measurement(SK_MEASUREMENT_REPORT_KEY, key) == 0, "this boot has a key");
    ok(run("ium run notebook report", data, sizeof(data), &report, sizeof(report)) == 0,
       "a trustlet makes a report");
    ok(openvsm_verify_report(&report, key) == 0, "it is this boot's");
    ok(trustlet_says(&report), "another trustlet says so too");
    ok(!memcmp(report.data, data, sizeof(data)) && report.identity.trustlet_id == 0x6e6f7465 &&
           !strcmp(report.identity.name, "notebook") && report.identity.security_version == 1 &&
           !(report.identity.flags & TRUSTLET_DEBUGGABLE) &&
           report.flags == TRUSTLET_DEVELOPMENT_KEY,
       "it says who made it, what it wanted to say, and that a development key is trusted");
    measured(&report);
    altered(&report, key);
    forged(&report, key);
    printf("1..%u\n", count);
    return failures != 0;
}
