/* SPDX-License-Identifier: BSD-2-Clause */
#include "signals.h"

#include "cpu_layout.h"
#include "fpu.h"
#include "linux_abi.h"
#include "local.h"
#include "string.h"
#include "time.h"
#include "user_copy.h"

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/ucontext.h>

#define HANDLER_DEFAULT 0u
#define HANDLER_IGNORE  1u
#define RED_ZONE        128u /* below RSP, System V ABI 3.2.2 */
#define SYSCALL_LENGTH  2u   /* of the instruction */
#define FLAG_TRAP       (1u << 8)
#define FLAG_DIRECTION  (1u << 10)

/* What lies on the stack when a handler begins: Linux's struct rt_sigframe. */
struct signal_frame {
    uint64_t restorer; /* the handler returns there; it calls rt_sigreturn */
    struct ucontext context;
    siginfo_t info;
};
static_assert(sizeof(struct signal_frame) == 8 + 304 + 128, "x86-64's rt_sigframe");

/* ---- sending ---- */

static bool ignored(const struct process *process, uint64_t number)
{
    uint64_t handler = process->signals[number - 1].handler;
    bool by_default =
        number == SIGCHLD || number == SIGCONT || number == SIGURG || number == SIGWINCH;
    return handler == HANDLER_IGNORE || (handler == HANDLER_DEFAULT && by_default);
}

void signal_force(struct thread *thread, uint32_t number, int code, uint64_t address)
{
    struct process *process = thread->process;
    bool blocked = thread->signal_mask & SIGNAL_BIT(number);
    if (blocked || process->signals[number - 1].handler <= HANDLER_IGNORE)
        process_die(process, SK_DEATH_FAULT, 0, (int)number,
                    address != 0 ? address : thread->registers.rip);
    thread->forced = (struct signal){number, code, address};
}

/* Numbers and codes as arch/x86/kernel/traps.c gives them for APM Vol.2 8.2's vectors. */
void signal_exception(struct thread *thread)
{
    static const struct {
        uint8_t number, code; /* code 0: SI_KERNEL, with no address */
    } of[32] = {
        [0] = {SIGFPE, FPE_INTDIV},  [1] = {SIGTRAP, TRAP_TRACE}, [3] = {SIGTRAP, 0},
        [6] = {SIGILL, ILL_ILLOPN},  [10] = {SIGBUS, 0},          [11] = {SIGBUS, 0},
        [12] = {SIGBUS, 0},          [16] = {SIGFPE, FPE_FLTINV}, [17] = {SIGBUS, BUS_ADRALN},
        [19] = {SIGFPE, FPE_FLTINV},
    };
    const struct user_registers *r = &thread->registers;
    uint64_t vector = r->vector % 32;
    uint32_t number = of[vector].number != 0 ? of[vector].number : SIGSEGV;
    bool placed = of[vector].code != 0 && number != SIGBUS;
    signal_force(thread, number, of[vector].code != 0 ? of[vector].code : SI_KERNEL,
                 placed ? r->rip : 0);
}

void signal_interrupt(struct thread *thread)
{
    thread->channel->interrupt = thread->syscall.sequence;
    thread->process->tell.what |= SK_TELL_KICK;
}

/* Of those who have not blocked one of them, rather one that runs; NULL: all have. */
static struct thread *taker(const struct process *process, uint64_t signals)
{
    struct thread *best = NULL;
    for (uint32_t i = 0; signals != 0 && i < process->thread_slots; i++) {
        struct thread *thread = process->threads[i];
        if (thread != NULL && (signals & ~thread->signal_mask) &&
            (best == NULL || (thread->running && !best->running)))
            best = thread;
    }
    return best;
}

/* One that runs looks before it enters ring 3 again. */
static void rouse(struct thread *thread)
{
    if (thread == NULL || thread->running)
        return;
    thread_wake(thread);
    if (thread->resume == RESUME_COMPLETE)
        signal_interrupt(thread);
}

void signal_send(struct process *process, struct thread *target, uint64_t number)
{
    uint64_t bit = SIGNAL_BIT(number);
    struct thread *thread = taker(process, bit);
    if (target != NULL)
        thread = target->signal_mask & bit ? NULL : target;
    if (thread != NULL && ignored(process, number))
        return;
    *(target != NULL ? &target->pending : &process->pending) |= bit;
    rouse(thread);
}

uint64_t signal_ring(struct process *process)
{
    uint64_t now = time_monotonic_ns(), interval = process->alarm_interval;
    if (process->alarm != 0 && now >= process->alarm) {
        process->alarm = interval == 0 ? 0 : now + interval - (now - process->alarm) % interval;
        signal_send(process, NULL, SIGALRM);
    }
    return process->alarm == 0 ? 0 : process->alarm - now;
}

