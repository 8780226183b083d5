/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The marshalling engine on the host: one trustlet's thread, its channel, and a VTL0 that a test
 * plays. The user memory is the real address space code on a made-up machine.
 */
#ifndef TEST_MARSHAL_MACHINE_H
#define TEST_MARSHAL_MACHINE_H

#include "audit.h"
#include "epoll.h"
#include "fake.h"
#include "marshal.h"
#include "page_table.h"
#include "random.h"
#include "secure.h"
#include "signals.h"
#include "string.h"
#include "syscall.h"
#include "time.h"
#include "user_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <cmocka.h>

#define BOUNCE_SIZE (64u << 10)
#define HOST_BASE   0x7f0000001000ull /* of the bounce buffer in the host process */
#define USER        0x10000000ull     /* user memory of the tests */
#define USER_SIZE   (1u << 20)

extern struct process process;
extern struct thread thread;
extern struct trustlet_manifest manifest;
extern struct sk_channel channel;
extern uint8_t bounce[BOUNCE_SIZE];
extern unsigned audits, requests;
extern struct sk_audit_record audited; /* the last one */
extern uint64_t clock_ns;

/* Group setup; setup and teardown of each test. */
int machine(void **state);
int setup(void **state);
int teardown(void **state);

/* The trustlet's memory. */
void put(uint64_t at, const void *bytes, uint64_t size);
void get(void *to, uint64_t at, uint64_t size);
/* VTL0: the address of what an argument points to, inside the bounce buffer. */
void *host_pointer(uint64_t argument);

typedef int64_t (*host)(void);
/* Makes the call with VTL0 played by `answer`. -> RAX; process.dead tells of a lie. */
int64_t call(host answer, uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
             uint64_t e, uint64_t f);
#define CALL1(h, n, a)             call(h, n, a, 0, 0, 0, 0, 0)
#define CALL2(h, n, a, b)          call(h, n, a, b, 0, 0, 0, 0)
#define CALL3(h, n, a, b, c)       call(h, n, a, b, c, 0, 0, 0)
#define CALL4(h, n, a, b, c, d)    call(h, n, a, b, c, d, 0, 0)
#define CALL5(h, n, a, b, c, d, e) call(h, n, a, b, c, d, e, 0)

/* The last answer was a lie, known and audited as such; the trustlet lives again. */
void assert_lie(void);
/* VTL0 said EPIPE, which ended the process as SIGPIPE does: the next one starts. */
bool broke_pipe(void);
/* The result is one that the call's contract allows: said again here, apart from the engine's own
 * check. */
void assert_result_sound(const struct syscall_entry *entry, const uint64_t given[6],
                         int64_t result);

#endif
