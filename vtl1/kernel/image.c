/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signed images. The signature over the manifest is checked when an image is opened, before one
 * byte of its file is taken in. Each page is copied in and then hashed from our copy, so what was
 * verified is what runs. A sealed image stays known after its last user is gone, until memory is
 * wanted: the next start of the same trailer copies, hashes and verifies nothing.
 *
 * A handle that VTL0 holds counts in `opens`, a process in `uses`: VTL0 may close as often as it
 * likes and cannot take an image from under a process.
 */
#include "image.h"

#include "address_space.h"
#include "audit.h"
#include "call.h"
#include "crypto.h"
#include "elf.h"
#include "fpu.h"
#include "image_cache.h"
#include "manifest.h"
#include "normal_memory.h"
#include "random.h"
#include "signature.h"
#include "spinlock.h"
#include "string.h"
#include "version.h"

#define IMAGE_TABLE      128u
#define FRAMES_PER_INDEX (PAGE_SIZE / sizeof(uint64_t))
#define INDEX_FRAMES     (TRUSTLET_IMAGE_MAX / PAGE_SIZE / FRAMES_PER_INDEX)
/* About 600 instructions for each frame freed. */
#define FREE_BATCH       64u

enum image_state {
    IMAGE_LOADING,
    IMAGE_SEALED,
    IMAGE_DYING, /* out of everybody's reach; its frames are being freed */
};

struct image {
    crypto_generichash_blake2b_state hash; /* of the `written` bytes */
    uint64_t handle;
    enum image_state state;
    bool busy; /* a CPU works on it without the table's lock */
    uint32_t opens, uses;
    uint64_t last_used; /* count of acquisitions, for eviction */
    uint64_t written;   /* bytes copied and hashed; a page multiple until the end */
    uint64_t pages;     /* frames held, the first ones of the file */
    struct trustlet_trailer trailer;
    struct image_layout layout;
    uint64_t index[INDEX_FRAMES]; /* frames of FRAMES_PER_INDEX frame addresses each */
};
static_assert(sizeof(struct image) <= PAGE_SIZE, "an image object is one frame");

static struct image_table {
    struct spinlock lock;
    uint64_t opened; /* ever; no handle is used twice */
    uint64_t clock;
    struct image *slot[IMAGE_TABLE];
} table;

static uint64_t image_size(const struct image *image)
{
    return image->trailer.manifest.image_size;
}

/* Where the address of the frame of file page `page` is kept; its index frame exists. */
static uint64_t *frame_slot(const struct image *image, uint64_t page)
{
    uint64_t *frames = frame_pointer(image->index[page / FRAMES_PER_INDEX]);
    return &frames[page % FRAMES_PER_INDEX];
}

static enum sk_status refuse(const struct trustlet_manifest *manifest, enum sk_status status)
{
    audit_write(&(struct sk_audit_record){.kind = SK_AUDIT_IMAGE,
                                          .status = (uint16_t)status,
                                          .address = manifest->trustlet_id,
                                          .value = manifest->security_version});
    return status;
}

/* ---- the table; lock held ---- */

/* A handle names its slot. dying: one whose burial goes on with every call that names it. */
static struct image **find(uint64_t handle, bool dying)
{
    struct image **slot = &table.slot[handle % IMAGE_TABLE];
    const struct image *image = *slot;
    bool found = image && image->handle == handle && (image->state == IMAGE_DYING) == dying;
    return found ? slot : NULL;
}

static struct image **find_slot(uint64_t handle)
{
    return find(handle, false);
}

static struct image **free_slot(void)
{
    for (uint32_t i = 0; i < IMAGE_TABLE; i++)
        if (!table.slot[i])
            return &table.slot[i];
    return NULL;
}

static bool unused(const struct image *image)
{
    return image->opens == 0 && image->uses == 0 && !image->busy;
}

/* The dying image if there is one, else the unused one that was not wanted for longest. */
static struct image **find_victim(void)
{
    struct image **victim = NULL;
    for (uint32_t i = 0; i < IMAGE_TABLE; i++) {
        struct image *image = table.slot[i];
        if (!image || !unused(image))
            continue;
        if (image->state == IMAGE_DYING)
            return &table.slot[i];
        if (!victim || image->last_used < (*victim)->last_used)
            victim = &table.slot[i];
    }
    return victim;
}

