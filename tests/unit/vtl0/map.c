/* SPDX-License-Identifier: BSD-2-Clause */
/* The picture of `ium map`, of machines that a test makes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "map.h"

#define CLOSED (OPENVSM_MAP_NO_READ | OPENVSM_MAP_NO_WRITE)
#define LENT   (CLOSED | OPENVSM_MAP_LENT)

/* Pages as letters: a blank VTL0's, c closed, l lent, r read-only. */
static void add(struct map *map, uint64_t first, bool reserved, const char *letters)
{
    struct map_place place = {first, strlen(letters), reserved};
    uint8_t pages[256];
    for (size_t i = 0; i < place.count; i++)
        pages[i] = letters[i] == 'c'   ? CLOSED
                   : letters[i] == 'l' ? LENT
                   : letters[i] == 'r' ? OPENVSM_MAP_NO_WRITE
                                       : 0;
    assert_true(map_add(map, &place, pages));
}

static char *drawn(const struct map *map, unsigned columns, uint64_t *piece)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    *piece = map_draw(map, columns, out);
    fclose(out);
    return text;
}

static void rows_of_iomem_are_read(void **state)
{
    struct map_place place;
    (void)state;
    assert_true(map_read_place("00001000-0009fbff : System RAM\n", &place));
    assert_int_equal(place.first, 1);
    assert_int_equal(place.count, 0x9e);
    assert_false(place.reserved);
    assert_true(map_read_place("08000000-083fffff : Reserved\n", &place));
    assert_int_equal(place.count, 0x400);
    assert_true(place.reserved);
    assert_true(map_read_place("100000000-13fffffff : System RAM\n", &place));
    assert_false(map_read_place("  01000000-01ffffff : Kernel code\n", &place));
    assert_false(map_read_place("0009fc00-0009ffff : Reserved\n", &place));
    assert_false(map_read_place("fd00000000-ffffffffff : Reserved\n", &place));
    assert_false(map_read_place("000a0000-000bffff : PCI Bus 0000:00\n", &place));
    assert_false(map_read_place("0-ffffffffffffffff : System RAM\n", &place));
    assert_false(map_read_place("00000000-00000000 : System RAM\n", &place));
    assert_false(map_read_place("", &place));
}

/* The hypervisor's and VTL1's are told apart by size; a device that touches no RAM is left out, and
 * so are reserved pages that VTL0 may use. */
static void what_was_taken_is_named(void **state)
{
    struct map map = {0};
    uint64_t pages[MAP_OWNERS];
    (void)state;
    add(&map, 1, false, "    ll  ");
    add(&map, 9, true, "ccc");
    add(&map, 12, false, "    ");
    add(&map, 16, true, "ccrccc  ");
    add(&map, 64, true, " cc ");
    map_name_taken(&map, 6, 3);
    map_count(&map, pages);
    assert_int_equal(pages[MAP_VTL0], 10);
    assert_int_equal(pages[MAP_LENT], 2);
    assert_int_equal(pages[MAP_HYPERVISOR], 3);
    assert_int_equal(pages[MAP_POOL], 5);
    assert_int_equal(pages[MAP_READ_ONLY], 1);
    assert_int_equal(pages[MAP_CLOSED], 0);
    map_free(&map);
}

static void sizes_that_fit_nothing_stay_closed(void **state)
{
    struct map map = {0};
    uint64_t pages[MAP_OWNERS];
    (void)state;
    add(&map, 0, true, "cc"); /* before the RAM, but not at it */
    add(&map, 4, false, "    c");
    add(&map, 9, true, "ccccccc");
    add(&map, 16, false, "  ");
    map_name_taken(&map, 4, 3);
    map_count(&map, pages);
    assert_int_equal(pages[MAP_CLOSED], 8);
    assert_int_equal(pages[MAP_VTL0], 6);
    assert_int_equal(pages[MAP_POOL] + pages[MAP_HYPERVISOR] + pages[MAP_LENT], 0);
    map_free(&map);
}

static void few_pages_are_drawn_one_by_one(void **state)
{
    struct map map = {0};
    uint64_t piece;
    (void)state;
    add(&map, 1, false, "    ll");
    add(&map, 7, true, "ccc");
    add(&map, 0x100, false, "  r");
    map_name_taken(&map, 3, 5);
    char *text = drawn(&map, 21, &piece);
    assert_int_equal(piece, 1);
    assert_string_equal(text, "000000001000 ....LLPP\n000000009000 P..r\n");
    free(text);
    map_free(&map);
}

/* 160 pages at 8 * 16 characters: two in each. The lent page is the rarest owner's, then P. */
static void mixed_pieces_show_the_rarest(void **state)
{
    struct map map = {0};
    char letters[158];
    uint64_t piece;
    (void)state;
    memset(letters, ' ', 157);
    letters[157] = 0;
    letters[6] = 'l';
    add(&map, 0, false, letters);
    add(&map, 157, true, "ccc");
    map_name_taken(&map, 3, 5);
    char *text = drawn(&map, 1, &piece); /* too narrow: as narrow as it gets */
    assert_int_equal(piece, 2);
    assert_memory_equal(text, "000000000000 ...L....\n000000010000 ........\n", 44);
    assert_string_equal(text + strlen(text) - 22, "000000090000 ......PP\n");
    free(text);
    map_free(&map);
}

static void rows_fit_the_columns(void **state)
{
    struct map map = {0};
    (void)state;
    add(&map, 0, false, "                                                  ");
    map.ranges[0].count = 1 << 24;
    for (unsigned columns = 21; columns < 400; columns += 7) {
        uint64_t piece;
        unsigned rows = 0;
        char *text = drawn(&map, columns, &piece);
        for (char *row = strtok(text, "\n"); row; row = strtok(NULL, "\n"), rows++)
            assert_true(strlen(row) <= columns);
        assert_true(rows >= 8 && rows <= 16);
        free(text);
    }
    map_free(&map);
}

static void nothing_is_an_empty_picture(void **state)
{
    struct map map = {0};
    uint64_t piece;
    (void)state;
    map_name_taken(&map, 1, 1);
    char *text = drawn(&map, 80, &piece);
    assert_string_equal(text, "\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_iomem_are_read),
        cmocka_unit_test(what_was_taken_is_named),
        cmocka_unit_test(sizes_that_fit_nothing_stay_closed),
        cmocka_unit_test(few_pages_are_drawn_one_by_one),
        cmocka_unit_test(mixed_pieces_show_the_rarest),
        cmocka_unit_test(rows_fit_the_columns),
        cmocka_unit_test(nothing_is_an_empty_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
