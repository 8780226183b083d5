/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /dev/openvsm. One open file carries at most one trustlet; closing it, or the death of the
 * process, ends the trustlet.
 *
 * Life: OPEN_IMAGE, START, mmap one channel per thread, then RUN in a loop: each RUN returns when
 * the carrier has something to do. All structures are copied in once.
 */
#ifndef OPENVSM_DEVICE_H
#define OPENVSM_DEVICE_H

#include <openvsm/skcall.h>
#ifdef __KERNEL__
#include <linux/ioctl.h>
#else
#include <sys/ioctl.h>
#endif

#define OPENVSM_DEVICE            "/dev/openvsm"
/*
 * The driver sends it to a carrier whose system call VTL1 wants interrupted: each has a handler for
 * it before it runs a thread, without SA_RESTART, and does not block it. (SIGRTMAX)
 */
#define OPENVSM_KICK_SIGNAL       64
/* A header, and a bounce buffer with room for the longest UDP datagram beside its address. */
#define OPENVSM_CHANNEL_PAGES     18u
/* mmap offset of thread t's channel. */
#define OPENVSM_CHANNEL_OFFSET(t) ((uint64_t)(t)*OPENVSM_CHANNEL_PAGES * OPENVSM_PAGE_SIZE)

/* A signed file, wholly mapped or read into the caller's memory. -> 0 or errno; status says why. */
struct openvsm_open_image {
    uint64_t address;
    uint64_t size;   /* with the trailer */
    uint32_t status; /* out: enum sk_status */
    uint32_t known;  /* out: 1 if no byte had to be copied */
    uint64_t detail; /* out: result 0 of the refusal */
};
struct openvsm_start {
    uint64_t start_block; /* struct sk_start; ids and host_pid are filled in by the driver */
    uint64_t size;
    uint32_t status;  /* out */
    uint32_t thread;  /* out: index of the first thread */
    uint64_t process; /* out: handle, for people to read */
};
struct openvsm_run {
    uint32_t thread;
    uint32_t status; /* out: enum sk_status */
    uint32_t reason; /* out: SK_RUN_SYSCALL, SK_RUN_SPAWN, SK_RUN_THREAD_EXIT or SK_RUN_EXIT */
    uint32_t reserved;
    uint64_t result[4]; /* out: results 1..4 of THREAD_RUN */
};
struct openvsm_skcall {
    uint64_t number;
    uint64_t arguments[5];
    uint64_t status;
    uint64_t results[5];
};
struct openvsm_page {
    uint64_t index;   /* in: VP index for STATISTICS, process index for PROCESS_INFO */
    uint64_t address; /* in: 4096 bytes of the caller to fill */
    uint64_t status;  /* out: hv_status or sk_status */
};

/* Is a process the host of a live trustlet? Needs a descriptor open for reading only. */
struct openvsm_is_secure {
    int32_t pid;     /* in: in the caller's PID namespace; ESRCH where there is none */
    uint32_t secure; /* out: 0 or 1 */
};
/* Somebody was turned away from a trustlet by an API of VTL0: makes an audit record of it. */
struct openvsm_attempt_report {
    int32_t pid;        /* of the trustlet's host */
    uint32_t operation; /* enum sk_attempt */
};

/* Chooses the trustlet that this file's calls go to; once. ESRCH: that process hosts none. */
struct openvsm_connect {
    int32_t pid; /* of its host, in the caller's PID namespace */
    uint32_t reserved;
};
/*
 * A call into it. The trustlet gets `in` bytes of the buffer, up to `out` bytes come back into the
 * same buffer. ENOTCONN, EACCES (its policy does not let it be called), EMSGSIZE, ETIMEDOUT (it may
 * have acted nevertheless), ECONNRESET (it, or the thread that had the call, has ended), EFAULT.
 */
