/* SPDX-License-Identifier: BSD-2-Clause */
/* Decoding #VMEXIT: one case per reason, one call per case. */
#include "../exits.h"
#include "../log.h"
#include "../msr.h"
#include "../platform/ports.h"
#include "../platform/reset.h"
#include "../vtl.h"
#include "svm.h"

void vcpu_advance(struct vcpu *vcpu, unsigned length)
{
    struct vmcb *vmcb = vcpu->vmcb;
    vmcb->rip = vcpu->has_next_rip && vmcb->next_rip ? vmcb->next_rip : vmcb->rip + length;
    if (!vcpu_is_64bit(vcpu))
        vmcb->rip &= 0xffffffffu;
    vmcb->int_state &= ~INTERRUPT_SHADOW;
    vmcb->rflags &= ~X86_EFLAGS_RF;
    if (vmcb->rflags & X86_EFLAGS_TF) {
        vmcb->dr6 |= DR6_BS;
        vmcb_touch(vmcb, VMCB_CLEAN_DR);
        vcpu_inject_exception(vcpu, VECTOR_DB, false, 0);
    }
}

static void exit_cpuid(struct cpu *cpu, struct vmcb *vmcb)
{
    struct guest_registers *r = &cpu->registers;
    cpu_count(cpu, HV_EXIT_CPUID);
    struct cpuid result = exits_cpuid(cpu, (uint32_t)vmcb->rax, (uint32_t)r->rcx);
    vmcb->rax = result.eax;
    r->rbx = result.ebx;
    r->rcx = result.ecx;
    r->rdx = result.edx;
    vcpu_advance(cpu->current, 2);
}

static void refuse_msr(struct cpu *cpu, uint32_t msr, bool write)
{
    if (cpu->vtl == 0)
        vtl_msr_intercept(cpu, msr, write ? HV_ACCESS_WRITE : HV_ACCESS_READ, 2);
    else
        exits_inject(cpu, VECTOR_GP, true, 0);
}

static void exit_msr(struct cpu *cpu, struct vmcb *vmcb)
{
    struct guest_registers *r = &cpu->registers;
    uint32_t msr = (uint32_t)r->rcx;
    bool write = vmcb->exit_info1 & 1;
    uint64_t value = (uint64_t)(uint32_t)r->rdx << 32 | (uint32_t)vmcb->rax;
    cpu_count(cpu, HV_EXIT_MSR);
    enum msr_result result = write ? msr_write(cpu, msr, value) : msr_read(cpu, msr, &value);
    if (result == MSR_REFUSED) {
        refuse_msr(cpu, msr, write);
    } else if (result == MSR_FAULT) {
        exits_inject(cpu, VECTOR_GP, true, 0);
    } else {
        if (!write) {
            vmcb->rax = (uint32_t)value;
            r->rdx = value >> 32;
        }
        vcpu_advance(cpu->current, 2);
    }
}

/* A port that the map guards. Strings of them are no use to anybody honest. */
static void exit_port(struct cpu *cpu, struct vmcb *vmcb)
{
    uint16_t port = IOIO_PORT(vmcb->exit_info1);
    unsigned size = IOIO_SIZE(vmcb->exit_info1);
    unsigned length = (unsigned)(vmcb->exit_info2 - vmcb->rip);
    cpu_count(cpu, HV_EXIT_PORT);
    if (cpu->vtl != 0 || (vmcb->exit_info1 & IOIO_STRING)) {
        exits_inject(cpu, VECTOR_GP, true, 0);
    } else if (vmcb->exit_info1 & IOIO_IN) {
        uint64_t mask = size == 4 ? ~0ull : (1ull << 8 * size) - 1;
        uint64_t value = ports_read(cpu, port, size);
        vmcb->rax = size == 4 ? value : (vmcb->rax & ~mask) | (value & mask);
        vcpu_advance(cpu->current, length);
    } else if (ports_write(cpu, port, size, (uint32_t)vmcb->rax)) {
        vcpu_advance(cpu->current, length);
    } else {
        vtl_port_intercept(cpu, port, size, length);
    }
}

static void exit_nested_page_fault(struct cpu *cpu, struct vmcb *vmcb)
{
    enum hv_access_type access = HV_ACCESS_READ;
    if (vmcb->exit_info1 & NPF_WRITE)
        access = HV_ACCESS_WRITE;
    else if (vmcb->exit_info1 & NPF_EXECUTE)
        access = HV_ACCESS_EXECUTE;
    exits_memory_fault(cpu, gpa(vmcb->exit_info2), access);
}

static void exit_invd(struct cpu *cpu)
{
    cpu_count(cpu, HV_EXIT_OTHER);
    /* INVD would throw away what others wrote and the caches still hold. */
    __asm__ volatile("wbinvd" ::: "memory");
    vcpu_advance(cpu->current, 2);
}

static void exit_iret(struct cpu *cpu)
{
    cpu_count(cpu, HV_EXIT_NMI);
    svm_step_over_iret(cpu->current);
}

/* VTL0's own, or the end of the step over an IRET, or both. */
static void exit_debug(struct cpu *cpu)
{
    bool stepped = cpu->current->step;
    cpu_count(cpu, stepped ? HV_EXIT_NMI : HV_EXIT_OTHER);
    if (!stepped || svm_step_done(cpu->current))
        exits_inject(cpu, VECTOR_DB, false, 0);
    exits_between_events(cpu);
}