void signal_block(struct thread *thread, uint64_t mask)
{
    thread->signal_mask = mask & ~SIGNALS_NEVER_BLOCKED;
    rouse(taker(thread->process, thread->process->pending & thread->signal_mask));
}

int signal_block_meanwhile(struct thread *thread, uint64_t from, uint64_t size)
{
    uint64_t mask = 0;
    int error = size == sizeof(mask)
                    ? user_copy_in(&thread->process->space, &mask, from, sizeof(mask))
                    : -EINVAL;
    if (error != 0)
        return error;
    thread->saved_mask = thread->signal_mask;
    thread->mask_saved = true;
    signal_block(thread, mask);
    return 0;
}

/* ---- taking ---- */

/* The next one that is not blocked; number 0: none. */
static struct signal next_signal(const struct thread *thread)
{
    uint64_t own = thread->pending & ~thread->signal_mask;
    uint64_t all = thread->process->pending & ~thread->signal_mask;
    if (thread->forced.number != 0)
        return thread->forced;
    if ((own | all) == 0)
        return (struct signal){0};
    return (struct signal){.number = (uint32_t)__builtin_ctzll(own != 0 ? own : all) + 1,
                           .code = own != 0 ? SI_TKILL : SI_USER};
}

static void take(struct thread *thread, const struct signal *s)
{
    if (thread->forced.number != 0)
        thread->forced.number = 0;
    else if (s->code == SI_TKILL)
        thread->pending &= ~SIGNAL_BIT(s->number);
    else
        thread->process->pending &= ~SIGNAL_BIT(s->number);
}

bool signal_on_stack(const struct thread *thread)
{
    const struct signal_stack *stack = &thread->alternate_stack;
    return thread->registers.rsp - stack->base - 1 < stack->size;
}

static uint64_t stack_for(const struct thread *thread, const struct linux_sigaction *action)
{
    const struct signal_stack *stack = &thread->alternate_stack;
    if ((action->flags & SA_ONSTACK) && stack->size != 0 && !signal_on_stack(thread))
        return stack->base + stack->size;
    return thread->registers.rsp - RED_ZONE;
}

static void describe(const struct thread *thread, const struct signal *s, siginfo_t *info)
{
    info->si_signo = (int)s->number;
    info->si_code = s->code;
    if (s->code == SI_USER || s->code == SI_TKILL) {
        info->si_pid = (int)thread->process->host_pid;
        info->si_uid = thread->process->uid;
    } else {
        info->si_addr = (void *)(uintptr_t)s->address; /* NOLINT: the trustlet's */
    }
}

/* Those that have the same name in struct user_registers and in struct sigcontext. */
/* clang-format off */
#define EACH_REGISTER(DO)                                                                          \
    DO(r8) DO(r9) DO(r10) DO(r11) DO(r12) DO(r13) DO(r14) DO(r15)                                  \
    DO(rax) DO(rbx) DO(rcx) DO(rdx) DO(rdi) DO(rsi) DO(rbp) DO(rsp) DO(rip)
/* clang-format on */

/* The registers as the program will have them again. */
static void keep_registers(const struct thread *thread, struct sigcontext *c)
{
    const struct user_registers *r = &thread->registers;
#define KEEP(name) c->name = r->name;
    EACH_REGISTER(KEEP)
    c->eflags = r->rflags;
    c->cs = SELECTOR_USER_CODE;
    c->ss = SELECTOR_USER_DATA;
    c->oldmask = thread->mask_saved ? thread->saved_mask : thread->signal_mask;
    if (thread->forced.number == 0)
        return;
    c->err = r->error_code;
    c->trapno = r->vector;
    c->cr2 = thread->fault_address;
}

static void enter_handler(struct thread *thread, uint32_t number, uint64_t frame)
{
    struct user_registers *r = &thread->registers;
    struct linux_sigaction *action = &thread->process->signals[number - 1];
    r->rdi = number;
    r->rsi = frame + offsetof(struct signal_frame, info);
    r->rdx = frame + offsetof(struct signal_frame, context);
    r->rax = 0;
    r->rip = action->handler;
    r->rsp = frame;
    r->rflags &= ~(uint64_t)(FLAG_TRAP | FLAG_DIRECTION);
    signal_block(thread, thread->signal_mask | action->mask |
                             (action->flags & SA_NODEFER ? 0 : SIGNAL_BIT(number)));
    thread->mask_saved = false;
    if (action->flags & SA_RESETHAND)
        action->handler = HANDLER_DEFAULT;
}

