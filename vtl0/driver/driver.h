/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * openvsm.ko: what its files share. Lock order: trustlets_lock, trustlet.lock, memory's lock.
 *
 * What takes a __user argument serves the ioctl of that structure (openvsm/device.h): it may sleep,
 * and answers 0 or -errno. What is called …_init runs once when the module is loaded, in the order
 * of main.c, and answers 0 or -errno; …_exit takes back what it did.
 */
#ifndef OPENVSM_DRIVER_H
#define OPENVSM_DRIVER_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <openvsm/device.h>
#include <openvsm/hypercall.h>
#include <openvsm/trustlet.h>

#define OPENVSM_CHANNEL_BYTES (OPENVSM_CHANNEL_PAGES * (size_t)OPENVSM_PAGE_SIZE)

/* ---- call.c: entering the hypervisor and VTL1 ---- */

/* In: number, arguments 0..4. Out: status, results 0..4. */
struct sk_words {
    u64 w[6];
};

/* One VtlCall. Interrupts must be on: VTL1 makes no progress while one waits for VTL0. */
static __always_inline void vtl_call(struct sk_words *words)
{
    u64 code = HV_CALL_VTL_CALL, control = 0;
    register u64 r8 asm("r8") = words->w[3];
    register u64 r9 asm("r9") = words->w[4];
    register u64 r10 asm("r10") = words->w[5];

    asm volatile("vmmcall"
                 : "+a"(control), "+c"(code), "+D"(words->w[0]), "+S"(words->w[1]),
                   "+d"(words->w[2]), "+r"(r8), "+r"(r9), "+r"(r10)
                 :
                 : "memory", "cc");
    words->w[3] = r8;
    words->w[4] = r9;
    words->w[5] = r10;
}

enum sk_patience {
    SK_KILLABLE,  /* a fatal signal ends the wait */
    SK_TO_THE_END /* for cleaning up, which a killed process must finish too */
};
/*
 * Repeats a call until VTL1 has finished it, donating pages where it asks for them.
 * -> 0 with the answer in *out (its status may be a refusal), -EINTR, or -ENOMEM: VTL0 has no pages
 * to donate.
 */
int sk_call(const struct sk_words *in, struct sk_words *out, enum sk_patience patience);
/* One attempt: -EAGAIN when VTL1 has not finished it, and can go on now. */
int sk_try(const struct sk_words *in, struct sk_words *out);
/* enum sk_status as an errno; 0 for SK_OK. */
int sk_errno(u64 status);

/* Memory-form hypercall; buffers are whole kernel pages or NULL. -> result word. */
u64 hv_call(u64 control, const void *input, void *output);
/* Is this the machine? */
bool hv_present(void);
/* May VTL0 read and write the page? False if the hypervisor does not say yes. */
bool hv_page_is_ours(unsigned long pfn);
/* What VTL0 may not do to each page: OPENVSM_MAP_NO_*. -> 0 or -EIO: the hypervisor did not say. */
int hv_page_access(u64 first, u64 count, u8 *denied);
int hv_init(void);
void hv_exit(void);

/* ---- memory.c: pages lent to VTL1 ---- */

int memory_init(void);
/* Takes everything back. -> how many pages VTL1 keeps. */
unsigned long memory_take_back(void);
void memory_exit(void);
/* Lends at least that many pages. -> 0 or -ENOMEM. May sleep. */
int memory_donate(u64 pages);
/* hv_page_access, and OPENVSM_MAP_LENT. While it looks no page is lent or comes back. */
int memory_map(u64 first, u64 count, u8 *denied);
/* A trustlet has ended: take back, a little later, what VTL1 does not need. */
void memory_unneeded(void);

/* ---- trustlet.c: one open file, one trustlet ---- */

#define OPENVSM_MAX_THREADS 1024u /* more than any manifest may ask for */

struct carried_thread {
    void *channel;               /* OPENVSM_CHANNEL_BYTES, contiguous */
    struct task_struct *carrier; /* who mapped it; there as long as the channel */
    wait_queue_head_t queue;
    ktime_t deadline;     /* of the wait, absolute; KTIME_MAX: none */
    struct sk_words last; /* answer of the last run that was not SK_RUN_SYSCALL */
    bool waiting;         /* in SK_RUN_WAIT; survives a signal that interrupts the sleep */
    bool woken;
    bool ended;
};

/* A trustlet as its callers see it. */
struct callee {
    wait_queue_head_t turns;   /* of those who want a thread that waits for a call */
    wait_queue_head_t answers; /* of those whose call is under way */
    atomic_t accepting;        /* threads that wait; sometimes too many, never too few */
    bool over;
};

struct trustlet {
    struct list_head link; /* in trustlets, which may be read under RCU */
    struct rcu_head rcu;
    struct mutex lock;    /* guards image, process and the making of threads */
    struct mm_struct *mm; /* the process that opened the file, and nobody else, may use it */
    struct pid *owner;
    u64 image;
    u64 process;
    bool has_image;
    bool has_process;
    bool dying;
    /* By VTL1's index; entries live as long as the trustlet, and RUN reads them without a lock. */
    unsigned int thread_slots; /* how many at the beginning may be used */
    struct carried_thread *threads[OPENVSM_MAX_THREADS];
    struct callee callee;
    struct hrtimer clock; /* then VTL1 looks at its own */
    struct work_struct ring;
    struct delayed_work kick;
    struct trustlet *target;        /* whom this file calls; set once */
    struct sk_trustlet_call *spare; /* for the next call; NULL: one has it */
    struct kref references;         /* the file's own, and those of its callers' files */
};

