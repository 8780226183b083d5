/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "policy.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t class;
} classes[] = {
#define CLASS_ROW(symbol, bit, name) {name, 1u << (bit)},
    TRUSTLET_CLASS_LIST(CLASS_ROW)
#undef CLASS_ROW
};
#define CLASS_COUNT (sizeof(classes) / sizeof(classes[0]))

__attribute__((format(printf, 2, 3))) static bool wrong(struct policy_error *error,
                                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return false;
}

void policy_defaults(struct trustlet_manifest *m)
{
    *m = (struct trustlet_manifest){
        .version = TRUSTLET_MANIFEST_VERSION,
        .classes = TRUSTLET_CLASS_ALL,
        .security_version = 1,
        .max_threads = 64,
        .max_memory = 256ull << 20,
        .stack_size = 8ull << 20,
    };
}

static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end = NULL;
    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 0);
    if (errno || *end || parsed > max)
        return false;
    *value = parsed;
    return true;
}

bool policy_parse_size(const char *text, uint64_t *bytes)
{
    static const char suffixes[] = "KMG";
    size_t length = strlen(text);
    char digits[32];
    unsigned shift = 0;
    const char *suffix =
        length > 0 ? memchr(suffixes, toupper((unsigned char)text[length - 1]), 3) : NULL;
    if (suffix) {
        shift = 10 * (unsigned)(suffix - suffixes + 1);
        length--;
    }
    if (length == 0 || length >= sizeof(digits))
        return false;
    memcpy(digits, text, length);
    digits[length] = 0;
    uint64_t value;
    if (!parse_number(digits, UINT64_MAX >> shift, &value))
        return false;
    *bytes = value << shift;
    return true;
}

const char *policy_format_size(uint64_t bytes, char *buffer)
{
    static const char *const suffixes[] = {"", "K", "M", "G"};
    unsigned i = 0;
    while (i < 3 && bytes && bytes % 1024 == 0) {
        bytes /= 1024;
        i++;
    }
    snprintf(buffer, 24, "%llu%s", (unsigned long long)bytes, suffixes[i]);
    return buffer;
}

const char *policy_class_name(unsigned bit)
{
    for (size_t i = 0; i < CLASS_COUNT; i++)
        if (classes[i].class == 1u << bit)
            return classes[i].name;
    return NULL;
}

const char *policy_format_classes(uint32_t mask, char *buffer, size_t size)
{
    size_t used = 0;
    buffer[0] = 0;
    for (size_t i = 0; i < CLASS_COUNT && used < size; i++) {
        if (mask & classes[i].class)
            used += (size_t)snprintf(buffer + used, size - used, "%s%s", used ? "," : "",
                                     classes[i].name);
    }
    return buffer;
}

static bool class_by_name(const char *name, size_t length, uint32_t *mask)
{
    if (length == 3 && !memcmp(name, "all", 3)) {
        *mask |= TRUSTLET_CLASS_ALL;
        return true;
    }
    for (size_t i = 0; i < CLASS_COUNT; i++) {
        if (strlen(classes[i].name) == length && !memcmp(name, classes[i].name, length)) {
            *mask |= classes[i].class;
            return true;
        }
    }
    return false;
}

/* "file-read, terminal": commas or blanks between the names. */
static bool set_classes(struct trustlet_manifest *m, const char *value, struct policy_error *error)
{
    static const char between[] = ", \t";
    uint32_t mask = TRUSTLET_CLASS_BASIC;
    for (value += strspn(value, between); *value; value += strspn(value, between)) {
        size_t length = strcspn(value, between);
        if (!class_by_name(value, length, &mask))
            return wrong(error, "there is no class '%.*s' of system calls", (int)length, value);
        value += length;
    }
    m->classes = mask;
    return true;
}

static bool set_name(struct trustlet_manifest *m, const char *value, struct policy_error *error)
{
    size_t length = strlen(value);
    if (length == 0 || length >= sizeof(m->name))
        return wrong(error, "a name has 1 to %zu characters", sizeof(m->name) - 1);
    for (size_t i = 0; i < length; i++)
        if (value[i] <= ' ' || value[i] >= 0x7f)
            return wrong(error, "a name has printable ASCII characters and no blanks");
    memset(m->name, 0, sizeof(m->name));
    memcpy(m->name, value, length);
    return true;
}

static bool set_flag(struct trustlet_manifest *m, uint32_t flag, bool on)
{
    m->flags = on ? m->flags | flag : m->flags & ~flag;
    return true;
}

