// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading /proc/openvsm_bench measures the raw calls, from VMMCALL to the instruction behind it,
 * and prints a line "NAME COUNT" for each: medians in TSC ticks, the cost of reading the TSC taken
 * off, and the hypervisor's own counters per operation. Reading /proc/openvsm_bench_lend does so
 * for a page that VTL0 lends to VTL1.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <asm/cpuid.h>
#include <asm/msr.h>

#include <openvsm/hypercall.h>
#include <openvsm/skcall.h>

#define SAMPLES     1001
#define LENT        16
#define BLOCK_ORDER 9 /* 2 MiB: one table of the SLAT, of which these are the first pages */

struct bench {
    u64 samples[SAMPLES];
    struct hv_statistics_input *input; /* a page */
    struct hv_statistics *statistics;  /* a page */
};

static u64 hypercall(u64 control, u64 rdx, u64 r8_value)
{
    register u64 r8 asm("r8") = r8_value;
    u64 result;

    asm volatile("vmmcall" : "=a"(result), "+c"(control), "+d"(rdx), "+r"(r8) : : "memory");
    return result;
}

static void null_hypercall(void)
{
    hypercall(HV_CALL_OPENVSM_NULL | HV_CONTROL_FAST, 0, 0);
}

/* One Secure Kernel call with up to two arguments. -> its status; *first: the first argument, then
 * the first result. */
static __always_inline u64 secure_call(u64 number, u64 *first, u64 second)
{
    u64 rax = 0, rcx = HV_CALL_VTL_CALL;

    asm volatile("vmmcall"
                 : "+a"(rax), "+c"(rcx), "+D"(number), "+S"(*first), "+d"(second)
                 :
                 : "r8", "r9", "r10", "memory");
    return number;
}

static void vtl_call(void)
{
    u64 none = 0;

    secure_call(SK_CALL_NULL, &none, 0);
}

static void nothing(void)
{
}

/* A call about the pages in a list, until it is done. -> its first result. */
static u64 list_call(u64 number, u64 list, u64 count)
{
    u64 status, word, done = 0;

    do {
        word = list + done * sizeof(u64);
        status = secure_call(number, &word, count - done);
        done += word;
    } while (status == SK_AGAIN);
    return status == SK_OK ? done : 0;
}

static int ascending(const void *left, const void *right)
{
    u64 a = *(const u64 *)left, b = *(const u64 *)right;

    return a < b ? -1 : a > b;
}

/* Inlined for each operation, so that no indirect call is counted with it. */
static __always_inline u64 median(struct bench *bench, void (*operation)(void))
{
    int i;

    for (i = 0; i < SAMPLES; i++) {
        u64 start = rdtsc_ordered();

        operation();
        bench->samples[i] = rdtsc_ordered() - start;
    }
    sort(bench->samples, SAMPLES, sizeof(u64), ascending, NULL);
    return bench->samples[SAMPLES / 2];
}

static const struct hv_statistics *statistics(struct bench *bench)
{
    *bench->input = (struct hv_statistics_input){.vp_index = smp_processor_id()};
    hypercall(HV_CALL_OPENVSM_GET_STATISTICS, virt_to_phys(bench->input),
              virt_to_phys(bench->statistics));
    return bench->statistics;
}

/* Counters over 1000 operations, printed as thousandths of an operation would round them. */
static __always_inline void count(struct seq_file *out, struct bench *bench, const char *name,
                                  void (*operation)(void))
{
    u64 vmrun, msr, flush;
    int i;

    vmrun = statistics(bench)->exits[HV_EXIT_VMRUN];
    msr = bench->statistics->exits[HV_EXIT_MSR_ACCESS];
    flush = bench->statistics->exits[HV_EXIT_TLB_FLUSH];
    for (i = 0; i < 1000; i++)
        operation();
    statistics(bench);
    seq_printf(out, "%s-vmrun %llu\n", name,
               (bench->statistics->exits[HV_EXIT_VMRUN] - vmrun) / 1000);
    seq_printf(out, "%s-msr %llu\n", name,
               (bench->statistics->exits[HV_EXIT_MSR_ACCESS] - msr) / 1000);
    seq_printf(out, "%s-flush %llu\n", name,
               (bench->statistics->exits[HV_EXIT_TLB_FLUSH] - flush) / 1000);
}

