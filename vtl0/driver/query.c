// SPDX-License-Identifier: GPL-2.0-only
/* Questions about the machine. */
#include "driver.h"

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

/* Calls whose arguments and results are all in registers, and which change nothing. */
static bool may_ask(u64 number)
{
    return number == SK_CALL_NULL || number == SK_CALL_INFO || number == SK_CALL_MEMORY_STATUS ||
           number == SK_CALL_STATISTICS || number == SK_CALL_MEASUREMENT;
}

long query_skcall(struct openvsm_skcall __user *argument)
{
    struct openvsm_skcall q;
    struct sk_words in, out;
    int error;

    if (copy_from_user(&q, argument, sizeof(q)))
        return -EFAULT;
    if (!may_ask(q.number))
        return -EPERM;
    in.w[0] = q.number;
    memcpy(&in.w[1], q.arguments, sizeof(q.arguments));
    error = sk_call(&in, &out, SK_KILLABLE);
    if (error)
        return error;
    q.status = out.w[0];
    memcpy(q.results, &out.w[1], sizeof(q.results));
    return copy_to_user(argument, &q, sizeof(q)) ? -EFAULT : 0;
}

long query_answer(struct openvsm_page __user *argument, const struct openvsm_page *request,
                  const void *bytes, u64 status)
{
    if (copy_to_user(u64_to_user_ptr(request->address), bytes, PAGE_SIZE) ||
        put_user(status, &argument->status))
        return -EFAULT;
    return 0;
}

static u64 read_statistics(u64 cpu, struct hv_statistics_input *input, void *output)
{
    if (cpu > U32_MAX)
        return HV_STATUS_INVALID_VP_INDEX;
    *input = (struct hv_statistics_input){.vp_index = cpu};
    return HV_RESULT_STATUS(hv_call(HV_CALL_OPENVSM_GET_STATISTICS, input, output));
}

int query_cpu(unsigned int cpu)
{
    void *input = (void *)get_zeroed_page(GFP_KERNEL);
    void *output = (void *)get_zeroed_page(GFP_KERNEL);
    int error = -ENOMEM;

    if (input && output)
        error = read_statistics(cpu, input, output) == HV_STATUS_SUCCESS ? 0 : -ENODEV;
    free_page((unsigned long)input);
    free_page((unsigned long)output);
    return error;
}

long query_statistics(struct openvsm_page __user *argument)
{
    void *input = (void *)get_zeroed_page(GFP_KERNEL);
    void *output = (void *)get_zeroed_page(GFP_KERNEL);
    struct openvsm_page q;
    long error = -ENOMEM;

    if (input && output) {
        error = -EFAULT;
        if (!copy_from_user(&q, argument, sizeof(q)))
            error = query_answer(argument, &q, output, read_statistics(q.index, input, output));
    }
    free_page((unsigned long)input);
    free_page((unsigned long)output);
    return error;
}

static long read_process(struct openvsm_page __user *argument, void *page)
{
    struct sk_words out, in = {{SK_CALL_PROCESS_INFO, 0, virt_to_phys(page)}};
    struct openvsm_page q;
    int error;

    if (copy_from_user(&q, argument, sizeof(q)))
        return -EFAULT;
    in.w[1] = q.index;
    error = sk_call(&in, &out, SK_KILLABLE);
    return error ?: query_answer(argument, &q, page, out.w[0]);
}

long query_process(struct openvsm_page __user *argument)
{
    void *page = (void *)get_zeroed_page(GFP_KERNEL);
    long error;

    if (!page)
        return -ENOMEM;
    error = read_process(argument, page);
    free_page((unsigned long)page);
    return error;
}

static bool is_addressable(const struct openvsm_map *map)
{
    u64 limit = 1ull << (boot_cpu_data.x86_phys_bits - PAGE_SHIFT);

    return map->count && map->count <= OPENVSM_MAP_PAGES && map->first < limit &&
           map->count <= limit - map->first;
}

long query_map(const struct openvsm_map __user *argument)
{
    struct openvsm_map map;
    u8 *bytes;
    long error;

    if (copy_from_user(&map, argument, sizeof(map)))
        return -EFAULT;
    if (!is_addressable(&map))
        return -EINVAL;
    bytes = kvzalloc(map.count, GFP_KERNEL);
    if (!bytes)
        return -ENOMEM;
    error = memory_map(map.first, map.count, bytes);
    if (!error && copy_to_user(u64_to_user_ptr(map.address), bytes, map.count))
        error = -EFAULT;
    kvfree(bytes);
    return error;
}
