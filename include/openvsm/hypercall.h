/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's ABI: the VSM part of Microsoft's Hypervisor Top Level
 * Functional Specification (TLFS), so that software written for VSM finds the
 * same numbers, structures and status codes, and a handful of vendor calls.
 *
 * Issue: VMMCALL in 64-bit mode at CPL 0. RCX = control word, RDX = input GPA,
 * R8 = output GPA (memory form) or RDX, R8 = 16 bytes of input (fast form).
 * RAX = result word. VtlCall and VtlReturn are special: RCX = code,
 * RAX = control input, no status is returned, and an illegal one raises #UD.
 */
#ifndef OPENVSM_HYPERCALL_H
#define OPENVSM_HYPERCALL_H

#include <openvsm/types.h>

/* CPUID leaves (TLFS, "Feature and interface discovery"). */
#define HV_CPUID_VENDOR          0x40000000u
#define HV_CPUID_INTERFACE       0x40000001u
#define HV_CPUID_VERSION         0x40000002u
#define HV_CPUID_FEATURES        0x40000003u
#define HV_CPUID_RECOMMENDATIONS 0x40000004u
#define HV_CPUID_LIMITS          0x40000005u
#define HV_CPUID_HARDWARE        0x40000006u
#define HV_CPUID_INTERFACE_HV1   0x31237648u /* "Hv#1" */
#define OPENVSM_CPUID_VENDOR_EBX 0x6e65704fu /* "Open" */
#define OPENVSM_CPUID_VENDOR_ECX 0x204d5356u /* "VSM " */
#define OPENVSM_CPUID_VENDOR_EDX 0x00007648u /* "Hv"   */

/* Privileges in HV_CPUID_FEATURES: EAX, then EBX. */
#define HV_ACCESS_SYNIC_REGS     (1u << 2)
#define HV_ACCESS_APIC_REGS      (1u << 4) /* VP assist page */
#define HV_ACCESS_HYPERCALL_REGS (1u << 5)
#define HV_ACCESS_VP_INDEX       (1u << 6)
#define HV_ACCESS_VSM            (1u << 16)
#define HV_ACCESS_VP_REGISTERS   (1u << 17)

/* Synthetic MSRs. */
#define HV_MSR_GUEST_OS_ID       0x40000000u
#define HV_MSR_HYPERCALL         0x40000001u
#define HV_MSR_VP_INDEX          0x40000002u
#define HV_MSR_VP_ASSIST_PAGE    0x40000073u
#define HV_MSR_PAGE_ENABLE       1u /* bit 0 of HYPERCALL and VP_ASSIST_PAGE */

/* Control word (RCX). */
#define HV_CONTROL_CODE_MASK     0xffffull
#define HV_CONTROL_FAST          (1ull << 16)
#define HV_CONTROL_REP_COUNT(n)  ((uint64_t)(n) << 32) /* 43:32 */
#define HV_CONTROL_REP_START(n)  ((uint64_t)(n) << 48) /* 59:48 */
#define HV_CONTROL_RESERVED      0xf000f000fffe0000ull
/* Result word (RAX): status 15:0, repetitions completed 43:32. */
#define HV_RESULT_STATUS(r)      ((uint16_t)(r))
#define HV_RESULT_REPS(r)        ((uint16_t)(((r) >> 32) & 0xfff))

enum hv_status {
    HV_STATUS_SUCCESS = 0x00,
    HV_STATUS_INVALID_HYPERCALL_CODE = 0x02,
    HV_STATUS_INVALID_HYPERCALL_INPUT = 0x03,
    HV_STATUS_INVALID_ALIGNMENT = 0x04,
    HV_STATUS_INVALID_PARAMETER = 0x05,
    HV_STATUS_ACCESS_DENIED = 0x06,
    HV_STATUS_OPERATION_DENIED = 0x08,
    HV_STATUS_INSUFFICIENT_MEMORY = 0x0b,
    HV_STATUS_INVALID_PARTITION_ID = 0x0d,
    HV_STATUS_INVALID_VP_INDEX = 0x0e,
    HV_STATUS_INVALID_VP_STATE = 0x15,
    HV_STATUS_NO_RESOURCES = 0x1d,
    HV_STATUS_INVALID_REGISTER_VALUE = 0x50,
    HV_STATUS_INVALID_VTL_STATE = 0x51,
    HV_STATUS_OPERATION_FAILED = 0x71,
    HV_STATUS_TIMEOUT = 0x78,
    HV_STATUS_VTL_ALREADY_ENABLED = 0x86,
};

