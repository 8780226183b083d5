// SPDX-License-Identifier: BSD-2-Clause
/*
 * Linux's own machinery, turned on a trustlet: probes on its code, samples of where it runs, eBPF
 * and a driver's queued work that read its memory from within its host process, probes and traces
 * on the driver, signals, restartable sequences, userfaultfd on its channel. Each finds the secret
 * or the code of the same program as an ordinary process; of the trustlet it finds nothing, and the
 * trustlet ends well.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "host.h"
#include "victim.h"

#define TRACING      "/sys/kernel/tracing/"
#define PATTERN_FILE "/usr/lib/openvsm/trustlets/attack-pattern"
#define SPIN_ROUNDS  "20000000"
#define RSEQ_SIGN    0x53053053u
#define SAMPLE_PAGES 64u
#define SAMPLES_MIN  30u
#define SAMPLE_BYTES (sizeof(struct perf_event_header) + 8)
#define PATIENCE     500u /* naps */

static void nap(unsigned int milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};

    nanosleep(&time, NULL);
}

static bool put(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    bool good = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

    if (file >= 0)
        close(file);
    return good;
}

static uint64_t number_in(const char *path)
{
    unsigned long long number = 0;
    FILE *file = fopen(path, "re");

    if (file && fscanf(file, "%llu", &number) != 1)
        number = 0;
    if (file)
        fclose(file);
    return number;
}

/* ---- Uprobes on the code's place in either file ---- */

/* Where in the file the code lies that is loaded at that address. */
static uint64_t file_offset(const char *path, uint64_t address)
{
    Elf64_Ehdr header = {0};
    Elf64_Phdr segment = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t offset = 0;

    if (file < 0 || pread(file, &header, sizeof(header), 0) != sizeof(header))
        bail("%s: %s", path, strerror(errno));
    for (unsigned int i = 0; i < header.e_phnum; i++)
        if (pread(file, &segment, sizeof(segment), (off_t)(header.e_phoff + i * sizeof(segment))) ==
                sizeof(segment) &&
            segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_filesz)
            offset = segment.p_offset + (address - segment.p_vaddr);
    close(file);
    return offset;
}

/* Hits of a probe, from a "…_profile" file: a line with the probe's name and a number. */
static uint64_t hits_of(const char *profile, const char *probe)
{
    char line[512] = "";
    unsigned long long hits = 0;
    FILE *file = fopen(profile, "re");

    while (file && fgets(line, sizeof(line), file)) {
        const char *at = strstr(line, probe);

        if (at)
            sscanf(at + strlen(probe), "%llu", &hits);
    }
    if (file)
        fclose(file);
    return hits;
}

/* On all CPUs: the trustlet goes on. */
static uint64_t calls_into_vtl1(void)
{
    static struct hv_statistics page;
    uint64_t count = 0;

    for (unsigned int cpu = 0; cpu < cpu_count(); cpu++) {
        statistics(cpu, &page);
        count += page.exits[HV_EXIT_VTL_CALL];
    }
    return count;
}

static void uprobes(void)
{
    char text[256] = "";
    uint64_t before = 0;

    snprintf(text, sizeof(text), "p:plain %s:0x%llx\np:secure %s:0x%llx\n", VICTIM_PLAIN,
             (unsigned long long)file_offset(VICTIM_PLAIN, TICK_ADDRESS), VICTIM_SIGNED,
             (unsigned long long)file_offset(VICTIM_SIGNED, TICK_ADDRESS));
    if (!put(TRACING "uprobe_events", text) || !put(TRACING "events/uprobes/enable", "1")) {
        ok(false, "uprobes can be set: %s", strerror(errno));
        return;
    }
    before = calls_into_vtl1();
    for (unsigned int i = 0; i < PATIENCE && (!hits_of(TRACING "uprobe_profile", " plain ") ||
                                              calls_into_vtl1() - before < 50);
         i++)
        nap(20);
    put(TRACING "events/uprobes/enable", "0");
    ok(hits_of(TRACING "uprobe_profile", " plain ") > 0,
       "control: a uprobe on the program is hit when it is an ordinary process");
    ok(hits_of(TRACING "uprobe_profile", " secure ") == 0,
       "on the trustlet's file it is never hit, while the trustlet runs that code");
    put(TRACING "uprobe_events", "-:plain\n-:secure\n");
}

/* ---- Samples ---- */

