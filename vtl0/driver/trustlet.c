// SPDX-License-Identifier: GPL-2.0-only
/* One open file, one trustlet: its making, its channels, its end. */
#include "driver.h"

#include <linux/cred.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

static LIST_HEAD(trustlets);
static DEFINE_MUTEX(trustlets_lock);
static bool no_more; /* the machine goes down */

struct trustlet *trustlet_new(void)
{
    struct trustlet *t = kvzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

    if (!t)
        return NULL;
    mutex_init(&t->lock);
    kref_init(&t->references);
    callee_init(&t->callee);
    kicks_init(t);
    mmgrab(current->mm);
    t->mm = current->mm;
    t->owner = get_pid(task_tgid(current));
    mutex_lock(&trustlets_lock);
    list_add_tail_rcu(&t->link, &trustlets);
    t->dying = no_more;
    mutex_unlock(&trustlets_lock);
    return t;
}

static void channel_free(struct carried_thread *c)
{
    if (c->channel) {
        free_pages_exact(c->channel, OPENVSM_CHANNEL_BYTES);
        put_task_struct(c->carrier);
    }
    c->channel = NULL;
}

void trustlet_free(struct trustlet *t)
{
    unsigned int i;

    trustlet_end(t);
    kicks_exit(t);
    mutex_lock(&trustlets_lock);
    list_del_rcu(&t->link);
    mutex_unlock(&trustlets_lock);
    for (i = 0; i < t->thread_slots; i++)
        if (t->threads[i])
            channel_free(t->threads[i]);
    if (t->target)
        trustlet_put(t->target);
    free_page((unsigned long)t->spare);
    trustlet_put(t);
}

/* Callers still wake the carriers of a trustlet that has ended. */
static void release(struct kref *references)
{
    struct trustlet *t = container_of(references, struct trustlet, references);
    unsigned int i;

    for (i = 0; i < t->thread_slots; i++)
        kfree(t->threads[i]);
    put_pid(t->owner);
    mmdrop(t->mm);
    kvfree_rcu(t, rcu);
}

void trustlet_put(struct trustlet *t)
{
    kref_put(&t->references, release);
}

static void destroy_process(u64 process)
{
    struct sk_words out, in = {{SK_CALL_PROCESS_DESTROY, process}};

    sk_call(&in, &out, SK_TO_THE_END);
}

/* Even with a fatal signal pending: VTL1 must not keep what nobody can end any more. */
void trustlet_end(struct trustlet *t)
{
    mutex_lock(&t->lock);
    if (t->has_image)
        image_close(t->image);
    t->has_image = false;
    if (t->has_process) {
        WRITE_ONCE(t->dying, true);
        callee_ends(&t->callee);
        run_wake_all(t);
        destroy_process(t->process);
        t->has_process = false;
        memory_unneeded();
    }
    mutex_unlock(&t->lock);
}

long trustlet_open_image(struct trustlet *t, struct openvsm_open_image __user *argument)
{
    struct openvsm_open_image q;
    int error;

    if (copy_from_user(&q, argument, sizeof(q)))
        return -EFAULT;
    if (mutex_lock_killable(&t->lock))
        return -EINTR;
    q.status = SK_OK;
    q.known = 0;
    q.detail = 0;
    error = t->has_image || t->has_process || t->dying ? -EBUSY : image_open(&q, &t->image);
    t->has_image |= !error;
    mutex_unlock(&t->lock);
    return copy_to_user(argument, &q, sizeof(q)) ? -EFAULT : error;
}

/* VTL0's word on who runs the program: what Linux would have put into the process. */
static void fill_in_ids(struct sk_start *block, u32 size)
{
    struct user_namespace *ns = current_user_ns();

    block->bytes = size;
    block->uid = from_kuid_munged(ns, current_uid());
    block->euid = from_kuid_munged(ns, current_euid());
    block->gid = from_kgid_munged(ns, current_gid());
    block->egid = from_kgid_munged(ns, current_egid());
    block->host_pid = task_tgid_nr(current);
}

