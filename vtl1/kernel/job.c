/* SPDX-License-Identifier: BSD-2-Clause */
#include "job.h"

#include "cpu.h"
#include "fpu.h"
#include "sk_assert.h"
#include "string.h"

#define JOB_FLAGS 0x202ull /* IF, and the bit that is always one */

/* entry.S */
void job_enter(struct user_registers *registers);
void job_over(void);

void job_begin(struct job *job, void (*function)(void *), void *argument)
{
    struct thread *context = &job->context;
    /* As after a CALL: the return address on top, 8 below a multiple of 16 (System V ABI 3.2.2). */
    uint64_t *top = (uint64_t *)(void *)(job->stack + JOB_STACK_SIZE) - 1;

    memset(context, 0, sizeof(*context));
    *top = (uint64_t)job_over;
    context->registers = (struct user_registers){
        .rip = (uint64_t)function,
        .rdi = (uint64_t)argument,
        .rsp = (uint64_t)top,
        .rflags = JOB_FLAGS,
        .cs = SELECTOR_KERNEL_CODE,
        .ss = SELECTOR_KERNEL_DATA,
    };
    fpu_init_thread(context);
}

bool job_run(struct job *job)
{
    struct cpu *cpu = this_cpu();
    struct thread *context = &job->context;

    cpu_set_registers(cpu, &context->registers);
    fpu_enter_thread(context);
    fpu_use_canary();
    cpu->job = 1;
    job_enter(&context->registers);
    cpu->job = 0;
    fpu_leave_thread(context);
    cpu_set_registers(cpu, NULL);
    if (context->registers.vector < 32)
        sk_panic("an exception in a job");
    return context->registers.vector == VECTOR_JOB_OVER;
}
