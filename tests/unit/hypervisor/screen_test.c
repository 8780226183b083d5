/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hypervisor shows on a frame buffer above 4 GiB, where no emulated card has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../../hypervisor/address.h"
#include "../../../hypervisor/host_map.h"
#include "../../../hypervisor/platform/screen.h"

#define ADDRESS 0x800000000ull
#define WIDTH   800u
#define HEIGHT  600u
#define PITCH   4096u

extern uint8_t font[128][16];
uint8_t font[128][16] = {['A'] = {0x81, 0x42}};

static uint8_t *pixels;
static struct range mapped;
static bool can_be_mapped;

void *hpa_pointer(hpa_t address)
{
    assert_in_range(address.value, ADDRESS, ADDRESS + PITCH * HEIGHT - 1);
    return pixels + (address.value - ADDRESS);
}

bool host_map_add(struct range range)
{
    mapped = range;
    return can_be_mapped;
}

static struct screen screen_of(uint8_t depth)
{
    return (struct screen){.kind = SCREEN_PIXELS,
                           .address = ADDRESS,
                           .pitch = PITCH,
                           .width = WIDTH,
                           .height = HEIGHT,
                           .depth = depth,
                           .red = {.position = 16, .bits = 8}};
}

static uint32_t pixel(unsigned x, unsigned y, unsigned bytes)
{
    uint32_t value = 0;
    memcpy(&value, pixels + y * PITCH + x * bytes, bytes);
    return value;
}

static void check_depth(uint8_t depth)
{
    struct screen screen = screen_of(depth);
    unsigned bytes = depth / 8;
    uint32_t white = bytes == 4 ? 0xffffffff : 0xffffff;
    memset(pixels, 0, PITCH * HEIGHT);
    screen_use(&screen);
    assert_int_equal(mapped.base, ADDRESS);
    assert_int_equal(mapped.size, PITCH * HEIGHT);
    screen_show(1, 1, " A");
    for (unsigned x = 0; x < 8; x++) {
        assert_int_equal(pixel(x, 16, bytes), 0xff0000);
        assert_int_equal(pixel(8 + x, 16, bytes), x == 0 || x == 7 ? white : 0xff0000);
        assert_int_equal(pixel(8 + x, 17, bytes), x == 1 || x == 6 ? white : 0xff0000);
    }
    assert_int_equal(pixel(0, 15, bytes), 0);
    assert_int_equal(pixel(0, 32, bytes), 0);
    assert_int_equal(pixel(640, 16, bytes), 0);
}

static void test_what_cannot_be_mapped_is_left(void **state)
{
    struct screen screen = screen_of(32);
    (void)state;
    can_be_mapped = false;
    screen_use(&screen);
    screen_show(0, 1, "A");
    assert_int_equal(pixel(0, 0, 4), 0);
}

static void test_text_is_drawn(void **state)
{
    (void)state;
    can_be_mapped = true;
    check_depth(32);
    check_depth(24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_mapped_is_left),
        cmocka_unit_test(test_text_is_drawn),
    };
    pixels = calloc(HEIGHT, PITCH);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    free(pixels);
    return failures;
}