#define HV_PARTITION_SELF       0xffffffffffffffffull
#define HV_VP_SELF              0xfffffffeu

/* HV_INPUT_VTL: target VTL 3:0, use-target flag bit 4. */
#define HV_INPUT_VTL_USE_TARGET 0x10u

/*
 * Every call: code, symbol, who may make it (bit n = VTL n), handler suffix.
 * The hypervisor's dispatch table, its access check and the fuzzer's list of
 * calls are all made from this.
 */
#define HV_VTL0                 1u
#define HV_VTL1                 2u
#define HV_CALL_LIST(X)                                                                            \
    X(0x0002, FLUSH_VIRTUAL_ADDRESS_SPACE, HV_VTL1, flush_virtual_address_space)                   \
    X(0x000c, MODIFY_VTL_PROTECTION_MASK, HV_VTL1, modify_vtl_protection_mask)                     \
    X(0x000d, ENABLE_PARTITION_VTL, HV_VTL0 | HV_VTL1, enable_partition_vtl)                       \
    X(0x000f, ENABLE_VP_VTL, HV_VTL0 | HV_VTL1, enable_vp_vtl)                                     \
    X(0x0048, DEPOSIT_MEMORY, HV_VTL1, deposit_memory)                                             \
    X(0x0049, WITHDRAW_MEMORY, HV_VTL1, withdraw_memory)                                           \
    X(0x0050, GET_VP_REGISTERS, HV_VTL0 | HV_VTL1, get_vp_registers)                               \
    X(0x0051, SET_VP_REGISTERS, HV_VTL0 | HV_VTL1, set_vp_registers)                               \
    X(0x0052, TRANSLATE_VIRTUAL_ADDRESS, HV_VTL0 | HV_VTL1, translate_virtual_address)             \
    X(0x00d4, CHECK_SPARSE_GPA_PAGE_VTL_ACCESS, HV_VTL0 | HV_VTL1, check_page_vtl_access)          \
    X(0xf000, OPENVSM_NULL, HV_VTL0 | HV_VTL1, openvsm_null)                                       \
    X(0xf001, OPENVSM_GET_STATISTICS, HV_VTL0 | HV_VTL1, openvsm_get_statistics)                   \
    X(0xf002, OPENVSM_CONSOLE_WRITE, HV_VTL1, openvsm_console_write)

enum hv_call_code {
#define HV_CALL_ENUM(code, name, who, handler) HV_CALL_##name = code,
    HV_CALL_LIST(HV_CALL_ENUM)
#undef HV_CALL_ENUM
        HV_CALL_VTL_CALL = 0x0011,
    HV_CALL_VTL_RETURN = 0x0012,
};
#define HV_VTL_RETURN_FAST 1u /* RAX at VtlReturn: leave RAX and RCX as they are */

/* 0x0002: the caller's VTL forgets translations on the processors of the mask (bit n = VP n). */
struct hv_flush_virtual_address_space {
    uint64_t address_space; /* CR3; ignored with ALL_ADDRESS_SPACES */
    uint64_t flags;
    uint64_t processor_mask; /* ignored with ALL_PROCESSORS */
};
static_assert(sizeof(struct hv_flush_virtual_address_space) == 24, "TLFS 0x0002");
#define HV_FLUSH_ALL_PROCESSORS     0x1u
#define HV_FLUSH_ALL_ADDRESS_SPACES 0x2u
#define HV_FLUSH_NON_GLOBAL_ONLY    0x4u
#define HV_FLUSH_ALL_FLAGS          0x7u

/* 0x000c: header, then one u64 GPFN per repetition. Flags: what VTL0 may still do. */
struct hv_modify_vtl_protection_mask {
    uint64_t partition_id;
    uint32_t map_flags;
    uint8_t input_vtl;
    uint8_t reserved[3];
    uint64_t gpfn[];
};
static_assert(offsetof(struct hv_modify_vtl_protection_mask, gpfn) == 16, "TLFS 0x000c");
#define HV_MAP_READ           0x1u
#define HV_MAP_WRITE          0x2u
#define HV_MAP_KERNEL_EXECUTE 0x4u
#define HV_MAP_USER_EXECUTE   0x8u
#define HV_MAP_NONE           0x0u
#define HV_MAP_ALL            0xfu
#define HV_MODIFY_MAX_REPS    510u

