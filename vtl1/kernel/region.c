/* SPDX-License-Identifier: BSD-2-Clause */
#include "region.h"
#include "linux_abi.h"

#define REGIONS_PER_FRAME (PAGE_SIZE / sizeof(struct region) - 1)

uint64_t space_alloc(struct address_space *space, int *error)
{
    uint64_t frame = FRAME_NONE;

    if (space->pages >= space->page_limit) {
        *error = -EDQUOT;
        return FRAME_NONE;
    }
    frame = frame_alloc();
    *error = frame == FRAME_NONE ? -ENOMEM : 0;
    space->pages += frame == FRAME_NONE ? 0 : 1;
    return frame;
}

void space_free(struct address_space *space, uint64_t frame)
{
    space->pages--;
    frame_put(frame);
}

struct region *region_below(const struct address_space *space, uint64_t address)
{
    struct region *below = NULL;

    for (struct region *r = space->regions; r != NULL && r->end <= address; r = r->next)
        below = r;
    return below;
}

struct region *region_first(const struct address_space *space, uint64_t address)
{
    const struct region *below = region_below(space, address);
    return below == NULL ? space->regions : below->next;
}

struct region *region_at(const struct address_space *space, uint64_t address)
{
    struct region *region = region_first(space, address);

    return region != NULL && region->start <= address ? region : NULL;
}

/* Cuts a frame into objects; its first 64 bytes hold the link to the next frame of the chain. */
static int region_refill(struct address_space *space)
{
    int error = 0;
    uint64_t frame = space_alloc(space, &error);

    if (frame == FRAME_NONE)
        return error;
    uint64_t *link = frame_pointer(frame);
    struct region *objects = (struct region *)link + 1;

    *link = space->region_frames;
    space->region_frames = frame;
    for (unsigned i = 0; i < REGIONS_PER_FRAME; i++) {
        objects[i].next = space->unused;
        space->unused = &objects[i];
    }
    return 0;
}

static struct region *region_new(struct address_space *space, int *error)
{
    if (space->region_count >= REGION_MAX) {
        *error = -ENOMEM;
        return NULL;
    }
    *error = space->unused == NULL ? region_refill(space) : 0;
    if (*error != 0)
        return NULL;
    struct region *region = space->unused;

    space->unused = region->next;
    space->region_count++;
    return region;
}

/* What points to the region behind region_below(). */
static struct region **region_link(struct address_space *space, uint64_t address)
{
    struct region *below = region_below(space, address);
    return below == NULL ? &space->regions : &below->next;
}

static bool region_joins(const struct region *low, const struct region *high)
{
    return low->image == NULL && high->image == NULL && !low->fixed && !high->fixed &&
           low->end == high->start && low->access == high->access;
}

int region_insert(struct address_space *space, const struct region *model)
{
    int error = 0;
    struct region *below = region_below(space, model->start);

    if (below != NULL && region_joins(below, model)) {
        below->end = model->end;
        return 0;
    }
    struct region *region = region_new(space, &error);

    if (region == NULL)
        return error;
    struct region **link = region_link(space, model->start);

    *region = *model;
    region->next = *link;
    *link = region;
    return 0;
}

static void region_advance(struct region *region, uint64_t start)
{
    uint64_t bytes = start - region->start;

    region->start = start;
    if (region->image != NULL) {
        region->file_offset += bytes;
        region->file_bytes = region->file_bytes > bytes ? region->file_bytes - bytes : 0;
    }
}

int region_split(struct address_space *space, uint64_t address)
{
    int error = 0;
    struct region *region = region_at(space, address);

    if (region == NULL || region->start == address)
        return 0;
    struct region *high = region_new(space, &error);

    if (high == NULL)
        return error;
    *high = *region;
    region_advance(high, address);
    region->end = address;
    region->next = high;
    return 0;
}

void region_trim(struct address_space *space, struct region *region, uint64_t start)
{
    if (start < region->end) {
        region_advance(region, start);
        return;
    }
    struct region **link = region_link(space, region->start);

    *link = region->next;
    region->next = space->unused;
    space->unused = region;
    space->region_count--;
}

void region_free_all(struct address_space *space)
{
    while (space->region_frames != FRAME_NONE) {
        uint64_t frame = space->region_frames;

        space->region_frames = *(uint64_t *)frame_pointer(frame);
        space_free(space, frame);
    }
    space->unused = NULL;
}
