// SPDX-License-Identifier: BSD-2-Clause
/*
 * What root tries on a trustlet's host process, each way first on an ordinary process that keeps
 * the same kind of secret at the same address. The driver turns every one of them away with an
 * error and a record. Then its guard is taken out by a live patch, the same is tried again, and
 * finds a process in which there is nothing at that address.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <openvsm/device.h>
#include "attacker.h"
#include "victim.h"

#define PATCH_FILE    "/lib/patch.ko"
#define PATCH_SWITCH  "/sys/kernel/livepatch/patch/enabled"
#define PATCH_BUSY    "/sys/kernel/livepatch/patch/transition"
#define STACK_BYTES   16384ul
#define REMOTE_FLAGS  (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
/* linux/sched.h, which musl's sched.h hides the half of. */
#define CLONE_VM      0x100ul
#define CLONE_FS      0x200ul
#define CLONE_FILES   0x400ul
#define CLONE_SIGHAND 0x800ul
#define CLONE_THREAD  0x10000ul
#define MPOL_MF_MOVE  2ul /* linux/mempolicy.h */

static void nap(unsigned int milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000,
                            .tv_nsec = (long)(milliseconds % 1000) * 1000000};

    nanosleep(&time, NULL);
}

/* ---- The ways: each gives 0 and the word it found, or an errno ---- */

typedef int way(const struct victim *victim, uint64_t *word);

static int peek_stopped(pid_t pid, uint64_t *word)
{
    long found = 0;
    int error = 0;

    if (waitpid(pid, NULL, __WALL) != pid)
        return errno;
    errno = 0;
    found = ptrace(PTRACE_PEEKDATA, pid, (void *)MARK_ADDRESS, NULL);
    error = errno;
    *word = (uint64_t)found;
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    return error;
}

static int by_attach(const struct victim *victim, uint64_t *word)
{
    return ptrace(PTRACE_ATTACH, victim->pid, NULL, NULL) ? errno : peek_stopped(victim->pid, word);
}

static int by_seize(const struct victim *victim, uint64_t *word)
{
    if (ptrace(PTRACE_SEIZE, victim->pid, NULL, NULL) ||
        ptrace(PTRACE_INTERRUPT, victim->pid, NULL, NULL))
        return errno;
    return peek_stopped(victim->pid, word);
}

static int open_of(const struct victim *victim, const char *file, int flags)
{
    char path[64] = "";

    snprintf(path, sizeof(path), "/proc/%d/%s", victim->pid, file);
    return open(path, flags | O_CLOEXEC);
}

static int by_mem(const struct victim *victim, uint64_t *word)
{
    int file = open_of(victim, "mem", O_RDWR);
    int error = file < 0 ? errno : 0;

    if (!error && pread(file, word, sizeof(*word), (off_t)MARK_ADDRESS) != sizeof(*word))
        error = errno;
    if (file >= 0)
        close(file);
    return error;
}

static int by_vm_call(long number, const struct victim *victim, uint64_t *word)
{
    struct iovec here = {word, sizeof(*word)}, there = {(void *)MARK_ADDRESS, sizeof(*word)};

    return syscall(number, victim->pid, &here, 1, &there, 1, 0) == sizeof(*word) ? 0 : errno;
}

static int by_readv(const struct victim *victim, uint64_t *word)
{
    return by_vm_call(SYS_process_vm_readv, victim, word);
}

/* Writes what is there already: the victim must end well. */
static int by_writev(const struct victim *victim, uint64_t *word)
{
    *word = victim->word;
    return by_vm_call(SYS_process_vm_writev, victim, word);
}

static int by_stack(const struct victim *victim, uint64_t *word)
{
    char text[16] = "";
    int file = open_of(victim, "stack", O_RDONLY);
    int error = file < 0 ? errno : 0;

    if (!error && read(file, text, sizeof(text)) < 0)
        error = errno;
    if (file >= 0)
        close(file);
    *word = victim->word;
    return error;
}

