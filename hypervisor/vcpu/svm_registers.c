/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers by their TLFS names: a table from name to place. */
#include "../string.h"
#include "svm.h"

#define NAME_RAX           0x20000u
#define NAME_RFLAGS        0x20011u
#define NAME_CR8           HV_REGISTER_CR8
#define NAME_XCR0          HV_REGISTER_XCR0
#define NAME_DR0           0x50000u
#define NAME_DR3           0x50003u
#define NAME_FIRST_SEGMENT 0x60000u
#define NAME_LAST_SEGMENT  0x60007u
#define NAME_IDTR          0x70000u
#define NAME_GDTR          0x70001u
#define NAME_EFER          HV_REGISTER_EFER

#define GENERAL_COUNT      16u
#define RFLAGS_SETTABLE    0x3f7fd7ull

/* Where general register n of the TLFS order is kept; RAX (0) and RSP (4) are in the VMCB. */
static uint64_t *general_register(struct cpu *cpu, unsigned vtl, unsigned n)
{
    struct guest_registers *r = &cpu->registers;
    struct vmcb *vmcb = cpu->vcpu[vtl].vmcb;
    uint64_t *const place[GENERAL_COUNT] = {
        &vmcb->rax, &r->rcx, &r->rdx, &r->rbx, &vmcb->rsp, &r->rbp, &r->rsi, &r->rdi,
        &r->r8,     &r->r9,  &r->r10, &r->r11, &r->r12,    &r->r13, &r->r14, &r->r15,
    };
    return place[n];
}

/* Registers that are one 64-bit field of the VMCB. */
struct word {
    uint32_t name;
    uint16_t offset;
    uint16_t clean; /* enum vmcb_clean, or 0: never cached, or part of VMSAVE's state */
    bool vmsave;
    bool canonical; /* must be a canonical address */
};
#define WORD(name, field, clean, vmsave, canonical)                                                \
    {                                                                                              \
        name, offsetof(struct vmcb, field), clean, vmsave, canonical                               \
    }
static const struct word words[] = {
    WORD(HV_REGISTER_RIP, rip, 0, false, true),
    WORD(NAME_RFLAGS, rflags, 0, false, false),
    WORD(HV_REGISTER_CR0, cr0, VMCB_CLEAN_CR, false, false),
    WORD(HV_REGISTER_CR2, cr2, VMCB_CLEAN_CR2, false, false),
    WORD(HV_REGISTER_CR3, cr3, VMCB_CLEAN_CR, false, false),
    WORD(HV_REGISTER_CR4, cr4, VMCB_CLEAN_CR, false, false),
    WORD(0x50004, dr6, VMCB_CLEAN_DR, false, false),
    WORD(0x50005, dr7, VMCB_CLEAN_DR, false, false),
    WORD(NAME_EFER, efer, VMCB_CLEAN_CR, false, false),
    WORD(0x80002, kernel_gs_base, 0, true, true),
    WORD(0x80004, pat, VMCB_CLEAN_NESTED_PAGING, false, false),
    WORD(0x80005, sysenter_cs, 0, true, false),
    WORD(0x80006, sysenter_eip, 0, true, true),
    WORD(0x80007, sysenter_esp, 0, true, true),
    WORD(0x80008, star, 0, true, false),
    WORD(0x80009, lstar, 0, true, true),
    WORD(0x8000a, cstar, 0, true, true),
    WORD(0x8000b, sfmask, 0, true, false),
};

static const struct word *find_word(uint32_t name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i].name == name)
            return &words[i];
    return NULL;
}

static uint64_t *word_place(struct vmcb *vmcb, const struct word *word)
{
    return (uint64_t *)((uint8_t *)vmcb + word->offset);
}

/* TLFS order: ES CS SS DS FS GS LDTR TR. */
static struct vmcb_segment *find_segment(struct vmcb *vmcb, uint32_t name)
{
    struct vmcb_segment *const place[] = {&vmcb->es, &vmcb->cs, &vmcb->ss,   &vmcb->ds,
                                          &vmcb->fs, &vmcb->gs, &vmcb->ldtr, &vmcb->tr};
    return place[name - NAME_FIRST_SEGMENT];
}

static bool is_segment(uint32_t name)
{
    return name >= NAME_FIRST_SEGMENT && name <= NAME_LAST_SEGMENT;
}

/* Descriptor bits 55:52 stand in 15:12 for the TLFS and in 11:8 for the VMCB. */
static struct hv_register_value from_segment(const struct vmcb_segment *s)
{
    struct hv_segment out = {
        .base = s->base,
        .limit = s->limit,
        .selector = s->selector,
        .attributes = (uint16_t)((s->attributes & 0xff) | (s->attributes & 0xf00) << 4),
    };
    struct hv_register_value value;
    memcpy(&value, &out, sizeof(value));
    return value;
}