/* 0x0048, 0x0049: VTL1 hands its pages to the hypervisor for nested page tables, and takes spare
 * ones back. Deposit: header, one u64 GPFN per repetition. Withdraw: header; GPFNs are written to
 * the output page, repetitions completed = how many. */
struct hv_deposit_memory {
    uint64_t partition_id;
    uint64_t gpfn[];
};

/* 0x0050, 0x0051. */
struct hv_vp_registers_header {
    uint64_t partition_id;
    uint32_t vp_index;
    uint8_t input_vtl;
    uint8_t reserved[3];
};
static_assert(sizeof(struct hv_vp_registers_header) == 16, "TLFS 0x0050");
struct hv_register_value {
    uint64_t low;
    uint64_t high;
};
struct hv_set_register {
    uint32_t name;
    uint32_t reserved[3];
    struct hv_register_value value;
};
static_assert(sizeof(struct hv_set_register) == 32, "TLFS 0x0051");

/* Register names used by our own software; the hypervisor knows more. */
enum hv_register_name {
    HV_REGISTER_PENDING_EVENT0 = 0x10004,
    HV_REGISTER_RAX = 0x20000, /* then RCX RDX RBX RSP RBP RSI RDI R8..R15 */
    HV_REGISTER_RIP = 0x20010,
    HV_REGISTER_RFLAGS = 0x20011,
    HV_REGISTER_CR0 = 0x40000,
    HV_REGISTER_CR2 = 0x40001,
    HV_REGISTER_CR3 = 0x40002,
    HV_REGISTER_CR4 = 0x40003,
    HV_REGISTER_CR8 = 0x40004,
    HV_REGISTER_XCR0 = 0x40005,
    HV_REGISTER_EFER = 0x80001,
    HV_REGISTER_VSM_CODE_PAGE_OFFSETS = 0xd0002,
    HV_REGISTER_VSM_VP_STATUS = 0xd0003,
    HV_REGISTER_VSM_PARTITION_STATUS = 0xd0004,
    HV_REGISTER_VSM_VINA = 0xd0005,
    HV_REGISTER_VSM_CAPABILITIES = 0xd0006,
    HV_REGISTER_VSM_PARTITION_CONFIG = 0xd0007,
    HV_REGISTER_VSM_VP_SECURE_CONFIG_VTL0 = 0xd0010,
    /* Our own, written by VTL1 only: 1 while trustlets live. OPERATION_DENIED: a hardware watchdog
     * runs, which would reset the machine with their memory in it. */
    HV_REGISTER_OPENVSM_TRUSTLETS = 0xdff00,
};
#define HV_VINA_ENABLED                       (1u << 8) /* vector in 7:0 */
#define HV_VINA_AUTO_RESET                    (1u << 9)
#define HV_PARTITION_CONFIG_ENABLE_PROTECTION (1u << 0)
#define HV_PARTITION_CONFIG_DEFAULT_MASK(m)   ((uint64_t)(m) << 1)
#define HV_PARTITION_CONFIG_INTERCEPT_PAGE    (1u << 12)
/* HV_REGISTER_PENDING_EVENT0, low word: an exception for VTL0. */
#define HV_PENDING_EVENT_PENDING              1u
#define HV_PENDING_EVENT_DELIVER_ERROR        (1u << 8)
#define HV_PENDING_EVENT_VECTOR(v)            ((uint64_t)(v) << 16)
#define HV_PENDING_EVENT_ERROR_CODE(e)        ((uint64_t)(e) << 32)