static long perf_open(struct perf_event_attr *attribute, pid_t pid)
{
    attribute->size = sizeof(*attribute);
    return syscall(SYS_perf_event_open, attribute, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

struct samples {
    uint64_t all, inside;
};

/* Samples of the instruction pointer, of all rings, one a millisecond. */
static struct samples sample(const struct victim *victim)
{
    struct perf_event_attr attribute = {.type = PERF_TYPE_SOFTWARE,
                                        .config = PERF_COUNT_SW_TASK_CLOCK,
                                        .sample_period = 1000000,
                                        .sample_type = PERF_SAMPLE_IP};
    int event = (int)perf_open(&attribute, victim->pid);
    size_t size = (SAMPLE_PAGES + 1) * OPENVSM_PAGE_SIZE;
    struct perf_event_mmap_page *page =
        event < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, event, 0);
    struct samples samples = {0};

    if (page == MAP_FAILED)
        bail("perf_event_open: %s", strerror(errno));
    for (unsigned int i = 0;
         i < PATIENCE && *(volatile __u64 *)&page->data_head < SAMPLES_MIN * SAMPLE_BYTES; i++)
        nap(20);
    ioctl(event, PERF_EVENT_IOC_DISABLE, 0);
    const uint8_t *data = (const uint8_t *)page + page->data_offset;
    uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
    for (uint64_t at = 0; at + SAMPLE_BYTES <= head;) {
        const struct perf_event_header *header =
            (const struct perf_event_header *)(data + at % page->data_size);
        uint64_t place = *(const uint64_t *)(header + 1);

        if (header->type == PERF_RECORD_SAMPLE) {
            samples.all++;
            samples.inside += place >= TICK_ADDRESS && place < TICK_ADDRESS + 0x1000;
        }
        at += header->size;
    }
    munmap(page, size);
    close(event);
    return samples;
}

static void perf(const struct victim *plain, const struct victim *secure)
{
    struct samples p = sample(plain), s = sample(secure);

    ok(p.inside > 0, "control: perf sees an ordinary process in its code (%llu of %llu samples)",
       (unsigned long long)p.inside, (unsigned long long)p.all);
    ok(s.all > 0 && s.inside == 0, "of %llu samples of the host none is in the trustlet's code",
       (unsigned long long)s.all);
}

/* ---- eBPF that reads the process's memory from within its poll(2) ---- */

struct finding {
    int64_t error;
    uint64_t word;
};

#define INSTRUCTION(op, to, from, distance, number)                                                \
    ((struct bpf_insn){.code = (op),                                                               \
                       .dst_reg = (to),                                                            \
                       .src_reg = (from),                                                          \
                       .off = (distance),                                                          \
                       .imm = (int32_t)(number)})
#define MOVE_NUMBER(to, number)     INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number)
#define MOVE(to, from)              INSTRUCTION(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define ADD_NUMBER(to, number)      INSTRUCTION(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, number)
#define STORE_NUMBER(at, number)    INSTRUCTION(BPF_ST | BPF_MEM | BPF_DW, 10, 0, at, number)
#define STORE(at, from)             INSTRUCTION(BPF_STX | BPF_MEM | BPF_DW, 10, from, at, 0)
#define CALL(function)              INSTRUCTION(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define SKIP_UNLESS(reg, number, n) INSTRUCTION(BPF_JMP | BPF_JNE | BPF_K, reg, 0, n, number)

static int load_program(int map, pid_t pid)
{
    /* finding at -16, the map's key at -24 */
    struct bpf_insn code[] = {
        CALL(BPF_FUNC_get_current_pid_tgid),
        INSTRUCTION(BPF_ALU64 | BPF_RSH | BPF_K, 0, 0, 0, 32),
        SKIP_UNLESS(0, pid, 16),
        STORE_NUMBER(-8, 0),
        STORE_NUMBER(-24, 0),
        MOVE(1, 10),
        ADD_NUMBER(1, -8),
        MOVE_NUMBER(2, 8),
        MOVE_NUMBER(3, MARK_ADDRESS),
        CALL(BPF_FUNC_probe_read_user),
        STORE(-16, 0),
        INSTRUCTION(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map),
        INSTRUCTION(0, 0, 0, 0, 0),
        MOVE(2, 10),
        ADD_NUMBER(2, -24),
        MOVE(3, 10),
        ADD_NUMBER(3, -16),
        MOVE_NUMBER(4, 0),
        CALL(BPF_FUNC_map_update_elem),
        MOVE_NUMBER(0, 0),
        INSTRUCTION(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
    };
    union bpf_attr attribute = {.prog_type = BPF_PROG_TYPE_KPROBE,
                                .insns = (uint64_t)code,
                                .insn_cnt = sizeof(code) / sizeof(code[0]),
                                .license = (uint64_t) "GPL"};

    return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attribute, sizeof(attribute));
}

/* What the program found in that process when the kernel next ran that function for it. */
static struct finding bpf_finds(const struct victim *victim, const char *function)
{
    union bpf_attr make = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16, .max_entries = 1};
    int map = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &make, sizeof(make));
    int program = load_program(map, victim->pid);
    struct perf_event_attr attribute = {
        .type = (uint32_t)number_in("/sys/bus/event_source/devices/kprobe/type"),
        .config1 = (uint64_t)function};
    int event = (int)perf_open(&attribute, victim->pid);
    struct finding finding = {.error = 1};
    uint32_t key = 0;
    union bpf_attr look = {
        .map_fd = (uint32_t)map, .key = (uint64_t)&key, .value = (uint64_t)&finding};

    if (map < 0 || program < 0 || event < 0 ||
        syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM,
                &(union bpf_attr){
                    .map_fd = (uint32_t)map, .key = (uint64_t)&key, .value = (uint64_t)&finding},
                sizeof(look)) ||
        ioctl(event, PERF_EVENT_IOC_SET_BPF, program) || ioctl(event, PERF_EVENT_IOC_ENABLE, 0))
        bail("eBPF on %s: %s (%d %d %d)", function, strerror(errno), map, program, event);
    for (unsigned int i = 0; i < 300 && finding.error == 1; i++) {
        nap(10);
        syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &look, sizeof(look));
    }
    close(event);
    close(program);
    close(map);
    return finding;
}