/* -> the descriptor of theirs that is a link to that name, or 0. */
static int number_of(const struct victim *victim, const char *name)
{
    char path[64] = "", target[128] = "";

    for (int fd = 0; fd < 1024; fd++) {
        ssize_t length = 0;

        snprintf(path, sizeof(path), "/proc/%d/fd/%d", victim->pid, fd);
        length = readlink(path, target, sizeof(target) - 1);
        target[length < 0 ? 0 : length] = '\0';
        if (!strcmp(target, name))
            return fd;
    }
    return 0;
}

/* A copy of their file: the device's if there is one, else the standard input. */
static int take_file(const struct victim *victim)
{
    long pidfd = syscall(SYS_pidfd_open, victim->pid, 0);
    long file = -1;

    if (pidfd >= 0)
        file = syscall(SYS_pidfd_getfd, pidfd, number_of(victim, OPENVSM_DEVICE), 0);
    if (pidfd >= 0)
        close((int)pidfd);
    return (int)file;
}

static int by_getfd(const struct victim *victim, uint64_t *word)
{
    int file = take_file(victim);

    *word = victim->word;
    if (file < 0)
        return errno;
    close(file);
    return 0;
}

static const struct {
    const char *name;
    way *way;
} ways[] = {
    {"PTRACE_ATTACH", by_attach},        {"PTRACE_SEIZE", by_seize},
    {"/proc/PID/mem", by_mem},           {"process_vm_readv", by_readv},
    {"process_vm_writev", by_writev},    {"/proc/PID/stack", by_stack},
    {"pidfd_getfd of a file", by_getfd},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static bool is_recorded(void)
{
    uint64_t who = 0;

    return attach_is_recorded(&who) && who == (uint64_t)getpid();
}

static void all_ways(const struct victim *plain, const struct victim *secure)
{
    for (unsigned int i = 0; i < WAYS; i++) {
        uint64_t word = 0;
        int error = ways[i].way(plain, &word);

        ok(error == 0 && word == plain->word, "control: %s on an ordinary process works (%s)",
           ways[i].name, strerror(error));
        audit_mark();
        error = ways[i].way(secure, &word);
        ok(error == EPERM || error == EACCES, "%s on the host of a trustlet: %s", ways[i].name,
           strerror(error));
        ok(is_recorded(), "... and recorded, with the id of who tried");
    }
}

/* ---- Code brought in by a debugger ---- */

/* syscall; test eax, eax; jz spin; int3; spin: jmp spin */
static const uint8_t injected[] = {0x0f, 0x05, 0x85, 0xc0, 0x74, 0x01, 0xcc, 0xeb, 0xfe};

/* Runs one system call at `code` in a process that stands still. -> its result */
static long remote_call(pid_t pid, const struct user_regs_struct *saved, unsigned long code,
                        const unsigned long arguments[7])
{
    struct user_regs_struct now = *saved;

    now.rip = code;
    now.rax = arguments[0];
    now.orig_rax = ~0ul;
    now.rdi = arguments[1];
    now.rsi = arguments[2];
    now.rdx = arguments[3];
    now.r10 = arguments[4];
    now.r8 = arguments[5];
    now.r9 = arguments[6];
    if (ptrace(PTRACE_SETREGS, pid, NULL, &now) || ptrace(PTRACE_CONT, pid, NULL, NULL) ||
        waitpid(pid, NULL, __WALL) != pid || ptrace(PTRACE_GETREGS, pid, NULL, &now))
        return -errno;
    return (long)now.rax;
}

static void poke(pid_t pid, unsigned long at, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i += sizeof(long)) {
        long word = 0;

        memcpy(&word, (const char *)bytes + i, sizeof(word));
        ptrace(PTRACE_POKEDATA, pid, (void *)(at + i), (void *)word);
    }
}

static unsigned int thread_count(pid_t pid)
{
    char path[32] = "";
    unsigned int count = 0;
    DIR *tasks = NULL;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    tasks = opendir(path);
    while (tasks && readdir(tasks))
        count++;
    if (tasks)
        closedir(tasks);
    return count < 2 ? 0 : count - 2;
}