/* Intercept messages (TLFS 11; payload layouts in the TLFS order). */
enum hv_message_type {
    HV_MESSAGE_UNMAPPED_GPA = 0x80000000,
    HV_MESSAGE_GPA_INTERCEPT = 0x80000001,
    HV_MESSAGE_HYPERCALL_REFUSED = 0x80000050, /* TLFS number of the hypercall intercept */
    HV_MESSAGE_IO_PORT_INTERCEPT = 0x80010000,
    HV_MESSAGE_MSR_INTERCEPT = 0x80010001,
    HV_MESSAGE_REGISTER_INTERCEPT = 0x80010006,
};
struct hv_segment {
    uint64_t base;
    uint32_t limit;
    uint16_t selector;
    uint16_t attributes;
};
struct hv_message_header {
    uint32_t type;
    uint8_t payload_size;
    uint8_t flags;
    uint16_t reserved;
    uint64_t origin;
};
struct hv_intercept_header {
    uint32_t vp_index;
    uint8_t instruction_length : 4;
    uint8_t cr8 : 4;
    uint8_t access_type; /* enum hv_access_type */
    uint16_t execution_state;
    struct hv_segment cs;
    uint64_t rip;
    uint64_t rflags;
};
static_assert(sizeof(struct hv_intercept_header) == 40, "TLFS intercept header");
enum hv_access_type { HV_ACCESS_READ = 0, HV_ACCESS_WRITE = 1, HV_ACCESS_EXECUTE = 2 };
#define HV_EXECUTION_STATE_CPL_MASK 3u
struct hv_memory_intercept {
    struct hv_intercept_header header;
    uint32_t cache_type;
    uint8_t instruction_byte_count;
    uint8_t access_info; /* bit 0: gva valid */
    uint8_t tpr_priority;
    uint8_t reserved;
    uint64_t gva;
    uint64_t gpa;
    uint8_t instruction_bytes[16];
};
static_assert(sizeof(struct hv_memory_intercept) == 80, "TLFS memory intercept");
struct hv_io_port_intercept {
    struct hv_intercept_header header;
    uint16_t port;
    uint8_t access_info; /* bytes in 2:0; string and REP accesses are never passed on */
    uint8_t instruction_byte_count;
    uint32_t reserved;
    uint64_t rax;
};
static_assert(sizeof(struct hv_io_port_intercept) == 56, "TLFS I/O port intercept, to RAX");
struct hv_msr_intercept {
    struct hv_intercept_header header;
    uint32_t msr;
    uint32_t reserved;
    uint64_t rdx;
    uint64_t rax;
};
static_assert(sizeof(struct hv_msr_intercept) == 64, "TLFS MSR intercept");
struct hv_register_intercept {
    struct hv_intercept_header header;
    uint8_t flags;
    uint8_t reserved[3];
    uint32_t name;
    struct hv_register_value value;
};
static_assert(sizeof(struct hv_register_intercept) == 64, "TLFS register intercept");
/* Ours: a hypercall of VTL0 was refused, and VTL0 has its status already. VTL1 has nothing to
 * decide: it records and returns. */
struct hv_hypercall_refused {
    struct hv_intercept_header header; /* rip: behind the VMMCALL */
    uint64_t control;                  /* RCX */
    uint64_t input;                    /* RDX */
    uint64_t output;                   /* R8 */
    uint32_t status;                   /* enum hv_status */
    uint32_t reserved;
};
static_assert(sizeof(struct hv_hypercall_refused) == 72, "message layout");

struct hv_message {
    struct hv_message_header header;
    union {
        struct hv_intercept_header intercept;
        struct hv_memory_intercept memory;
        struct hv_io_port_intercept port;
        struct hv_msr_intercept msr;
        struct hv_register_intercept reg;
        struct hv_hypercall_refused refused;
        uint8_t bytes[240];
    } payload;
};
static_assert(sizeof(struct hv_message) == 256, "TLFS message");

/* VP assist page, one per (VP, VTL). */
enum hv_vtl_entry_reason {
    HV_VTL_ENTRY_VTL_CALL = 1,
    HV_VTL_ENTRY_INTERRUPT = 2,
    HV_VTL_ENTRY_INTERCEPT = 3, /* message at offset 112 */
};
struct hv_vp_assist_page {
    uint32_t apic_assist;
    uint32_t reserved0;
    uint32_t entry_reason;
    uint8_t vina_asserted;
    uint8_t reserved1[3];
    uint64_t vtl_return_rax;
    uint64_t vtl_return_rcx;
    uint8_t reserved2[80];
    struct hv_message intercept;
    uint8_t reserved3[OPENVSM_PAGE_SIZE - 368];
};
static_assert(offsetof(struct hv_vp_assist_page, vtl_return_rax) == 16, "TLFS VP assist");
static_assert(offsetof(struct hv_vp_assist_page, intercept) == 112, "TLFS VP assist");
static_assert(sizeof(struct hv_vp_assist_page) == OPENVSM_PAGE_SIZE, "TLFS VP assist");

