/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which Linux system calls a trustlet may make, and how each is answered: by the Secure Kernel, by
 * VTL0 (marshalled), or not at all. All of it is data: one table, read by the dispatcher, by the
 * marshalling engine, by the checks of what VTL0 answers, and by the manual's generator.
 */
#ifndef SK_SYSCALL_H
#define SK_SYSCALL_H

#include <openvsm/trustlet.h>
#include <stdbool.h>

struct thread;
enum syscall_action;

enum syscall_kind {
    SYSCALL_UNKNOWN = 0, /* ENOSYS, named once in the audit log */
    SYSCALL_LOCAL,       /* answered here */
    SYSCALL_HOST,        /* marshalled */
    SYSCALL_CHOICE,      /* one of several rows, chosen by one argument's value */
    SYSCALL_REFUSED,     /* never: EPERM, named once in the audit log */
    SYSCALL_CONSTANT,    /* always the same answer */
    SYSCALL_FIELD,       /* a 32-bit number that stands in struct process */
};

enum argument_kind {
    ARGUMENT_NONE = 0, /* VTL0 sees 0, whatever the register held */
    ARGUMENT_INT,      /* 32 bits, sign-extended */
    ARGUMENT_WORD,     /* 64 bits */
    ARGUMENT_PATH,     /* NUL-ended string */
    ARGUMENT_IN,       /* memory that VTL0 reads */
    ARGUMENT_OUT,      /* memory that VTL0 fills */
    ARGUMENT_INOUT,
    ARGUMENT_LENGTH,     /* bytes of the buffer that names it, as far as they fit */
    ARGUMENT_VECTOR_IN,  /* struct iovec[], count in the next argument; VTL0 gets one buffer */
    ARGUMENT_VECTOR_OUT, /* and its length */
    ARGUMENT_SIZED_OUT,  /* filled up to *size; the next argument is the address of a 32-bit size */
    ARGUMENT_SIZE,       /* that address */
    ARGUMENT_BITS,       /* fd_set for as many bits as argument 1 says */
    ARGUMENT_MESSAGE_IN, /* struct msghdr that VTL0 sends */
    ARGUMENT_MESSAGE_OUT, /* struct msghdr that VTL0 fills */
    ARGUMENT_MASK,        /* signals to block meanwhile; their size follows, or it points to both */
    ARGUMENT_EVENT_IN,    /* struct epoll_event; VTL0 gets a token for its data, epoll.h */
};

/* argument.flags */
#define ARGUMENT_NULLABLE 1u  /* a null pointer is passed on as such */
#define ARGUMENT_CLIP     2u  /* what does not fit the bounce buffer is left for the next call */
#define ARGUMENT_CHUNK    4u  /* … is moved in further requests of the same call */
#define ARGUMENT_READY    8u  /* with CHUNK: what is not there yet is not waited for */
#define ARGUMENT_LIST     64u /* vectors: VTL0 gets a list with one piece in it */
#define ARGUMENT_MANY     32u /* messages: one request for each of the array, as argument 3 counts */
#define ARGUMENT_LONGER   16u /* SIZED_OUT: the size that comes back may exceed the given one */

struct argument {
    uint8_t kind;   /* enum argument_kind */
    uint8_t flags;  /* ARGUMENT_* */
    uint8_t length; /* 1..6: the argument that counts the units; 0: one unit */
    uint16_t unit;  /* bytes; for SIZED_OUT: the most that is passed on */
};

/* What VTL0 may answer, besides an error -4095..-1. */
enum result_kind {
    RESULT_RANGE, /* 0..max */
    RESULT_COUNT, /* 0..bytes asked for in `argument` */
    RESULT_UNITS, /* 0..the count asked for in `argument`; 0..max if that is 0 */
};
struct result {
    uint8_t kind;     /* enum result_kind */
    uint8_t argument; /* 1..6 */
    int64_t max;
};

