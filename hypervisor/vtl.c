/* SPDX-License-Identifier: BSD-2-Clause */
#include "vtl.h"
#include "exits.h"
#include "msr.h"
#include "partition.h"
#include "registers.h"
#include "vtl1_start.h"

#define REGISTER_CS 0x60001u
#define STATE_PE    (1u << 2)
#define STATE_AM    (1u << 3)
#define STATE_LMA   (1u << 4)

/*
 * A call and its return are the price of everything that VTL1 does: the usual way is straight, and
 * the last step, the switch, is its own return. What is not usual has a bit in cpu->work.
 */
static inline void enter_vtl1(struct cpu *cpu, enum hv_vtl_entry_reason reason)
{
    struct cpu_vtl *vtl1 = &cpu->state[1];
    if (unlikely(cpu->work & CPU_WORK_MONITORS))
        msr_stop_monitors(cpu);
    if (likely(vtl1->page != NULL))
        vtl1->page->entry_reason = reason;
    /* Without a notification to give, VTL0's interrupts wait until VTL1 returns (TLFS). */
    vcpu_hold_interrupts(!(vtl1->vina & HV_VINA_ENABLED));
    vcpu_switch(cpu, &cpu->vcpu[0], &cpu->vcpu[1], 1);
}

static __attribute__((noinline)) void refuse(struct cpu *cpu)
{
    vcpu_set_rip(cpu->current, vcpu_rip(cpu->current) - VMMCALL_LENGTH);
    exits_refuse_call(cpu);
}

void vtl_call(struct cpu *cpu, uint64_t control)
{
    if (unlikely(cpu->vtl != 0 || control != 0 || !cpu->vtl1_enabled)) {
        refuse(cpu);
        return;
    }
    cpu_count(cpu, HV_EXIT_VTL_CALL);
    enter_vtl1(cpu, HV_VTL_ENTRY_VTL_CALL);
}

static inline void leave_vtl1(struct cpu *cpu, uint64_t control)
{
    const struct hv_vp_assist_page *page = cpu->state[1].page;
    if (control != HV_VTL_RETURN_FAST && page) {
        vcpu_set_rax(&cpu->vcpu[1], page->vtl_return_rax);
        cpu->registers.rcx = page->vtl_return_rcx;
    }
    vcpu_switch(cpu, &cpu->vcpu[1], &cpu->vcpu[0], 0);
}

/* What VTL1 was told is over: a notification it did not take must not wait for its next entry. */
static void withdraw_notification(struct cpu *cpu)
{
    struct cpu_vtl *vtl1 = &cpu->state[1];
    cpu->work &= ~(uint32_t)CPU_WORK_NOTIFIED;
    vcpu_lower_interrupt(&cpu->vcpu[1]);
    if (vtl1->page && (vtl1->vina & HV_VINA_AUTO_RESET))
        vtl1->page->vina_asserted = 0;
}

static __attribute__((noinline)) void return_with_work(struct cpu *cpu, uint64_t control)
{
    if (cpu->work & CPU_WORK_STARTING) {
        vtl1_started(cpu);
        return;
    }
    if (cpu->work & CPU_WORK_NOTIFIED)
        withdraw_notification(cpu);
    if (cpu->work & CPU_WORK_MONITORS)
        msr_start_monitors(cpu);
    leave_vtl1(cpu, control);
    if (cpu->work & CPU_WORK_VTL0)
        exits_vtl0_work(cpu);
}

void vtl_return(struct cpu *cpu, uint64_t control)
{
    if (unlikely(cpu->vtl != 1 || control > HV_VTL_RETURN_FAST)) {
        refuse(cpu);
        return;
    }
    cpu_count(cpu, HV_EXIT_VTL_RETURN);
    if (likely(!cpu->work))
        leave_vtl1(cpu, control);
    else
        return_with_work(cpu, control);
}

void vtl_notify(struct cpu *cpu)
{
    struct cpu_vtl *vtl1 = &cpu->state[1];
    /* Told or not, VTL1 must be able to finish: interrupts wait from here until it returns. */
    vcpu_hold_interrupts(true);
    if ((cpu->work & CPU_WORK_NOTIFIED) || !(vtl1->vina & HV_VINA_ENABLED))
        return;
    cpu->work |= CPU_WORK_NOTIFIED;
    if (vtl1->page)
        vtl1->page->vina_asserted = 1;
    vcpu_raise_interrupt(&cpu->vcpu[1], (uint8_t)vtl1->vina);
}

