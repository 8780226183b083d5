// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals of trustlets, as far as VTL0 has to do with them. Who gets one and what then runs is
 * decided in VTL1. VTL0 ends the calls that it makes for a thread which has one, and lets VTL1 look
 * at its clock in time.
 */
#include "driver.h"

#include <linux/sched/task.h>

#define KICK_AGAIN   1 /* jiffy */
/* An interval timer of a microsecond would keep a CPU of VTL0's busy with asking. */
#define RING_SOONEST NSEC_PER_MSEC

/* Has the request been made that VTL1 wants interrupted, and is it still under way? All of the
 * channel can be written by the host process; it kicks but itself. */
static bool lingers(const struct carried_thread *c)
{
    const struct sk_channel *channel = c->channel;
    u64 sequence;

    if (!channel)
        return false;
    sequence = READ_ONCE(channel->sequence);
    return READ_ONCE(channel->interrupt) == sequence && READ_ONCE(channel->answered) != sequence;
}

/* A signal may come just before the call that it should interrupt: so again, until it is over. */
static void kick(struct work_struct *work)
{
    struct trustlet *t = container_of(to_delayed_work(work), struct trustlet, kick);
    bool again = !mutex_trylock(&t->lock);
    unsigned int i;

    if (!again) {
        for (i = 0; i < t->thread_slots; i++) {
            if (!t->threads[i] || !lingers(t->threads[i]))
                continue;
            again = true;
            if (!signal_pending(t->threads[i]->carrier))
                send_sig(OPENVSM_KICK_SIGNAL, t->threads[i]->carrier, 1);
        }
        mutex_unlock(&t->lock);
    }
    if (again && !READ_ONCE(t->dying))
        schedule_delayed_work(&t->kick, KICK_AGAIN);
}

void kicks_begin(struct trustlet *t)
{
    if (!READ_ONCE(t->dying))
        mod_delayed_work(system_wq, &t->kick, 0);
}

static enum hrtimer_restart expired(struct hrtimer *clock)
{
    kicks_ring(container_of(clock, struct trustlet, clock));
    return HRTIMER_NORESTART;
}

void kicks_ring(struct trustlet *t)
{
    if (!READ_ONCE(t->dying))
        schedule_work(&t->ring);
}

/* One at a time, so that the newest answer sets the timer. */
static void ring(struct work_struct *work)
{
    struct trustlet *t = container_of(work, struct trustlet, ring);
    struct sk_words out, in = {{SK_CALL_PROCESS_RING, t->process}};

    sk_call(&in, &out, SK_TO_THE_END);
    if (out.w[0] != SK_OK)
        return;
    run_told(t, &out);
    if (out.w[1] && !READ_ONCE(t->dying))
        hrtimer_start(&t->clock, ns_to_ktime(clamp_t(u64, out.w[1], RING_SOONEST, KTIME_MAX)),
                      HRTIMER_MODE_REL);
}

void kicks_init(struct trustlet *t)
{
    hrtimer_init(&t->clock, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
    t->clock.function = expired;
    INIT_WORK(&t->ring, ring);
    INIT_DELAYED_WORK(&t->kick, kick);
}

void kicks_exit(struct trustlet *t)
{
    cancel_work_sync(&t->ring);
    hrtimer_cancel(&t->clock);
    cancel_work_sync(&t->ring); /* the timer may just have asked for it */
    cancel_delayed_work_sync(&t->kick);
}
