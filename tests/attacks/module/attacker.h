/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ATTACKER_H
#define ATTACKER_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <attack.h>

/* A run of kernel addresses whose page-table entries we write by hand. */
#define WINDOW_PAGES 64u
struct window {
    void *base;
    u64 *entry[WINDOW_PAGES];
    u64 original[WINDOW_PAGES];
};

/* One open file. */
struct attacker {
    struct mutex lock; /* of window and bounce */
    struct window window;
    void *bounce; /* WINDOW_PAGES pages */
    u64 records;
};

int window_open(struct window *window);
void window_close(struct window *window);
/* Puts page-table bits (present and writable at least; NX is set unless executable) over frames
 * starting at gpa at slots first.. and drops this CPU's translations. Preemption must be off until
 * the access is over. -> kernel address of the first slot. */
void *window_set(struct window *window, unsigned int first, u64 gpa, unsigned int pages, u64 bits);

/* Address at which gpa can be touched; in the direct map nothing may be mapped there, and the touch
 * ends in #PF. Preemption must be off. */
void *reach(struct attacker *attacker, u64 gpa, u32 via, bool executable);

long attack_read(struct attacker *attacker, struct attack_read *request);
long attack_touch(struct attacker *attacker, struct attack_touch *request);
long attack_call(struct attacker *attacker, struct attack_call *request);
long attack_machinery(struct attacker *attacker, struct attack_machinery *request);
long attack_msr(struct attack_msr *request);
long attack_execute(struct attacker *attacker, struct attack_execute *request);
long attack_hold(struct attack_hold *request);
long attack_visit(struct attack_visit *request);
long attack_machine_check(struct attacker *attacker, struct attack_machine_check *request);
long attack_loop(struct attacker *attacker, struct attack_loop *request);
long attack_loop_end(void);
long attack_looping(void);
int touch_init(void);
void touch_exit(void);

#endif