/* -> 0 or -errno; the status is in q. */
static int create_process(struct trustlet *t, struct sk_start *block, struct openvsm_start *q)
{
    struct sk_words out;
    struct sk_words in = {{SK_CALL_PROCESS_CREATE, t->image, virt_to_phys(block), q->size}};
    int error;

    do { /* to the end: half made, it would stay in VTL1 */
        error = sk_try(&in, &out);
        in.w[4] = out.w[2];
    } while (error == -EAGAIN);
    if (error && out.w[2])
        destroy_process(out.w[2]);
    if (error)
        return error;
    q->status = out.w[0];
    if (out.w[0] != SK_OK)
        return sk_errno(out.w[0]);
    q->process = out.w[1];
    q->thread = out.w[2];
    t->process = out.w[1];
    smp_store_release(&t->has_process, true); /* trustlet_process_of() takes no lock */
    image_close(t->image);                    /* the process has a reference of its own */
    t->has_image = false;
    return 0;
}

static int start_locked(struct trustlet *t, struct openvsm_start *q)
{
    struct sk_start *block;
    int error = -EFAULT;

    if (!t->has_image || t->has_process || t->dying)
        return -EBUSY;
    if (current->ptrace) { /* attached before there was a trustlet to guard */
        guard_note(0, SK_ATTEMPT_ATTACH);
        return -EPERM;
    }
    if (q->size < sizeof(*block) || q->size > SK_START_MAX)
        return -EINVAL;
    block = alloc_pages_exact(q->size, GFP_KERNEL);
    if (!block)
        return -ENOMEM;
    if (!copy_from_user(block, u64_to_user_ptr(q->start_block), q->size)) {
        fill_in_ids(block, q->size);
        error = create_process(t, block, q);
    }
    free_pages_exact(block, q->size);
    return error;
}

long trustlet_start(struct trustlet *t, struct openvsm_start __user *argument)
{
    struct openvsm_start q;
    int error;

    if (copy_from_user(&q, argument, sizeof(q)))
        return -EFAULT;
    if (mutex_lock_killable(&t->lock))
        return -EINTR;
    q.status = SK_OK;
    error = start_locked(t, &q);
    mutex_unlock(&t->lock);
    return copy_to_user(argument, &q, sizeof(q)) ? -EFAULT : error;
}

long trustlet_kill(struct trustlet *t, u32 signal)
{
    struct sk_words out, in = {{SK_CALL_THREAD_KILL}};
    int error = -ESRCH;

    if (mutex_lock_killable(&t->lock))
        return -EINTR;
    if (t->has_process) {
        in.w[1] = t->process;
        in.w[2] = signal;
        error = sk_call(&in, &out, SK_KILLABLE);
        error = error ?: sk_errno(out.w[0]);
        run_wake_all(t);
    }
    mutex_unlock(&t->lock);
    return error;
}

/* The entry of that thread, made if need be, without a channel. */
static struct carried_thread *thread_entry(struct trustlet *t, unsigned long index)
{
    struct carried_thread *c = trustlet_thread(t, index);

    if (index >= OPENVSM_MAX_THREADS)
        return ERR_PTR(-EINVAL);
    if (c && !c->ended && c->channel)
        return ERR_PTR(-EBUSY);
    if (c)
        return c;
    c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
    if (!c)
        return ERR_PTR(-ENOMEM);
    init_waitqueue_head(&c->queue);
    smp_store_release(&t->threads[index], c);
    t->thread_slots = max_t(unsigned int, t->thread_slots, index + 1);
    return c;
}

static int insert_channel(struct vm_area_struct *vma, void *channel)
{
    struct page *pages[OPENVSM_CHANNEL_PAGES];
    unsigned long count = OPENVSM_CHANNEL_PAGES, i;

    for (i = 0; i < count; i++)
        pages[i] = virt_to_page(channel + i * PAGE_SIZE);
    return vm_insert_pages(vma, vma->vm_start, pages, &count);
}