/* Frees up to FREE_BATCH frames of a dying image; the last of them frees its slot. */
static void bury(struct image **slot)
{
    struct image *image = *slot;
    for (uint32_t freed = 0; image->pages > 0 && freed < FREE_BATCH; freed++) {
        uint64_t page = image->pages - 1;
        frame_put(*frame_slot(image, page));
        if (page % FRAMES_PER_INDEX == 0)
            frame_put(image->index[page / FRAMES_PER_INDEX]);
        image->pages = page;
    }
    if (image->pages == 0) {
        *slot = NULL;
        frame_put(frame_address(image));
    }
}

bool image_cache_shrink(void)
{
    WITH_LOCK(&table.lock);
    struct image **victim = find_victim();
    if (!victim)
        return false;
    (*victim)->state = IMAGE_DYING;
    bury(victim);
    return true;
}

/* A frame, at the cost of images nobody uses; FRAME_NONE: ask VTL0 for more. */
static uint64_t alloc_or_shrink(void)
{
    uint64_t frame = frame_alloc();
    while (frame == FRAME_NONE && image_cache_shrink())
        frame = frame_alloc();
    return frame;
}

/* ---- opening ---- */

/* Everything that can be said about a trailer without its file. */
static enum sk_status check_trailer(const struct trustlet_trailer *t, uint64_t *detail)
{
    enum sk_status status = manifest_check(t);
    if (status != SK_OK)
        return status;
    if (manifest_signer(t, trusted_keys.keys, trusted_keys.count) < 0)
        return SK_IMAGE_UNKNOWN_SIGNER;
    status = signature_check(t);
    if (status != SK_OK)
        return status;
    uint32_t floor = version_floor(t);
    if (t->manifest.security_version < floor) {
        *detail = floor;
        return SK_IMAGE_REVOKED;
    }
    return SK_OK;
}

/* Byte for byte the same trailer: same file, same rights, same signature, all checked before. What
 * is too old by now is as if it were not known. */
static struct image *find_known(const struct trustlet_trailer *t)
{
    for (uint32_t i = 0; i < IMAGE_TABLE; i++) {
        struct image *image = table.slot[i];
        if (image && image->state == IMAGE_SEALED && memcmp(&image->trailer, t, sizeof(*t)) == 0)
            return image;
    }
    return NULL;
}

static uint64_t open_known(const struct trustlet_trailer *t)
{
    WITH_LOCK(&table.lock);
    struct image *known = find_known(t);
    if (!known || known->opens == UINT32_MAX || t->manifest.security_version < version_floor(t))
        return 0;
    known->opens++;
    known->last_used = ++table.clock;
    return known->handle;
}

static bool enter_table(struct image *image)
{
    WITH_LOCK(&table.lock);
    struct image **slot = free_slot();
    if (!slot)
        return false;
    image->handle = ++table.opened * IMAGE_TABLE + (uint64_t)(slot - table.slot);
    *slot = image;
    return true;
}

/* Where the table is full, SK_AGAIN: an image that nobody uses is on its way out; SK_LIMIT: none is
 * unused. */
static enum sk_status open_new(const struct trustlet_trailer *t, uint64_t *handle)
{
    uint64_t frame = alloc_or_shrink();
    if (frame == FRAME_NONE)
        return SK_NO_MEMORY;
    struct image *image = frame_pointer(frame);
    image->state = IMAGE_LOADING;
    image->opens = 1;
    image->trailer = *t;
    fpu_begin();
    crypto_generichash_blake2b_init(&image->hash, NULL, 0, TRUSTLET_DIGEST_SIZE);
    fpu_end();
    if (!enter_table(image)) {
        frame_put(frame);
        return image_cache_shrink() ? SK_AGAIN : SK_LIMIT;
    }
    *handle = image->handle;
    return SK_OK;
}

