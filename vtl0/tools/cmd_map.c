/* SPDX-License-Identifier: BSD-2-Clause */
/* ium map: physical memory by owner. */
#include "ium.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "map.h"

#define CLEAR_SCREEN "\033[H\033[J" /* ECMA-48: cursor to the top, erase what follows */

struct view {
    struct map map;
    struct hv_statistics hv; /* of CPU 0: the machine-wide fields */
    struct openvsm_skcall memory;
};

static bool add_place(struct openvsm *host, struct map *map, const struct map_place *place)
{
    uint8_t *pages = malloc(place->count);
    bool good = pages && !openvsm_memory_map(host, place->first, place->count, pages) &&
                map_add(map, place, pages);
    int saved = errno;
    free(pages);
    errno = saved;
    return good;
}

/* All of /proc/iomem. Whoever may not see addresses there reads zeros: EACCES. */
static bool read_places(struct openvsm *host, struct map *map)
{
    FILE *file = fopen("/proc/iomem", "re");
    struct map_place place;
    char line[256];
    bool good = file;
    while (good && fgets(line, sizeof(line), file))
        if (map_read_place(line, &place))
            good = add_place(host, map, &place);
    if (good && !map->count) {
        errno = EACCES;
        good = false;
    }
    int saved = errno;
    if (file)
        fclose(file);
    errno = saved;
    return good;
}

/* The hypervisor's own memory is what it counts but for the pages that VTL1 has given it. */
static bool read_view(struct openvsm *host, struct view *view)
{
    const uint64_t *deposited = &view->memory.results[4];
    *view = (struct view){.memory.number = SK_CALL_MEMORY_STATUS};
    if (!read_places(host, &view->map) || openvsm_statistics(host, 0, &view->hv) ||
        openvsm_query(host, &view->memory))
        return false;
    map_name_taken(&view->map, view->memory.results[0], view->hv.hypervisor_pages - *deposited);
    return true;
}

static unsigned terminal_columns(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    if (columns && atoi(columns) > 0)
        return (unsigned)atoi(columns);
    return !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : 80;
}

static void print_text(const struct view *view)
{
    uint64_t piece = map_draw(&view->map, terminal_columns(), stdout);
    map_legend(&view->map, piece, stdout);
    printf("The hypervisor counts VTL0 %llu, VTL1 %llu, hypervisor %llu pages.\n",
           (unsigned long long)view->hv.vtl0_pages, (unsigned long long)view->hv.vtl1_pages,
           (unsigned long long)view->hv.hypervisor_pages);
}

static struct json_object *json_range(const struct map_range *range)
{
    struct json_object *o = json_object_new_object();
    ium_add_number(o, "address", range->first * OPENVSM_PAGE_SIZE);
    ium_add_number(o, "pages", range->count);
    ium_add_string(o, "owner", map_owner_name(range->owner));
    return o;
}

static void print_json(const struct view *view)
{
    struct json_object *o = json_object_new_object(), *pages = json_object_new_object();
    struct json_object *counted = json_object_new_object(), *ranges = json_object_new_array();
    uint64_t count[MAP_OWNERS];
    map_count(&view->map, count);
    for (unsigned i = 0; i < MAP_OWNERS; i++)
        ium_add_number(pages, map_owner_name(i), count[i]);
    ium_add_number(counted, "counted-ram", view->hv.ram_pages);
    ium_add_number(counted, "counted-vtl0", view->hv.vtl0_pages);
    ium_add_number(counted, "counted-vtl1", view->hv.vtl1_pages);
    ium_add_number(counted, "counted-hypervisor", view->hv.hypervisor_pages);
    for (size_t i = 0; i < view->map.count; i++)
        json_object_array_add(ranges, json_range(&view->map.ranges[i]));
    json_object_object_add(o, "pages", pages);
    json_object_object_add(o, "hypervisor", counted);
    json_object_object_add(o, "ranges", ranges);
    ium_print_json(o);
}

static bool show_once(struct openvsm *host, bool json)
{
    struct view view;
    bool good = read_view(host, &view);
    if (good && json)
        print_json(&view);
    else if (good)
        print_text(&view);
    else if (errno == EACCES)
        ium_error("/proc/iomem shows where memory is to root only; become root");
    else
        ium_errno("the memory's owners cannot be read");
    map_free(&view.map);
    return good;
}

/* Ctrl-C ends it, as it does any program. */
static int show(bool json, bool follow)
{
    struct openvsm *host = ium_open();
    if (!host)
        return IUM_FAILED;
    follow = follow && isatty(STDOUT_FILENO);
    bool good;
    do {
        if (follow)
            fputs(CLEAR_SCREEN, stdout);
        good = show_once(host, json) && !fflush(stdout);
    } while (good && follow && !sleep(1));
    openvsm_close(host);
    return good ? IUM_OK : IUM_FAILED;
}

int ium_map(int argc, const char **argv)
{
    int json = 0, follow = 0;
    const struct poptOption options[] = {
        {"follow", 'f', POPT_ARG_NONE, &follow, 0, "draw again every second, until Ctrl-C", NULL},
        {"json", 0, POPT_ARG_NONE, &json, 0, "print JSON: ranges by owner", NULL},
        POPT_AUTOHELP POPT_TABLEEND,
    };
    if (!ium_only_options("ium map", argc, argv, options, "[--follow | --json]"))
        return IUM_USAGE;
    if (json && follow) {
        ium_error("--follow draws and --json does not; choose one");
        return IUM_USAGE;
    }
    return show(json, follow);
}
