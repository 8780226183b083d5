// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attacker's kernel module: VTL0's kernel is the enemy, and this is it. It may do everything
 * that ring 0 can; nothing here asks openvsm.ko for permission. For tests only.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/fpu/xcr.h>
#include <asm/io.h>
#include "attacker.h"

static struct page *arena;
#define ARENA_ORDER 6
static_assert(1u << ARENA_ORDER == ATTACK_ARENA_PAGES);

static int attack_open(struct inode *inode, struct file *file)
{
    struct attacker *attacker = kzalloc(sizeof(*attacker), GFP_KERNEL);
    int error = 0;

    if (!attacker)
        return -ENOMEM;
    attacker->bounce = vmalloc(WINDOW_PAGES * PAGE_SIZE);
    if (!attacker->bounce) {
        kfree(attacker);
        return -ENOMEM;
    }
    error = window_open(&attacker->window);
    if (error) {
        vfree(attacker->bounce);
        kfree(attacker);
        return error;
    }
    mutex_init(&attacker->lock);
    file->private_data = attacker;
    return 0;
}

static int attack_release(struct inode *inode, struct file *file)
{
    struct attacker *attacker = file->private_data;

    window_close(&attacker->window);
    vfree(attacker->bounce);
    kfree(attacker);
    return 0;
}

static long attack_information(struct attack_info *info)
{
    info->arena_gpa = page_to_phys(arena);
    info->xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
    return 0;
}

union attack_request {
    struct attack_info info;
    struct attack_call call;
    struct attack_read read;
    struct attack_touch touch;
    struct attack_machinery machinery;
    struct attack_msr msr;
    struct attack_execute execute;
    struct attack_hold hold;
    struct attack_visit visit;
    struct attack_loop loop;
    struct attack_machine_check machine_check;
};

static long dispatch(struct attacker *attacker, unsigned int command, union attack_request *request)
{
    switch (command) {
    case ATTACK_INFO:
        return attack_information(&request->info);
    case ATTACK_CALL:
        return attack_call(attacker, &request->call);
    case ATTACK_READ:
        return attack_read(attacker, &request->read);
    case ATTACK_TOUCH:
        return attack_touch(attacker, &request->touch);
    case ATTACK_MACHINERY:
        return attack_machinery(attacker, &request->machinery);
    case ATTACK_MSR:
        return attack_msr(&request->msr);
    case ATTACK_EXECUTE_INSTRUCTION:
        return attack_execute(attacker, &request->execute);
    case ATTACK_HOLD:
        return attack_hold(&request->hold);
    case ATTACK_LOOP:
        return attack_loop(attacker, &request->loop);
    case ATTACK_LOOP_END:
        return attack_loop_end();
    case ATTACK_LOOPING:
        return attack_looping();
    case ATTACK_MACHINE_CHECK:
        return attack_machine_check(attacker, &request->machine_check);
    case ATTACK_VISIT:
        return attack_visit(&request->visit);
    default:
        return -ENOTTY;
    }
}

static long attack_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
    union attack_request request = {};
    void __user *user = (void __user *)argument;
    unsigned int size = _IOC_SIZE(command);
    long result = 0;

    if (size > sizeof(request))
        return -ENOTTY;
    if ((_IOC_DIR(command) & _IOC_WRITE) && copy_from_user(&request, user, size))
        return -EFAULT;
    result = dispatch(file->private_data, command, &request);
    if (result >= 0 && copy_to_user(user, &request, size))
        return -EFAULT;
    return result;
}

static int attack_mmap(struct file *file, struct vm_area_struct *area)
{
    u64 offset = (u64)area->vm_pgoff << PAGE_SHIFT;
    u64 size = area->vm_end - area->vm_start;
    u64 gpa = offset & ~ATTACK_MMAP_PHYSICAL;

    if (!(offset & ATTACK_MMAP_PHYSICAL)) {
        if (offset + size > ATTACK_ARENA_PAGES * PAGE_SIZE)
            return -EINVAL;
        gpa = page_to_phys(arena) + offset;
    }
    return remap_pfn_range(area, area->vm_start, gpa >> PAGE_SHIFT, size, area->vm_page_prot);
}

static const struct file_operations attack_operations = {
    .owner = THIS_MODULE,
    .open = attack_open,
    .release = attack_release,
    .unlocked_ioctl = attack_ioctl,
    .mmap = attack_mmap,
};
static struct miscdevice attack_device = {
    .minor = MISC_DYNAMIC_MINOR,
    .name = "attack",
    .fops = &attack_operations,
    .mode = 0600,
};

static int __init attack_init(void)
{
    int error = 0;

    arena = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP, ARENA_ORDER);
    if (!arena)
        return -ENOMEM;
    error = touch_init();
    if (error)
        goto free_arena;
    error = misc_register(&attack_device);
    if (error)
        goto stop_touch;
    return 0;
stop_touch:
    touch_exit();
free_arena:
    __free_pages(arena, ARENA_ORDER);
    return error;
}

static void __exit attack_exit(void)
{
    misc_deregister(&attack_device);
    touch_exit();
    __free_pages(arena, ARENA_ORDER);
}

module_init(attack_init);
module_exit(attack_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Attacker with all of VTL0's power, for OpenVSM's tests");