enum sk_status sk_call_image_open(struct call *call)
{
    struct trustlet_trailer trailer = {0};
    uint64_t gpa = call->argument[0], detail = 0, handle = 0;
    if (gpa & PAGE_MASK)
        return SK_INVALID_ARGUMENT;
    enum sk_status status = normal_memory_read(&trailer, gpa, sizeof(trailer));
    if (status != SK_OK)
        return status;
    handle = open_known(&trailer);
    call->result[1] = handle != 0;
    if (handle != 0) {
        call->result[0] = handle;
        return SK_OK;
    }
    status = check_trailer(&trailer, &detail);
    if (status == SK_OK)
        status = open_new(&trailer, &handle);
    else if (status != SK_AGAIN && status != SK_BUSY)
        refuse(&trailer.manifest, status);
    call->result[0] = status == SK_OK ? handle : detail;
    if (status == SK_NO_MEMORY)
        call->result[0] = frame_wanted(1);
    return status;
}

/* ---- loading ---- */

/* The image for this CPU alone, until end_work. */
static enum sk_status begin_work(uint64_t handle, struct image **image)
{
    WITH_LOCK(&table.lock);
    struct image **slot = find_slot(handle);
    if (!slot || (*slot)->opens == 0)
        return SK_NOT_FOUND;
    if ((*slot)->busy)
        return SK_BUSY;
    if ((*slot)->state != IMAGE_LOADING)
        return SK_BAD_STATE;
    (*slot)->busy = true;
    *image = *slot;
    return SK_OK;
}

static void end_work(struct image *image)
{
    WITH_LOCK(&table.lock);
    image->busy = false;
}

/* A frame for the file's next page, entered in the index. */
static enum sk_status add_frame(struct image *image, uint64_t *frame)
{
    uint64_t page = image->pages, part = page / FRAMES_PER_INDEX;
    if (page % FRAMES_PER_INDEX == 0 && image->index[part] == FRAME_NONE)
        image->index[part] = alloc_or_shrink();
    if (image->index[part] == FRAME_NONE)
        return SK_NO_MEMORY;
    *frame = alloc_or_shrink();
    if (*frame == FRAME_NONE)
        return SK_NO_MEMORY;
    *frame_slot(image, page) = *frame;
    image->pages = page + 1;
    return SK_OK;
}

/* Copies one page in and hashes the copy. fpu_begin was called. */
static enum sk_status take_page(struct image *image, uint64_t list, uint64_t i, uint64_t bytes)
{
    uint64_t gpa = 0, frame = 0;
    enum sk_status status = normal_memory_read_list(&gpa, list + i * sizeof(gpa), 1);
    if (status != SK_OK)
        return status;
    /* A page whose data could not be read is kept for the next attempt. */
    if (image->pages == image->written / PAGE_SIZE)
        status = add_frame(image, &frame);
    else
        frame = *frame_slot(image, image->pages - 1);
    if (status == SK_OK)
        status = normal_memory_read(frame_pointer(frame), gpa, bytes);
    if (status != SK_OK)
        return status;
    crypto_generichash_blake2b_update(&image->hash, frame_pointer(frame), bytes);
    image->written += bytes;
    return SK_OK;
}

/* Takes the pages of one IMAGE_WRITE that are not in yet. */
static enum sk_status take_pages(struct image *image, uint64_t list, uint64_t offset,
                                 uint64_t bytes)
{
    enum sk_status status = SK_OK;
    uint64_t end = offset + bytes;
    fpu_begin();
    while (status == SK_OK && image->written < end) {
        uint64_t left = end - image->written, page = (image->written - offset) / PAGE_SIZE;
        status = take_page(image, list, page, left < PAGE_SIZE ? left : PAGE_SIZE);
        if (status == SK_OK && image->written < end && call_must_yield())
            status = SK_AGAIN;
    }
    fpu_end();
    return status;
}

/* Whole pages in order; only the file's last one may be short. */
static enum sk_status check_write(const struct image *image, uint64_t count, uint64_t offset,
                                  uint64_t bytes)
{
    uint64_t size = image_size(image);
    if (count == 0 || count > SK_LIST_MAX || bytes == 0 || bytes > count * PAGE_SIZE)
        return SK_INVALID_ARGUMENT;
    if ((offset & PAGE_MASK) || offset > image->written)
        return SK_INVALID_ARGUMENT;
    /* More than the manifest says, or a last part that ends before it. */
    if (offset > size || bytes > size - offset)
        return SK_IMAGE_TRUNCATED;
    return (bytes & PAGE_MASK) == 0 || offset + bytes == size ? SK_OK : SK_IMAGE_TRUNCATED;
}

