// SPDX-License-Identifier: GPL-2.0-only
/* Entering the hypervisor and VTL1. */
#include "driver.h"

#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/sched/signal.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

/* Another CPU holds the object: it leaves VTL1 at its next interrupt. */
static void wait_for_other_cpu(void)
{
    usleep_range(20, 100);
}

int sk_try(const struct sk_words *in, struct sk_words *out)
{
    *out = *in;
    vtl_call(out);
    switch (out->w[0]) {
    case SK_AGAIN:
        cond_resched();
        return -EAGAIN;
    case SK_BUSY:
        wait_for_other_cpu();
        return -EAGAIN;
    case SK_NO_MEMORY:
        return memory_donate(out->w[1]) ?: -EAGAIN;
    default:
        return 0;
    }
}

int sk_call(const struct sk_words *in, struct sk_words *out, enum sk_patience patience)
{
    int error = sk_try(in, out);

    while (error == -EAGAIN) {
        if (patience == SK_KILLABLE && fatal_signal_pending(current))
            return -EINTR;
        error = sk_try(in, out);
    }
    return error;
}

int sk_errno(u64 status)
{
    switch (status) {
    case SK_OK:
        return 0;
    case SK_NO_MEMORY:
        return -ENOMEM;
    case SK_NOT_FOUND:
        return -ESRCH;
    case SK_BUSY:
    case SK_WATCHDOG:
        return -EBUSY;
    case SK_LIMIT:
        return -EAGAIN;
    case SK_INVALID_ARGUMENT:
        return -EINVAL;
    case SK_ACCESS_DENIED:
        return -EACCES;
    default:
        return -EPERM;
    }
}

u64 hv_call(u64 control, const void *input, void *output)
{
    u64 result, rdx = input ? virt_to_phys((void *)input) : 0;
    register u64 r8 asm("r8") = output ? virt_to_phys(output) : 0;

    asm volatile("vmmcall"
                 : "=a"(result), "+c"(control), "+d"(rdx), "+r"(r8)
                 :
                 : "r9", "r10", "r11", "memory", "cc");
    return result;
}

bool hv_present(void)
{
    u32 eax, ebx, ecx, edx;

    if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
        return false;
    cpuid(HV_CPUID_VENDOR, &eax, &ebx, &ecx, &edx);
    return ebx == OPENVSM_CPUID_VENDOR_EBX && ecx == OPENVSM_CPUID_VENDOR_ECX &&
           edx == OPENVSM_CPUID_VENDOR_EDX;
}

/* TLFS 0x00d4: header, one GPFN a repetition; eight bytes of answer each, the code in the lowest,
 * what is denied in the next. */
#define CHECK_MAX 510u
struct check_access_input {
    u64 partition_id;
    u8 vtl;
    u8 access;
    u8 reserved[6];
    u64 gpfn[CHECK_MAX];
};
static_assert(offsetof(struct check_access_input, gpfn) == 16);
static_assert(sizeof(struct check_access_input) == PAGE_SIZE);

static DEFINE_MUTEX(check_lock);
static struct check_access_input *check_input;
static u64 *check_output;

static u8 denied_of(u64 answer)
{
    u8 flags = answer >> 8, denied = 0;

    if (!(answer & 0xff))
        return 0;
    denied |= flags & HV_MAP_READ ? OPENVSM_MAP_NO_READ : 0;
    denied |= flags & HV_MAP_WRITE ? OPENVSM_MAP_NO_WRITE : 0;
    return denied ?: OPENVSM_MAP_NO_READ | OPENVSM_MAP_NO_WRITE;
}

/* One hypercall's worth. */
static bool check_some(u64 first, unsigned int count, u8 *denied)
{
    unsigned int i;
    u64 result;

    check_input->partition_id = HV_PARTITION_SELF;
    check_input->access = HV_MAP_READ | HV_MAP_WRITE;
    for (i = 0; i < count; i++)
        check_input->gpfn[i] = first + i;
    result = hv_call(HV_CALL_CHECK_SPARSE_GPA_PAGE_VTL_ACCESS | HV_CONTROL_REP_COUNT(count),
                     check_input, check_output);
    if (HV_RESULT_STATUS(result) != HV_STATUS_SUCCESS || HV_RESULT_REPS(result) != count)
        return false;
    for (i = 0; i < count; i++)
        denied[i] = denied_of(check_output[i]);
    return true;
}

int hv_page_access(u64 first, u64 count, u8 *denied)
{
    bool good = true;
    u64 done, now;

    mutex_lock(&check_lock);
    for (done = 0; good && done < count; done += now) {
        now = min_t(u64, count - done, CHECK_MAX);
        good = check_some(first + done, now, denied + done);
        cond_resched();
    }
    mutex_unlock(&check_lock);
    return good ? 0 : -EIO;
}

bool hv_page_is_ours(unsigned long pfn)
{
    u8 denied;

    return !hv_page_access(pfn, 1, &denied) && !denied;
}

int hv_init(void)
{
    check_input = (void *)get_zeroed_page(GFP_KERNEL);
    check_output = (void *)get_zeroed_page(GFP_KERNEL);
    if (check_input && check_output)
        return 0;
    hv_exit();
    return -ENOMEM;
}

void hv_exit(void)
{
    free_page((unsigned long)check_input);
    free_page((unsigned long)check_output);
}
