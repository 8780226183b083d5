/* SPDX-License-Identifier: BSD-2-Clause */
#include "fpu.h"
#include "cpu.h"
#include "sk_assert.h"
#include "string.h"
#include "x86.h"

#include <asm/sigcontext.h>

/* AMX's tiles (bits 17, 18) do not fit a page: trustlets go without them. */
#define XCR0_NEVER    (3ull << 17)
#define XSAVE_LEGACY  512u
#define XSAVE_HEADER  64u
#define MXCSR_OFFSET  24u
#define MXCSR_KNOWN   0xffffu /* every CPU with XSAVE has DAZ, APM Vol.2 11.5.10 */
#define MXCSR_DEFAULT 0x1f80u
#define FCW_DEFAULT   0x037fu

/* libsodium's archive was built with the stack protector: its canary stands at FS:0x28. */
static uint8_t canary_page[64] __attribute__((aligned(64)));
/* The state a program starts with (x87 and SSE defaults, all else in its init state). */
static uint8_t clean_state[XSAVE_LEGACY + XSAVE_HEADER] __attribute__((aligned(64)));
static uint64_t xcr0_all;
static uint32_t state_size; /* of an XSAVE area for xcr0_all */

/* APM Vol.2 11.5.2: behind the legacy area. */
struct xsave_header {
    uint64_t present, compact, reserved[6];
};
static_assert(sizeof(struct xsave_header) == XSAVE_HEADER, "APM Vol.2 11.5.2");

static void xsave(void *area)
{
    this_cpu()->vector_moves++;
    __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(~0u), "d"(~0u) : "memory");
}

/*
 * AMD does not restore the last x87 instruction and data pointers unless an exception is pending
 * (APM Vol.2 11.5.9): the FILD of a fixed address overwrites what would leak to the next owner.
 */
static void xrstor(const void *area)
{
    static const int32_t zero = 0;

    this_cpu()->vector_moves++;
    __asm__ volatile("fnclex\n\temms\n\tfildl %0\n\txrstor64 (%1)" ::"m"(zero), "r"(area), "a"(~0u),
                     "d"(~0u)
                     : "memory");
}

const char *fpu_init(void)
{
    struct cpuid_result d = cpuid(0xd, 0);
    uint64_t all = ((uint64_t)d.edx << 32 | d.eax) & ~XCR0_NEVER, before = read_xcr0();

    write_xcr0(all);
    uint32_t size = cpuid(0xd, 0).ebx; /* for what XCR0 enables now */

    write_xcr0(before);
    if (size + FP_XSTATE_MAGIC2_SIZE > THREAD_XSAVE_MAX)
        return "Secure Kernel: the CPU's vector state is larger than it was built for";
    xcr0_all = all;
    state_size = size;
    *(uint16_t *)clean_state = FCW_DEFAULT;
    *(uint32_t *)(clean_state + MXCSR_OFFSET) = MXCSR_DEFAULT;
    return NULL;
}

static void *thread_state(struct thread *thread)
{
    return (uint8_t *)thread + THREAD_XSAVE_OFFSET;
}
static_assert(THREAD_XSAVE_OFFSET % 64 == 0, "XSAVE areas are 64-byte aligned");

void fpu_init_thread(struct thread *thread)
{
    memcpy(thread_state(thread), clean_state, sizeof(clean_state));
}

/* All of the live state goes out, whatever VTL0 has switched off in XCR0: what is off now may be
 * live all the same. */
static void vtl0_save(struct cpu *cpu)
{
    cpu->vtl0_xcr0 = read_xcr0();
    if (cpu->vtl0_xcr0 != xcr0_all)
        write_xcr0(xcr0_all);
    xsave(cpu->vtl0_state);
}

static void vtl0_restore(struct cpu *cpu)
{
    xrstor(cpu->vtl0_state);
    if (cpu->vtl0_xcr0 != xcr0_all)
        write_xcr0(cpu->vtl0_xcr0);
}

void fpu_enter_thread(struct thread *thread)
{
    struct cpu *cpu = this_cpu();

    SK_CHECK(cpu->fpu_thread == NULL);
    vtl0_save(cpu);
    xrstor(thread_state(thread));
    cpu->fpu_thread = thread;
}

void fpu_leave_thread(struct thread *thread)
{
    struct cpu *cpu = this_cpu();

    SK_CHECK(cpu->fpu_thread == thread);
    xsave(thread_state(thread));
    cpu->fpu_thread = NULL;
    vtl0_restore(cpu);
}

void fpu_copy_to(struct thread *thread)
{
    xsave(thread_state(thread));
}

/* XSAVE leaves all of the header but its first word as it was. */
void *fpu_show(struct thread *thread, uint64_t *size)
{
    const uint32_t end = FP_XSTATE_MAGIC2;
    uint8_t *area = thread_state(thread);
    struct _fpstate_64 *legacy = (void *)area;

    memset(area + XSAVE_LEGACY, 0, XSAVE_HEADER);
    xsave(area);
    *size = state_size + FP_XSTATE_MAGIC2_SIZE;
    legacy->sw_reserved = (struct _fpx_sw_bytes){.magic1 = FP_XSTATE_MAGIC1,
                                                 .extended_size = (uint32_t)*size,
                                                 .xfeatures = xcr0_all,
                                                 .xstate_size = state_size};
    memcpy(area + state_size, &end, sizeof(end));
    return area;
}

/* What XRSTOR refuses with #GP (APM Vol.4 XRSTOR): unknown components, the compact form, reserved
 * bits. */
bool fpu_take(struct thread *thread)
{
    const uint8_t *area = thread_state(thread);
    struct xsave_header header;
    uint32_t mxcsr = 0;

    memcpy(&header, area + XSAVE_LEGACY, sizeof(header));
    memcpy(&mxcsr, area + MXCSR_OFFSET, sizeof(mxcsr));
    uint64_t reserved = header.compact;
    for (unsigned i = 0; i < sizeof(header.reserved) / sizeof(header.reserved[0]); i++)
        reserved |= header.reserved[i];
    if ((header.present & ~xcr0_all) || reserved != 0 || (mxcsr & ~MXCSR_KNOWN))
        return false;
    xrstor(area);
    return true;
}

void fpu_use_canary(void)
{
    cpu_write_fs_base(this_cpu(), (uint64_t)canary_page);
}

void fpu_begin(void)
{
    struct cpu *cpu = this_cpu();

    if (cpu->fpu_thread != NULL)
        xsave(thread_state(cpu->fpu_thread));
    else
        vtl0_save(cpu);
    xrstor(clean_state);
    cpu->saved_fs_base = cpu_read_fs_base(cpu);
    fpu_use_canary();
}

void fpu_end(void)
{
    struct cpu *cpu = this_cpu();

    cpu_write_fs_base(cpu, cpu->saved_fs_base);
    if (cpu->fpu_thread != NULL)
        xrstor(thread_state(cpu->fpu_thread));
    else
        vtl0_restore(cpu);
}