static void exit_alignment(struct cpu *cpu)
{
    cpu_count(cpu, HV_EXIT_OTHER);
    exits_inject(cpu, VECTOR_AC, true, 0);
    exits_between_events(cpu);
}

/* SVM is hidden: its instructions are what they are on a CPU without it. */
static void exit_svm_instruction(struct cpu *cpu)
{
    cpu_count(cpu, HV_EXIT_SVM_INSTRUCTION);
    exits_inject(cpu, VECTOR_UD, false, 0);
}

/* A vcpu state that VMRUN refuses, or an exit we did not ask for: our own fault, or VTL1's. The
 * VMCB may be overwritten, so nothing of it is used. */
static _Noreturn void exit_unknown(struct cpu *cpu, struct vmcb *vmcb)
{
    log_format("hypervisor: fatal: CPU %lu, VTL%lu: exit %lx stops the machine\n",
               (uint64_t)cpu->index, (uint64_t)cpu->vtl, vmcb->exit_code);
    reset_machine(cpu);
}

/* What is broken may be VTL1's, and nobody here can tell: nothing of it goes on. */
static _Noreturn void exit_machine_check(struct cpu *cpu)
{
    log_format("hypervisor: fatal: a machine check on CPU %lu, in VTL1, stops the machine\n",
               (uint64_t)cpu->index);
    reset_machine(cpu);
}

static void exit_rare(struct cpu *cpu, struct vmcb *vmcb)
{
    switch (vmcb->exit_code) {
    case SVM_EXIT_NMI:
    case SVM_EXIT_SMI: /* an NMI may come in with it */
        exits_nmi(cpu);
        break;
    case SVM_EXIT_SX: /* an INIT that nobody may send: see vcpu_cpu_enable() */
        cpu_count(cpu, HV_EXIT_INIT_SIPI);
        break;
    case SVM_EXIT_IRET:
        exit_iret(cpu);
        break;
    case SVM_EXIT_DB:
        exit_debug(cpu);
        break;
    case SVM_EXIT_AC:
        exit_alignment(cpu);
        break;
    case SVM_EXIT_MC:
        exit_machine_check(cpu);
    case SVM_EXIT_INVD:
        exit_invd(cpu);
        break;
    case SVM_EXIT_VMRUN:
    case SVM_EXIT_VMLOAD:
    case SVM_EXIT_VMSAVE:
    case SVM_EXIT_STGI:
    case SVM_EXIT_CLGI:
    case SVM_EXIT_SKINIT:
    case SVM_EXIT_INVLPGA:
        exit_svm_instruction(cpu);
        break;
    case SVM_EXIT_SHUTDOWN:
        exits_shutdown(cpu, cpu->vtl);
    default:
        exit_unknown(cpu, vmcb);
    }
}

/* All exits but VMMCALL. One that broke off the delivery of an event leaves it in EXITINTINFO; it
 * is delivered again unless an exception took its place. */
static __attribute__((noinline)) void exit_other(struct cpu *cpu, struct vmcb *vmcb)
{
    struct vcpu *vcpu = cpu->current;
    svm_note_event(vcpu);
    switch (vmcb->exit_code) {
    case SVM_EXIT_CPUID:
        exit_cpuid(cpu, vmcb);
        break;
    case SVM_EXIT_NPF:
        exit_nested_page_fault(cpu, vmcb);
        break;
    case SVM_EXIT_INTR:
        cpu_count(cpu, HV_EXIT_INTERRUPT);
        vtl_notify(cpu);
        break;
    case SVM_EXIT_IOIO:
        exit_port(cpu, vmcb);
        break;
    case SVM_EXIT_MSR:
        exit_msr(cpu, vmcb);
        break;
    default:
        exit_rare(cpu, vmcb);
        break;
    }
    if (cpu->current == vcpu && vcpu->event)
        vcpu_settle_event(vcpu);
}

/* TLFS: from 64-bit code of CPL 0 only, else #UD. */
static inline bool may_call(const struct vmcb *vmcb)
{
    return vmcb->cpl == 0 && (vmcb->efer & EFER_LMA) && (vmcb->cs.attributes & SEGMENT_LONG);
}

static inline void exit_vmmcall(struct cpu *cpu, struct vmcb *vmcb)
{
    if (unlikely(!may_call(vmcb))) {
        exits_refuse_call(cpu);
        return;
    }
    vmcb->rip += 3;
    vmcb->int_state = 0;
    if (cpu->registers.rcx == HV_CALL_VTL_CALL) {
        vtl_call(cpu, vmcb->rax);
    } else if (cpu->registers.rcx == HV_CALL_VTL_RETURN) {
        vtl_return(cpu, vmcb->rax);
    } else {
        cpu_count(cpu, HV_EXIT_HYPERCALL);
        hypercall_handle(cpu);
    }
}

void svm_exit(struct cpu *cpu)
{
    struct vmcb *vmcb = cpu->current->vmcb;
    if (likely(vmcb->exit_code == SVM_EXIT_VMMCALL))
        exit_vmmcall(cpu, vmcb);
    else
        exit_other(cpu, vmcb);
    if (DEBUG_BUILD)
        svm_assert(cpu);
}