/* HV_INITIAL_VP_CONTEXT. */
struct hv_table_register {
    uint16_t reserved[3];
    uint16_t limit;
    uint64_t base;
};
struct hv_initial_vp_context {
    uint64_t rip, rsp, rflags;
    struct hv_segment cs, ds, es, fs, gs, ss, tr, ldtr;
    struct hv_table_register idtr, gdtr;
    uint64_t efer, cr0, cr3, cr4, pat;
};
static_assert(sizeof(struct hv_initial_vp_context) == 224, "TLFS initial VP context");

/*
 * 0xf001: exit counters of one CPU (input: u64 VP index in the fast form's RDX is not used; the
 * memory form's input is struct hv_statistics_input) and the machine's pages per owner.
 */
struct hv_statistics_input {
    uint32_t vp_index;
    uint32_t reserved;
};
/* Why a CPU came to the hypervisor: symbol, name as `ium stats` prints it. */
#define HV_EXIT_LIST(X)                                                                            \
    X(CPUID, "cpuid")                                                                              \
    X(MSR, "msr")                                                                                  \
    X(HYPERCALL, "hypercall")                                                                      \
    X(VTL_CALL, "vtl-call")                                                                        \
    X(VTL_RETURN, "vtl-return")                                                                    \
    X(INTERRUPT, "interrupt-in-vtl1")                                                              \
    X(NMI, "nmi")                                                                                  \
    X(NESTED_PAGE_FAULT, "nested-page-fault")                                                      \
    X(APIC_WRITE, "apic-write")                                                                    \
    X(INIT_SIPI, "init-sipi")                                                                      \
    X(PORT, "port")                                                                                \
    X(SVM_INSTRUCTION, "svm-instruction")                                                          \
    X(SHUTDOWN, "shutdown")                                                                        \
    X(OTHER, "other")                                                                              \
    X(VMRUN, "vmrun")             /* all entries, whatever the reason */                           \
    X(MSR_ACCESS, "msr-access")   /* RDMSR/WRMSR the hypervisor itself executed */                 \
    X(TLB_FLUSH, "tlb-flush")     /* guest TLB flushes asked of the CPU */                         \
    X(REMOTE_KICK, "remote-kick") /* NMIs sent to other CPUs */
enum hv_exit_counter {
#define HV_EXIT_ENUM(symbol, name) HV_EXIT_##symbol,
    HV_EXIT_LIST(HV_EXIT_ENUM)
#undef HV_EXIT_ENUM
        HV_EXIT_COUNTERS
};
#define HV_FEATURE_IOMMU          (1u << 0) /* DMA is confined by an IOMMU */
#define HV_FEATURE_PLATFORM_TRAPS (1u << 1) /* reset, sleep and memory routing are guarded */
#define HV_FEATURE_INIT_CONTAINED (1u << 2) /* by hardware: no steady-state APIC exits */
#define HV_FEATURE_DEBUG_BUILD    (1u << 3)
struct hv_statistics {
    uint32_t counter_count; /* = HV_EXIT_COUNTERS */
    uint32_t cpu_count;
    uint32_t features; /* HV_FEATURE_* */
    uint32_t version;  /* major << 16 | minor */
    uint64_t exits[32];
    uint64_t ram_pages;
    uint64_t vtl0_pages;
    uint64_t vtl1_pages;       /* boot pool and donated */
    uint64_t hypervisor_pages; /* image, boot pool and deposited tables */
    uint64_t table_pages;      /* of hypervisor_pages: in use as nested page tables */
    uint64_t table_pages_free;
    uint64_t boot_tsc;   /* TSC at the loader's hand-over */
    uint64_t linux_tsc;  /* TSC at VTL0's first instruction */
    uint64_t copied_tsc; /* of these: spent copying images */
    uint64_t refused;    /* requests and accesses of VTL0 that were refused */
    uint64_t tsc_hz;     /* ticks a second, as calibrated before VTL0 ran */
    uint8_t reserved[4096 - 16 - 256 - 88];
};
static_assert(sizeof(struct hv_statistics) == OPENVSM_PAGE_SIZE, "statistics fill one page");
static_assert(HV_EXIT_COUNTERS <= 32, "exit counters fit");

/* 0xf002: fast form, RDX = bytes (1..8), R8 = the bytes, first in the low byte. */

#endif
