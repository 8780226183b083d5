/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the attack programs share: TAP, raw calls through attack.ko, and what of the machine an
 * attacker in VTL0 can find out. All of it dies with a "Bail out!" line when its own tools fail.
 */
#ifndef ATTACKER_H
#define ATTACKER_H

#include <stdbool.h>
#include <stdint.h>
#include <attack.h>
#include <openvsm/hypercall.h>
#include <openvsm/skcall.h>

/* One TAP line. -> good. */
bool ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void skip(const char *what, const char *why);
/* Otherwise the program ends here, with all of it skipped. */
void run_only_if(bool good, const char *why_not);
/* The plan. -> exit status of the program. */
int done_testing(void);
void bail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Loads attack.ko if need be and opens /dev/attack. Everything below needs it. */
void attacker_start(void);
/* Files of the attacker's own have these numbers and above: a trustlet that was lied to about its
 * own must not close them. */
#define ATTACKER_FD_FLOOR 500
/* Moves a file there; dies if it is no file. */
int keep_file(int file, const char *name);
/* In each further thread that attacks: a file of its own, so that threads do not wait for another.
 */
void attacker_thread(void);
/* True when a hypervisor of ours answers on all CPUs, false when on none, on the natively booted
 * control machine; dies if they differ. */
bool under_openvsm(void);
/* Runs this thread on one CPU; false if there is no such. */
bool run_on(unsigned int cpu);
unsigned int cpu_count(void);

/* A page of the arena: VTL0's own memory, its address here and its GPA. */
void *arena_page(unsigned int index);
uint64_t arena_gpa(unsigned int index);

/* VMMCALL with all registers given; -> exception vector or 0. */
uint32_t call(struct attack_call *request);
/* A hypercall by control word, RDX and R8. -> result word; dies on an exception. */
uint64_t hypercall(uint64_t control, uint64_t rdx, uint64_t r8);
struct sk_answer {
    uint64_t status; /* enum sk_status, or ~0 when VMMCALL raised an exception */
    uint64_t results[5];
};
struct sk_answer skcall(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                        uint64_t a4);
/* The same, repeated while it says SK_AGAIN. */
struct sk_answer skcall_finish(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                               uint64_t a4);

/* -> exception vector or 0; value and rip may be NULL. */
uint32_t touch(uint64_t gpa, enum attack_how how, enum attack_via via, uint64_t *value,
               uint64_t *rip);
/* A word of VTL0's own memory, wherever it lies; dies if it cannot be touched. */
uint64_t read_word(uint64_t gpa);
void write_word(uint64_t gpa, uint64_t word);
/* Writes the APIC's interrupt command register; the destination is an APIC ID or a logical one.
 * False: refused. */
#define APIC_BASE        0xfee00000ull
#define APIC_ICR_LOW     0x300u
#define APIC_ICR_HIGH    0x310u
#define ICR_SMI          0x4200u
#define ICR_NMI          0x4400u
#define ICR_INIT         0x4500u
#define ICR_STARTUP      0x4600u
#define ICR_LOGICAL      0x800u
#define ICR_ALL_BUT_SELF 0xc0000u
bool send_icr(uint32_t destination, uint32_t low);
uint32_t machinery(uint64_t gpa, enum attack_part part, bool prepare);
uint32_t write_msr(uint32_t msr, uint64_t value);
uint32_t read_msr(uint32_t msr, uint64_t *value);
uint32_t execute(enum attack_instruction instruction, uint64_t operand);
/* Keeps this thread's CPU, interrupts off. */
void hold_cpu(uint64_t milliseconds);
/* Reads a word of that process from within it, by work that a driver queues. -> 0 or an errno. */
int visit(int pid, uint64_t address, uint64_t *word);
/* This thread's CPU delivers exceptions without end until another thread says so; not CPU 0. */
void exceptions_loop(struct attack_loop *request);
bool exceptions_end(void);
/* Which loop it is, from 1; 0: none now. */
int exceptions_looping(void);
/* Waits for a machine check on this thread's CPU. -> exception vector, or 0 if none came; what bank
 * 1 says. */
uint32_t await_machine_check(uint64_t *bank_status);
/* Reads up to ATTACK_READ_MAX pages; refused gets a vector per page. -> pages refused. */
uint32_t read_pages(uint64_t gpa, uint64_t pages, enum attack_via via, void *to, uint8_t *refused);

void statistics(uint32_t vp, struct hv_statistics *page);
/* What CheckSparseGpaPageVtlAccess says about VTL0's `access` (HV_MAP_*) to count pages from gpa:
 * a byte per page, 1 = allowed. */
void query_access(uint64_t gpa, uint32_t count, uint8_t access, uint8_t *allowed);

/* The machine's frames as the attacker sees them. */
enum frame {
    FRAME_OPEN,       /* VTL0 may read and write it */
    FRAME_READ_ONLY,  /* VTL1 shows it to VTL0 */
    FRAME_TRAPPED,    /* registers that VTL0 writes under the hypervisor's eyes */
    FRAME_CLOSED,     /* VTL1's */
    FRAME_HYPERVISOR, /* in the hypervisor's own 4 MiB */
};
#define HYPERVISOR_BASE 0x8000000ull
#define HYPERVISOR_SIZE 0x400000ull
struct frames {
    uint64_t count; /* frames from 0 to the end of RAM */
    uint8_t *kind;  /* enum frame */
};
/* By CheckSparseGpaPageVtlAccess; natively by /proc/iomem, all open. */
struct frames survey(void);
/* The nth (from 0) frame of that kind, as GPA; ~0 if there are fewer. */
uint64_t find_frame(const struct frames *frames, enum frame kind, uint64_t nth);
uint64_t count_frames(const struct frames *frames, enum frame kind);

/* GPAs of the closed frames that never were Linux's, and so are never given back to it: VTL1's boot
 * pool and the hypervisor's. A write to one of them is an attack, never an accident of VTL0's own.
 */
uint64_t *boot_frames(const struct frames *frames, uint64_t *count);

/* What trustlets before us were lent goes back to Linux a little after their end: waits for that.
 */
bool nothing_is_lent(void);
/* When nothing is lent: a page of the arena goes to VTL1, and comes back. The arena's last page is
 * used for it. */
bool give_page(unsigned int index);
bool get_page_back(unsigned int index);

/* The audit log, read out of the Secure Kernel's ring: remembers how it stands now. */
void audit_mark(void);
/* The newest record that was made since the mark, or that something was counted into since, of that
 * kind and, unless ~0, that address. */
bool audit_find(uint16_t kind, uint64_t address, struct sk_audit_record *found);
/* Does what the command prints have a line with both texts? */
bool prints(const char *command, const char *first, const char *second);

/* A pseudo-random number (xorshift*); never 0 state. */
uint64_t random_next(uint64_t *state);

#endif