/* Allocates memory in it and starts a thread there. -> 0 or an errno. */
static int inject(pid_t pid)
{
    struct user_regs_struct saved = {0};
    unsigned long map[7] = {
        SYS_mmap, 0, STACK_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
        ~0ul,     0};
    unsigned long clone[7] = {SYS_clone, REMOTE_FLAGS};
    uint64_t before[2] = {0}, code[2] = {0};
    unsigned int threads = thread_count(pid);
    long at = 0;

    if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) || waitpid(pid, NULL, __WALL) != pid ||
        ptrace(PTRACE_GETREGS, pid, NULL, &saved))
        return errno;
    memcpy(code, injected, sizeof(injected));
    for (unsigned int i = 0; i < 2; i++)
        before[i] = (uint64_t)ptrace(PTRACE_PEEKTEXT, pid, (void *)(saved.rip + 8 * i), NULL);
    poke(pid, saved.rip, code, sizeof(code));
    at = remote_call(pid, &saved, saved.rip, map);
    poke(pid, saved.rip, before, sizeof(before));
    if (at > 0) {
        poke(pid, (unsigned long)at, code, sizeof(code));
        clone[2] = (unsigned long)at + STACK_BYTES;
        at = remote_call(pid, &saved, (unsigned long)at, clone);
    }
    ptrace(PTRACE_SETREGS, pid, NULL, &saved);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
    if (at < 0)
        return (int)-at;
    return thread_count(pid) == threads + 1 ? 0 : ESRCH;
}

/* ---- Looking at it, which anybody may whom Linux lets ---- */

static bool maps_have(const struct victim *victim, unsigned long address)
{
    char path[32] = "", line[256] = "";
    bool found = false;
    FILE *file = NULL;

    snprintf(path, sizeof(path), "/proc/%d/maps", victim->pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        unsigned long first = 0, end = 0;

        found = found ||
                (sscanf(line, "%lx-%lx", &first, &end) == 2 && address >= first && address < end);
    }
    if (file)
        fclose(file);
    return found;
}

/* Pages of the process, by its pagemap, that are there, and of those VTL1's. */
static void count_pages(const struct victim *victim, const struct frames *frames, uint64_t *all,
                        uint64_t *closed)
{
    char path[32] = "", line[256] = "";
    int pagemap = open_of(victim, "pagemap", O_RDONLY);
    FILE *file = NULL;

    snprintf(path, sizeof(path), "/proc/%d/maps", victim->pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        unsigned long at = 0, end = 0;

        if (sscanf(line, "%lx-%lx", &at, &end) != 2)
            continue;
        for (; at < end; at += OPENVSM_PAGE_SIZE) {
            uint64_t entry = 0, frame = 0;

            if (pread(pagemap, &entry, 8, (off_t)(at / OPENVSM_PAGE_SIZE * 8)) != 8 ||
                !(entry >> 63))
                continue;
            frame = entry & ((1ull << 55) - 1);
            ++*all;
            *closed += frame < frames->count && frames->kind[frame] != FRAME_OPEN;
        }
    }
    if (file)
        fclose(file);
    close(pagemap);
}

/* AT_ENTRY of the auxiliary vector. */
static uint64_t entry_point(const struct victim *victim)
{
    uint64_t pair[2] = {0};
    int file = open_of(victim, "auxv", O_RDONLY);

    while (read(file, pair, sizeof(pair)) == sizeof(pair) && pair[0] && pair[0] != 9)
        ;
    close(file);
    return pair[1];
}

static void looks(const struct victim *plain, const struct victim *secure)
{
    struct frames frames = survey();
    uint64_t all = 0, closed = 0, plain_all = 0;
    uint8_t first = 0;
    int file = open_of(secure, "environ", O_RDONLY);

    ok(maps_have(plain, MARK_ADDRESS) && maps_have(plain, TICK_ADDRESS),
       "control: an ordinary process's maps show where its secret is");
    ok(!maps_have(secure, MARK_ADDRESS) && !maps_have(secure, TICK_ADDRESS),
       "the host's maps have nothing there");
    count_pages(plain, &frames, &plain_all, &closed);
    count_pages(secure, &frames, &all, &closed);
    ok(plain_all > 0 && all > 0 && closed == 0,
       "the pagemap of the host has %llu pages, none of them VTL1's", (unsigned long long)all);
    ok(entry_point(plain) && entry_point(plain) != entry_point(secure),
       "the host's auxv is the shell's own");
    ok(read(file, &first, 1) >= 0, "so is its environ");
    close(file);
    free(frames.kind);
}

