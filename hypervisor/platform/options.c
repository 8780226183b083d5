/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

/* What follows `start` in the line, or NULL. */
static const char *behind(const char *line, const char *start)
{
    while (*start && *line == *start) {
        line++;
        start++;
    }
    return *start ? NULL : line;
}

/* The text behind "NAME=", or NULL. */
static const char *find(const char *line, const char *name)
{
    while (*line) {
        const char *rest = behind(line, name);
        if (rest && *rest == '=')
            return rest + 1;
        while (*line && *line != ' ')
            line++;
        while (*line == ' ')
            line++;
    }
    return NULL;
}

static unsigned unit_shift(char unit)
{
    switch (unit | ('k' ^ 'K')) {
    case 'k':
        return 10;
    case 'm':
        return 20;
    case 'g':
        return 30;
    default:
        return 0;
    }
}

bool option_given(const char *line, const char *name)
{
    return find(line, name);
}

bool option_is(const char *line, const char *name, const char *word)
{
    const char *text = find(line, name);
    const char *rest = text ? behind(text, word) : NULL;
    return rest && (!*rest || *rest == ' ');
}

uint64_t option_size(const char *line, const char *name, uint64_t otherwise)
{
    const char *text = find(line, name);
    uint64_t value = 0;
    if (!text)
        return otherwise;
    while (*text >= '0' && *text <= '9') {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return 0;
        text++;
    }
    unsigned shift = unit_shift(*text);
    text += shift != 0;
    if ((*text && *text != ' ') || value > UINT64_MAX >> shift)
        return 0;
    return value << shift;
}
