/* SPDX-License-Identifier: BSD-2-Clause */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include <openvsm/types.h>

#define FOUR_GIB      0x100000000ull
#define ADDRESS_WIDTH 13u /* twelve digits and a blank */
#define CELLS_MIN     8u
#define CELLS_MAX     128u
#define ROWS_MAX      16u

static const struct {
    const char *name;
    char sign;
    const char *text;
} owners[MAP_OWNERS] = {
    [MAP_VTL0] = {"vtl0", '.', "VTL0: free to use"},
    [MAP_POOL] = {"vtl1-pool", 'P', "VTL1: its pool since boot"},
    [MAP_LENT] = {"lent", 'L', "VTL1: lent by VTL0 now"},
    [MAP_HYPERVISOR] = {"hypervisor", 'H', "hypervisor: image and pool"},
    [MAP_CLOSED] = {"closed", '#', "closed to VTL0, by whom is unknown"},
    [MAP_READ_ONLY] = {"read-only", 'r', "VTL1: read-only to VTL0"},
};

const char *map_owner_name(enum map_owner owner)
{
    return owners[owner].name;
}

void map_free(struct map *map)
{
    free(map->ranges);
    *map = (struct map){0};
}

/* proc_iomem(5): the top level is not indented. OpenVSM takes its memory below 4 GiB. */
bool map_read_place(const char *line, struct map_place *place)
{
    unsigned long long first, last;
    char name[32];
    if (line[0] == ' ' || sscanf(line, "%llx-%llx : %31[^\n]", &first, &last, name) != 3)
        return false;
    place->reserved = !strcmp(name, "Reserved");
    if ((!place->reserved && strcmp(name, "System RAM")) || last < first || last == ~0ull ||
        (place->reserved && first >= FOUR_GIB))
        return false;
    uint64_t end = (last + 1) / OPENVSM_PAGE_SIZE;
    place->first = (first + OPENVSM_PAGE_SIZE - 1) / OPENVSM_PAGE_SIZE;
    place->count = end > place->first ? end - place->first : 0;
    return place->count > 0;
}

static enum map_owner owner_of(uint8_t page)
{
    if (!(page & OPENVSM_MAP_NO_WRITE))
        return page & OPENVSM_MAP_NO_READ ? MAP_CLOSED : MAP_VTL0;
    if (!(page & OPENVSM_MAP_NO_READ))
        return MAP_READ_ONLY;
    return page & OPENVSM_MAP_LENT ? MAP_LENT : MAP_CLOSED;
}

static bool append(struct map *map, const struct map_range *range)
{
    struct map_range *last = map->count ? &map->ranges[map->count - 1] : NULL;
    if (last && last->first + last->count == range->first && last->owner == range->owner &&
        last->taken == range->taken) {
        last->count += range->count;
        return true;
    }
    if (!(map->count & (map->count - 1))) { /* full at every power of two */
        size_t room = map->count ? 2 * map->count : 1;
        struct map_range *bigger = reallocarray(map->ranges, room, sizeof(*bigger));
        if (!bigger)
            return false;
        map->ranges = bigger;
    }
    map->ranges[map->count++] = *range;
    return true;
}

bool map_add(struct map *map, const struct map_place *place, const uint8_t *pages)
{
    for (uint64_t i = 0, next; i < place->count; i = next) {
        for (next = i + 1; next < place->count && pages[next] == pages[i];)
            next++;
        struct map_range range = {place->first + i, next - i, owner_of(pages[i]), place->reserved};
        if (place->reserved && range.owner == MAP_VTL0)
            continue;
        if (!append(map, &range))
            return false;
    }
    return true;
}

/* ---- What was taken from Linux ---- */

/* Taken ranges that follow one another: VTL1 may show VTL0 some pages in the middle of its pool. */
struct group {
    size_t begin, end; /* ranges */
    uint64_t pages;
};

static bool adjoins(const struct map_range *low, const struct map_range *high)
{
    return low->first + low->count == high->first;
}

static struct group group_at(const struct map *map, size_t i)
{
    const struct map_range *r = map->ranges;
    struct group group = {i, i + 1, r[i].count};
    while (group.end < map->count && r[group.end].taken &&
           adjoins(&r[group.end - 1], &r[group.end]))
        group.pages += r[group.end++].count;
    return group;
}

