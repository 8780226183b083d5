// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "attacker.h"

#define MODULE_PATH "/lib/attack.ko"

static _Thread_local int device = -1;
static struct {
    struct attack_info info;
    char *arena;
    unsigned int cpus; /* counted before any run_on(), since musl counts what we may run on */
    unsigned int tests;
    unsigned int failures;
} the;

bool ok(bool good, const char *format, ...)
{
    va_list arguments;

    printf("%s %u - ", good ? "ok" : "not ok", ++the.tests);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    if (!good)
        the.failures++;
    return good;
}

void note(const char *format, ...)
{
    va_list arguments;

    printf("# ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

void skip(const char *what, const char *why)
{
    printf("ok %u - %s # SKIP %s\n", ++the.tests, what, why);
}

void run_only_if(bool good, const char *why_not)
{
    if (good)
        return;
    printf("1..0 # SKIP %s\n", why_not);
    exit(0);
}

int done_testing(void)
{
    printf("1..%u\n", the.tests);
    return the.failures ? 1 : 0;
}

void bail(const char *format, ...)
{
    va_list arguments;

    printf("Bail out! ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    exit(2);
}

int keep_file(int file, const char *name)
{
    int kept = file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, ATTACKER_FD_FLOOR);

    if (kept < 0)
        bail("%s: %s", name, strerror(errno));
    close(file);
    return kept;
}

static void load_module(void)
{
    int file = open(MODULE_PATH, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        bail("%s: %s", MODULE_PATH, strerror(errno));
    if (syscall(SYS_finit_module, file, "", 0) && errno != EEXIST)
        bail("%s: %s", MODULE_PATH, strerror(errno));
    close(file);
}

void attacker_start(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    the.cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
    device = open(ATTACK_DEVICE, O_RDWR | O_CLOEXEC);
    if (device < 0) {
        load_module();
        device = open(ATTACK_DEVICE, O_RDWR | O_CLOEXEC);
    }
    device = keep_file(device, ATTACK_DEVICE);
    if (ioctl(device, ATTACK_INFO, &the.info))
        bail("ATTACK_INFO: %s", strerror(errno));
    the.arena = mmap(NULL, ATTACK_ARENA_PAGES * OPENVSM_PAGE_SIZE, PROT_READ | PROT_WRITE,
                     MAP_SHARED, device, 0);
    if (the.arena == MAP_FAILED)
        bail("arena: %s", strerror(errno));
}

void attacker_thread(void)
{
    device = keep_file(open(ATTACK_DEVICE, O_RDWR | O_CLOEXEC), ATTACK_DEVICE);
}

static bool cpu_is_ours(void)
{
    uint32_t eax = HV_CPUID_VENDOR, ebx = 0, ecx = 0, edx = 0;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ebx == OPENVSM_CPUID_VENDOR_EBX && ecx == OPENVSM_CPUID_VENDOR_ECX;
}

bool under_openvsm(void)
{
    bool ours = cpu_is_ours(), here = false;
    cpu_set_t before;

    if (sched_getaffinity(0, sizeof(before), &before))
        bail("sched_getaffinity: %s", strerror(errno));
    for (unsigned int cpu = 0; cpu < the.cpus; cpu++) {
        if (!run_on(cpu))
            continue; /* off-line */
        here = cpu_is_ours();
        if (here != ours)
            bail("CPU %u runs %s the hypervisor, and others do not", cpu, here ? "in" : "outside");
    }
    sched_setaffinity(0, sizeof(before), &before);
    return ours;
}

bool run_on(unsigned int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof(set), &set) == 0;
}

unsigned int cpu_count(void)
{
    return the.cpus;
}

void *arena_page(unsigned int index)
{
    return the.arena + (size_t)index * OPENVSM_PAGE_SIZE;
}

uint64_t arena_gpa(unsigned int index)
{
    return the.info.arena_gpa + (uint64_t)index * OPENVSM_PAGE_SIZE;
}

uint32_t call(struct attack_call *request)
{
    if (ioctl(device, ATTACK_CALL, request))
        bail("ATTACK_CALL: %s", strerror(errno));
    return request->trap;
}

uint64_t hypercall(uint64_t control, uint64_t rdx, uint64_t r8)
{
    struct attack_call request = {0};

    request.registers[ATTACK_RCX] = control;
    request.registers[ATTACK_RDX] = rdx;
    request.registers[ATTACK_R8] = r8;
    if (call(&request))
        bail("hypercall %#llx raised exception %u", (unsigned long long)control, request.trap);
    return request.registers[ATTACK_RAX];
}

struct sk_answer skcall(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                        uint64_t a4)
{
    struct attack_call request = {0};
    struct sk_answer answer = {.status = ~0ull};
    uint64_t *registers = request.registers;

    registers[ATTACK_RCX] = HV_CALL_VTL_CALL;
    registers[ATTACK_RDI] = number;
    registers[ATTACK_RSI] = a0;
    registers[ATTACK_RDX] = a1;
    registers[ATTACK_R8] = a2;
    registers[ATTACK_R9] = a3;
    registers[ATTACK_R10] = a4;
    if (call(&request))
        return answer;
    answer.status = registers[ATTACK_RDI];
    answer.results[0] = registers[ATTACK_RSI];
    answer.results[1] = registers[ATTACK_RDX];
    answer.results[2] = registers[ATTACK_R8];
    answer.results[3] = registers[ATTACK_R9];
    answer.results[4] = registers[ATTACK_R10];
    return answer;
}

struct sk_answer skcall_finish(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                               uint64_t a4)
{
    struct sk_answer answer = {0};

    do
        answer = skcall(number, a0, a1, a2, a3, a4);
    while (answer.status == SK_AGAIN);
    return answer;
}

uint32_t touch(uint64_t gpa, enum attack_how how, enum attack_via via, uint64_t *value,
               uint64_t *rip)
{
    struct attack_touch request = {.gpa = gpa, .how = how, .via = via};

    if (value)
        request.value = *value;
    if (ioctl(device, ATTACK_TOUCH, &request))
        bail("ATTACK_TOUCH: %s", strerror(errno));
    if (value)
        *value = request.value;
    if (rip)
        *rip = request.rip;
    return request.trap;
}

void write_word(uint64_t gpa, uint64_t word)
{
    if (touch(gpa, ATTACK_WRITE8, ATTACK_VIA_FRESH, &word, NULL))
        bail("%#llx cannot be written", (unsigned long long)gpa);
}

uint64_t read_word(uint64_t gpa)
{
    uint64_t word = 0;

    if (touch(gpa, ATTACK_READ8, ATTACK_VIA_FRESH, &word, NULL))
        bail("%#llx cannot be read", (unsigned long long)gpa);
    return word;
}

bool send_icr(uint32_t destination, uint32_t low)
{
    uint64_t high = destination << 24, word = low;

    if (touch(APIC_BASE + APIC_ICR_HIGH, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &high, NULL))
        bail("the APIC's command register cannot be written");
    return !touch(APIC_BASE + APIC_ICR_LOW, ATTACK_WRITE4, ATTACK_VIA_UNCACHED, &word, NULL);
}

uint32_t machinery(uint64_t gpa, enum attack_part part, bool prepare)
{
    struct attack_machinery request = {.gpa = gpa, .part = part, .prepare = prepare};

    if (ioctl(device, ATTACK_MACHINERY, &request))
        bail("ATTACK_MACHINERY: %s", strerror(errno));
    return request.trap;
}

uint32_t write_msr(uint32_t msr, uint64_t value)
{
    struct attack_msr request = {.msr = msr, .value = value, .write = 1};

    if (ioctl(device, ATTACK_MSR, &request))
        bail("ATTACK_MSR: %s", strerror(errno));
    return request.trap;
}

uint32_t read_msr(uint32_t msr, uint64_t *value)
{
    struct attack_msr request = {.msr = msr};

    if (ioctl(device, ATTACK_MSR, &request))
        bail("ATTACK_MSR: %s", strerror(errno));
    *value = request.value;
    return request.trap;
}

uint32_t execute(enum attack_instruction instruction, uint64_t operand)
{
    struct attack_execute request = {.instruction = instruction, .operand = operand};

    if (ioctl(device, ATTACK_EXECUTE_INSTRUCTION, &request))
        bail("ATTACK_EXECUTE_INSTRUCTION: %s", strerror(errno));
    return request.trap;
}

void hold_cpu(uint64_t milliseconds)
{
    struct attack_hold request = {.milliseconds = milliseconds};

    if (ioctl(device, ATTACK_HOLD, &request))
        bail("ATTACK_HOLD: %s", strerror(errno));
}

int visit(int pid, uint64_t address, uint64_t *word)
{
    struct attack_visit request = {.pid = pid, .address = address};

    if (ioctl(device, ATTACK_VISIT, &request))
        bail("ATTACK_VISIT: %s", strerror(errno));
    *word = request.word;
    return request.error;
}

void exceptions_loop(struct attack_loop *request)
{
    if (ioctl(device, ATTACK_LOOP, request))
        bail("ATTACK_LOOP: %s", strerror(errno));
}

bool exceptions_end(void)
{
    return ioctl(device, ATTACK_LOOP_END) == 1;
}

int exceptions_looping(void)
{
    return ioctl(device, ATTACK_LOOPING);
}

uint32_t await_machine_check(uint64_t *bank_status)
{
    struct attack_machine_check request = {0};

    if (ioctl(device, ATTACK_MACHINE_CHECK, &request))
        bail("ATTACK_MACHINE_CHECK: %s", strerror(errno));
    *bank_status = request.status;
    return request.trap;
}

uint32_t read_pages(uint64_t gpa, uint64_t pages, enum attack_via via, void *to, uint8_t *refused)
{
    struct attack_read request = {.gpa = gpa,
                                  .pages = pages,
                                  .buffer = (uint64_t)to,
                                  .refused = (uint64_t)refused,
                                  .via = via};

    if (ioctl(device, ATTACK_READ, &request))
        bail("ATTACK_READ: %s", strerror(errno));
    return request.refused_count;
}

uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}
