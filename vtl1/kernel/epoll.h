/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a trustlet has registered with epoll. The data word that comes back with an event is most
 * often a pointer, so VTL0 never learns it and cannot choose it: it is given a token instead, and
 * an event is passed on only if its token stands for a registration of that epoll descriptor. What
 * does not is left out, not punished: it may have been on its way while another thread took the
 * registration back. All functions want the process's lock held.
 */
#ifndef SK_EPOLL_H
#define SK_EPOLL_H

#include <stdbool.h>
#include <stdint.h>

struct epoll_event; /* Linux's; its data is the trustlet's word, in VTL0's copy a token */
struct process;

/* Registers before VTL0 is asked, for its other threads may see events at once. On success *token
 * stands for event->data. 0, -ENOMEM, -EDQUOT, -ENOSPC. */
int epoll_register(struct process *process, int32_t epfd, int32_t fd,
                   const struct epoll_event *event, uint64_t *token);
/* VTL0 has answered epoll_ctl. Done: the token's registration (none if 0) is the only one of this
 * descriptor. Not done: it never was. */
void epoll_settle(struct process *process, int32_t epfd, int32_t fd, uint64_t token, bool done);
/* Descriptors first to last are closed, as epolls and as what they watched. */
void epoll_forget(struct process *process, uint32_t first, uint32_t last);
/* Each answer of epoll_wait begins a round, in which a registration is reported once at most. */
void epoll_begin_round(struct process *process);
/* Puts the trustlet's data in the place of the token. False: the event is to be left out. */
bool epoll_translate(struct process *process, int32_t epfd, struct epoll_event *event);
/* Gives all memory back. */
void epoll_free(struct process *process);

#endif
