/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/attack: what an attacker who owns VTL0's kernel can do, one request each. attack.ko serves
 * it, the programs in user/ use it. Every request survives its own fault and says which exception
 * it got; 0 in a trap field means that the CPU did as it was told.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <openvsm/types.h>
#ifdef __KERNEL__
#include <linux/ioctl.h>
#else
#include <sys/ioctl.h>
#endif

#define ATTACK_DEVICE        "/dev/attack"
/* mmap offset 0: contiguous pages of VTL0's, for hypercall inputs and as positive controls. */
#define ATTACK_ARENA_PAGES   64u
/* mmap offset ATTACK_MMAP_PHYSICAL + gpa: that frame, in the attacker's own address space. */
#define ATTACK_MMAP_PHYSICAL (1ull << 44)
#define ATTACK_NO_TRAP       0u
/* The instruction neither finished nor was an exception seen; never expected. */
#define ATTACK_LOST          0xffu

/* Order of struct attack_call's registers. */
enum attack_register {
    ATTACK_RAX,
    ATTACK_RCX,
    ATTACK_RDX,
    ATTACK_RBX,
    ATTACK_RBP,
    ATTACK_RSI,
    ATTACK_RDI,
    ATTACK_R8,
    ATTACK_R9,
    ATTACK_R10,
    ATTACK_R11,
    ATTACK_R12,
    ATTACK_R13,
    ATTACK_R14,
    ATTACK_R15,
    ATTACK_RFLAGS, /* out only */
    ATTACK_REGISTERS
};

/* All that VTL0 can read of a CPU after a call; one page, as it is streamed to the host. */
enum attack_special {
    ATTACK_CR2,
    ATTACK_CR8,
    ATTACK_DR0,
    ATTACK_DR1,
    ATTACK_DR2,
    ATTACK_DR3,
    ATTACK_DR6,
    ATTACK_DR7,
    ATTACK_XCR0,
    ATTACK_TSC_AUX,
    ATTACK_FS_BASE,
    ATTACK_KERNEL_GS_BASE,
    ATTACK_LSTAR,
    ATTACK_SYSENTER_EIP,
    ATTACK_SYSENTER_ESP,
    ATTACK_DEBUGCTL,
    ATTACK_PAT,
    ATTACK_SPECIALS
};
#define ATTACK_XSAVE_BYTES 3584u
struct attack_record {
    uint64_t gpr[ATTACK_REGISTERS];
    uint64_t special[ATTACK_SPECIALS];
    uint64_t number; /* counts the records of one open file */
    uint8_t reserved[512 - 8 * (ATTACK_REGISTERS + ATTACK_SPECIALS + 1)];
    uint8_t xsave[ATTACK_XSAVE_BYTES]; /* standard form, all components that XCR0 can name */
};
static_assert(sizeof(struct attack_record) == OPENVSM_PAGE_SIZE, "a record is one page");

/* VMMCALL with these registers, past every check of the driver. */
#define ATTACK_CALL_IRQS_OFF 1u /* RFLAGS.IF = 0 at the call */
#define ATTACK_CALL_XCR0     2u /* load xcr0 before, Linux's own again after */
#define ATTACK_CALL_TSC      4u /* move this CPU's TSC by tsc before, and back after */
struct attack_call {
    uint64_t registers[ATTACK_REGISTERS]; /* in and out */
    uint32_t flags;
    uint32_t trap; /* out */
    uint64_t xcr0;
    uint64_t tsc;
    uint64_t vectors; /* address of ATTACK_XSAVE_BYTES to load before the call, or 0 */
    uint64_t record;  /* address of a struct attack_record to fill, or 0 */
};

enum attack_via {
    ATTACK_VIA_DIRECT_MAP, /* Linux's own map of all RAM it knows */
    ATTACK_VIA_FRESH,      /* a page-table entry of ours, write-back */
    ATTACK_VIA_UNCACHED,   /* the same, uncached */
};

/* Reads pages, going on past every one that is refused; those read as zeros. */
struct attack_read {
    uint64_t gpa;   /* page aligned */
    uint64_t pages; /* at most ATTACK_READ_MAX */
    uint64_t buffer;
    uint64_t refused; /* address of a byte per page: the trap, or 0 */
    uint32_t via;
    uint32_t refused_count; /* out */
};
#define ATTACK_READ_MAX 256u

enum attack_how {
    ATTACK_READ8,
    ATTACK_WRITE8,
    ATTACK_EXCHANGE, /* locked read-modify-write */
    ATTACK_MOVNTI,   /* around the cache */
    ATTACK_FXSAVE,   /* 512 bytes in one instruction; gpa 16-byte aligned */
    ATTACK_STRING,   /* REP STOSB of 64 bytes */
    ATTACK_EXECUTE,  /* near call of that address */
    ATTACK_HOWS,     /* those above are attacks; device registers take these: */
    ATTACK_READ4 = ATTACK_HOWS,
    ATTACK_WRITE4,
    ATTACK_HOWS_ALL
};
struct attack_touch {
    uint64_t gpa;
    uint64_t value; /* in: what to write; out: what was read */
    uint64_t rip;   /* out: of the instruction that touched it */
    uint32_t how;
    uint32_t via;
    uint32_t trap; /* out */
    uint32_t reserved;
};