/* Memory and pauses as for a call; else there is no stack to run a handler on. */
static enum syscall_action no_frame(struct thread *thread, int error)
{
    uint64_t rax = thread->registers.rax;
    enum syscall_action action = syscall_return_memory(thread, error);
    thread->registers.rax = rax;
    if (action != SYSCALL_RETURN)
        return action;
    process_die(thread->process, error == -EFAULT ? SK_DEATH_FAULT : SK_DEATH_MEMORY, 0,
                error == -EFAULT ? SIGSEGV : SIGKILL, thread->registers.rsp);
    return SYSCALL_EXIT;
}

/* The call that a signal cut short. */
static void make_again(struct thread *thread)
{
    if (thread->interrupted == 0)
        return;
    thread->registers.rax = thread->interrupted - 1;
    thread->registers.rip -= SYSCALL_LENGTH;
    thread->interrupted = 0;
}

static enum syscall_action run_handler(struct thread *thread, const struct signal *s,
                                       const struct linux_sigaction *action)
{
    struct address_space *space = &thread->process->space;
    struct signal_frame frame = {.restorer = action->restorer};
    uint64_t size = 0;
    const void *state = fpu_show(thread, &size);
    uint64_t state_at = (stack_for(thread, action) - size) & ~63ull;
    uint64_t frame_at = ((state_at - sizeof(frame)) & ~15ull) - 8; /* as behind a CALL */
    if (action->flags & SA_RESTART)
        make_again(thread);
    keep_registers(thread, &frame.context.uc_mcontext);
    describe(thread, s, &frame.info);
    frame.context.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    frame.context.uc_mcontext.fpstate = (void *)(uintptr_t)state_at; /* NOLINT: the trustlet's */
    frame.context.uc_sigmask = frame.context.uc_mcontext.oldmask;
    memcpy(&frame.context.uc_stack, &thread->alternate_stack, sizeof(stack_t));
    int error = action->flags & SA_RESTORER ? user_copy_out(space, state_at, state, size) : -EFAULT;
    if (error == 0)
        error = user_copy_out(space, frame_at, &frame, sizeof(frame));
    if (error != 0)
        return no_frame(thread, error);
    take(thread, s);
    thread->interrupted = 0;
    enter_handler(thread, s->number, frame_at);
    return SYSCALL_RETURN;
}

/* Another thread took it, or it had no handler: the program does not learn of it. */
static enum syscall_action go_on(struct thread *thread)
{
    if (thread->mask_saved)
        signal_block(thread, thread->saved_mask);
    thread->mask_saved = false;
    make_again(thread);
    return SYSCALL_RETURN;
}

enum syscall_action signal_deliver(struct thread *thread)
{
    struct process *process = thread->process;
    struct signal s = next_signal(thread);
    if (s.number == 0)
        return go_on(thread);
    const struct linux_sigaction *action = &process->signals[s.number - 1];
    if (action->handler > HANDLER_IGNORE)
        return run_handler(thread, &s, action);
    take(thread, &s);
    if (ignored(process, s.number))
        return SYSCALL_RETURN;
    process_die(process, SK_DEATH_EXIT, 0, (int)s.number, 0);
    return SYSCALL_EXIT;
}

/* ---- back from the handler ---- */

/* RIP, RSP, RFLAGS and the selectors are made sound before each entry of ring 3, whoever set them
 * (thread.c). */
static void take_registers(struct thread *thread, const struct sigcontext *c)
{
    struct user_registers *r = &thread->registers;
#define TAKE(name) r->name = c->name;
    EACH_REGISTER(TAKE)
    r->rflags = c->eflags;
}

/* The vector state goes by a copy that is the kernel's, is checked there, and loaded from there. */
enum syscall_action local_rt_sigreturn(struct thread *thread, const uint64_t given[6])
{
    (void)given;
    struct address_space *space = &thread->process->space;
    struct ucontext context = {0};
    uint64_t size = 0, frame = thread->registers.rsp - sizeof(uint64_t); /* RET popped it */
    void *state = fpu_show(thread, &size);
    int error = user_copy_in(space, &context, frame + offsetof(struct signal_frame, context),
                             sizeof(context));
    uint64_t from = (uint64_t)(uintptr_t)context.uc_mcontext.fpstate;
    if (error == 0 && from != 0)
        error = user_copy_in(space, state, from, size);
    else if (error == 0)
        fpu_init_thread(thread);
    if (error != 0 || !fpu_take(thread)) {
        fpu_show(thread, &size); /* nothing of the bad copy stays */
        if (error != 0 && error != -EFAULT)
            return syscall_return_memory(thread, error);
        signal_force(thread, SIGSEGV, SI_KERNEL, 0);
        return syscall_return(thread, 0);
    }
    take_registers(thread, &context.uc_mcontext);
    signal_block(thread, context.uc_sigmask);
    return syscall_return(thread, (int64_t)context.uc_mcontext.rax);
}