static bool touches_ram(const struct map *map, const struct group *g)
{
    const struct map_range *r = map->ranges;
    return (g->begin && !r[g->begin - 1].taken && adjoins(&r[g->begin - 1], &r[g->begin])) ||
           (g->end < map->count && !r[g->end].taken && adjoins(&r[g->end - 1], &r[g->end]));
}

static void name_group(struct map *map, const struct group *group, enum map_owner owner)
{
    for (size_t i = group->begin; i < group->end; i++)
        if (map->ranges[i].owner == MAP_CLOSED)
            map->ranges[i].owner = owner;
}

void map_name_taken(struct map *map, uint64_t pool_pages, uint64_t hypervisor_pages)
{
    struct map_range *r = map->ranges;
    size_t kept = 0;
    for (size_t i = 0, next; i < map->count; i = next) {
        struct group group = r[i].taken ? group_at(map, i) : (struct group){i, i + 1, r[i].count};
        next = group.end;
        if (r[i].taken && !touches_ram(map, &group))
            continue;
        if (r[i].taken && group.pages == pool_pages)
            name_group(map, &group, MAP_POOL);
        else if (r[i].taken && group.pages == hypervisor_pages)
            name_group(map, &group, MAP_HYPERVISOR);
        memmove(&r[kept], &r[i], (next - i) * sizeof(*r));
        kept += next - i;
    }
    map->count = kept;
}

/* ---- The picture ---- */

void map_count(const struct map *map, uint64_t pages[MAP_OWNERS])
{
    memset(pages, 0, MAP_OWNERS * sizeof(pages[0]));
    for (size_t i = 0; i < map->count; i++)
        pages[map->ranges[i].owner] += map->ranges[i].count;
}

struct picture {
    uint64_t pages[MAP_OWNERS];
    uint64_t piece; /* pages */
    unsigned width; /* pieces in a row */
    FILE *out;
};

static uint64_t sum(const uint64_t pages[MAP_OWNERS])
{
    uint64_t total = 0;
    for (unsigned i = 0; i < MAP_OWNERS; i++)
        total += pages[i];
    return total;
}

static void choose_size(struct picture *picture, unsigned columns)
{
    unsigned cells = columns > ADDRESS_WIDTH ? columns - ADDRESS_WIDTH : 0;
    cells = cells > CELLS_MAX ? CELLS_MAX : cells / CELLS_MIN * CELLS_MIN;
    picture->width = cells ? cells : CELLS_MIN;
    picture->piece = 1;
    while (sum(picture->pages) > picture->piece * picture->width * ROWS_MAX)
        picture->piece *= 2;
}

static void draw_piece(const struct picture *picture, uint64_t number, uint64_t first,
                       enum map_owner owner)
{
    if (number % picture->width == 0)
        fprintf(picture->out, "%s%012llx ", number ? "\n" : "",
                (unsigned long long)(first * OPENVSM_PAGE_SIZE));
    fputc(owners[owner].sign, picture->out);
}

uint64_t map_draw(const struct map *map, unsigned columns, FILE *out)
{
    struct picture picture = {.out = out};
    uint64_t number = 0, filled = 0, first = 0; /* of the piece under way */
    enum map_owner rarest = MAP_VTL0;
    map_count(map, picture.pages);
    choose_size(&picture, columns);
    for (size_t i = 0; i < map->count; i++) {
        const struct map_range *r = &map->ranges[i];
        for (uint64_t done = 0, now; done < r->count; done += now) {
            uint64_t room = picture.piece - filled, left = r->count - done;
            now = left < room ? left : room;
            first = filled ? first : r->first + done;
            if (!filled || picture.pages[r->owner] < picture.pages[rarest])
                rarest = r->owner;
            filled = (filled + now) % picture.piece;
            if (!filled)
                draw_piece(&picture, number++, first, rarest);
        }
    }
    if (filled)
        draw_piece(&picture, number, first, rarest);
    fputc('\n', out);
    return picture.piece;
}

void map_legend(const struct map *map, uint64_t piece, FILE *out)
{
    uint64_t pages[MAP_OWNERS];
    map_count(map, pages);
    fprintf(out, "\nA character is %llu KiB; a mixed one shows whoever has least of all RAM.\n",
            (unsigned long long)piece * OPENVSM_PAGE_SIZE / 1024);
    for (unsigned i = 0; i < MAP_OWNERS; i++)
        if (pages[i])
            fprintf(out, "  %c  %-36s %10llu pages %10.2f MiB\n", owners[i].sign, owners[i].text,
                    (unsigned long long)pages[i], (double)pages[i] / 256);
}