struct openvsm_trustlet_call {
    uint64_t number;
    uint64_t words[4]; /* in, then the answer's */
    uint64_t buffer;
    uint32_t in;
    uint32_t out;     /* then how many bytes came back */
    uint64_t timeout; /* nanoseconds; ~0: none */
};
/* Which code of VTL0's kernel is at that address? For the audit log's reader. */
struct openvsm_symbol {
    uint64_t address;
    char name[248]; /* out: "name+0x12/0x34 [module]"; empty: the kernel knows none */
};
/* Which process made a refused access that the audit log has from ring 3? VTL0's own word, beside
 * VTL1's record; of several processes counted into one record the last. */
struct openvsm_who {
    uint64_t sequence; /* in: of the record */
    int32_t pid;       /* out: in the initial PID namespace; 0: not known */
    uint32_t reserved;
    char name[16]; /* out: what it was called, which the process itself may choose */
};

/*
 * Who may touch a range of physical memory: one byte of OPENVSM_MAP_* per page, 0 where VTL0 may
 * read and write it. All of one request is one moment's answer. EINVAL: no pages, too many, or
 * beyond what this processor can address.
 */
struct openvsm_map {
    uint64_t first;   /* page frame number */
    uint64_t count;   /* 1..OPENVSM_MAP_PAGES */
    uint64_t address; /* in: that many bytes of the caller to fill */
};
#define OPENVSM_MAP_PAGES    65536u
#define OPENVSM_MAP_NO_READ  1u
#define OPENVSM_MAP_NO_WRITE 2u
#define OPENVSM_MAP_LENT     4u /* the driver has lent it to VTL1; without, it was never Linux's */

#define OPENVSM_IOC          'V'
#define OPENVSM_OPEN_IMAGE   _IOWR(OPENVSM_IOC, 1, struct openvsm_open_image)
#define OPENVSM_START        _IOWR(OPENVSM_IOC, 2, struct openvsm_start)
#define OPENVSM_RUN          _IOWR(OPENVSM_IOC, 3, struct openvsm_run)
/*
 * RUN in its short form: lseek(device, thread, SEEK_SET) -> enum sk_run, or -1 with errno. If it is
 * not SK_RUN_SYSCALL, OPENVSM_RUN_RESULTS then gives the results of that thread. It is the path of
 * every marshalled call, and unlike ioctl(2) lseek(2) asks no security module: 250 instructions.
 */
#define OPENVSM_RUN_RESULTS  _IOWR(OPENVSM_IOC, 5, struct openvsm_run)
#define OPENVSM_KILL         _IOW(OPENVSM_IOC, 4, uint32_t)              /* signal number */
#define OPENVSM_STATISTICS   _IOWR(OPENVSM_IOC, 16, struct openvsm_page) /* hv_statistics */
#define OPENVSM_PROCESS_INFO _IOWR(OPENVSM_IOC, 17, struct openvsm_page) /* sk_process_info */
/* Register-only queries: SK_CALL_NULL, INFO, MEMORY_STATUS, STATISTICS, MEASUREMENT; others are
 * refused with EPERM. */
#define OPENVSM_QUERY        _IOWR(OPENVSM_IOC, 18, struct openvsm_skcall)
/* Copies audit records newer than index into the page: struct sk_audit_record[64]. */
#define OPENVSM_AUDIT        _IOWR(OPENVSM_IOC, 19, struct openvsm_page)

#define OPENVSM_IS_SECURE    _IOWR(OPENVSM_IOC, 20, struct openvsm_is_secure)
#define OPENVSM_REPORT       _IOW(OPENVSM_IOC, 21, struct openvsm_attempt_report)
/* Calling, too, needs a descriptor open for reading only. */
#define OPENVSM_CONNECT      _IOW(OPENVSM_IOC, 22, struct openvsm_connect)
/* CALL is lseek(device, address of a struct openvsm_trustlet_call, OPENVSM_WHENCE_CALL) -> 0, for
 * the reason given at RUN_RESULTS. */
#define OPENVSM_WHENCE_CALL  3 /* SEEK_DATA */
#define OPENVSM_SYMBOL       _IOWR(OPENVSM_IOC, 23, struct openvsm_symbol)
#define OPENVSM_MAP          _IOW(OPENVSM_IOC, 24, struct openvsm_map)
#define OPENVSM_WHO          _IOWR(OPENVSM_IOC, 25, struct openvsm_who)

#endif