static void ebpf(const struct victim *plain, const struct victim *secure)
{
    struct finding found = bpf_finds(plain, "__x64_sys_poll");

    ok(found.error == 0 && found.word == plain->word,
       "control: eBPF reads an ordinary process's secret from within it");
    found = bpf_finds(secure, "__x64_sys_poll");
    ok(found.error == -EFAULT && found.word == 0,
       "within the host, which makes the trustlet's calls, nothing is there (%lld)",
       (long long)found.error);
    found = bpf_finds(secure, "device_llseek");
    ok(found.error == -EFAULT && found.word == 0, "nor on the driver's way into VTL1 (%lld)",
       (long long)found.error);
}

/* ---- Work that a driver queues to the process ---- */

static void queued_work(const struct victim *plain, const struct victim *secure)
{
    uint64_t word = 0;

    ok(visit(plain->pid, MARK_ADDRESS, &word) == 0 && word == plain->word,
       "control: task_work of a driver reads an ordinary process's secret");
    ok(visit(secure->pid, MARK_ADDRESS, &word) == EFAULT, "in the host it runs and finds nothing");
}

/* ---- Probes and traces on the driver ---- */

static void driver_probes(void)
{
    ok(put(TRACING "kprobe_events",
           "p:run openvsm:device_llseek\nr:ran openvsm:run_thread $retval\n") &&
           put(TRACING "events/kprobes/enable", "1"),
       "kprobes on the driver can be set");
    for (unsigned int i = 0; i < PATIENCE && !(hits_of(TRACING "kprobe_profile", " run ") &&
                                               hits_of(TRACING "kprobe_profile", " ran "));
         i++)
        nap(20);
    put(TRACING "events/kprobes/enable", "0");
    ok(hits_of(TRACING "kprobe_profile", " run ") > 0 &&
           hits_of(TRACING "kprobe_profile", " ran ") > 0,
       "they are hit while the trustlet runs");
    put(TRACING "kprobe_events", "-:run\n-:ran\n");
    ok(put(TRACING "set_ftrace_filter", ":mod:openvsm") &&
           put(TRACING "current_tracer", "function"),
       "the driver's functions can be traced");
    nap(100);
    put(TRACING "current_tracer", "nop");
    put(TRACING "set_ftrace_filter", "!:mod:openvsm");
}

/* ---- A carrier that is interrupted in every way that Linux has ---- */

static volatile uint64_t alarms, alarms_inside;

static void on_alarm(int signal, siginfo_t *info, void *context)
{
    uint64_t rip = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

    (void)signal;
    (void)info;
    alarms++;
    alarms_inside += rip < 0x400000 || rip >= 0x500000; /* this program's own code */
}

struct sequence {
    uint32_t cpu_start, cpu;
    uint64_t critical;
    uint32_t flags, pad[3];
} __attribute__((aligned(32)));
static struct sequence sequence;
static volatile uint64_t aborts;

/* OPENVSM_RUN in its short form, within a restartable sequence (rseq(2)): the kernel goes on at 3
 * whenever the thread lost its CPU meanwhile. RAX then has the call's result, or still its number:
 * a signal came, and the call is to be made again. */