/* MADV_PAGEOUT on all that a process has: it costs it time. */
static void advise(const struct victim *plain, const struct victim *secure)
{
    struct iovec there = {(void *)MARK_ADDRESS, OPENVSM_PAGE_SIZE};
    long fd = syscall(SYS_pidfd_open, plain->pid, 0);

    ok(syscall(SYS_process_madvise, fd, &there, 1, MADV_PAGEOUT, 0) == OPENVSM_PAGE_SIZE,
       "control: process_madvise reaches an ordinary process's secret");
    close((int)fd);
    fd = syscall(SYS_pidfd_open, secure->pid, 0);
    ok(syscall(SYS_process_madvise, fd, &there, 1, MADV_PAGEOUT, 0) < 0 && errno == ENOMEM,
       "in the host there is nothing there to advise on");
    close((int)fd);
}

/* Migration by hand: of the page at the secret's place, and of all that the process has. */
static void migrate(const struct victim *plain, const struct victim *secure)
{
    void *page = (void *)MARK_ADDRESS;
    unsigned long nodes = 1;
    int node = 0, status[2] = {-EIO, -EIO};

    syscall(SYS_move_pages, plain->pid, 1ul, &page, &node, &status[0], MPOL_MF_MOVE);
    syscall(SYS_move_pages, secure->pid, 1ul, &page, &node, &status[1], MPOL_MF_MOVE);
    ok(status[0] == 0, "control: move_pages finds the page of an ordinary process's secret");
    ok(status[1] == -EFAULT || status[1] == -ENOENT, "in the host it finds none (%d)", status[1]);
    ok(syscall(SYS_migrate_pages, plain->pid, 2ul, &nodes, &nodes) >= 0 &&
           syscall(SYS_migrate_pages, secure->pid, 2ul, &nodes, &nodes) >= 0,
       "migrate_pages may move what pages the shell has");
}

/* ---- The guard taken out ---- */

static bool write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool good = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

    if (file >= 0)
        close(file);
    return good;
}

static void wait_for_patch(void)
{
    for (unsigned int i = 0; i < 500; i++) {
        char state = '1';
        int file = open(PATCH_BUSY, O_RDONLY | O_CLOEXEC);

        if (file < 0 || (read(file, &state, 1) == 1 && state == '0'))
            i = 500;
        if (file >= 0)
            close(file);
        nap(10);
    }
}

static void patch_driver(void)
{
    int file = open(PATCH_FILE, O_RDONLY | O_CLOEXEC);

    ok(file >= 0 && syscall(SYS_finit_module, file, "", 0) == 0,
       "the driver can be patched live: it is VTL0's");
    close(file);
    wait_for_patch();
}

static void unpatch_driver(void)
{
    ok(write_text(PATCH_SWITCH, "0"), "the patch is taken out again");
    wait_for_patch();
    for (unsigned int i = 0; i < 500 && syscall(SYS_delete_module, "patch", O_NONBLOCK); i++)
        nap(10);
}

static void unguarded(const struct victim *secure)
{
    struct openvsm_run run = {0};
    int file = -1;

    for (unsigned int i = 0; i < 5; i++) {
        uint64_t word = 0;
        int error = ways[i].way(secure, &word);

        ok(error == EIO || error == EFAULT, "unguarded, %s finds nothing at that address: %s",
           ways[i].name, strerror(error));
    }
    file = take_file(secure);
    ok(file >= 0, "its open device can be taken away by pidfd_getfd");
    ok(ioctl(file, OPENVSM_RUN, &run) && errno == EPERM, "and is of no use to others: EPERM");
    close(file);
    ok(inject(secure->pid) == 0, "memory and a thread can be brought into the shell");
}