enum sk_status sk_call_image_write(struct call *call)
{
    uint64_t list = call->argument[1], count = call->argument[2];
    uint64_t offset = call->argument[3], bytes = call->argument[4];
    struct image *image = NULL;
    enum sk_status status = begin_work(call->argument[0], &image);
    if (status != SK_OK)
        return status;
    status = list & PAGE_MASK ? SK_INVALID_ARGUMENT : check_write(image, count, offset, bytes);
    if (status == SK_OK)
        status = take_pages(image, list, offset, bytes);
    if (status == SK_NO_MEMORY) {
        uint64_t left = (image_size(image) - image->written) / PAGE_SIZE;
        call->result[0] = frame_wanted(left + 2);
    }
    end_work(image);
    return status;
}

/* The digest over all that was taken in, then what the file says of itself. */
static enum sk_status verify(struct image *image)
{
    uint8_t digest[TRUSTLET_DIGEST_SIZE];
    const struct trustlet_manifest *m = &image->trailer.manifest;
    if (image->written != image_size(image))
        return SK_IMAGE_TRUNCATED;
    fpu_begin();
    /* Finishing destroys the state; a second attempt must not see a half-finished one. */
    crypto_generichash_blake2b_state hash = image->hash;
    crypto_generichash_blake2b_final(&hash, digest, sizeof(digest));
    bool good = sodium_memcmp(digest, m->digest, sizeof(digest)) == 0;
    fpu_end();
    if (!good)
        return SK_IMAGE_BAD_DIGEST;
    uint64_t first = image->written < PAGE_SIZE ? image->written : PAGE_SIZE;
    return elf_parse(frame_pointer(*frame_slot(image, 0)), first, image->written, &image->layout);
}

enum sk_status sk_call_image_seal(struct call *call)
{
    struct image *image = NULL;
    uint64_t probe = 0;
    enum sk_status status = begin_work(call->argument[0], &image);
    if (status != SK_OK)
        return status;
    /* Without randomness nothing may run, and this is where an image becomes runnable. */
    status = random_bytes(&probe, sizeof(probe)) ? verify(image) : SK_NO_RANDOM;
    if (status != SK_OK)
        refuse(&image->trailer.manifest, status);
    WITH_LOCK(&table.lock);
    if (status == SK_OK)
        image->state = IMAGE_SEALED;
    image->busy = false;
    return status;
}

/* An image that never became whole is of no use to anybody. */
static bool abandoned(const struct image *image)
{
    return image->state == IMAGE_LOADING && unused(image);
}

enum sk_status sk_call_image_close(struct call *call)
{
    enum sk_status status = SK_NOT_FOUND;
    WITH_LOCK(&table.lock);
    struct image **slot = find_slot(call->argument[0]);
    if (slot && (*slot)->opens > 0) {
        (*slot)->opens--;
        status = SK_OK;
        if (abandoned(*slot))
            (*slot)->state = IMAGE_DYING;
    } else {
        slot = find(call->argument[0], true);
    }
    if (slot && (*slot)->state == IMAGE_DYING) {
        bury(slot);
        status = *slot ? SK_AGAIN : SK_OK;
    }
    return status;
}

/* ---- use ---- */

enum sk_status image_acquire(uint64_t handle, struct image **image)
{
    *image = NULL;
    WITH_LOCK(&table.lock);
    struct image **slot = find_slot(handle);
    if (!slot || (*slot)->opens == 0)
        return SK_NOT_FOUND;
    if ((*slot)->state != IMAGE_SEALED || (*slot)->uses == UINT32_MAX)
        return SK_BAD_STATE;
    *image = *slot;
    (*image)->uses++;
    (*image)->last_used = ++table.clock;
    return SK_OK;
}

void image_release(struct image *image)
{
    WITH_LOCK(&table.lock);
    image->uses--;
}

const struct image_layout *image_layout(const struct image *image)
{
    return &image->layout;
}

const struct trustlet_trailer *image_trailer(const struct image *image)
{
    return &image->trailer;
}

enum sk_status image_runs(const struct image *image)
{
    enum sk_status status = version_runs(&image->trailer);
    return status == SK_OK ? SK_OK : refuse(&image->trailer.manifest, status);
}

uint64_t image_frame(const struct image *image, uint64_t page)
{
    return page < image->pages ? *frame_slot(image, page) : FRAME_NONE;
}