static int show(struct seq_file *out, void *unused)
{
    struct bench *bench = kvzalloc(sizeof(*bench), GFP_KERNEL);
    u64 overhead;

    if (!bench)
        return -ENOMEM;
    bench->input = (void *)get_zeroed_page(GFP_KERNEL);
    bench->statistics = (void *)get_zeroed_page(GFP_KERNEL);
    if (bench->input && bench->statistics) {
        overhead = median(bench, nothing);
        seq_printf(out, "null-hypercall %llu\n", median(bench, null_hypercall) - overhead);
        seq_printf(out, "vtl-round-trip %llu\n", median(bench, vtl_call) - overhead);
        count(out, bench, "null-hypercall", null_hypercall);
        count(out, bench, "vtl-round-trip", vtl_call);
        seq_printf(out, "loader-to-linux %llu\n",
                   statistics(bench)->linux_tsc - bench->statistics->boot_tsc -
                       bench->statistics->copied_tsc);
        seq_printf(out, "hypervisor-pages %llu\n", bench->statistics->hypervisor_pages);
    }
    free_page((unsigned long)bench->statistics);
    free_page((unsigned long)bench->input);
    kvfree(bench);
    return 0;
}

/* Pages go to VTL1 and come back. One more of their block stays there, so that the block is not
 * made whole and parted again each time. -> the median for one page; 0: VTL1 did not give all back.
 */
static u64 lend(struct bench *bench, u64 *list, u64 block)
{
    u64 i, gpa = virt_to_phys(list), back = 0;

    for (i = 0; i <= LENT; i++)
        list[i] = block + i;
    if (list_call(SK_CALL_MEMORY_DONATE, gpa, LENT + 1) == LENT + 1)
        back = list_call(SK_CALL_MEMORY_RECLAIM, gpa, LENT);
    for (i = 0; i < SAMPLES && back == LENT; i++) {
        u64 start = rdtsc_ordered();

        list_call(SK_CALL_MEMORY_DONATE, gpa, LENT);
        back = list_call(SK_CALL_MEMORY_RECLAIM, gpa, LENT);
        bench->samples[i] = (rdtsc_ordered() - start) / LENT;
    }
    sort(bench->samples, SAMPLES, sizeof(u64), ascending, NULL);
    return back == LENT ? bench->samples[SAMPLES / 2] : 0;
}

/* The block stays allocated: a page of it is VTL1's. */
static int show_lend(struct seq_file *out, void *unused)
{
    struct bench *bench = kvzalloc(sizeof(*bench), GFP_KERNEL);
    u64 *list = (u64 *)get_zeroed_page(GFP_KERNEL);
    struct page *block = alloc_pages(GFP_KERNEL, BLOCK_ORDER);

    if (bench && list && block)
        seq_printf(out, "lend %llu\n", lend(bench, list, page_to_pfn(block)));
    free_page((unsigned long)list);
    kvfree(bench);
    return 0;
}

static int __init bench_init(void)
{
    u32 eax, ebx, ecx, edx;

    cpuid(HV_CPUID_VENDOR, &eax, &ebx, &ecx, &edx);
    if (ebx != OPENVSM_CPUID_VENDOR_EBX || ecx != OPENVSM_CPUID_VENDOR_ECX ||
        edx != OPENVSM_CPUID_VENDOR_EDX)
        return -ENODEV;
    if (!proc_create_single("openvsm_bench", 0400, NULL, show))
        return -ENOMEM;
    if (!proc_create_single("openvsm_bench_lend", 0400, NULL, show_lend)) {
        remove_proc_entry("openvsm_bench", NULL);
        return -ENOMEM;
    }
    return 0;
}

static void __exit bench_exit(void)
{
    remove_proc_entry("openvsm_bench_lend", NULL);
    remove_proc_entry("openvsm_bench", NULL);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Measures OpenVSM's raw calls");
MODULE_LICENSE("GPL v2");