static struct vmcb_segment to_segment(const struct hv_segment *in)
{
    return (struct vmcb_segment){
        .selector = in->selector,
        .attributes = (uint16_t)((in->attributes & 0xff) | (in->attributes >> 4 & 0xf00)),
        .limit = in->limit,
        .base = in->base,
    };
}

static struct hv_register_value from_table(const struct vmcb_segment *s)
{
    struct hv_table_register out = {.limit = (uint16_t)s->limit, .base = s->base};
    struct hv_register_value value;
    memcpy(&value, &out, sizeof(value));
    return value;
}

static struct vmcb_segment to_table(const struct hv_table_register *in)
{
    return (struct vmcb_segment){.limit = in->limit, .base = in->base};
}

static bool is_canonical(uint64_t address)
{
    int64_t sign = (int64_t)address >> 47;
    return sign == 0 || sign == -1;
}

/* The current VTL's VMSAVE state is in the CPU: bring it to the VMCB, and a change back. */
static void sync_out(struct cpu *cpu, unsigned vtl)
{
    if (cpu->vtl == vtl)
        svm_vmsave(cpu->vmcb_hpa);
}
static void sync_in(struct cpu *cpu, unsigned vtl)
{
    if (cpu->vtl == vtl)
        svm_vmload(cpu->vmcb_hpa);
}