/* ---- Attached before it began ---- */

static int run_traced(bool traced)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        if (traced)
            ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execl("/bin/ium", "ium", "run", "busybox", "true", (char *)NULL);
        _exit(127);
    }
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status))
        ptrace(PTRACE_CONT, child, NULL,
               (void *)(long)(WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status)));
    return status;
}

static bool start_is_recorded(void)
{
    struct sk_audit_record record = {0};

    for (unsigned int i = 0; i < 200; i++) {
        if (audit_find(SK_AUDIT_ATTEMPT, SK_ATTEMPT_ATTACH, &record) && record.process == 0)
            return true;
        nap(10);
    }
    return false;
}

static void traced_from_the_start(void)
{
    ok(run_traced(false) == 0, "control: a trustlet runs");
    audit_mark();
    ok(WEXITSTATUS(run_traced(true)) == 126, "it does not start in a process that is traced");
    ok(start_is_recorded(), "... and recorded");
}

/* ---- What the log says of it ---- */

static void log_tells(const struct victim *secure)
{
    struct frames frames = survey();
    char who[64] = "";
    uint64_t word = 0;

    snprintf(who, sizeof(who), "attach, by process %d attack-shell", getpid());
    by_mem(secure, &word);
    ok(is_recorded() && prints("ium audit", "attempt", who), "ium audit names who tried");
    snprintf(who, sizeof(who), "\"value\":%d,", getpid());
    ok(prints("ium audit --json", "\"by\":\"attack-shell\"", who), "so does its JSON");
    touch(find_frame(&frames, FRAME_CLOSED, 7), ATTACK_READ8, ATTACK_VIA_FRESH, &word, NULL);
    ok(prints("ium audit", "memory", " [attack])"), "it names the kernel's code that tried");
    ok(prints("timeout 3 ium audit --follow --json", "\"symbol\":", "[attack]"),
       "it follows the log, in JSON, with the symbol");
    free(frames.kind);
}

/* ---- Core dumps ---- */

static bool core_has(pid_t pid, uint64_t word)
{
    char path[32] = "";
    bool found = false;

    snprintf(path, sizeof(path), "/tmp/core.%d", pid);
    found = file_has(path, word);
    unlink(path);
    return found;
}

static void core_dumps(void)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

    setrlimit(RLIMIT_CORE, &all);
    if (!write_text("/proc/sys/kernel/core_pattern", "/tmp/core.%p"))
        bail("core_pattern: %s", strerror(errno));
    for (unsigned int secure = 0; secure < 2; secure++) {
        struct victim victim;

        victim_start(&victim, secure);
        kill(victim.pid, SIGSEGV);
        close(victim.in);
        waitpid(victim.pid, NULL, 0);
        ok(core_has(victim.pid, victim.word) == !secure, "%sthe core dump of %s holds %s secret",
           secure ? "" : "control: ", victim.name, secure ? "no" : "its");
    }
}

int main(void)
{
    struct victim plain, secure;

    attacker_start();
    run_only_if(under_openvsm(), "there are no trustlets here");
    victim_start(&plain, false);
    victim_start(&secure, true);
    all_ways(&plain, &secure);
    ok(inject(secure.pid) == EPERM, "no memory and no thread can be brought into the host");
    log_tells(&secure);
    looks(&plain, &secure);
    advise(&plain, &secure);
    migrate(&plain, &secure);
    patch_driver();
    unguarded(&secure);
    unpatch_driver();
    ok(by_attach(&secure, &(uint64_t){0}) == EPERM, "then the guard stands again");
    ok(victim_end(&secure) == 0, "the trustlet ends well, its secret whole");
    ok(inject(plain.pid) == 0, "control: memory and a thread brought into an ordinary process");
    ok(victim_end(&plain) == 0, "the ordinary process ends well too");
    traced_from_the_start();
    core_dumps();
    return done_testing();
}
