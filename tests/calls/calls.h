/* SPDX-License-Identifier: BSD-2-Clause */
/* What the test's trustlet does with each number. */
#ifndef TEST_CALLS_H
#define TEST_CALLS_H

#define CALLEE_ROOM (64u << 10)
#define ECHO_XOR    0x5a
#define FAULT_SEEN  1000u
#define SERVERS     4u /* threads of `callee ROOM many` */

enum {
    CALL_ECHO,       /* each word + 1, each byte ^ ECHO_XOR */
    CALL_WHO,        /* words: pid, uid, gid of the caller */
    CALL_MARSHAL,    /* system calls of VTL0: words: bytes written, parent's pid */
    CALL_SLEEP,      /* word 0: milliseconds */
    CALL_SPIN,       /* the same, on the CPU */
    CALL_MEMORY,     /* word 0: MiB to touch */
    CALL_TOO_LONG,   /* word 0: errno of an answer longer than the room */
    CALL_CANCELLED,  /* word 0: answers that were dropped, + FAULT_SEEN */
    CALL_BAD_BUFFER, /* after the answer it waits with a bad buffer once */
    CALL_EXIT,       /* ends without an answer */
    CALL_FAULT,      /* dies */
    CALL_FILL,       /* as many bytes as there is room for */
    CALL_LAST,       /* word 0: 77; then it ends */
    CALL_MEET,       /* answers when all of its threads serve one */
    CALL_QUIT,       /* the thread ends without an answer, the others go on */
};

#endif