static int attach(struct trustlet *t, struct carried_thread *c, unsigned long index,
                  unsigned long address)
{
    struct sk_words out, in = {{SK_CALL_THREAD_ATTACH, t->process, index, virt_to_phys(c->channel),
                                OPENVSM_CHANNEL_PAGES, address}};

    return sk_call(&in, &out, SK_KILLABLE) ?: sk_errno(out.w[0]);
}

static int make_channel(struct trustlet *t, struct vm_area_struct *vma, unsigned long index)
{
    struct carried_thread *c;
    int error;

    if (!t->has_process || t->dying)
        return -ESRCH;
    c = thread_entry(t, index);
    if (IS_ERR(c))
        return PTR_ERR(c);
    c->channel = alloc_pages_exact(OPENVSM_CHANNEL_BYTES,
                                   GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL);
    if (!c->channel)
        return -ENOMEM;
    c->carrier = get_task_struct(current);
    error = insert_channel(vma, c->channel) ?: attach(t, c, index, vma->vm_start);
    if (error)
        channel_free(c);
    else
        c->ended = false;
    return error;
}

/* What is still mapped of the channel stays with the mapping. The thread has left VTL1 for good, so
 * that nobody who holds the lock waits for it. */
void trustlet_thread_ended(struct trustlet *t, struct carried_thread *c)
{
    mutex_lock(&t->lock);
    channel_free(c);
    c->ended = true;
    mutex_unlock(&t->lock);
}

/* Not inherited by a fork, not in a core file, not to be grown: the address is known to VTL1. */
int trustlet_map_channel(struct trustlet *t, struct vm_area_struct *vma)
{
    int error;

    if (vma->vm_end - vma->vm_start != OPENVSM_CHANNEL_BYTES ||
        vma->vm_pgoff % OPENVSM_CHANNEL_PAGES || !(vma->vm_flags & VM_SHARED) ||
        (vma->vm_flags & VM_EXEC))
        return -EINVAL;
    vma->vm_flags |= VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP;
    vma->vm_flags &= ~VM_MAYEXEC;
    if (mutex_lock_killable(&t->lock))
        return -EINTR;
    error = make_channel(t, vma, vma->vm_pgoff / OPENVSM_CHANNEL_PAGES);
    mutex_unlock(&t->lock);
    return error;
}

void trustlets_end_all(bool forever)
{
    struct trustlet *t;

    mutex_lock(&trustlets_lock);
    no_more |= forever;
    list_for_each_entry(t, &trustlets, link)
    {
        if (forever)
            WRITE_ONCE(t->dying, true);
        trustlet_end(t);
    }
    mutex_unlock(&trustlets_lock);
}

/* A process may die and leave the file open in another one (CLONE_FILES without CLONE_THREAD). */
void trustlets_end_orphans(void)
{
    struct trustlet *t;
    bool orphan;

    mutex_lock(&trustlets_lock);
    list_for_each_entry(t, &trustlets, link)
    {
        rcu_read_lock();
        orphan = !pid_task(t->owner, PIDTYPE_TGID);
        rcu_read_unlock();
        if (orphan)
            trustlet_end(t);
    }
    mutex_unlock(&trustlets_lock);
}

struct trustlet *trustlet_of(struct pid *host)
{
    struct trustlet *t, *found = NULL;

    mutex_lock(&trustlets_lock);
    list_for_each_entry(t, &trustlets, link)
    {
        if (t->owner == host && READ_ONCE(t->has_process))
            found = t;
    }
    if (found)
        kref_get(&found->references);
    mutex_unlock(&trustlets_lock);
    return found;
}

u64 trustlet_process_of(struct pid *host)
{
    struct trustlet *t;
    u64 process = 0;

    rcu_read_lock();
    list_for_each_entry_rcu(t, &trustlets, link)
    {
        if (t->owner == host && smp_load_acquire(&t->has_process))
            process = t->process;
    }
    rcu_read_unlock();
    return process;
}

bool trustlets_any(void)
{
    struct trustlet *t;
    bool any = false;

    rcu_read_lock();
    list_for_each_entry_rcu(t, &trustlets, link) any |= READ_ONCE(t->has_process);
    rcu_read_unlock();
    return any;
}