/* "accept", or the words that stand for argv[0] and what follows, separated by blanks. */
static bool set_arguments(struct trustlet_manifest *m, const char *value,
                          struct policy_error *error)
{
    char fixed[sizeof(m->fixed_args)] = "";
    size_t used = 0;
    bool accept = !strcmp(value, "accept");
    for (value += strspn(value, " \t"); *value && !accept; value += strspn(value, " \t")) {
        size_t length = strcspn(value, " \t");
        if (used + length + 2 > sizeof(fixed))
            return wrong(error, "fixed arguments have at most %zu bytes", sizeof(fixed) - 2);
        memcpy(fixed + used, value, length);
        used += length + 1;
        value += length;
    }
    if (!accept && used == 0)
        return wrong(error, "arguments are 'accept' or the fixed words");
    memcpy(m->fixed_args, fixed, sizeof(fixed));
    return set_flag(m, TRUSTLET_FIXED_ARGS, !accept);
}

/* One of two words for a flag: `on` sets it, `off` clears it. */
static bool set_word(struct trustlet_manifest *m, uint32_t flag, const char *value, const char *on,
                     const char *off, struct policy_error *error)
{
    if (strcmp(value, on) && strcmp(value, off))
        return wrong(error, "'%.40s' is neither '%s' nor '%s'", value, on, off);
    return set_flag(m, flag, !strcmp(value, on));
}

static bool set_number(uint32_t *field, const char *value, struct policy_error *error)
{
    uint64_t number;
    if (!parse_number(value, UINT32_MAX, &number))
        return wrong(error, "'%.40s' is not a number from 0 to %u", value, UINT32_MAX);
    *field = (uint32_t)number;
    return true;
}

static bool set_size(uint64_t *field, const char *value, struct policy_error *error)
{
    if (!policy_parse_size(value, field))
        return wrong(error, "'%.40s' is not a size such as 65536, 64K, 64M or 1G", value);
    return true;
}

bool policy_set(struct trustlet_manifest *m, const char *key, const char *value,
                struct policy_error *error)
{
    if (!strcmp(key, "id"))
        return parse_number(value, UINT64_MAX, &m->trustlet_id) ||
               wrong(error, "'%.40s' is not a 64-bit number", value);
    if (!strcmp(key, "name"))
        return set_name(m, value, error);
    if (!strcmp(key, "security-version"))
        return set_number(&m->security_version, value, error);
    if (!strcmp(key, "classes"))
        return set_classes(m, value, error);
    if (!strcmp(key, "max-memory"))
        return set_size(&m->max_memory, value, error);
    if (!strcmp(key, "max-threads"))
        return set_number(&m->max_threads, value, error);
    if (!strcmp(key, "stack-size"))
        return set_size(&m->stack_size, value, error);
    if (!strcmp(key, "debuggable"))
        return set_word(m, TRUSTLET_DEBUGGABLE, value, "yes", "no", error);
    if (!strcmp(key, "environment"))
        return set_word(m, TRUSTLET_NO_ENVIRONMENT, value, "drop", "accept", error);
    if (!strcmp(key, "calls"))
        return set_word(m, TRUSTLET_CALLABLE, value, "accept", "refuse", error);
    if (!strcmp(key, "arguments"))
        return set_arguments(m, value, error);
    return wrong(error, "there is no policy key '%.40s'", key);
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1]))
        length--;
    text[length] = 0;
    return text;
}

static bool read_line(struct trustlet_manifest *m, char *line, struct policy_error *error)
{
    line[strcspn(line, "#")] = 0;
    char *key = trim(line);
    if (!*key)
        return true;
    char *value = strchr(key, '=');
    if (!value)
        return wrong(error, "a line is 'key = value'");
    *value++ = 0;
    return policy_set(m, trim(key), trim(value), error);
}

bool policy_read(struct trustlet_manifest *m, FILE *file, struct policy_error *error)
{
    char *line = NULL;
    size_t size = 0;
    bool good = true;
    error->line = 0;
    while (good && getline(&line, &size, file) >= 0) {
        error->line++;
        good = read_line(m, line, error);
    }
    free(line);
    return good;
}

bool policy_check(const struct trustlet_manifest *m, struct policy_error *error)
{
    if (!m->name[0])
        return wrong(error, "the trustlet has no name; give it one with --name");
    if (m->max_threads < 1 || m->max_threads > POLICY_MAX_THREADS)
        return wrong(error, "max-threads is 1 to %u", POLICY_MAX_THREADS);
    if (m->max_memory == 0 || m->max_memory > POLICY_MAX_MEMORY)
        return wrong(error, "max-memory is at most 1024G");
    if (m->stack_size < POLICY_MIN_STACK || m->stack_size > POLICY_MAX_STACK)
        return wrong(error, "stack-size is 16K to 1G");
    if (m->stack_size > m->max_memory)
        return wrong(error, "stack-size is larger than max-memory");
    return true;
}