/* Parts of the CPU's own machinery put on a page. Each leaves the machine as it was. */
enum attack_part {
    ATTACK_STACK_PUSH,       /* RSP there, then PUSH; #GP comes on a good stack */
    ATTACK_STACK_EXCEPTION,  /* RSP there, then an exception pushes its frame */
    ATTACK_IDT_GATE,         /* the gate of one vector there, then INT of that vector */
    ATTACK_IDT_INTERRUPT,    /* the gates of external interrupts there, then a timer tick */
    ATTACK_GDT_ENTRY,        /* a descriptor there, then a segment register loaded from it */
    ATTACK_TABLE_3,          /* page-directory-pointer table there, then a read through it */
    ATTACK_TABLE_2,          /* page directory there */
    ATTACK_TABLE_1,          /* page table there */
    ATTACK_PARTS,            /* from here on the machine is not expected to survive */
    ATTACK_IDT_WHOLE = 0x10, /* no gate can be read: triple fault */
    ATTACK_CR3,              /* no instruction can be fetched */
};
struct attack_machinery {
    uint64_t gpa; /* page aligned */
    uint32_t part;
    uint32_t trap;    /* out; ATTACK_GATE_VECTOR when a gate on the page was read and used */
    uint32_t prepare; /* 1: fill the page first with what makes it work (the positive control) */
    uint32_t reserved;
};
#define ATTACK_GATE_VECTOR 0x81u

struct attack_msr {
    uint64_t value; /* in for a write, out for a read */
    uint32_t msr;
    uint32_t write;
    uint32_t trap; /* out */
    uint32_t reserved;
};

enum attack_instruction {
    ATTACK_VMRUN, /* RAX = operand for these */
    ATTACK_VMLOAD,
    ATTACK_VMSAVE,
    ATTACK_STGI,
    ATTACK_CLGI,
    ATTACK_SKINIT,
    ATTACK_INVLPGA,
    ATTACK_VMCALL,  /* Intel's hypercall instruction */
    ATTACK_XSETBV,  /* XCR0 = operand */
    ATTACK_CLFLUSH, /* through a fresh entry onto the frame in operand */
    ATTACK_INVD,    /* must be run as WBINVD: no loss of VTL1's dirty lines */
    ATTACK_WBINVD,
    ATTACK_MONITOR, /* the frame in operand */
    ATTACK_RDPMC,   /* counter number in operand */
    ATTACK_MWAIT,   /* for a write of the frame in operand, or any interrupt */
    ATTACK_TASK,    /* far jump to the task state segment whose selector is the operand */
    ATTACK_INSTRUCTIONS
};
struct attack_execute {
    uint64_t operand;
    uint32_t instruction;
    uint32_t trap; /* out */
};

/* Keeps this CPU to itself, interrupts off, for so many milliseconds. */
struct attack_hold {
    uint64_t milliseconds;
};

/* Reads a word of a process from within it, in work queued to it (task_work_add). */
struct attack_visit {
    uint64_t address;
    uint64_t word; /* out */
    int32_t pid;
    int32_t error; /* out: 0 or an errno */
};

/* Exceptions whose delivery ends in the next one, with no instruction between and interrupts off,
 * until ATTACK_LOOP_END comes from another CPU, or two seconds are over. */
enum attack_loop_kind {
    ATTACK_LOOP_FETCH, /* the handler of #PF cannot be fetched */
    ATTACK_LOOP_DEBUG, /* a breakpoint on the first instruction of the handler of #DB */
    ATTACK_LOOPS
};
struct attack_loop {
    uint32_t kind;
    uint32_t trap;  /* out: the exception that ended it */
    uint32_t ended; /* out: 1 by request, 0 by itself, 2 by time */
    uint32_t reserved;
};

/* Waits for a machine check on this CPU, ten seconds at most, with CR4.MCE set, interrupts off and
 * the mark in R15. */
#define ATTACK_MACHINE_CHECK_MARK 0x6d616368696e65ull
struct attack_machine_check {
    uint64_t status; /* out: of bank 1 */
    uint32_t trap;   /* out */
    uint32_t reserved;
};

struct attack_info {
    uint64_t arena_gpa; /* of ATTACK_ARENA_PAGES contiguous pages */
    uint64_t xcr0;
};

#define ATTACK_IOC                 'A'
#define ATTACK_INFO                _IOR(ATTACK_IOC, 0, struct attack_info)
#define ATTACK_CALL                _IOWR(ATTACK_IOC, 1, struct attack_call)
#define ATTACK_READ                _IOWR(ATTACK_IOC, 2, struct attack_read)
#define ATTACK_TOUCH               _IOWR(ATTACK_IOC, 3, struct attack_touch)
#define ATTACK_MACHINERY           _IOWR(ATTACK_IOC, 4, struct attack_machinery)
#define ATTACK_MSR                 _IOWR(ATTACK_IOC, 5, struct attack_msr)
#define ATTACK_EXECUTE_INSTRUCTION _IOWR(ATTACK_IOC, 6, struct attack_execute)
#define ATTACK_HOLD                _IOW(ATTACK_IOC, 7, struct attack_hold)
#define ATTACK_LOOP                _IOWR(ATTACK_IOC, 9, struct attack_loop)
/* -> 1 if one was under way */
#define ATTACK_LOOP_END            _IO(ATTACK_IOC, 10)
#define ATTACK_LOOPING             _IO(ATTACK_IOC, 11) /* -> which one it is, from 1; 0: none */
#define ATTACK_MACHINE_CHECK       _IOR(ATTACK_IOC, 12, struct attack_machine_check)
#define ATTACK_VISIT               _IOWR(ATTACK_IOC, 8, struct attack_visit)

#endif