/* The thread of that index, or NULL. */
static inline struct carried_thread *trustlet_thread(struct trustlet *t, u64 index)
{
    return index < OPENVSM_MAX_THREADS
               ? READ_ONCE(t->threads[array_index_nospec(index, OPENVSM_MAX_THREADS)])
               : NULL;
}

/* For the current process; NULL: no memory. After the last is to end, one that cannot start. */
struct trustlet *trustlet_new(void);
/* Ends it and drops the file's reference. */
void trustlet_free(struct trustlet *t);
void trustlet_put(struct trustlet *t);
/* The live trustlet of that host with a reference, or NULL. */
struct trustlet *trustlet_of(struct pid *host);
/* A forked child or the receiver of a passed descriptor is neither this memory nor this group. */
static inline bool trustlet_is_owner(const struct trustlet *t)
{
    return current->mm == t->mm && task_tgid(current) == t->owner;
}
/* Ends the trustlet, whatever state it is in; always succeeds, may take a while. */
void trustlet_end(struct trustlet *t);
long trustlet_open_image(struct trustlet *t, struct openvsm_open_image __user *argument);
long trustlet_start(struct trustlet *t, struct openvsm_start __user *argument);
long trustlet_kill(struct trustlet *t, u32 signal);
/* Its channel goes, its index may be used again. */
void trustlet_thread_ended(struct trustlet *t, struct carried_thread *c);
int trustlet_map_channel(struct trustlet *t, struct vm_area_struct *vma);
/* All of them. */
void trustlets_end_all(bool forever);
void trustlets_end_orphans(void);
/* Does one live? In any context. */
bool trustlets_any(void);

/* The live process whose host that is, 0 for none. In any context. */
u64 trustlet_process_of(struct pid *host);

/* ---- guard.c: debuggers are turned away ---- */

/* Without kprobes they are not, and the kernel's log says so. */
void guard_init(void);
void guard_exit(void);
/* The current process wanted that of that trustlet (0: of none, or of one that is not there yet):
 * recorded a little later. In any context. */
void guard_note(u64 process, enum sk_attempt operation);

/* ---- watchdog.c: no hardware watchdog while trustlets live ---- */

void watchdog_init(void);
void watchdog_exit(void);

/* ---- secure.c: IsSecureProcess the Linux way ---- */

long secure_query(struct openvsm_is_secure __user *argument);
long secure_report(struct openvsm_attempt_report __user *argument);

/* ---- image.c ---- */

/* Gives the file to VTL1. -> 0 or -errno; fills in status, known, detail and, on success, *image.
 */
int image_open(struct openvsm_open_image *request, u64 *image);
void image_close(u64 image);

/* ---- run.c ---- */

/* Enters VTL1 until user space has something to do. -> enum sk_run or -errno. */
long run_thread(struct trustlet *t, u64 index);
/* The same, with the results. */
long run_with_results(struct trustlet *t, struct openvsm_run __user *argument);
long run_results(struct trustlet *t, struct openvsm_run __user *argument);
/* Wakes all of its carriers. */
void run_wake_all(struct trustlet *t);
/* Wakes the carrier of that thread. */
void run_wake(struct trustlet *t, u64 index);
/* Does what results 1 to 3 of SK_RUN_WAKE and its like say. -> 1 */
int run_told(struct trustlet *t, const struct sk_words *answer);

/* ---- kick.c: signals of trustlets, as far as VTL0 has to do with them ---- */

void kicks_init(struct trustlet *t);
/* The trustlet has ended; waits for what is under way. */
void kicks_exit(struct trustlet *t);
/* There are calls to be interrupted. */
void kicks_begin(struct trustlet *t);
/* VTL1 is to look at its clock. */
void kicks_ring(struct trustlet *t);

/* ---- trustlet_call.c: calls into a trustlet ---- */

void callee_init(struct callee *callee);
/* A thread waits for a call, and has answered the one it had. */
void callee_accepts(struct callee *callee);
/* Somebody may have got an answer, or will get none. */
void callee_answered(struct callee *callee);
/* It will serve nobody any more. */
void callee_ends(struct callee *callee);
long call_connect(struct trustlet *t, struct openvsm_connect __user *argument);
long call_make(struct trustlet *t, struct openvsm_trustlet_call __user *argument);

/* ---- query.c: questions about the machine ---- */

long query_skcall(struct openvsm_skcall __user *argument);
/* Has the hypervisor that CPU? -> 0, -ENODEV: it has not, or -ENOMEM. May sleep. */
int query_cpu(unsigned int cpu);
long query_statistics(struct openvsm_page __user *argument);
long query_process(struct openvsm_page __user *argument);
long query_map(const struct openvsm_map __user *argument);
/* Copies the bytes to the page that the request names, and the status into the request. */
long query_answer(struct openvsm_page __user *argument, const struct openvsm_page *request,
                  const void *bytes, u64 status);

/* ---- audit.c ---- */

int audit_init(void);
void audit_exit(void);
long audit_read(struct openvsm_page __user *argument);
long audit_symbol(struct openvsm_symbol __user *argument);
/* The newest record of a refused access by that instruction of ring 3, or 0. In any context. */
u64 audit_newest_at(u64 rip);

/* ---- witness.c: which process a record of ring 3 is about ---- */

/* Without kprobes nobody knows, and the kernel's log says so. */
void witness_init(void);
void witness_exit(void);
/* -> known; if not, the process is 0. In any context. */
bool witness_find(u64 sequence, struct openvsm_who *who);
long witness_query(struct openvsm_who __user *argument);

/* ---- power.c, dump.c ---- */

int power_init(void);
void power_exit(void);
int dump_init(void);
void dump_exit(void);

#endif