/* CR8: VTL0's is the APIC's, VTL1's is virtual (V_INTR_MASKING). */
static uint64_t read_cr8(struct cpu *cpu, unsigned vtl)
{
    uint64_t value;
    if (vtl == 1)
        return cpu->vcpu[vtl].vmcb->int_ctl & 0xf;
    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

static uint64_t read_xcr0(void)
{
    uint32_t low = 1, high = 0; /* x87 only, where there is no XSAVE */
    if (cpu_cpuid(1, 0).ecx & 1u << 26)
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

#define READ_DEBUG(n)                                                                              \
    case NAME_DR0 + (n):                                                                           \
        __asm__ volatile("mov %%dr" #n ", %0" : "=r"(value));                                      \
        break;
static uint64_t read_debug(uint32_t name)
{
    uint64_t value = 0;
    switch (name) {
        READ_DEBUG(0)
        READ_DEBUG(1)
        READ_DEBUG(2)
        READ_DEBUG(3)
    }
    return value;
}

enum hv_status vcpu_get_register(struct cpu *cpu, unsigned vtl, uint32_t name,
                                 struct hv_register_value *value)
{
    struct vmcb *vmcb = cpu->vcpu[vtl].vmcb;
    const struct word *word = find_word(name);
    *value = (struct hv_register_value){0};
    if (word) {
        if (word->vmsave)
            sync_out(cpu, vtl);
        value->low = *word_place(vmcb, word);
        if (name == NAME_EFER)
            value->low &= ~EFER_SVME;
    } else if (name - NAME_RAX < GENERAL_COUNT) {
        value->low = *general_register(cpu, vtl, name - NAME_RAX);
    } else if (is_segment(name)) {
        sync_out(cpu, vtl);
        *value = from_segment(find_segment(vmcb, name));
    } else if (name == NAME_IDTR || name == NAME_GDTR) {
        *value = from_table(name == NAME_IDTR ? &vmcb->idtr : &vmcb->gdtr);
    } else if (name == NAME_CR8) {
        value->low = read_cr8(cpu, vtl);
    } else if (name == NAME_XCR0) {
        value->low = read_xcr0();
    } else if (name >= NAME_DR0 && name <= NAME_DR3) {
        value->low = read_debug(name);
    } else {
        return HV_STATUS_INVALID_PARAMETER;
    }
    return HV_STATUS_SUCCESS;
}

/* Which bits this CPU knows: the CPU is asked, as VMRUN would refuse them. LME and LMA are left
 * out, they follow rules of their own. */
static bool cpu_accepts_efer(uint64_t value)
{
    uint64_t own = cpu_rdmsr(MSR_EFER);
    if (!cpu_wrmsr_safe(MSR_EFER, own | (value & ~(EFER_LME | EFER_LMA))))
        return false;
    cpu_wrmsr(MSR_EFER, own);
    return true;
}

/* APM Vol.2 3.1.7, 14.6.1: LME does not change under paging, LMA is the CPU's, SVME is hidden. */
static bool prepare_efer(const struct vmcb *vmcb, uint64_t *value)
{
    uint64_t old = vmcb->efer;
    if (*value & EFER_SVME || *value & ~EFER_KNOWN)
        return false;
    if (((*value ^ old) & EFER_LME) && (vmcb->cr0 & X86_CR0_PG))
        return false;
    if (!cpu_accepts_efer(*value))
        return false;
    *value = (*value & ~EFER_LMA) | (old & EFER_LMA) | EFER_SVME;
    return true;
}

static bool prepare_word(const struct vmcb *vmcb, const struct word *word, uint64_t *value)
{
    if (word->canonical && !is_canonical(*value))
        return false;
    switch (word->name) {
    case NAME_EFER:
        return prepare_efer(vmcb, value);
    case NAME_RFLAGS:
        *value |= X86_EFLAGS_FIXED;
        return !(*value & ~RFLAGS_SETTABLE);
    case HV_REGISTER_CR0:
        *value |= X86_CR0_ET;
        return !(*value >> 32) && !((*value & X86_CR0_NW) && !(*value & X86_CR0_CD));
    case 0x50004:
    case 0x50005:
        return !(*value >> 32);
    default:
        return true;
    }
}

static enum hv_status set_word(struct cpu *cpu, unsigned vtl, const struct word *word,
                               uint64_t value)
{
    struct vmcb *vmcb = cpu->vcpu[vtl].vmcb;
    if (!prepare_word(vmcb, word, &value))
        return HV_STATUS_INVALID_REGISTER_VALUE;
    if (word->vmsave)
        sync_out(cpu, vtl);
    *word_place(vmcb, word) = value;
    vmcb->clean &= ~(uint32_t)word->clean;
    if (word->vmsave)
        sync_in(cpu, vtl);
    /* As MOV CR would: translations made under the old value must go. */
    if (word->clean == VMCB_CLEAN_CR)
        vcpu_request_flush(&cpu->vcpu[vtl]);
    return HV_STATUS_SUCCESS;
}

static enum hv_status set_segment(struct cpu *cpu, unsigned vtl, uint32_t name,
                                  struct hv_register_value value)
{
    struct vmcb *vmcb = cpu->vcpu[vtl].vmcb;
    struct hv_segment in;
    memcpy(&in, &value, sizeof(in));
    if (!is_canonical(in.base))
        return HV_STATUS_INVALID_REGISTER_VALUE;
    sync_out(cpu, vtl);
    *find_segment(vmcb, name) = to_segment(&in);
    if (name == 0x60002)
        vmcb->cpl = in.attributes >> 5 & 3; /* the CPL is SS's DPL */
    vmcb_touch(vmcb, VMCB_CLEAN_SEGMENTS);
    sync_in(cpu, vtl);
    return HV_STATUS_SUCCESS;
}

static enum hv_status set_table(struct cpu *cpu, unsigned vtl, uint32_t name,
                                struct hv_register_value value)
{
    struct vmcb *vmcb = cpu->vcpu[vtl].vmcb;
    struct hv_table_register in;
    memcpy(&in, &value, sizeof(in));
    if (!is_canonical(in.base))
        return HV_STATUS_INVALID_REGISTER_VALUE;
    *(name == NAME_IDTR ? &vmcb->idtr : &vmcb->gdtr) = to_table(&in);
    vmcb_touch(vmcb, VMCB_CLEAN_TABLES);
    return HV_STATUS_SUCCESS;
}

enum hv_status vcpu_set_register(struct cpu *cpu, unsigned vtl, uint32_t name,
                                 struct hv_register_value value)
{
    const struct word *word = find_word(name);
    if (word)
        return set_word(cpu, vtl, word, value.low);
    if (is_segment(name))
        return set_segment(cpu, vtl, name, value);
    if (name == NAME_IDTR || name == NAME_GDTR)
        return set_table(cpu, vtl, name, value);
    if (name - NAME_RAX >= GENERAL_COUNT)
        return HV_STATUS_INVALID_PARAMETER;
    *general_register(cpu, vtl, name - NAME_RAX) = value.low;
    return HV_STATUS_SUCCESS;
}

static void set_tables_and_segments(struct vmcb *vmcb, const struct hv_initial_vp_context *c)
{
    vmcb->cs = to_segment(&c->cs);
    vmcb->ds = to_segment(&c->ds);
    vmcb->es = to_segment(&c->es);
    vmcb->fs = to_segment(&c->fs);
    vmcb->gs = to_segment(&c->gs);
    vmcb->ss = to_segment(&c->ss);
    vmcb->tr = to_segment(&c->tr);
    vmcb->ldtr = to_segment(&c->ldtr);
    vmcb->idtr = to_table(&c->idtr);
    vmcb->gdtr = to_table(&c->gdtr);
}

void vcpu_set_context(struct cpu *cpu, unsigned vtl, const struct hv_initial_vp_context *c)
{
    struct vmcb *vmcb = cpu->vcpu[vtl].vmcb;
    set_tables_and_segments(vmcb, c);
    vmcb->cpl = 0;
    vmcb->rip = c->rip;
    vmcb->rsp = c->rsp;
    vmcb->rflags = c->rflags;
    vmcb->efer = c->efer | EFER_SVME;
    vmcb->cr0 = c->cr0;
    vmcb->cr3 = c->cr3;
    vmcb->cr4 = c->cr4;
    vmcb->pat = c->pat;
    vmcb->clean = 0;
    vcpu_request_flush(&cpu->vcpu[vtl]);
}
