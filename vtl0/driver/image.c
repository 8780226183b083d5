// SPDX-License-Identifier: GPL-2.0-only
/* Giving a signed file to VTL1. Nothing is copied here: VTL1 copies it in, and checks its copy. */
#include "driver.h"

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

struct transfer {
    struct page **pages; /* SK_LIST_MAX */
    u64 *list;           /* one page */
};

/* The trailer as a page of its own. A file too short for one is padded; VTL1 says "unsigned". */
static void *trailer_page(const struct openvsm_open_image *q)
{
    u64 size = min_t(u64, q->size, sizeof(struct trustlet_trailer));
    void *page = (void *)get_zeroed_page(GFP_KERNEL);

    if (page && copy_from_user(page, u64_to_user_ptr(q->address + q->size - size), size)) {
        free_page((unsigned long)page);
        return ERR_PTR(-EFAULT);
    }
    return page ?: ERR_PTR(-ENOMEM);
}

static int write_pinned(u64 image, const struct transfer *t, int count, u64 offset, u64 bytes,
                        struct sk_words *out)
{
    struct sk_words in = {
        {SK_CALL_IMAGE_WRITE, image, virt_to_phys(t->list), count, offset, bytes}};
    int i;

    for (i = 0; i < count; i++)
        t->list[i] = page_to_pfn(t->pages[i]);
    return sk_call(&in, out, SK_KILLABLE);
}

/* One list of pages, from offset on; bytes is at most 2 MiB. */
static int write_some(u64 image, const struct transfer *t, u64 address, u64 offset, u64 bytes,
                      struct sk_words *out)
{
    int count = DIV_ROUND_UP(bytes, PAGE_SIZE), error;
    int pinned = pin_user_pages_fast(address + offset, count, 0, t->pages);

    if (pinned < 0)
        return pinned;
    error = pinned == count ? write_pinned(image, t, count, offset, bytes, out) : -EFAULT;
    unpin_user_pages(t->pages, pinned);
    return error;
}

static int write_all(u64 image, const struct openvsm_open_image *q, struct sk_words *out)
{
    u64 size = q->size - sizeof(struct trustlet_trailer), offset, bytes;
    struct transfer t = {
        .pages = kmalloc_array(SK_LIST_MAX, sizeof(*t.pages), GFP_KERNEL),
        .list = (u64 *)__get_free_page(GFP_KERNEL),
    };
    int error = t.pages && t.list ? 0 : -ENOMEM;

    out->w[0] = SK_OK;
    for (offset = 0; offset < size && !error && out->w[0] == SK_OK; offset += bytes) {
        bytes = min_t(u64, size - offset, SK_LIST_MAX * PAGE_SIZE);
        error = write_some(image, &t, q->address, offset, bytes, out);
    }
    free_page((unsigned long)t.list);
    kfree(t.pages);
    return error;
}

static int write_and_seal(u64 image, const struct openvsm_open_image *q, struct sk_words *out)
{
    struct sk_words in = {{SK_CALL_IMAGE_SEAL, image}};
    int error = write_all(image, q, out);

    return error || out->w[0] != SK_OK ? error : sk_call(&in, out, SK_KILLABLE);
}

/* A known image needs no byte of this file, so VTL1 will not see that some are missing. */
static bool size_fits(const struct openvsm_open_image *q, const struct trustlet_trailer *trailer)
{
    return q->size - sizeof(*trailer) == trailer->manifest.image_size;
}

static int open_trailer(const struct openvsm_open_image *q, struct sk_words *out)
{
    struct sk_words in = {{SK_CALL_IMAGE_OPEN}};
    void *page = trailer_page(q);
    int error;

    if (IS_ERR(page))
        return PTR_ERR(page);
    in.w[1] = virt_to_phys(page);
    error = sk_call(&in, out, SK_KILLABLE);
    if (!error && out->w[0] == SK_OK && !size_fits(q, page)) {
        image_close(out->w[1]);
        *out = (struct sk_words){{SK_IMAGE_TRUNCATED}};
    }
    free_page((unsigned long)page);
    return error;
}

static bool request_is_sound(const struct openvsm_open_image *q)
{
    return q->size && q->size <= TRUSTLET_IMAGE_MAX + sizeof(struct trustlet_trailer) &&
           PAGE_ALIGNED(q->address) && q->address < TASK_SIZE_MAX &&
           q->size <= TASK_SIZE_MAX - q->address;
}

int image_open(struct openvsm_open_image *q, u64 *image)
{
    struct sk_words out;
    int error;

    if (!request_is_sound(q))
        return -EINVAL;
    error = open_trailer(q, &out);
    if (error)
        return error;
    *image = out.w[1];
    q->known = out.w[0] == SK_OK && out.w[2];
    if (out.w[0] == SK_OK && !q->known) {
        error = write_and_seal(*image, q, &out);
        if (error || out.w[0] != SK_OK)
            image_close(*image);
    }
    q->status = error ? SK_OK : out.w[0];
    q->detail = out.w[0] == SK_OK ? 0 : out.w[1];
    return error ?: sk_errno(out.w[0]);
}

void image_close(u64 image)
{
    struct sk_words out, in = {{SK_CALL_IMAGE_CLOSE, image}};

    sk_call(&in, &out, SK_TO_THE_END);
}
