/* SPDX-License-Identifier: BSD-2-Clause */
/* Where attack-marked has what others would like to reach; no other program has anything there. */
#ifndef MARKED_H
#define MARKED_H

#define TICK_ADDRESS  0x51000000ul /* a function that it calls without end */
#define MARK_ADDRESS  0x52000000ul /* a page of the stream of its seed, as in canary.h */
#define MARK_WORDS    512u
/* Code that others may have laid there: run last, on demand. */
#define VISIT_ADDRESS 0x53000000ul

#endif