static int64_t run_in_sequence(int device, uint32_t thread)
{
    int64_t result = SYS_lseek;

    __asm__ volatile(".pushsection .rodata\n"
                     ".balign 32\n"
                     "9: .long 0, 0\n .quad 1f, 2f - 1f, 3f\n"
                     ".popsection\n"
                     "lea 9b(%%rip), %%rcx\n mov %%rcx, %[critical]\n"
                     "1: syscall\n nop\n"
                     "2: jmp 4f\n"
                     ".long 0x53053053\n"
                     "3: incq %[aborts]\n"
                     "4: movq $0, %[critical]\n"
                     : "+a"(result), [critical] "+m"(sequence.critical), [aborts] "+m"(aborts)
                     : "D"(device), "S"((uint64_t)thread), "d"((uint64_t)SEEK_SET)
                     : "rcx", "r11", "memory");
    return result;
}

static struct host_return carry_in_sequences(struct host *host)
{
    struct openvsm_run run = {.thread = host->thread};
    struct host_return back = {0};
    int64_t reason = 0;

    while (reason = run_in_sequence(host->device, host->thread),
           reason == -EINTR || reason == SYS_lseek || reason == SK_RUN_SYSCALL)
        if (reason == SK_RUN_SYSCALL)
            host_answer(host, host_syscall(host));
    back.reason = (uint64_t)reason;
    if (ioctl(host->device, OPENVSM_RUN_RESULTS, &run) == 0)
        memcpy(back.result, run.result, sizeof(back.result));
    return back;
}

/* Another who wants the same CPU. */
static pid_t start_rival(void)
{
    pid_t child = fork();

    if (child == 0)
        for (volatile uint64_t i = 0;; i++)
            ;
    return child;
}

static void userfault(const struct host *host)
{
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    void *own =
        mmap(NULL, OPENVSM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register range = {.range = {(uint64_t)own, OPENVSM_PAGE_SIZE},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};

    if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
        bail("userfaultfd: %s", strerror(errno));
    ok(ioctl(fd, UFFDIO_REGISTER, &range) == 0, "control: userfaultfd takes an ordinary page");
    range.range =
        (struct uffdio_range){(uint64_t)host->channel, OPENVSM_CHANNEL_PAGES * OPENVSM_PAGE_SIZE};
    ok(ioctl(fd, UFFDIO_REGISTER, &range) && errno == EINVAL,
       "userfaultfd does not take a trustlet's channel");
    close(fd);
    munmap(own, OPENVSM_PAGE_SIZE);
}

static void interrupted_carrier(void)
{
    static const char *const words[] = {"pattern", "spin", SPIN_ROUNDS, NULL};
    struct sigaction action = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct itimerval often = {{0, 5000}, {0, 5000}}, never = {0};
    struct host_return back = {0};
    struct host host = {0};
    uint32_t status = 0;
    pid_t rival = 0;

    if (!host_start(&host, PATTERN_FILE, words, &status))
        bail("%s: status %u", PATTERN_FILE, status);
    userfault(&host);
    ok(syscall(SYS_rseq, &sequence, sizeof(sequence), 0, RSEQ_SIGN) == 0,
       "a restartable sequence is registered");
    run_on(0);
    rival = start_rival();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    back = carry_in_sequences(&host);
    setitimer(ITIMER_REAL, &never, NULL);
    kill(rival, SIGKILL);
    ok(alarms > 0 && alarms_inside == 0,
       "%llu signals ran their handler, each over the shell's own code",
       (unsigned long long)alarms);
    ok(aborts > 0, "%llu sequences were broken off, in the shell", (unsigned long long)aborts);
    ok(back.reason == SK_RUN_EXIT && back.result[0] == 0 && back.result[1] == 0,
       "and every register of the trustlet is as it left it (exit %llu signal %llu)",
       (unsigned long long)back.result[0], (unsigned long long)back.result[1]);
    host_stop(&host);
}

int main(void)
{
    struct victim plain, secure;

    attacker_start();
    run_only_if(under_openvsm(), "there are no trustlets here");
    if (mount("tracefs", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
        bail("tracefs: %s", strerror(errno));
    victim_start(&plain, false);
    victim_start(&secure, true);
    uprobes();
    perf(&plain, &secure);
    ebpf(&plain, &secure);
    queued_work(&plain, &secure);
    driver_probes();
    ok(victim_end(&secure) == 0, "the trustlet ends well, its secret whole");
    ok(victim_end(&plain) == 0, "so does the ordinary process");
    interrupted_carrier();
    return done_testing();
}