static uint16_t execution_state(struct cpu *cpu)
{
    uint64_t cr0 = vcpu_register(cpu, 0, HV_REGISTER_CR0);
    uint16_t state = (uint16_t)vcpu_cpl(&cpu->vcpu[0]);
    state |= cr0 & X86_CR0_PE ? STATE_PE : 0;
    state |= cr0 & X86_CR0_AM ? STATE_AM : 0;
    state |= vcpu_register(cpu, 0, HV_REGISTER_EFER) & EFER_LMA ? STATE_LMA : 0;
    return state;
}

static struct hv_intercept_header intercept_header(struct cpu *cpu, enum hv_access_type access,
                                                   unsigned instruction_length)
{
    struct hv_register_value cs = {0};
    vcpu_get_register(cpu, 0, REGISTER_CS, &cs);
    struct hv_intercept_header header = {
        .vp_index = cpu->index,
        .instruction_length = instruction_length & 0xf,
        .access_type = (uint8_t)access,
        .execution_state = execution_state(cpu),
        .rip = vcpu_rip(&cpu->vcpu[0]),
        .rflags = vcpu_rflags(&cpu->vcpu[0]),
    };
    __builtin_memcpy(&header.cs, &cs, sizeof(header.cs));
    return header;
}

/* Is VTL1 there to decide, and has it asked for messages? */
static bool can_tell_vtl1(const struct cpu *cpu)
{
    return cpu->vtl1_enabled && cpu->state[1].page &&
           (READ_ONCE(cpu->partition->vsm_config) & HV_PARTITION_CONFIG_INTERCEPT_PAGE);
}

static void tell_vtl1(struct cpu *cpu, enum hv_message_type type, const void *payload, uint8_t size)
{
    struct hv_message *message = &cpu->state[1].page->intercept;
    message->header = (struct hv_message_header){.type = type, .payload_size = size};
    __builtin_memcpy(message->payload.bytes, payload, size);
    if (cpu->vcpu[0].event)
        cpu->work |= CPU_WORK_EVENT;
    enter_vtl1(cpu, HV_VTL_ENTRY_INTERCEPT);
}

/* VTL0 stays on its instruction; VTL1 looks, and comes back with an exception for it, a changed
 * RIP, or nothing, and then VTL0 tries again. */
static void intercept(struct cpu *cpu, enum hv_message_type type, const void *payload, uint8_t size)
{
    cpu->refused++;
    if (!can_tell_vtl1(cpu)) {
        exits_inject(cpu, VECTOR_GP, true, 0);
        return;
    }
    tell_vtl1(cpu, type, payload, size);
}

void vtl_hypercall_refused(struct cpu *cpu, uint64_t control, enum hv_status status)
{
    struct hv_hypercall_refused message = {
        .header = intercept_header(cpu, HV_ACCESS_EXECUTE, 0),
        .control = control,
        .input = cpu->registers.rdx,
        .output = cpu->registers.r8,
        .status = status,
    };
    cpu->refused++;
    if (can_tell_vtl1(cpu))
        tell_vtl1(cpu, HV_MESSAGE_HYPERCALL_REFUSED, &message, sizeof(message));
}

void vtl_memory_intercept(struct cpu *cpu, gpa_t address, enum hv_access_type access)
{
    struct hv_memory_intercept message = {
        .header = intercept_header(cpu, access, 0),
        .cache_type = 6, /* write-back */
        .gpa = address.value,
    };
    intercept(cpu, HV_MESSAGE_GPA_INTERCEPT, &message, sizeof(message));
}

void vtl_port_intercept(struct cpu *cpu, uint16_t port, unsigned size, unsigned instruction_length)
{
    struct hv_io_port_intercept message = {
        .header = intercept_header(cpu, HV_ACCESS_WRITE, instruction_length),
        .port = port,
        .access_info = (uint8_t)size,
        .rax = vcpu_rax(&cpu->vcpu[0]),
    };
    intercept(cpu, HV_MESSAGE_IO_PORT_INTERCEPT, &message, sizeof(message));
}

void vtl_msr_intercept(struct cpu *cpu, uint32_t msr, enum hv_access_type access,
                       unsigned instruction_length)
{
    struct hv_msr_intercept message = {
        .header = intercept_header(cpu, access, instruction_length),
        .msr = msr,
        .rdx = cpu->registers.rdx,
        .rax = vcpu_rax(&cpu->vcpu[0]),
    };
    intercept(cpu, HV_MESSAGE_MSR_INTERCEPT, &message, sizeof(message));
}
