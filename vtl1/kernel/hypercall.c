/* SPDX-License-Identifier: BSD-2-Clause */
#include "hypercall.h"
#include "console.h"
#include "cpu.h"
#include "string.h"
#include "x86.h"

/* No register but RAX (and for VtlCall, VtlReturn: none) is changed by a hypercall. */
static uint64_t hypercall(uint64_t control, uint64_t input, uint64_t output)
{
    register uint64_t r8 __asm__("r8") = output;
    uint64_t result = 0;

    __asm__ volatile("vmmcall" : "=a"(result) : "c"(control), "d"(input), "r"(r8) : "memory", "cc");
    return result;
}

static uint64_t hypercall_pages(const struct cpu *cpu, uint64_t control)
{
    return hypercall(control, frame_address(cpu->hypercall_input),
                     frame_address(cpu->hypercall_output));
}

/* A hypercall for each of `count` elements; *done: how many it got to. */
static uint16_t hypercall_each(const struct cpu *cpu, uint64_t code, uint32_t count, uint32_t *done)
{
    uint64_t result = hypercall_pages(cpu, code | HV_CONTROL_REP_COUNT(count));

    *done = HV_RESULT_REPS(result);
    return HV_RESULT_STATUS(result);
}

uint16_t hypercall_protect(const uint64_t *frames, uint32_t count, uint32_t map_flags,
                           uint32_t *done)
{
    struct cpu *cpu = this_cpu();
    struct hv_modify_vtl_protection_mask *input = cpu->hypercall_input;

    memset(input, 0, sizeof(*input));
    input->partition_id = HV_PARTITION_SELF;
    input->map_flags = map_flags;
    for (uint32_t i = 0; i < count; i++)
        input->gpfn[i] = frames[i] / PAGE_SIZE;
    return hypercall_each(cpu, HV_CALL_MODIFY_VTL_PROTECTION_MASK, count, done);
}

uint16_t hypercall_deposit(const uint64_t *frames, uint32_t count, uint32_t *done)
{
    struct cpu *cpu = this_cpu();
    struct hv_deposit_memory *input = cpu->hypercall_input;

    input->partition_id = HV_PARTITION_SELF;
    for (uint32_t i = 0; i < count; i++)
        input->gpfn[i] = frames[i] / PAGE_SIZE;
    return hypercall_each(cpu, HV_CALL_DEPOSIT_MEMORY, count, done);
}

uint16_t hypercall_withdraw(uint64_t *frames, uint32_t count, uint32_t *done)
{
    struct cpu *cpu = this_cpu();
    struct hv_deposit_memory *input = cpu->hypercall_input;
    const uint64_t *output = cpu->hypercall_output;

    input->partition_id = HV_PARTITION_SELF;
    uint16_t status = hypercall_each(cpu, HV_CALL_WITHDRAW_MEMORY, count, done);

    for (uint32_t i = 0; i < *done && i < count; i++)
        frames[i] = output[i] * PAGE_SIZE;
    return status;
}

uint16_t hypercall_flush(uint64_t root, uint64_t cpus)
{
    struct cpu *cpu = this_cpu();
    struct hv_flush_virtual_address_space *input = cpu->hypercall_input;

    *input = (struct hv_flush_virtual_address_space){
        .address_space = root,
        .flags = HV_FLUSH_NON_GLOBAL_ONLY,
        .processor_mask = cpus,
    };
    return HV_RESULT_STATUS(hypercall_pages(cpu, HV_CALL_FLUSH_VIRTUAL_ADDRESS_SPACE));
}

/* Begins a call that is about this CPU's register; its element goes where the result points. */
static void *register_call(const struct cpu *cpu, uint8_t vtl)
{
    struct hv_vp_registers_header *header = cpu->hypercall_input;

    *header = (struct hv_vp_registers_header){
        .partition_id = HV_PARTITION_SELF,
        .vp_index = HV_VP_SELF,
        .input_vtl = HV_INPUT_VTL_USE_TARGET | vtl,
    };
    return header + 1;
}

uint16_t hypercall_set_register(uint8_t vtl, uint32_t name, uint64_t value)
{
    struct cpu *cpu = this_cpu();
    struct hv_set_register *element = register_call(cpu, vtl);

    *element = (struct hv_set_register){.name = name, .value = {.low = value}};
    return HV_RESULT_STATUS(
        hypercall_pages(cpu, HV_CALL_SET_VP_REGISTERS | HV_CONTROL_REP_COUNT(1)));
}

uint16_t hypercall_get_register(uint8_t vtl, uint32_t name, uint64_t *value)
{
    struct cpu *cpu = this_cpu();
    uint32_t *element = register_call(cpu, vtl);
    const struct hv_register_value *output = cpu->hypercall_output;

    *element = name;
    uint64_t result = hypercall_pages(cpu, HV_CALL_GET_VP_REGISTERS | HV_CONTROL_REP_COUNT(1));

    *value = output->low;
    return HV_RESULT_STATUS(result);
}

const char *hypercall_init_cpu(struct cpu *cpu)
{
    uint64_t config = HV_PARTITION_CONFIG_ENABLE_PROTECTION |
                      HV_PARTITION_CONFIG_DEFAULT_MASK(HV_MAP_ALL) |
                      HV_PARTITION_CONFIG_INTERCEPT_PAGE;
    uint64_t vina = VECTOR_VINA | HV_VINA_ENABLED | HV_VINA_AUTO_RESET;

    wrmsr(HV_MSR_VP_ASSIST_PAGE, frame_address((const void *)cpu->assist) | HV_MSR_PAGE_ENABLE);
    if (hypercall_set_register(1, HV_REGISTER_VSM_VINA, vina) != HV_STATUS_SUCCESS)
        return "Secure Kernel: the hypervisor refused the interrupt notification (VINA)";
    if (cpu->index == 0 &&
        hypercall_set_register(1, HV_REGISTER_VSM_PARTITION_CONFIG, config) != HV_STATUS_SUCCESS)
        return "Secure Kernel: the hypervisor refused the VTL protection";
    return NULL;
}

void console_write(const char *text)
{
    while (*text != 0) {
        uint64_t bytes = 0, count = 0;

        while (count < 8 && text[count] != 0) {
            bytes |= (uint64_t)(uint8_t)text[count] << (8 * count);
            count++;
        }
        hypercall(HV_CALL_OPENVSM_CONSOLE_WRITE | HV_CONTROL_FAST, count, bytes);
        text += count;
    }
}

void console_write_hex(uint64_t value)
{
    char text[19] = "0x";

    for (unsigned i = 0; i < 16; i++)
        text[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
    text[18] = 0;
    console_write(text);
}