/* What is known of an answer's content, checked before the trustlet sees it. */
enum answer_check {
    CHECK_NONE = 0,
    CHECK_DIRENTS,   /* getdents64: a chain of whole records with ended names */
    CHECK_TIMESPEC,  /* nanoseconds below a second */
    CHECK_REAL_SPEC, /* the same, and real time that does not run backwards */
    CHECK_REAL_VAL,
    CHECK_REAL_SECONDS, /* the result itself */
    CHECK_FD_PAIR,      /* two file descriptors */
    CHECK_TRUNCATION,   /* with MSG_TRUNC in `rule_argument` the result may exceed the buffer */
    CHECK_ENDED,        /* what argument `rule_argument` was filled with ends with a NUL */
    CHECK_WHOLE,        /* of a socket that is no stream, what does not fit is not sent in part */
    CHECK_CLOSED,       /* arguments 1 to `rule_argument`: descriptors that no longer are */
    CHECK_DUP,          /* argument 2 is another file now */
    CHECK_WATCHED,      /* epoll_ctl: the token stands for the data from now on */
    CHECK_ALONE,        /* SYSCALL_LOCAL: no other thread's change of memory comes between */
    /* From here on, signal(7): EINTR whatever the signal's handler wants. */
    CHECK_SLEEP,  /* nothing */
    CHECK_POLL,   /* revents within events, their number is the result */
    CHECK_BITS,   /* select: no bit that was not asked for, their number is the result */
    CHECK_EVENTS, /* epoll_wait: events that were asked for, each once, with their data */
};

/* Which manifest classes a call needs when its arguments decide that. */
enum class_rule {
    RULE_ANY = 0,  /* any one of `classes` */
    RULE_OPEN,     /* file-read, file-write by the flags in `rule_argument` */
    RULE_SOCKET,   /* by the address family in argument 1 */
    RULE_OPEN_HOW, /* by the flags in the struct open_how that argument 3 points to */
    RULE_CONNECT,  /* by the family in the address that argument 2 points to */
    RULE_BIND,
};

typedef enum syscall_action (*syscall_local)(struct thread *thread, const uint64_t given[6]);

struct syscall_entry {
    const char *name;
    uint8_t kind;          /* enum syscall_kind */
    uint8_t rule;          /* enum class_rule */
    uint8_t rule_argument; /* 1..6 */
    uint8_t check;         /* enum answer_check */
    uint16_t host;         /* SYSCALL_HOST: the number that VTL0 is asked with */
    uint16_t number;
    uint32_t classes;  /* TRUSTLET_CLASS_* */
    uint8_t position;  /* 1..6: a file offset that moves on with each chunk */
    uint8_t choice;    /* SYSCALL_CHOICE: the argument 1..6 that chooses */
    uint8_t row_count; /* and the rows to choose from */
    int16_t constant;  /* SYSCALL_CONSTANT, or the answer when no row fits */
    uint32_t value;    /* in a row: the argument's value; of SYSCALL_FIELD: the offset */
    struct result result;
    struct argument argument[6]; /* NONE only behind all others */
    syscall_local local;
    const struct syscall_entry *rows;
};

#define SYSCALL_TABLE_SIZE 512u
extern const struct syscall_entry syscall_table[SYSCALL_TABLE_SIZE];
/* What calls that are answered here ask VTL0. */
extern const struct syscall_entry sched_getaffinity_host, clock_nanosleep_host;

/*
 * The entry for a call with these arguments, rows already chosen; never NULL. An entry of kind
 * SYSCALL_UNKNOWN has no name.
 */
const struct syscall_entry *syscall_find(uint64_t number, const uint64_t given[6]);

/* The classes that the manifest lacks for what VTL0 is about to be asked (SK_LACKS_CLASSES), 0: it
 * may be: by the request's arguments, and what they point to in the bounce buffer, which no other
 * thread of the trustlet can change. */
uint32_t syscall_lacks(struct thread *thread, const struct syscall_entry *entry);
/* Names the call under way in the audit log, once for each process and number: a program that tries
 * in a loop does not flood it. result: what the call answers; lacks: SK_LACKS_*. */
void syscall_name(struct thread *thread, int64_t result, uint64_t lacks);
/* Ends a call that may not be made, and names it. -> SYSCALL_RETURN */
enum syscall_action syscall_refuse(struct thread *thread, int64_t result, uint64_t lacks);

/* Ends a call: sets the trustlet's RAX. -> SYSCALL_RETURN */
enum syscall_action syscall_return(struct thread *thread, int64_t result);
/*
 * The same for a result of address_space.h or user_copy.h: asks VTL0 for memory once, or for a
 * pause, where the result says so.
 */
enum syscall_action syscall_return_memory(struct thread *thread, int64_t result);

#endif
